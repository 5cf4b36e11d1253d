"""What the verbs of `lookalike list` do."""

import argparse
import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path

from handler.cli.errors import FAILED, CommandError
from handler.cli.exchange import exported, imported
from handler.cli.files import each_file, files
from handler.cli.listable import Listable, entry_name, of_file, of_hash, of_object, told_apart
from handler.cli.listing import OpenLists, listing
from handler.cli.output import complain, one_line, printable
from handler.cli.progress import progress
from handler.cli.rows import laid_out, terminal_width
from handler.core.generations import GENERATIONS
from handler.core.model import PictureRecord
from handler.core.phash import to_hex


def table(records: Sequence[PictureRecord], width: int | None = None) -> list[str]:
    """Return the lines of a table with a row for each entry, or lines where *width* is too little."""
    rows = [
        (
            printable(record.ref.key),
            to_hex(record.hash or 0),
            _size(record),
            (record.modified or "")[:10],
        )
        for record in records
    ]
    return laid_out(("NAME", "HASH", "SIZE", "LISTED"), rows, width)


def _size(record: PictureRecord) -> str:
    computed = record.fingerprint
    return f"{computed.width} x {computed.height}" if computed and not computed.bare else "hash alone"


def add(options: argparse.Namespace) -> int:
    """List what the arguments name; return 0 if none of it was refused, else 1."""
    named = told_apart(options.what)
    with listing(options.stack, options.generation) as lists, _Done(options, lists) as done:
        for text in named.hashes:
            done.take(of_hash(text, list_name=options.name, generation=lists.generation))
        if named.objects:
            objects = [(bucket, key) for bucket, prefix in named.objects for key in _keys(lists, bucket, prefix)]
            with progress("listing", lambda: len(objects)) as shown:
                for bucket, key in objects:
                    done.take(of_object(bucket, key, list_name=options.name, indexer=lists.indexer), shown.complain)
                    shown.advance(1)
        for path in named.paths:
            if Path(path).is_dir() and next(files([path]), None) is None:
                complain(f"there is no file in {printable(path)}: check its name")
        if named.paths:
            work = partial(of_file, list_name=options.name, generation=lists.generation, limits=lists.limits)
            with each_file(work, named.paths) as (results, shown):
                for one in results:
                    done.take(one, shown.complain)
    return done.status


def import_lines(options: argparse.Namespace) -> int:
    """List what an export has; return 0 if none of it was refused, else 1."""
    try:
        text = sys.stdin.read() if options.file == "-" else Path(options.file).read_text()
    except OSError as error:
        raise CommandError(f"{printable(options.file)} cannot be read: {error.strerror or error}") from error
    except ValueError as error:
        raise CommandError(f"{printable(options.file)} cannot be read: {one_line(error)}") from error
    lines = text.split("\n")
    with (
        listing(options.stack, options.generation) as lists,
        _Done(options, lists) as done,
        progress("listing", lambda: len(lines)) as shown,
    ):
        for one in imported(lines, list_name=options.name, generation=lists.generation):
            done.take(one, shown.complain)
            shown.advance(1)
    return done.status


def remove(options: argparse.Namespace) -> int:
    """Take entries off the list; return 0 if all of them were on it, else 1."""
    removed, missing = list[str](), list[str]()
    with listing(options.stack, options.generation) as lists:
        found = _Found(lists, options.name)
        for one in options.what:
            names = found.names(one)
            removed += [name for name in names if lists.lister.remove(options.name, name)]
            missing += [one] if not names else []
    return _told(options, {"removed": removed}, missing)


