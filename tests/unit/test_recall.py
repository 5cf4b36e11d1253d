"""A slice of the proof: edited copies of photographs that no filter was trained on, matched by the function's code."""

import hashlib
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import skimage
from PIL import Image

from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.look1 import LOOKS_RADIUS, RADIUS
from handler.core.model import DEFAULT_EFFORT, ORIENTATIONS, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match
from training import blanks, edits, fixed_edits
from training.random_edits import compound

pytestmark = pytest.mark.thorough

PHOTOGRAPHS = ("astronaut.png", "camera.png", "chelsea.png", "coffee.png", "rocket.jpg")
COMPOUNDS = 12  # random edits of each


def look(name: str, image: Image.Image) -> Asker:
    body = edits.in_file(image)
    digest = hashlib.sha256(body).hexdigest()
    computed, seen = examine(body, "look1", Limits())
    record = PictureRecord(ObjectRef("", name), "look1", Outcome.INDEXED, fingerprint=computed, digest=digest)
    return Asker.at_hand(record, seen)


@cache
def originals() -> list[tuple[Image.Image, Asker]]:
    images = []
    for name in PHOTOGRAPHS:
        with Image.open(Path(skimage.__file__).parent / "data" / name) as image:
            images.append(image.convert("RGB"))
            images[-1].thumbnail((512, 512))
    return [(image, look(f"original {n}", image)) for n, image in enumerate(images)]


@cache
def copies(kind: str) -> list[list[Asker]]:
    """Return the copies of each original."""
    if kind == "compound":
        edited = [
            [compound(image, np.random.default_rng([n, copy])) for copy in range(COMPOUNDS)]
            for n, (image, _) in enumerate(originals())
        ]
    else:
        chosen = {"keeping": fixed_edits.KEEPING, "geometric": fixed_edits.GEOMETRIC, "turns": fixed_edits.TURNS}[kind]
        edited = [[edit(image) for edit in chosen.values()] for image, _ in originals()]
    return [[look(f"{kind} {n} {m}", image) for m, image in enumerate(some)] for n, some in enumerate(edited)]


def found(kind: str, *, original_asks: bool, orientations: str = "none") -> list[bool]:
    """Return which copies and their originals would be looked at; the one that came first is as it is stored."""
    settings = by_looks(orientations)
    pairs = [(copy, original) for (_, original), some in zip(originals(), copies(kind), strict=True) for copy in some]
    if original_asks:
        pairs = [(original, copy) for copy, original in pairs]
    return [match(asking, other.record, settings) is not None for asking, other in pairs]


def by_looks(orientations: str) -> Settings:
    return Settings(
        "look1",
        LOOKS_RADIUS,
        max_matches=1,
        scope_depth=0,
        limits=Limits(),
        orientations=ORIENTATIONS[orientations],
        effort=DEFAULT_EFFORT,
        max_looks=1,
        sure_radius=RADIUS,
    )


@pytest.mark.parametrize("original_asks", [False, True])
def test_edited_photographs_are_found_whichever_came_first(original_asks: bool) -> None:
    keeping = found("keeping", original_asks=original_asks)
    geometric = found("geometric", original_asks=original_asks)

    assert np.mean(keeping) >= 0.998
    assert np.mean(keeping + geometric) >= 0.98


@pytest.mark.parametrize("original_asks", [False, True])
def test_nine_in_ten_of_random_compound_edits_are_found(original_asks: bool) -> None:
    assert np.mean(found("compound", original_asks=original_asks)) >= 0.9


def test_flips_and_turns_are_found_where_they_are_asked_for() -> None:
    assert all(found("turns", original_asks=False, orientations="all"))


def test_no_photograph_is_taken_for_another() -> None:
    settings = replace(by_looks("all"), max_looks=0)
    everything = [copy for kind in ("keeping", "geometric", "compound") for some in copies(kind) for copy in some]

    for n, (_, original) in enumerate(originals()):
        others = [copy for copy in everything if copy.record.ref.key.split()[1] != str(n)]
        assert not any(match(copy, original.record, settings) for copy in others)


@pytest.mark.parametrize("kind", ["flat", "gradient", "glow", "four corners", "scanned blank", "text page"])
def test_pictures_without_content_match_by_their_bytes_alone(kind: str) -> None:
    for number in range(6):
        computed = look(f"{kind} {number}", blanks.KINDS[kind](number)).record.fingerprint
        assert computed is not None
        assert computed.flat
