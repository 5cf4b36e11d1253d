"""Entries of lists as lines of JSON: whole fingerprints, to be taken in by another deployment."""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any

from handler.cli.listable import Listable
from handler.core.fields import Field, WrongField
from handler.core.formats import FORMATS
from handler.core.generations import GENERATIONS
from handler.core.lists import bare_fingerprint, entry_ref
from handler.core.model import Fingerprint, Outcome, PictureRecord
from handler.core.phash import from_hex, to_hex

SCHEMA = "lookalike.fingerprint/1"
MAX_LINE = 32_768  # characters: longer names would leave no room in a message

_HEX = {16: re.compile("[0-9a-f]{16}"), 64: re.compile("[0-9a-f]{64}")}


class WrongLine(Exception):
    """The line cannot be taken in; the message says why."""


def exported(record: PictureRecord) -> dict[str, Any]:
    """Return the whole entry *record* as a line of an export has it."""
    computed = record.fingerprint
    if computed is None:
        raise ValueError(f"{record.ref.key} has no fingerprint")
    return {
        "schema": SCHEMA,
        "name": record.ref.key,
        "generation": record.generation,
        "hashes": [to_hex(hash) for hash in computed.hashes],
        "checks": [check.hex() for check in computed.checks],
        "bare": computed.bare,
        "flat": computed.flat,
        "quality": computed.quality,
        "width": computed.width,
        "height": computed.height,
        "format": computed.format,
        "taken": computed.taken,
        "frames": computed.frames,
        "notes": list(computed.notes),
        "bytes": record.bytes,
        "sha256": record.digest,
        "etag": record.etag,
        "version": record.ref.version,
        "listed": record.modified,
    }


def imported(lines: Iterable[str], *, list_name: str, generation: str) -> Iterator[Listable]:
    """Yield what is listed of each line of an export."""
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = _of_line(line, list_name, generation)
        except (WrongLine, WrongField) as error:
            yield Listable(f"line {number}", None, str(error))
        else:
            yield Listable(record.ref.key, record)


def _of_line(line: str, list_name: str, generation: str) -> PictureRecord:
    """Return the entry in *line*, of which all is checked: uploads that resemble it will be compared with it."""
    document = _document(line)
    if document["generation"].text() != generation:
        raise WrongLine(f"the fingerprint is of {document['generation'].text()}, and the list is of {generation}")
    computed = _fingerprint(document, generation)
    size = document.get("bytes")
    if (size is None) != computed.bare or (size and size.whole_number() < 1):
        raise document["bytes"].wrong("want a positive number, or null of a bare hash")
    return PictureRecord(
        entry_ref(list_name, document["name"].name(), _text(document, "version")),
        generation,
        Outcome.INDEXED,
        fingerprint=computed,
        etag=_text(document, "etag"),
        digest=_digest(document, computed),
        bytes=size.whole_number() if size else None,
        modified=_time(document["listed"], aware=True),
    )


def _document(line: str) -> Field:
    if len(line) > MAX_LINE:
        raise WrongLine(f"it has {len(line)} characters, over {MAX_LINE}: nothing that was listed has so many")
    try:
        document = Field(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise WrongLine(f"it is not JSON: {error}") from error
    if not isinstance(document.value, Mapping) or document.value.get("schema") != SCHEMA:
        raise WrongLine(f"its schema is not {SCHEMA}: want a line of `lookalike list export`")
    return document


def _fingerprint(document: Field, generation: str) -> Fingerprint:
    whole = GENERATIONS[generation]
    views = len(whole.view_names)
    hashes = [from_hex(text) for text in _hex(document["hashes"], 16, views)]
    checks = _hex(document["checks"], 64, views if whole.check_words_radius else 0)
    if _truth(document["bare"]):
        return bare_fingerprint(hashes[0], generation)
    return Fingerprint(
        hashes[0],
        generation,
        _positive(document["width"]),
        _positive(document["height"]),
        _format(document["format"]),
        further=tuple(hashes[1:]),
        checks=tuple(map(bytes.fromhex, checks)),
        quality=_quality(document["quality"]),
        flat=_truth(document["flat"]),
        taken=_time(document["taken"], aware=False) if document.get("taken") else None,
        frames=_positive(document["frames"]),
        notes=tuple(one.text() for one in document["notes"].each()),
    )


def _positive(field: Field) -> int:
    if field.whole_number() < 1:
        raise field.wrong("want a positive number")
    return field.whole_number()


def _format(field: Field) -> str:
    if field.text() not in FORMATS:
        raise field.wrong(f"want one of {', '.join(FORMATS)}")
    return field.text()


def _time(field: Field, *, aware: bool) -> str:
    """Return the time in ISO 8601; *aware*: with an offset, else without one."""
    try:
        is_aware = datetime.fromisoformat(field.text()).tzinfo is not None
    except ValueError:
        is_aware = not aware
    if is_aware is not aware or field.text()[10:11] != "T":
        raise field.wrong(f"want a time, such as 2026-05-01T10:11:12{'+00:00' if aware else ''}")
    return field.text()


def _hex(field: Field, digits: int, count: int) -> list[str]:
    found = [one.text() for one in field.each()]
    if len(found) != count or not all(_HEX[digits].fullmatch(text) for text in found):
        raise field.wrong(f"want {count} times {digits} hex digits")
    return found


def _digest(document: Field, computed: Fingerprint) -> str | None:
    """Return the SHA-256; a bare hash alone has none."""
    digest = _text(document, "sha256")
    if (digest is None) != computed.bare or (digest and not _HEX[64].fullmatch(digest)):
        raise document["sha256"].wrong("want 64 hex digits, or null of a bare hash")
    return digest


def _text(document: Field, name: str) -> str | None:
    found = document.get(name)
    return found.name() if found else None


def _truth(field: Field) -> bool:
    if not isinstance(field.value, bool):
        raise field.wrong("want true or false")
    return field.value


def _quality(field: Field) -> float | None:
    if field.value is not None and (isinstance(field.value, bool) or not isinstance(field.value, int | float)):
        raise field.wrong("want a number or null")
    if field.value is not None and not math.isfinite(field.value):
        raise field.wrong("want a number or null")
    return None if field.value is None else float(field.value)