def show(options: argparse.Namespace) -> int:
    """Print what is on the list; return 0 if all that was named is, else 1."""
    missing = list[str]()
    with listing(options.stack, options.generation) as lists:
        found = _Found(lists, options.name)
        chosen = {record.ref.key: record for record in ([] if options.what else found.all.values())}
        for one in options.what:
            names = found.names(one)
            chosen |= {name: record for name in names if (record := lists.lister.get(options.name, name))}
            missing += [one] if not names else []
    records = [chosen[name] for name in sorted(chosen)]
    if options.json:
        print(*(json.dumps(exported(record)) for record in records), sep="\n", end="\n" if records else "")
    elif records:
        print(*table(records, terminal_width()), sep="\n")
    elif not missing:
        print(f"nothing is on the list {options.name}")
    for one in missing:
        complain(f"{printable(one)} is not on the list {options.name}")
    return FAILED if missing else 0


def export(options: argparse.Namespace) -> int:
    """Print every entry, whole, by name; return 0."""
    with listing(options.stack, options.generation) as lists:
        records = sorted(lists.lister.entries(options.name), key=lambda record: record.ref.key)
    for record in records:
        print(json.dumps(exported(record)))
    return 0


class _Done:
    """What became of what was to be listed; it is told at the end, also where that comes early."""

    def __init__(self, options: argparse.Namespace, lists: OpenLists) -> None:
        self._options, self._lists = options, lists
        self.added, self.present = list[str](), list[str]()
        self.refused = list[dict[str, str]]()

    def __enter__(self) -> "_Done":
        _hint(self._lists, self._options.name)
        return self

    def take(self, one: Listable, say: Callable[[str], object] = complain) -> None:
        """List *one*, or note why it cannot be."""
        if one.record is None:
            self.refused.append({"name": one.name, "reason": one.reason})
            if not self._options.json:
                say(f"{printable(one.name)} is not listed: {printable(one.reason)}")
        elif self._lists.lister.add(self._options.name, one.record):
            self.added.append(one.name)
        else:
            self.present.append(one.name)

    @property
    def status(self) -> int:
        """The exit status."""
        return FAILED if self.refused else 0

    def __exit__(self, *_: object) -> None:
        if self._options.json:
            print(json.dumps({"added": self.added, "present": self.present, "refused": self.refused}))
        else:
            print(f"{len(self.added)} added, {len(self.present)} there already, {len(self.refused)} refused")


class _Found:
    """The entries of one list, read as far as they are asked for."""

    def __init__(self, lists: OpenLists, list_name: str) -> None:
        self._lists, self._list_name = lists, list_name
        self._all: dict[str, PictureRecord] | None = None

    @property
    def all(self) -> dict[str, PictureRecord]:
        if self._all is None:
            self._all = {record.ref.key: record for record in self._lists.lister.entries(self._list_name)}
        return self._all

    def names(self, argument: str) -> list[str]:
        """Return the names of the entries that *argument* means: the one of that name, or those of a folder."""
        name = entry_name(argument)
        if re.fullmatch(f"({'|'.join(GENERATIONS)}):[0-9a-fA-F]{{16}}", name):
            name = name.lower()
        if self._lists.lister.get(self._list_name, name):
            return [name]
        return sorted(known for known in self.all if known.startswith(name.rstrip("/") + "/"))


def _keys(lists: OpenLists, bucket: str, prefix: str) -> Iterator[str]:
    """The key itself, or the keys of all objects below a prefix that ends in a slash, or is empty."""
    if prefix and not prefix.endswith("/"):
        yield prefix
        return
    some = False
    for page in lists.s3.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix):
        for key in (one["Key"] for one in page.get("Contents", []) if not one["Key"].endswith("/")):
            some = True
            yield key
    if not some:
        complain(f"there is no object below {printable(f's3://{bucket}/{prefix}')}: check its name")


def _hint(lists: OpenLists, name: str) -> None:
    if name not in lists.asked:
        now = ",".join((*lists.asked, name))
        complain(f"uploads are not compared with {name} yet: deploy the stack with Lists={now}")


def _told(options: argparse.Namespace, done: dict[str, list[str]], missing: Sequence[str]) -> int:
    if options.json:
        print(json.dumps(done | {"missing": list(missing)}))
    else:
        for one in missing:
            complain(f"{printable(one)} is not on the list {options.name}")
        print(f"{len(done['removed'])} removed")
    return FAILED if missing else 0
