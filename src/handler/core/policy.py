"""Which candidates are matches, of what kind, and which of them are told."""

from collections.abc import Iterable

from handler.core.model import ImageRecord, Match, MatchKind
from handler.core.phash import hamming


def match(picture: ImageRecord, candidate: ImageRecord, radius: int) -> Match | None:
    """Return the match of *candidate* with *picture*, or None where it is none.

    None if either has no hash (any more), both are one object, their hashes are of different generations, or
    they are more than *radius* bits apart. Exact means equal bytes by SHA-256: an ETag is no digest
    after a multipart upload or under SSE-KMS.
    """
    if picture.fingerprint is None or candidate.fingerprint is None:
        return None
    if candidate.ref.object_id == picture.ref.object_id or candidate.generation != picture.generation:
        return None
    distance = hamming(picture.fingerprint.hash, candidate.fingerprint.hash)
    if distance > radius:
        return None
    same_bytes = picture.digest is not None and picture.digest == candidate.digest
    return Match(record=candidate, distance=distance, kind=MatchKind.EXACT if same_bytes else MatchKind.NEAR)


def nearest_first(matches: Iterable[Match]) -> list[Match]:
    """Return *matches* by distance; at equal distance the same bytes first, then what was stored first."""
    return sorted(
        matches,
        key=lambda match: (
            match.distance,
            match.kind is not MatchKind.EXACT,
            match.record.modified or "",
            match.record.ref.object_id,
        ),
    )
