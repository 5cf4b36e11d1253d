"""`lookalike local demo`: the main job on this machine, from an upload to its message."""

import argparse
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from boto3.exceptions import S3UploadFailedError
from botocore.exceptions import BotoCoreError, ClientError
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from handler.cli.files import opened
from handler.cli.local import parameters
from handler.cli.local.console import stdout, steps
from handler.cli.local.deployment import Deployment, start
from handler.cli.local.emulator import LocalError
from handler.cli.local.pictures import Upload, gallery
from handler.cli.local.sheet import write_sheet
from handler.cli.local.stack import work_folder
from handler.cli.local.watch import PATIENCE_S, Watch
from handler.cli.output import printable
from handler.cli.rows import listed

OPEN_AT_ONCE = os.cpu_count() or 1
MAX_KEY_BYTES = 1024  # S3's limit
ANY_WIDTH = 1 << 15
HEADINGS = ("picture", "match", "distance", "similarity", "kind", "views")

Source = bytes | Path  # what to upload


@dataclass(slots=True)
class DemoResult:
    """What became of all uploads."""

    uploaded: int = 0
    rejected: dict[str, str] = field(default_factory=dict)  # by key: why
    failed: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)
    copies: list[Upload] = field(default_factory=list)  # of the built-in ones
    sources: dict[str, Source] = field(default_factory=dict)  # by key

    def body(self, key: str) -> bytes | None:
        """Return what was uploaded under *key*; None if it cannot be read any more."""
        source = self.sources.get(key)
        try:
            return source.read_bytes() if isinstance(source, Path) else source
        except OSError:
            return None

    def check(self) -> None:
        """Fail what was announced wrongly: with the template's own parameters, the answers to the copies are known."""
        expected = {(copy.key, copy.copy_of) for copy in self.copies}
        found = {(message["picture"]["key"], match["key"]) for message in self.messages for match in message["matches"]}
        self.failed |= {copy: f"was not announced as a copy of {original}" for copy, original in expected - found}
        self.failed |= {one: f"was announced as a copy of {other}, which it is not" for one, other in found - expected}


@dataclass(frozen=True, slots=True)
class Folder:
    """The files in a folder, by the key that each will have."""

    uploads: dict[str, Source] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)  # that cannot have a key, and why


def run(root: Path, options: argparse.Namespace) -> int:
    """Show the main job with a folder of pictures, or the built-in ones; return the exit status."""
    began, console = time.monotonic(), stdout()
    found = None if options.photos is None else files_in(options.photos)
    asked = parameters.given_with_a_bucket(root, options)
    with steps() as step:
        started = start(root, parameters=asked, progress=step)
    with started as deployment:
        show = Show(deployment, console)
        result = show.built_in() if found is None else show.own(found)
        if found is None and not asked:
            result.check()
    report(result, console)
    if result.messages:
        page = write_sheet(work_folder(root) / "demo.html", result.messages, result.body)
        _print_line(f"to look at: {os.path.relpath(page)}", console)
    parts = [f"{result.uploaded} uploaded", _announced(len(result.messages)), f"{len(result.failed)} failed"]
    if result.rejected:
        parts.insert(2, f"{len(result.rejected)} rejected")
    console.print(", ".join([*parts, f"{time.monotonic() - began:.1f} s"]), highlight=False)
    return 1 if result.failed else 0


def files_in(photos: Path) -> Folder:
    """Return every file under *photos*, whatever it is; the key of each is its path in there.

    Raises LocalError if there is none.
    """
    if not photos.is_dir():
        raise LocalError(f"PHOTOS is {str(photos)!r}, which is not a folder: name one")
    found = Folder()

    def unlisted(error: OSError) -> None:
        found.unfit[str(error.filename)] = f"cannot be listed: {error.strerror}"

    everything = os.walk(photos, onerror=unlisted)
    for path in sorted(Path(where) / name for where, _, names in everything for name in names):
        key = path.relative_to(photos).as_posix()
        try:
            length = len(key.encode())
        except UnicodeEncodeError:
            found.unfit[ascii(key)] = "its path is not UTF-8, so it cannot be an S3 key"
            continue
        if length > MAX_KEY_BYTES:
            found.unfit[key] = f"its path is {length} bytes long, over the limit of an S3 key ({MAX_KEY_BYTES})"
        else:
            found.uploads[key] = path
    if not found.uploads and not found.unfit:
        raise LocalError(f"PHOTOS is {str(photos)!r}, and there is no file in it: name another folder")
    return found


