"""`lookalike local demo`: the main job on this machine, from an upload to its message."""

import argparse
import os
import time
from collections.abc import Mapping
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

from handler.cli.local.console import stdout
from handler.cli.local.deployment import Deployment, start
from handler.cli.local.emulator import LocalError
from handler.cli.local.pictures import Upload, gallery
from handler.cli.local.watch import PATIENCE_S, Watch
from handler.cli.output import printable

OPEN_AT_ONCE = os.cpu_count() or 1
MAX_KEY_BYTES = 1024  # S3's limit

Source = bytes | Path  # what to upload


@dataclass(slots=True)
class Result:
    """What became of all uploads."""

    uploaded: int = 0
    rejected: dict[str, str] = field(default_factory=dict)  # by key: why
    failed: dict[str, str] = field(default_factory=dict)
    messages: list[dict[str, Any]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Folder:
    """The files in a folder, by the key that each will have."""

    uploads: dict[str, Source] = field(default_factory=dict)
    unfit: dict[str, str] = field(default_factory=dict)  # that cannot have a key, and why


def run(root: Path, options: argparse.Namespace) -> int:
    """Show the main job with a folder of pictures, or the built-in ones; return the exit status."""
    began, console = time.monotonic(), stdout()
    found = None if options.photos is None else files_in(options.photos)
    with _set_up(root, console) as deployment:
        show = Show(deployment, console)
        result = show.built_in() if found is None else show.own(found)
    _report(result, console)
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
    for path in sorted(Path(where) / name for where, _, names in os.walk(photos) for name in names):
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


def _set_up(root: Path, console: Console) -> Deployment:
    if not console.is_terminal:
        return start(root, progress=lambda step: console.print(f"{step} ..."))
    with console.status("setting up") as status:
        return start(root, progress=lambda step: status.update(f"{step} ..."))


class Show:
    """Uploads pictures to one deployment, and follows what becomes of them."""

    def __init__(self, deployment: Deployment, console: Console) -> None:
        self._console, self._watch, self._result = console, Watch(deployment), Result()
        self._s3, self._bucket = deployment.client("s3"), deployment.bucket

    def built_in(self) -> Result:
        """Upload the originals, then the copies, so that each copy is announced with its original."""
        originals, copies = gallery()
        for name, wave in (("photographs", originals), ("edited copies", copies)):
            self._upload({picture.key: picture.body for picture in wave}, name)
        self._check(copies)
        return self._result

    def own(self, found: Folder) -> Result:
        """Upload the files of a folder."""
        self._result.failed |= found.unfit
        self._upload(found.uploads, "pictures")
        return self._result

    def _upload(self, uploads: Mapping[str, Source], name: str) -> None:
        """Upload, wait until all is handled, and add what became of it to the result.

        No more uploads are open at once than there are processors: the emulator starts one worker for each.
        """
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
                self._s3.upload_file(str(source), self._bucket, key)
            else:
                self._s3.put_object(Bucket=self._bucket, Key=key, Body=source)
        except (OSError, ValueError, S3UploadFailedError, BotoCoreError, ClientError) as error:
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

    def _check(self, copies: list[Upload]) -> None:
        """Fail what was announced wrongly: the answers to the built-in pictures are known."""
        messages, failed = self._result.messages, self._result.failed
        expected = {(copy.key, copy.copy_of) for copy in copies}
        found = {(message["picture"]["key"], match["key"]) for message in messages for match in message["matches"]}
        failed |= {copy: f"was not announced as a copy of {original}" for copy, original in expected - found}
        failed |= {one: f"was announced as a copy of {other}, which it is not" for one, other in found - expected}


def _announced(count: int) -> str:
    return "1 near-duplicate" if count == 1 else f"{count} near-duplicates"


def _report(result: Result, console: Console) -> None:
    table = Table("picture", "match", "distance", "similarity", "kind", "views", box=SIMPLE)
    for message in sorted(result.messages, key=lambda message: str(message["picture"]["key"])):
        nearest, *more = message["matches"]
        others = f" (+{len(more)} more)" if more else ""
        table.add_row(
            escape(printable(message["picture"]["key"])),
            escape(printable(nearest["key"])) + others,
            str(nearest["distance"]),
            f"{nearest['similarity']:.3f}",
            nearest["kind"],
            " in ".join(dict.fromkeys(nearest["views"])),
        )
    if result.messages:
        console.print(table)
    for word, which in (("rejected", result.rejected), ("failed", result.failed)):
        for key, why in sorted(which.items()):
            console.print(printable(f"{word}: {key}: {why}"), markup=False, highlight=False, soft_wrap=True)
