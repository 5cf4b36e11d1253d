"""What each view adds to those before it, on the pictures that the filters of generation `look1` are trained on.

A view is worth what it adds to those that are there: edited copies that are found by it alone. It costs 8 bytes in
every journal entry, and strangers: pairs of different pictures that it makes candidates, each of which is read before
the check bits reject it. Every view meets the anchors and its like, so what one adds does not depend on the order.
Copies ask, and try windows near the anchors alone: near all views they would be a thousand for each copy.
"""

import argparse
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from handler.core.look1 import CHECK_RADIUS, RADIUS
from training.compared_views import (
    ComparedViews,
    Flags,
    add_pictures_option,
    by_kind_of_edit,
    compared_pairs,
    compared_views,
)
from training.printing import print_table
from training.window_groups import ANCHOR_GROUPS, LOOK1_GROUPS, numbers_by_group

MOST_VIEWS = 24


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    add_pictures_option(parser)


def run(options: argparse.Namespace) -> int:
    """Print the groups of views in the order in which each adds most per view, up to MOST_VIEWS."""
    views = compared_views(options.pictures)
    worths = {name: _worth(views, numbers) for name, numbers in numbers_by_group().items()}
    rows = [(names[-1], *_row(worths, names)) for names in _growing(worths)]
    rows.append(("look1: those stored, 16:9 and 4:3 along the longer side alone", *_row(worths, LOOK1_GROUPS)))
    print_table(
        f"Views, those that add most per view first (radius {RADIUS}, check {CHECK_RADIUS})",
        ("added", "views", "fixed edits found", "random ones", "strangers per million pairs"),
        rows,
    )
    return 0


@dataclass(frozen=True, slots=True)
class _Worth:
    """What a group of views finds."""

    view_count: int
    found: Flags  # which copies find their original: (pictures, copies)
    strangers: Flags  # which pairs of different originals are candidates: (pictures, pictures)


def _worth(views: ComparedViews, numbers: Sequence[int]) -> _Worth:
    found = np.zeros(views.hashes[:, 1:, 0].shape, np.bool_)
    strangers = np.zeros((len(views.hashes), len(views.hashes)), np.bool_)
    for a, b in compared_pairs(numbers):
        found |= views.found(a, b)
        strangers |= np.bitwise_count(views.hashes[:, 0, a, None] ^ views.hashes[None, :, 0, b]) <= RADIUS
    np.fill_diagonal(strangers, val=False)
    return _Worth(len(numbers), found, strangers)


def _together(worths: dict[str, _Worth], names: Sequence[str]) -> _Worth:
    some = [worths[name] for name in names]
    return _Worth(
        sum(one.view_count for one in some),
        np.logical_or.reduce([one.found for one in some]),
        np.logical_or.reduce([one.strangers for one in some]),
    )


def _row(worths: dict[str, _Worth], names: Sequence[str]) -> tuple[object, ...]:
    worth = _together(worths, names)
    fixed, random = by_kind_of_edit(worth.found)
    return worth.view_count, f"{fixed.mean():.4f}", f"{random.mean():.4f}", f"{worth.strangers.mean() * 1e6:.0f}"


def _growing(worths: dict[str, _Worth]) -> Iterator[Sequence[str]]:
    """Yield the anchors, then again and again what is there with the group that adds most per view."""
    chosen: Sequence[str] = ANCHOR_GROUPS
    yield chosen
    while True:
        have = _together(worths, chosen)
        gains = {
            name: sum(half.mean() for half in by_kind_of_edit(worth.found & ~have.found)) / worth.view_count
            for name, worth in worths.items()
            if name not in chosen and have.view_count + worth.view_count <= MOST_VIEWS
        }
        if not gains:
            return
        chosen = [*chosen, max(gains, key=lambda name: gains[name])]
        yield chosen
