"""What a user is told of two pictures: proposed by hash and check bits, decided by a look; and where it ends if not."""

import argparse
from collections.abc import Callable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
from PIL import Image

from handler.cli import options as command_line
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.judging import judged
from handler.core.matches import Match
from handler.core.model import MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match, meetings
from training.edits import in_file

COLUMNS = ("told", "bar", "blank", "in radius", "and check", "near", "altered", "alike")


class Stages(NamedTuple):
    """How far two pictures got on the way to a message."""

    blank: bool = False  # one of them has too little content to be compared
    within: bool = False  # the radius
    confirmed: bool = False  # by check bits, well enough for a look
    kind: MatchKind | None = None  # by the look

    @property
    def told(self) -> bool:
        """Whether the message names the pair at the default settings."""
        return self.kind in (MatchKind.NEAR, MatchKind.ALTERED)


@cache
def default_settings(effort: str = "") -> Settings:
    """Return the settings of `lookalike pairs`, with that *effort* if it is named."""
    parser = argparse.ArgumentParser()
    for add in (command_line.add_looks, command_line.add_matching, command_line.add_fingerprinting):
        add(parser)
    return command_line.settings(parser.parse_args(["--effort", effort] if effort else []))


def asker(name: str, image: Image.Image, settings: Settings) -> Asker:
    """Return the picture as it asks, its name instead of a digest: no two are of equal bytes."""
    computed, seen = examine(in_file(image.convert("RGB")), settings.generation, settings.limits)
    record = PictureRecord(ObjectRef("", name), settings.generation, Outcome.INDEXED, fingerprint=computed, digest=name)
    return Asker.at_hand(record, seen)


def is_blank(one: Asker) -> bool:
    """Return whether the picture is compared by its bytes only."""
    return one.record.fingerprint is None or one.record.fingerprint.flat


def stages(one: Asker, other: Asker, settings: Settings) -> Stages:
    """Return what becomes of both where *one* comes later and asks for *other*."""
    theirs = other.record.fingerprint
    if theirs is None or is_blank(one) or is_blank(other):
        return Stages(blank=True)
    if next(meetings(one, theirs, settings, settings.asked_radius), None) is None:
        return Stages()
    found = match(one, other.record, settings)
    if found is None:
        return Stages(within=True)
    return Stages(within=True, confirmed=True, kind=look(found, one, other).kind)


def look(found: Match, one: Asker, other: Asker) -> Match:
    """Return the match as the pixels of *one*, which asks, and of *other* decide."""
    assert one.seen is not None
    assert other.seen is not None
    return judged(found, one.seen, other.seen)


def shares(some: Sequence[Stages], *, bar: str = "", of_near: bool = False) -> tuple[str, ...]:
    """Return the cells of COLUMNS; what is compared with *bar* is the share told, or told as near."""
    told: Callable[[Stages], bool] = (lambda one: one.kind is MatchKind.NEAR) if of_near else (lambda one: one.told)
    tests: tuple[Callable[[Stages], bool], ...] = (
        told,
        lambda one: one.blank,
        lambda one: one.within,
        lambda one: one.confirmed,
        *(partial_kind(kind) for kind in (MatchKind.NEAR, MatchKind.ALTERED, MatchKind.ALIKE)),
    )
    first, *rest = (f"{np.mean([test(one) for one in some]):.3f}" for test in tests)
    return first, bar, *rest


def partial_kind(kind: MatchKind) -> Callable[[Stages], bool]:
    """Return what tells whether a pair is of *kind*."""
    return lambda one: one.kind is kind
