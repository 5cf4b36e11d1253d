"""What may go on a list: picture files, objects of S3 and bare hashes."""

import os
import re
from collections.abc import Sequence
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any, NamedTuple

from handler.cli.files import UNUSABLE, read, why_unusable
from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.lists import bare_fingerprint, entry_ref
from handler.core.model import Fingerprint, Limits, ObjectRef, Outcome, PictureRecord, ReadDenied
from handler.core.names import named_object
from handler.core.phash import from_hex
from handler.indexing import Indexer
from handler.report import Report

PDQ_DIGITS = 64

_OURS = re.compile(f"({'|'.join(GENERATIONS)}):([0-9a-fA-F]{{16}})")
_MEANT = re.compile(f"({'|'.join(GENERATIONS)}):[^/]*", re.DOTALL)
_ANOTHER = re.compile("(?:([a-zA-Z0-9_-]+):)?([0-9a-fA-F]{8,})")


class ToldApart(NamedTuple):
    """What the arguments of a command name, told apart."""

    paths: list[str]
    objects: list[tuple[str, str]]  # buckets and keys, or beginnings of keys that end in a slash, or are empty
    hashes: list[str]


class Listable(NamedTuple):
    """Something to be listed: its record, or why it cannot be."""

    name: str
    record: PictureRecord | None
    reason: str = ""


def told_apart(arguments: Sequence[str]) -> ToldApart:
    """Return what *arguments* name. What looks like a hash is one unless there is such a file."""
    named = ToldApart([], [], [])
    for one in arguments:
        bucket, key = named_object(one) or ("", None)
        if bucket and key is not None:
            named.objects.append((bucket, key))
        elif (_ANOTHER.fullmatch(one) or _MEANT.fullmatch(one)) and not os.path.lexists(one):
            named.hashes.append(one)
        else:
            named.paths.append(one)
    return named


def entry_name(path: str) -> str:
    """Return the name of an entry that is made of the file *path*: bytes that are not UTF-8 are escaped."""
    return os.fsencode(path).decode(errors="backslashreplace")


def of_file(path: str, *, list_name: str, generation: str, limits: Limits) -> Listable:
    """Return what is listed of the picture file *path*. Importable: it runs in other processes."""
    name = entry_name(path)
    try:
        body = read(path, limits)
        computed = fingerprint(body, generation, limits)
    except UNUSABLE as error:
        return Listable(name, None, why_unusable(error))
    digest = sha256(body).hexdigest()
    record = _record(entry_ref(list_name, name), computed, digest=digest, bytes=len(body))
    return Listable(name, record)


def of_object(bucket: str, key: str, *, list_name: str, indexer: Indexer) -> Listable:
    """Return what is listed of the object: looks may read it later. Errors of the store pass, but for what is final."""
    name = f"s3://{bucket}/{key}"
    try:
        record = indexer.examine(ObjectRef(bucket, key), Report(ObjectRef(bucket, key))).record
    except ReadDenied as error:
        return Listable(name, None, f"you may not read it ({error})")
    if record.fingerprint is None:
        return Listable(name, None, record.reason or record.outcome.value)
    ref = entry_ref(list_name, name, record.ref.version)
    known = _record(ref, record.fingerprint, etag=record.etag, digest=record.digest, bytes=record.bytes)
    return Listable(name, known)


def of_hash(text: str, *, list_name: str, generation: str) -> Listable:
    """Return what is listed of a bare hash, `generation:hash`; refuse those that cannot be compared."""
    found = _OURS.fullmatch(text)
    if found is None:
        return Listable(text, None, _why_not_ours(text, generation))
    if found[1] != generation:
        return Listable(text, None, f"the hash is one of {found[1]}, and the list is of {generation}")
    name = f"{generation}:{found[2].lower()}"
    computed = bare_fingerprint(from_hex(found[2].lower()), generation)
    return Listable(name, _record(entry_ref(list_name, name), computed))


def _why_not_ours(text: str, generation: str) -> str:
    match = _ANOTHER.fullmatch(text)
    if match is None:
        of, _, digits = text.partition(":")
        return f"{digits!r} is no hash of {of}: want 16 hex digits, as `lookalike hash` prints them"
    of, digits = match[1], match[2]
    if len(digits) == PDQ_DIGITS and of in (None, "pdq"):
        return "that is a hash of 256 bits, such as PDQ: list the picture, since hashes of others cannot be compared"
    if len(digits) != 16:
        return f"that is a hash of {4 * len(digits)} bits: list the picture, since those of 64 bits alone are compared"
    if of is None:
        return f"say of which generation the hash is, as in {generation}:{digits}"
    return f"there is no generation {of}: list the picture, since hashes of {' and '.join(GENERATIONS)} are compared"


def _record(ref: ObjectRef, computed: Fingerprint, **known: Any) -> PictureRecord:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    return PictureRecord(ref, computed.generation, Outcome.INDEXED, fingerprint=computed, modified=now, **known)
