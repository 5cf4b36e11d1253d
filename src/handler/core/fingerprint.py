"""Bytes to Fingerprint: what is stored of a picture and compared, computed as its generation prescribes.

A generation is a hash algorithm and its version. What one computes never changes: a change is a new generation.
"""

from collections.abc import Callable, Mapping

from handler.core import imaging, phash
from handler.core.model import Fingerprint, Limits


def fingerprint(body: bytes, generation: str, limits: Limits) -> Fingerprint:
    """Return the fingerprint of the picture file *body*.

    Raises ImageRejected if it is not a picture inside *limits*, ValueError if there is no such generation.
    """
    compute = GENERATIONS.get(generation)
    if compute is None:
        raise ValueError(f"unknown generation {generation!r}, want one of: {', '.join(GENERATIONS)}")
    return compute(body, limits)


def _phash1(body: bytes, limits: Limits) -> Fingerprint:
    picture = imaging.decode_like_imagehash(body, limits, side=phash.LUMA_SIDE)
    return Fingerprint(
        hash=phash.phash1(picture.luma),
        generation="phash1",
        width=picture.width,
        height=picture.height,
        format=picture.format,
    )


GENERATIONS: Mapping[str, Callable[[bytes, Limits], Fingerprint]] = {"phash1": _phash1}
