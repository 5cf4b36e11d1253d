"""Bytes to Fingerprint: what is stored of a picture and compared, computed as its generation prescribes."""

from collections.abc import Callable, Mapping
from typing import NamedTuple

from handler.core import imaging, look1, phash
from handler.core.model import Fingerprint, Limits, PictureRecord
from handler.core.seen import Seen


class Examined(NamedTuple):
    """What came of looking at one picture file."""

    fingerprint: Fingerprint
    seen: Seen | None  # by which it asks for others, if its generation can look closer


def fingerprint(body: bytes, generation: str, limits: Limits) -> Fingerprint:
    """Return the fingerprint of the picture file *body*, and raise, as `examine` does."""
    return examine(body, generation, limits).fingerprint


def examine(body: bytes, generation: str, limits: Limits) -> Examined:
    """Return the fingerprint of the picture file *body*, and what was seen of it.

    Raises PictureRejected if it is not a picture inside *limits*, ValueError if there is no such generation.
    """
    compute = _COMPUTE.get(generation)
    if compute is None:
        raise ValueError(f"unknown generation {generation!r}, want one of: {', '.join(_COMPUTE)}")
    return compute(body, limits)


def seen_again(body: bytes, record: PictureRecord, limits: Limits) -> Seen:
    """Return what is seen of the picture file *body*, which was fingerprinted before: *record* is of it.

    Whatever its generation, it is seen as people see it. Raises PictureRejected, as `examine` does.
    """
    picture = imaging.decode(body, limits, side=look1.LUMA_SIDE)
    hashes = record.fingerprint.hashes if record.fingerprint else (0,)
    # The whole picture stood in for views of too little content, and left its hash in their place.
    return Seen(picture.luma, picture.colours, [0 if hash == hashes[0] else view for view, hash in enumerate(hashes)])


def _phash1(body: bytes, limits: Limits) -> Examined:
    picture = imaging.decode_like_imagehash(body, limits, side=phash.LUMA_SIDE)
    computed = Fingerprint(
        hash=phash.phash1(picture.luma),
        generation="phash1",
        width=picture.width,
        height=picture.height,
        format=picture.format,
    )
    return Examined(computed, None)


def _look1(body: bytes, limits: Limits) -> Examined:
    picture = imaging.decode(body, limits, side=look1.LUMA_SIDE)
    views = look1.fingerprint_views(picture.luma)
    # A view without content, a crop of sky, would match every sky: the whole picture stands in for it.
    shown = tuple(number if enough >= look1.QUALITY_FLOOR else 0 for number, enough in enumerate(views.qualities))
    whole, *further = (views.hashes[number] for number in shown)
    computed = Fingerprint(
        hash=whole,
        generation=look1.GENERATION,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        further=tuple(further),
        checks=tuple(views.checks[number] for number in shown),
        quality=round(views.qualities[0], 2),
        flat=min(views.qualities[: look1.ANCHORS]) < look1.QUALITY_FLOOR,  # a blank page in a border is blank
        taken=picture.taken,
        frames=picture.frames,
        notes=picture.notes,
    )
    return Examined(computed, Seen(picture.luma, picture.colours, shown))


_COMPUTE: Mapping[str, Callable[[bytes, Limits], Examined]] = {"look1": _look1, "phash1": _phash1}
