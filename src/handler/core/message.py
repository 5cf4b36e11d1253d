"""The document that subscribers get: `docs/match-1.schema.json` is its JSON Schema."""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from handler.core.backfill import UPLOAD
from handler.core.correlation import correlation_id
from handler.core.generations import GENERATIONS
from handler.core.matches import Match, Pair
from handler.core.model import Box, Collection, PictureRecord
from handler.core.phash import similarity, to_hex

_FORBIDDEN = re.compile("[\x00-\x1f\x7f-\x9f\ufffe\uffff]")  # in an SNS attribute: percent-encoded there
SCHEMA = "lookalike.match/1"
ATTRIBUTE_DIGITS = 5  # decimals of a number that SNS's filters compare
MAX_BODY_BYTES = 240_000  # SNS takes 262,144 bytes with the attributes, whose values hold up to a 1 KB scope


@dataclass(frozen=True, slots=True)
class Message:
    """One publication, and the matches that are in it."""

    body: str  # JSON
    # For filter policies; numbers become SNS's type Number, several strings String.Array.
    attributes: Mapping[str, str | float | tuple[str, ...]]
    matches: tuple[Match, ...]


def compose(
    collection: Collection,
    picture: PictureRecord,
    matches: Sequence[Match],
    *,
    radius: int,
    truncated: bool,
    complete: bool = True,
    origin: str = UPLOAD,
) -> Message:
    """Return the message that *picture* has *matches* (best first, at least one).

    Matches that do not fit are left out, the last first, and `truncated` is then true; the first of each list, and of
    the scope, always fits. *complete* says whether every view is compared that may meet, now or when the picture comes
    again; *origin* is one of ORIGINS: what the picture came by. The id depends on nothing but the pairs that are
    announced: a repeated message has the same one, and one that announces another pair has another.
    """
    document: dict[str, Any] = {
        "schema": SCHEMA,
        "id": "0" * 32,
        "correlation_id": correlation_id(picture.ref),
        "scope": collection.scope,
        "generation": collection.generation,
        "origin": origin,
        "radius": radius,
        "picture": describe(picture),
        "matches": [],
        "truncated": truncated,
        "complete": complete,
    }
    kept = _fitting(matches, MAX_BODY_BYTES - len(_json(document)))
    document |= {
        "id": _message_id(collection, picture, kept),
        "matches": [describe_match(match) for match in kept],
        "truncated": truncated or len(kept) < len(matches),
    }
    agreements = [match.likeness.agreement for match in kept if match.likeness.agreement is not None]
    attributes: dict[str, str | float | tuple[str, ...]] = {
        "bucket": picture.ref.bucket,
        "complete": str(complete).lower(),
        "origin": origin,
        "kind": min((match.kind for match in kept), key=lambda kind: kind.rank).value,
        "scope": _FORBIDDEN.sub(lambda found: quote(found[0]), collection.scope),
        "similarity": round(max(similarity(match.distance) for match in kept), ATTRIBUTE_DIGITS),
    }
    attributes["taken_apart"] = str(all(match.taken_apart_s for match in kept)).lower()
    if agreements:
        attributes["agreement"] = round(max(agreements), ATTRIBUTE_DIGITS)
    if lists := tuple(dict.fromkeys(match.list for match in kept if match.list)):
        attributes["list"] = lists
    return Message(body=_json(document).decode(), attributes=attributes, matches=tuple(kept))


def describe(record: PictureRecord) -> dict[str, Any]:
    """Return the part of a message that describes an indexed picture; of a bare hash no more is known than that."""
    fingerprint = record.fingerprint
    if fingerprint is None:
        raise ValueError(f"{record.ref.bucket}/{record.ref.key} is {record.outcome}, it has no hash")
    return {
        "bucket": record.ref.bucket,
        "key": record.ref.key,
        "version": record.ref.version,
        "sequencer": record.ref.sequencer,
        "hash": to_hex(fingerprint.hash),
        "width": fingerprint.width or None,
        "height": fingerprint.height or None,
        "format": fingerprint.format or None,
        "bytes": record.bytes,
        "modified": record.modified,
        "etag": record.etag,
        "sha256": record.digest,
    }


def describe_match(match: Match) -> dict[str, Any]:
    """Return the part of a message that describes a match: the picture, and how it is like the other one."""
    likeness = match.likeness
    names = GENERATIONS[match.record.generation].asking_names
    return describe(match.record) | {
        "distance": match.distance,
        "similarity": similarity(match.distance),
        "kind": match.kind.value,
        "agreement": likeness.agreement,
        "colours": likeness.colours,
        "differs": None if likeness.differs is None else [describe_box(box) for box in likeness.differs],
        "taken_apart_s": match.taken_apart_s,
        "orientation": match.orientation,
        "views": [names[view] for view in match.view_pair],
        "list": match.list,
        "unconfirmed": match.unconfirmed,
    }


def describe_box(box: Box) -> dict[str, float]:
    """Return a box as a message has it, by the names of its edges."""
    return dict(zip(("top", "bottom", "left", "right"), box, strict=True))


def _fitting(matches: Sequence[Match], room: int) -> Sequence[Match]:
    """Those of *matches* that take up to *room* bytes of JSON: the first of each list and of the scope, then in order.

    The keys of S3 have up to a kilobyte, which are six in JSON: so many of one list could fill a message.
    """
    firsts = {match.list: number for number, match in reversed(list(enumerate(matches)))}
    kept = set(firsts.values())
    sizes = [len(_json(describe_match(match))) + 1 for match in matches]  # with the comma
    room -= sum(sizes[number] for number in kept)
    for number, size in enumerate(sizes):
        if number not in kept:
            room -= size
            if room < 0:
                break
            kept.add(number)
    return [matches[number] for number in sorted(kept)]


def _json(document: Any) -> bytes:
    # ASCII alone: SNS refuses some characters that keys may hold, but no escaped one.
    return json.dumps(document, separators=(",", ":")).encode()


def _message_id(collection: Collection, picture: PictureRecord, matches: Sequence[Match]) -> str:
    digest = hashlib.blake2b(str(collection).encode(), digest_size=16)
    pairs = [Pair.of(picture, match.record) for match in matches]  # an entry's id is made of its list's name, too
    for announced in sorted(f"#{pair.first}#{pair.second}" for pair in pairs):
        digest.update(announced.encode())
    return digest.hexdigest()
