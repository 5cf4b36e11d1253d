"""`lookalike local demo`: the main job from an upload to a notice, on this machine."""

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
from handler.cli.local.pictures import Picture, gallery
from handler.cli.local.watch import PATIENCE_S, Watch

OPEN_AT_ONCE = os.cpu_count() or 1
MAX_KEY_BYTES = 1024  # S3's limit

Source = bytes | Path  # what to upload


@dataclass(slots=True)
class Result:
    """What became of all uploads."""

    uploaded: int = 0
    rejected: dict[str, str] = field(default_factory=dict)  # by key: why
    failed: dict[str, str] = field(default_factory=dict)
    notices: list[dict[str, Any]] = field(default_factory=list)


def run(root: Path, options: argparse.Namespace) -> int:
    """Show the main job with a folder of pictures, or the built-in ones; return the exit status."""
    began, console, photos = time.monotonic(), stdout(), options.photos
    if photos is not None and not photos.is_dir():
        raise LocalError(f"PHOTOS is {str(photos)!r}, want a folder")
    with _set_up(root, console) as deployment:
        result = _built_in(deployment, console) if photos is None else _own(deployment, photos, console)
    _report(result, console)
    parts = [f"{result.uploaded} uploaded", f"{len(result.notices)} near-duplicates", f"{len(result.failed)} failed"]
    if result.rejected:
        parts.insert(2, f"{len(result.rejected)} rejected")
    console.print(", ".join([*parts, f"{time.monotonic() - began:.1f} s"]), highlight=False)
    return 1 if result.failed else 0


def _set_up(root: Path, console: Console) -> Deployment:
    if not console.is_terminal:
        return start(root, progress=lambda step: console.print(f"{step} ..."))
    with console.status("setting up") as status:
        return start(root, progress=lambda step: status.update(f"{step} ..."))


def _built_in(deployment: Deployment, console: Console) -> Result:
    """Upload the originals, then the copies, so that each copy is told of its original."""
    watch, result = Watch(deployment), Result()
    originals, copies = gallery()
    for name, wave in (("photographs", originals), ("edited copies", copies)):
        _upload(deployment, watch, {picture.key: picture.body for picture in wave}, result, console=console, name=name)
    _check(copies, result)
    return result


def _check(copies: list[Picture], result: Result) -> None:
    """Fail what was announced wrongly: the answers to the built-in pictures are known."""
    expected = {(copy.key, copy.copy_of) for copy in copies}
    found = {(notice["picture"]["key"], match["key"]) for notice in result.notices for match in notice["matches"]}
    result.failed |= {copy: f"was not announced as a copy of {original}" for copy, original in expected - found}
    result.failed |= {one: f"was announced as a copy of {other}, which it is not" for one, other in found - expected}


def _own(deployment: Deployment, photos: Path, console: Console) -> Result:
    """Upload every file under *photos*, whatever it is, under its path in there."""
    result, uploads = Result(), dict[str, Source]()
    for path in sorted(Path(where) / name for where, _, names in os.walk(photos) for name in names):
        key = path.relative_to(photos).as_posix()
        try:
            length = len(key.encode())
        except UnicodeEncodeError:
            result.failed[ascii(key)] = "its name is not UTF-8, so it cannot be an S3 key"
            continue
        if length > MAX_KEY_BYTES:
            result.failed[key] = f"its path has {length} bytes, over the {MAX_KEY_BYTES} of an S3 key"
        else:
            uploads[key] = path
    if not uploads and not result.failed:
        raise LocalError(f"PHOTOS is {str(photos)!r}, which holds no file")
    _upload(deployment, Watch(deployment), uploads, result, console=console, name="pictures")
    return result


def _upload(
    deployment: Deployment, watch: Watch, uploads: Mapping[str, Source], result: Result, *, console: Console, name: str
) -> None:
    """Upload, wait until all is handled, and add what became of it to *result*.

    No more uploads are open at once than there are processors: the emulator starts one worker for each.
    """
    s3 = deployment.client("s3")
    sent, open_now = set[str](), set[str]()
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console) as progress:
        task = progress.add_task(name, total=len(uploads))
        for key, source in uploads.items():
            if problem := _put(s3, deployment.bucket, key, source):
                result.failed[key] = problem
            else:
                sent.add(key)
                open_now.add(key)
            while len(open_now) >= OPEN_AT_ONCE:
                if not watch.wait_for_news():
                    open_now.clear()  # given up: they are told as failed below
                open_now -= watch.handled.keys()
            progress.update(task, completed=len(sent & watch.handled.keys()))
        watch.wait_for(open_now)
        progress.update(task, completed=len(uploads))
    result.uploaded += len(sent)
    result.notices = watch.notices
    for key in sorted(sent):
        handled = watch.handled.get(key)
        if handled is None:
            result.failed[key] = f"was not handled within {PATIENCE_S} s"
        elif handled.outcome == "rejected":
            result.rejected[key] = handled.reason
        elif handled.outcome != "indexed":
            result.failed[key] = f"{handled.outcome}: {handled.reason}"


def _put(s3: Any, bucket: str, key: str, source: Source) -> str | None:
    """Upload one object; return why that failed, if it did."""
    try:
        if isinstance(source, Path):
            s3.upload_file(str(source), bucket, key)
        else:
            s3.put_object(Bucket=bucket, Key=key, Body=source)
    except (OSError, ValueError, S3UploadFailedError, BotoCoreError, ClientError) as error:
        return f"was not uploaded: {error}"
    return None


def _report(result: Result, console: Console) -> None:
    table = Table("picture", "of which picture", "distance", "similarity", "kind", "views", box=SIMPLE)
    for notice in sorted(result.notices, key=lambda notice: str(notice["picture"]["key"])):
        nearest, *more = notice["matches"]
        others = f" (+{len(more)} more)" if more else ""
        table.add_row(
            escape(notice["picture"]["key"]),
            escape(nearest["key"]) + others,
            str(nearest["distance"]),
            f"{nearest['similarity']:.3f}",
            nearest["kind"],
            " in ".join(dict.fromkeys(nearest["views"])),
        )
    if result.notices:
        console.print(table)
    for key, why in sorted(result.rejected.items()):
        console.print(f"rejected: {key}: {why}", markup=False, highlight=False, soft_wrap=True)
    for key, why in sorted(result.failed.items()):
        console.print(f"failed: {key}: {why}", markup=False, highlight=False, soft_wrap=True)
