"""How well each number of check bits tells pictures apart, by the views stored of generation `look1`.

Of all coefficients those nearest to the mean come first. For each choice the limit is how many bits may differ so that
one in a million copies matches a picture that it does not show; the table says how many copies find their original.
"""

import argparse
from collections.abc import Sequence

import numpy as np

from handler.core.look1 import ANCHORS
from training.compared_views import (
    ComparedViews,
    add_pictures_option,
    by_kind_of_edit,
    compared_pairs,
    compared_views,
    differing,
)
from training.printing import print_table
from training.window_groups import LOOK1_GROUPS, numbers_by_group

# From which coefficient on, and how many.
CHOICES = (*((0, bits) for bits in (62, 126, 190, 222, 256, 288, 320)), (15, 256), (29, 256), (62, 256))
RADII = (10, 12, 14)
ONE_IN = 1_000_000  # strangers that match

Pairs = Sequence[tuple[int, int]]  # of views that are compared


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    add_pictures_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    views = compared_views(options.pictures)
    groups = numbers_by_group()
    pairs = sorted({pair for name in LOOK1_GROUPS for pair in compared_pairs(groups[name])})
    print_table(
        "Check bits, of the views stored",
        ("radius", "from", "check bits", "that may differ", "fixed edits found", "random ones"),
        [
            _row(views, pairs, radius=radius, bits=slice(first, first + count))
            for radius in RADII
            for first, count in CHOICES
        ],
        note="That may differ: the limit at which one in a million copies matches a picture that it does not show.",
    )
    return 0


def _row(views: ComparedViews, pairs: Pairs, *, radius: int, bits: slice) -> tuple[object, ...]:
    limit = _limit(views, pairs, radius=radius, bits=bits)
    found = np.zeros(views.hashes[:, 1:, 0].shape, np.bool_)
    for a, b in pairs:
        found |= views.found(a, b, radius=radius, bits=bits, limit=limit)
    shares = (f"{some.mean():.4f}" for some in by_kind_of_edit(found))
    return radius, bits.start, bits.stop - bits.start, limit, *shares


def _limit(views: ComparedViews, pairs: Pairs, *, radius: int, bits: slice) -> int:
    """Return how many check bits may differ so that no more than one stranger in ONE_IN matches."""
    pictures, versions = views.hashes.shape[:2]
    far = bits.stop + 1
    least = np.full((pictures * versions, pictures), far, np.int16)
    hashes = views.hashes.reshape(-1, views.hashes.shape[2])
    checks, asking = (words.reshape(-1, *words.shape[2:]) for words in (views.checks, views.asking))
    for a, b in pairs:
        for other in range(pictures):
            near = np.flatnonzero(np.bitwise_count(hashes[:, a] ^ views.hashes[other, 0, b]) <= radius)
            asked = asking[near, a] if a < ANCHORS else checks[near, a, None]
            nearest = differing(asked, views.checks[other, 0, b], bits).min(axis=-1, initial=far)
            least[near, other] = np.minimum(least[near, other], nearest)
    of = np.repeat(np.arange(pictures), versions)
    strange = np.sort(least[of[:, None] != np.arange(pictures)])
    return int(strange[len(strange) // ONE_IN]) - 1
