"""Search for the views and the check bits of generation `look1`, on the pictures that its filters are trained on.

A view is worth what it adds to those that are there: edited copies that are found by it alone. It costs 8 bytes in
every journal entry, and strangers: pairs of different pictures that it makes candidates, each of which is read before
the check bits reject it. Every view meets the anchors and its like, so what one adds does not depend on the order.
Copies ask, and try windows near the anchors alone: near all views they would be a thousand for each copy.
"""

from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from handler.core import look1
from handler.core.look1 import ANCHORS, CHECK_RADIUS, RADIUS
from handler.core.windows import UNITS, Rectangle, averaged, insets_of, trim
from training import corpus, edits
from training.corpus import Picture
from training.printing import console, print_table, progress

PICTURES = 400  # of the training pictures, evenly
COPIES = 10  # random edits of each, after those that are fixed and change the frame
FIXED = len(edits.GEOMETRIC)
SEED = 77
SIDE = 512  # pixels on the longer side of what is edited
MOST_VIEWS = 24
TWENTIETHS = range(19, 11, -1)  # how much of a side a window keeps
PLACES = {
    "centre": ((0, 0),),
    "sides": ((-1, 0), (1, 0), (0, -1), (0, 1)),
    "corners": ((-1, -1), (-1, 1), (1, -1), (1, 1)),
}
# Check bits: of all coefficients, those nearest to the mean first, from which one on, and how many.
CHECKS = (*((0, bits) for bits in (62, 126, 190, 222, 256, 288, 320)), (15, 256), (29, 256), (62, 256))
RADII = (10, 12, 14)
STORED = slice(29, 29 + look1.CHECK_BITS)
OURS = ("whole", "trimmed", "1:1", "16:9", "centre 85 %", "centre 95 %", "sides 85 %", "corners 90 %")
ALIKE = 45  # check bits of whole pictures: below it they show the same

