"""Picture files as the records that the function would keep of them."""

import hashlib
import os
from datetime import UTC, datetime

from handler.cli.files import read
from handler.core.fingerprint import examine
from handler.core.model import ObjectRef, Outcome, PictureRecord, Settings
from handler.core.seen import Seen


def record_of(path: str, settings: Settings) -> tuple[PictureRecord, Seen | None]:
    """Return the record of the file *path*, and what was seen of it. Raises one of files.UNUSABLE."""
    body = read(path, settings.limits)
    computed, seen = examine(body, settings.generation, settings.limits)
    digest = hashlib.sha256(body).hexdigest()
    record = PictureRecord(
        ObjectRef("", path),
        settings.generation,
        Outcome.INDEXED,
        fingerprint=computed,
        digest=digest,
        bytes=len(body),
        modified=datetime.fromtimestamp(os.stat(path).st_mtime, UTC).isoformat(),  # noqa: PTH116 - Path rewrites paths
    )
    if seen and not is_flat(record):
        seen.further(settings.effort)  # here, where files are read on all cores
    return record, seen


def is_flat(record: PictureRecord) -> bool:
    """Return whether a picture is nearly blank, so that it is compared by its bytes only."""
    return record.fingerprint is not None and record.fingerprint.flat
