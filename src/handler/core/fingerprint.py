"""Bytes to Fingerprint: what is stored of a picture and compared, computed as its generation prescribes.

A generation is a hash algorithm and its version. What one computes never changes: a change is a new generation.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from handler.core import imaging, look1, phash
from handler.core.model import Fingerprint, Limits
from handler.core.windows import VIEW_NAMES

T = TypeVar("T")


class Generation(NamedTuple):
    """One hash algorithm, and what has to be known in order to index and compare what it computes."""

    compute: Callable[[bytes, Limits], Fingerprint]
    view_names: tuple[str, ...]  # the first is the whole picture
    anchors: int  # so many of them, the first, are also in the buckets, and are compared with all views of others
    check_bits: int  # most check bits that may differ
    turned: Callable[[int, int], int]  # the hash of the picture turned as an EXIF orientation asks
    turned_check: Callable[[bytes, int], bytes]
    turned_view: Callable[[int, int], int]  # which view of the turned picture shows the same


def fingerprint(body: bytes, generation: str, limits: Limits) -> Fingerprint:
    """Return the fingerprint of the picture file *body*.

    Raises PictureRejected if it is not a picture inside *limits*, ValueError if there is no such generation.
    """
    known = GENERATIONS.get(generation)
    if known is None:
        raise ValueError(f"unknown generation {generation!r}, want one of: {', '.join(GENERATIONS)}")
    return known.compute(body, limits)


def _phash1(body: bytes, limits: Limits) -> Fingerprint:
    picture = imaging.decode_like_imagehash(body, limits, side=phash.LUMA_SIDE)
    return Fingerprint(
        hash=phash.phash1(picture.luma),
        generation="phash1",
        width=picture.width,
        height=picture.height,
        format=picture.format,
    )


@dataclass(frozen=True, slots=True)
class Asking:
    """Check bits by which a picture that asks may confirm a match, made when they are asked for."""

    luma: NDArray[np.uint8]
    shown: tuple[int, ...]  # which view stands for each
    made: dict[int, tuple[bytes, ...]] = field(default_factory=dict)

    def __call__(self, view: int) -> tuple[bytes, ...]:
        """Return the check bits of *view* and of windows a little smaller."""
        if view not in self.made:
            (self.made[view],) = look1.asking_checks(self.luma, [self.shown[view]])
        return self.made[view]


def _look1(body: bytes, limits: Limits) -> Fingerprint:
    picture = imaging.decode(body, limits, side=look1.LUMA_SIDE)
    views = look1.fingerprint_views(picture.luma)
    # A view without content, a crop of sky, would match every sky: the whole picture stands in for it.
    shown = [number if enough >= look1.QUALITY_FLOOR else 0 for number, enough in enumerate(views.qualities)]
    whole, *further = (views.hashes[number] for number in shown)
    return Fingerprint(
        hash=whole,
        generation=look1.GENERATION,
        width=picture.width,
        height=picture.height,
        format=picture.format,
        further=tuple(further),
        checks=tuple(views.checks[number] for number in shown),
        asking=Asking(picture.luma, tuple(shown)),
        quality=round(views.qualities[0], 2),
        flat=min(views.qualities[: look1.ANCHORS]) < look1.QUALITY_FLOOR,  # a blank page in a border is blank
        frames=picture.frames,
        notes=picture.notes,
    )


def _unturned(value: T, _orientation: int) -> T:
    """The threshold of phash1 is the median of its own coefficients: its bits say nothing of a turned picture."""
    return value


GENERATIONS: Mapping[str, Generation] = {
    "look1": Generation(
        compute=_look1,
        view_names=VIEW_NAMES,
        anchors=look1.ANCHORS,
        check_bits=look1.CHECK_RADIUS,
        turned=look1.turned,
        turned_check=look1.turned_check,
        turned_view=look1.turned_view,
    ),
    "phash1": Generation(
        compute=_phash1,
        view_names=("whole",),
        anchors=1,
        check_bits=0,
        turned=_unturned,
        turned_check=_unturned,
        turned_view=_unturned,
    ),
}
DEFAULT_GENERATION = next(iter(GENERATIONS))