Words = NDArray[np.uint64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Seen:
    """What is compared of some pictures: one row a picture, the original first, then its copies."""

    hashes: Words  # (versions, views)
    checks: Words  # (versions, views, 6): the signs of all coefficients, from the mean outwards
    asking: Words  # (versions, anchors, windows, 6)


def main(folder: Path | None = None) -> None:
    """Print what each view adds, and what each number of check bits tells apart."""
    pictures = corpus.training_pictures(folder or corpus.default_folder())
    pictures = pictures[:: max(1, len(pictures) // PICTURES)]
    console.print(f"{len(pictures)} of the pictures that its filters are trained on, {FIXED + COPIES} copies of each")
    with ProcessPoolExecutor() as pool, progress() as bar:
        seen = list(
            bar.track(pool.map(_seen, pictures, range(len(pictures))), total=len(pictures), description="views")
        )
    everything = _apart(_together([one for one in seen if one is not None]))
    groups = _groups()
    found = {name: _found(everything, views) for name, views in groups.items()}
    strange = {name: _strange(everything, views) for name, views in groups.items()}
    _print_views(groups, found, strange)
    _print_checks(everything, groups)


def pool(luma: NDArray[np.uint8]) -> dict[str, list[Rectangle]]:
    """Return all windows that could be views, in groups that turn into themselves when the picture is turned."""
    height, width = luma.shape
    units = UNITS
    top, bottom, left, right = (edge * units for edge in trim(luma))
    down, across = bottom - top, right - left

    def placed(tall: int, broad: int, row: int = 0, column: int = 0) -> Rectangle:
        y, x = top + (down - tall) * (row + 1) // 2, left + (across - broad) * (column + 1) // 2
        return y, y + tall, x, x + broad

    def shaped(longer: int, shorter: int) -> Rectangle:
        long, short = max(down, across), min(down, across)
        length, breadth = min(long, short * longer // shorter), min(short, long * shorter // longer)
        return placed(length, breadth) if down > across else placed(breadth, length)

    windows = {
        "whole": [(0, height * units, 0, width * units)],
        "trimmed": [(top, bottom, left, right)],
        "1:1": [shaped(1, 1)],
        "4:3": [shaped(4, 3)],
        "16:9": [shaped(16, 9)],
    }
    for part in TWENTIETHS:
        for name, places in PLACES.items():
            windows[f"{name} {5 * part} %"] = [
                placed(
                    down * part // 20 if row or name != "sides" else down,
                    across * part // 20 if column or name != "sides" else across,
                    row,
                    column,
                )
                for row, column in places
            ]
    return windows


def _groups() -> dict[str, list[int]]:
    """Return which views each group of the pool is."""
    sizes = {name: len(windows) for name, windows in pool(np.zeros((64, 64), np.uint8)).items()}
    ends = np.cumsum(list(sizes.values())).tolist()
    return {name: list(range(end - size, end)) for (name, size), end in zip(sizes.items(), ends, strict=True)}


def _seen(picture: Picture, number: int) -> Seen | None:
    """Return what is compared of *picture* and its copies; None if it has too little content."""
    image = picture.image.copy()
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS)
    fixed = (edit(image) for edit in edits.GEOMETRIC.values())
    random = (edits.compound(image, np.random.default_rng([SEED, number, copy])) for copy in range(COPIES))
    lumas = [edits.luma_of(version, look1.LUMA_SIDE) for version in (image, *fixed, *random)]
    if look1.fingerprint_views(lumas[0]).qualities[0] < look1.QUALITY_FLOOR:
        return None
    return Seen(*(np.stack(column) for column in zip(*map(_compared, lumas), strict=True)))


def _compared(luma: NDArray[np.uint8]) -> tuple[Words, Words, Words]:
    windows = [window for group in pool(luma).values() for window in group]
    insets = [inset for window in windows[:ANCHORS] for inset in insets_of(window)]
    corner = look1.coefficients(averaged(luma, [*windows, *insets]))
    signs = np.packbits(corner[:, *_outwards()] > 0.0, axis=1)
    words = np.ascontiguousarray(np.pad(signs, ((0, 0), (0, -signs.shape[1] % 8)))).view(np.uint64)
    hashes = np.array(list(look1.hashes_of(corner[: len(windows)])), np.uint64)
    return hashes, words[: len(windows)], words[len(windows) :].reshape(ANCHORS, -1, words.shape[1])


def _outwards() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return rows and columns of all coefficients but the mean, nearest to it first."""
    rows, columns = np.indices((look1.CHECK_SIDE, look1.CHECK_SIDE)).reshape(2, -1)
    order = np.lexsort((rows, np.maximum(rows, columns), rows**2 + columns**2))[1:]
    return rows[order], columns[order]


def _together(seen: Sequence[Seen]) -> Seen:
    return Seen(*(np.stack([getattr(one, name) for one in seen]) for name in ("hashes", "checks", "asking")))


def _apart(seen: Seen) -> Seen:
    """Return *seen* without pictures that show what an earlier one shows: pairs that no limit could tell apart."""
    whole = [(a, b) for a in range(ANCHORS) for b in range(ANCHORS)]
    kept = [
        number
        for number in range(len(seen.hashes))
        if not any(
            (_differing(seen.asking[number, 0, a, :1], seen.checks[:number, 0, b], STORED) <= ALIKE).any()
            for a, b in whole
        )
    ]
    return Seen(seen.hashes[kept], seen.checks[kept], seen.asking[kept])


def _pairs(views: Sequence[int]) -> list[tuple[int, int]]:
    """Return which views are compared because of *views*: those with the anchors, and each with its like."""
    pairs = {(view, view) for view in views}
    for anchor in range(ANCHORS):
        pairs |= {pair for view in views for pair in ((anchor, view), (view, anchor))}
    return sorted(pairs)


def _check(seen: Seen, a: int, b: int, bits: slice) -> NDArray[np.int64]:
    """Return how many of the check *bits* differ between each copy and its original: (pictures, copies)."""
    asked = seen.asking[:, 1:, a] if a < ANCHORS else seen.checks[:, 1:, a, None]
    least: NDArray[np.int64] = _differing(asked, seen.checks[:, :1, b, None], bits).min(axis=-1)
    return least


def _differing(a: Words, b: Words, bits: slice) -> NDArray[np.int64]:
    chosen = np.zeros(a.shape[-1] * 64, np.bool_)
    chosen[bits] = True
    mask = np.packbits(chosen).view(np.uint64)
    differing: NDArray[np.int64] = np.bitwise_count((a ^ b) & mask).sum(axis=-1, dtype=np.int64)
    return differing


def _found(seen: Seen, views: Sequence[int]) -> Flags:
    """Return which copies find their original by *views*, at the default settings: shape (pictures, copies)."""
    found = np.zeros(seen.hashes[:, 1:, 0].shape, np.bool_)
    for a, b in _pairs(views):
        near = np.bitwise_count(seen.hashes[:, 1:, a] ^ seen.hashes[:, :1, b]) <= RADIUS
        found |= near & (_check(seen, a, b, STORED) <= CHECK_RADIUS)
    return found


def _strange(seen: Seen, views: Sequence[int]) -> Flags:
    """Return which pairs of different originals are candidates by *views*: shape (pictures, pictures)."""
    strange = np.zeros((len(seen.hashes), len(seen.hashes)), np.bool_)
    for a, b in _pairs(views):
        strange |= np.bitwise_count(seen.hashes[:, 0, a, None] ^ seen.hashes[None, :, 0, b]) <= RADIUS
    np.fill_diagonal(strange, val=False)
    return strange


def _print_views(groups: dict[str, list[int]], found: dict[str, Flags], strange: dict[str, Flags]) -> None:
    """Print groups in the order in which each adds most per view, up to MOST_VIEWS."""
    rows = [
        (names[-1], *_worth(groups, found, strange, names)) for names in _growing(groups, found, list(groups)[:ANCHORS])
    ]
    rows.append(("look1: the fourteen", *_worth(groups, found, strange, OURS)))
    print_table(
        f"Views, each time those that add most per view (radius {RADIUS}, check {CHECK_RADIUS})",
        ("added", "views", "fixed edits found", "random ones", "strangers per million pairs"),
        rows,
    )


def _worth(
    groups: dict[str, list[int]], found: dict[str, Flags], strange: dict[str, Flags], names: Sequence[str]
) -> tuple[object, ...]:
    fixed, random, strangers = (flags.mean() for flags in (*_halves(_any(found, names)), _any(strange, names)))
    return sum(len(groups[name]) for name in names), f"{fixed:.4f}", f"{random:.4f}", f"{strangers * 1e6:.0f}"


def _halves(found: Flags) -> tuple[Flags, Flags]:
    """Return what was found of the copies by fixed edits, and of those by random ones."""
    return found[:, :FIXED], found[:, FIXED:]


def _growing(groups: dict[str, list[int]], found: dict[str, Flags], first: list[str]) -> Iterator[list[str]]:
    chosen = list(first)
    yield chosen
    while True:
        have = _any(found, chosen)
        room = MOST_VIEWS - sum(len(groups[name]) for name in chosen)
        gains = {
            name: sum(half.mean() for half in _halves(found[name] & ~have)) / len(views)
            for name, views in groups.items()
            if name not in chosen and len(views) <= room
        }
        if not gains:
            return
        chosen = [*chosen, max(gains, key=lambda name: gains[name])]
        yield chosen


def _any(flags: dict[str, Flags], names: Sequence[str]) -> Flags:
    together: Flags = np.logical_or.reduce([flags[name] for name in names])
    return together


def _print_checks(seen: Seen, groups: dict[str, list[int]]) -> None:
    """Print for each number of check bits how many may differ if one stranger in a million passes; what is found."""
    pairs = sorted({pair for name in OURS for pair in _pairs(groups[name])})
    rows = []
    for radius in RADII:
        for first, count in CHECKS:
            bits = slice(first, first + count)
            limit = _limit(seen, pairs, radius, bits)
            found = np.zeros(seen.hashes[:, 1:, 0].shape, np.bool_)
            for a, b in pairs:
                near = np.bitwise_count(seen.hashes[:, 1:, a] ^ seen.hashes[:, :1, b]) <= radius
                found |= near & (_check(seen, a, b, bits) <= limit)
            rows.append((radius, first, count, limit, *(f"{half.mean():.4f}" for half in _halves(found))))
    print_table(
        "Check bits, of the fourteen views",
        ("radius", "from", "check bits", "that may differ", "fixed edits found", "random ones"),
        rows,
        note="So many may differ that of a million copies that ask for another picture one finds it.",
    )


def _limit(seen: Seen, pairs: Sequence[tuple[int, int]], radius: int, bits: slice) -> int:
    """Return how many check bits may differ so that no more than one in a million strangers matches."""
    pictures, versions = seen.hashes.shape[:2]
    far = bits.stop + 1
    least = np.full((pictures * versions, pictures), far, np.int16)
    hashes = seen.hashes.reshape(-1, seen.hashes.shape[2])
    checks, asking = (words.reshape(-1, *words.shape[2:]) for words in (seen.checks, seen.asking))
    for a, b in pairs:
        for other in range(pictures):
            near = np.flatnonzero(np.bitwise_count(hashes[:, a] ^ seen.hashes[other, 0, b]) <= radius)
            asked = asking[near, a] if a < ANCHORS else checks[near, a, None]
            differing = _differing(asked, seen.checks[other, 0, b], bits).min(axis=-1, initial=far)
            least[near, other] = np.minimum(least[near, other], differing)
    of = np.repeat(np.arange(pictures), versions)
    strange = np.sort(least[of[:, None] != np.arange(pictures)])
    allowed = len(strange) // 1_000_000
    return int(strange[allowed]) - 1


if __name__ == "__main__":
    main()