class Show:
    """Uploads pictures to one deployment, and follows what becomes of them."""

    def __init__(self, deployment: Deployment, console: Console) -> None:
        self._console, self._watch, self._result = console, Watch(deployment), DemoResult()
        self._s3, self._bucket = deployment.client("s3"), deployment.bucket

    def built_in(self) -> DemoResult:
        """Upload the originals, then the copies, so that each copy is announced with its original."""
        originals, copies = gallery()
        for name, wave in (("photographs", originals), ("edited copies", copies)):
            self._upload({picture.key: picture.body for picture in wave}, name)
        self._result.copies = copies
        return self._result

    def own(self, found: Folder) -> DemoResult:
        """Upload the files of a folder."""
        self._result.failed |= found.unfit
        self._upload(found.uploads, "pictures")
        return self._result

    def _upload(self, uploads: Mapping[str, Source], name: str) -> None:
        """Upload, wait until all is handled, and add what became of it to the result.

        No more uploads are open at once than there are processors: the emulator starts one worker for each.
        """
        self._result.sources |= uploads
        sent, open_now, handled = set[str](), set[str](), self._watch.handled
        columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
        with Progress(*columns, console=self._console) as progress:
            task = progress.add_task(name, total=len(uploads))
            for key, source in uploads.items():
                if problem := self._put(key, source):
                    self._result.failed[key] = problem
                else:
                    sent.add(key)
                    open_now.add(key)
                while len(open_now) >= OPEN_AT_ONCE:
                    if not self._watch.wait_for_news():
                        open_now.clear()  # given up: they are reported as failed below
                    open_now -= handled.keys()
                progress.update(task, completed=len(sent & handled.keys()))
            self._watch.wait_for(open_now)
            progress.update(task, completed=len(uploads))
        self._add(sent)

    def _put(self, key: str, source: Source) -> str | None:
        """Upload one object; return why that failed, if it did."""
        try:
            if isinstance(source, Path):
                with opened(str(source)) as file:  # which a named pipe would keep waiting otherwise
                    self._s3.upload_fileobj(file, self._bucket, key)
            else:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=source)
        except OSError as error:
            return f"was not uploaded: {error.strerror or error}"
        except (ValueError, S3UploadFailedError, BotoCoreError, ClientError) as error:
            return f"was not uploaded: {error}"
        return None

    def _add(self, sent: set[str]) -> None:
        """Add to the result what became of the uploads *sent*."""
        result = self._result
        result.uploaded += len(sent)
        result.messages = self._watch.messages
        for key in sorted(sent):
            handled = self._watch.handled.get(key)
            if handled is None:
                result.failed[key] = f"was not handled within {PATIENCE_S} s"
            elif handled.outcome == "rejected":
                result.rejected[key] = handled.reason
            elif handled.outcome != "indexed":
                result.failed[key] = f"{handled.outcome}: {handled.reason}"


def _announced(count: int) -> str:
    return "1 near-duplicate" if count == 1 else f"{count} near-duplicates"


def report(result: DemoResult, console: Console) -> None:
    """Print what was announced, as a table or, where that is too wide, as lines; then what was rejected, and failed."""
    messages = sorted(result.messages, key=lambda message: str(message["picture"]["key"]))
    if messages:
        _show([_row(message) for message in messages], console)
    for word, which in (("rejected", result.rejected), ("failed", result.failed)):
        for key, why in sorted(which.items()):
            _print_line(printable(f"{word}: {key}: {why}"), console)


def _show(rows: Sequence[tuple[str, ...]], console: Console) -> None:
    table = Table(*HEADINGS, box=SIMPLE, show_edge=False, pad_edge=False, collapse_padding=True)
    for row in rows:
        table.add_row(*map(escape, row))
    if console.measure(table, options=console.options.update_width(ANY_WIDTH)).maximum <= console.width:
        console.print(table)
        return
    for line in listed(HEADINGS, rows, console.width):
        _print_line(line, console)


def _row(message: Mapping[str, Any]) -> tuple[str, ...]:
    nearest, *more = message["matches"]
    return (
        printable(message["picture"]["key"]),
        printable(nearest["key"]) + (f" (+{len(more)} more)" if more else ""),
        str(nearest["distance"]),
        f"{nearest['similarity']:.3f}",
        nearest["kind"],
        " in ".join(dict.fromkeys(nearest["views"])),
    )


def _print_line(line: str, console: Console) -> None:
    console.print(line, markup=False, highlight=False, soft_wrap=True)
