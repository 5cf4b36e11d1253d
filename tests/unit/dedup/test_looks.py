"""The second look: hash and check bits propose, pixels decide."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from io import BytesIO
from typing import Any

import pytest
from PIL import Image, ImageDraw

from handler.core.model import Box, MatchKind, PictureRejected, ReadDenied
from handler.deadline import OutOfTime
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, photo, png, textured
from tests.unit.dedup.conftest import GoneOnceItWasRead

SCENE = photo(1, (640, 480))


@pytest.fixture
def site() -> FakeDeployment:
    return FakeDeployment(generation="look1", max_looks=40)


@pytest.fixture
def by_phash() -> FakeDeployment:
    """By a hash that knows the low frequencies alone: it is easy to draw what it confuses."""
    return FakeDeployment(generation="phash1", max_looks=40)


def captioned(image: Image.Image, box: Box = (0.7, 0.9, 0.2, 0.8)) -> Image.Image:
    """Return *image* with a sign on it: in *box*, in fractions of the picture."""
    image = image.copy()
    top, bottom, left, right = box[0] * image.height, box[1] * image.height, box[2] * image.width, box[3] * image.width
    draw = ImageDraw.Draw(image)
    draw.rectangle((left, top, right, bottom), fill=(250, 250, 240))
    letter, rim = (right - left) / 12, (bottom - top) / 5
    for number in range(12):
        x = left + number * letter
        draw.rectangle((x, top + rim, x + letter / 2, bottom - rim), fill=(20, 20, 30))
    return image


def matches(site: FakeDeployment) -> list[dict[str, Any]]:
    """The matches of the last message."""
    found: list[dict[str, Any]] = json.loads(site.topic.messages[-1].body)["matches"]
    return found


def test_crop_is_near_and_says_how_well_it_agrees(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(SCENE))

    report = site.upload("crop.jpg", jpeg(SCENE.crop((40, 30, 600, 450)), 70))

    (match,) = matches(site)
    assert (match["kind"], match["differs"], report.looks) == ("near", [], 1)
    assert 0.95 < match["agreement"] <= 1.0
    assert 0.9 < match["colours"] <= 1.0
    assert site.topic.messages[-1].attributes["agreement"] == match["agreement"]


def test_altered_part_is_boxed_and_told_after_what_is_near(site: FakeDeployment) -> None:
    site.upload("signed.jpg", jpeg(captioned(SCENE)))
    site.upload("small.jpg", jpeg(SCENE.resize((320, 240)), 60))

    site.upload("a.jpg", jpeg(SCENE))

    assert [(match["key"], match["kind"]) for match in matches(site)] == [
        ("small.jpg", "near"),
        ("signed.jpg", "altered"),
    ]
    (box,) = matches(site)[1]["differs"]
    assert max(box["top"] - 0.7, 0.9 - box["bottom"], box["left"] - 0.2, 0.8 - box["right"]) < 1 / 24
    assert (box["bottom"] - box["top"]) * (box["right"] - box["left"]) < 0.5


def test_what_only_looks_alike_is_not_announced(by_phash: FakeDeployment) -> None:
    by_phash.upload("a.png", textured(1))

    report = by_phash.upload("b.png", textured(2))

    assert (report.looks, list(report.matches), by_phash.topic.messages, by_phash.pairs.items) == (1, [], [], {})


@pytest.mark.parametrize(
    ("tell", "kinds"),
    [
        (MatchKind.NEAR, ["near"]),
        (MatchKind.ALTERED, ["near", "altered"]),
        (MatchKind.ALIKE, ["near", "altered", "alike"]),
    ],
)
def test_setting_says_how_much_is_told(by_phash: FakeDeployment, tell: MatchKind, kinds: list[str]) -> None:
    by_phash.tell = tell
    picture = Image.open(BytesIO(textured(1)))
    by_phash.upload("alike.png", textured(2))
    by_phash.upload("altered.png", png(captioned(picture.convert("RGB"), (0.75, 0.95, 0.7, 0.95))))
    by_phash.upload("near.jpg", jpeg(picture.convert("RGB"), 80))

    by_phash.upload("a.png", textured(1))

    assert [match["kind"] for match in matches(by_phash)] == kinds


def test_equal_bytes_need_no_look(site: FakeDeployment) -> None:
    site.upload("a.png", png(SCENE))
    site.pictures.errors["a.png"] = ReadDenied("no")

    report = site.upload("b.png", png(SCENE))

    assert report.looks == 0
    assert [(match["kind"], match["agreement"]) for match in matches(site)] == [("exact", None)]


def lost(site: FakeDeployment) -> None:
    del site.pictures.objects["pictures", "a.jpg"]


def replaced(site: FakeDeployment) -> None:
    site.pictures.objects["pictures", "a.jpg"] = jpeg(photo(2))


@pytest.mark.parametrize("change", [lost, replaced])
def test_picture_that_is_not_there_any_more_is_no_match(
    site: FakeDeployment, change: Callable[[FakeDeployment], None]
) -> None:
    site.upload("a.jpg", jpeg(SCENE))
    change(site)  # its event is still to come

    report = site.upload("b.jpg", jpeg(SCENE, 70))

    assert (list(report.matches), site.topic.messages) == ([], [])


@pytest.mark.parametrize(
    "error", [ReadDenied("no grant"), PictureRejected("archived", "the object is in an archive tier")]
)
def test_hash_and_check_bits_decide_where_nobody_can_look(site: FakeDeployment, error: Exception) -> None:
    site.upload("a.jpg", jpeg(SCENE))
    site.pictures.errors["a.jpg"] = error

    report = site.upload("b.jpg", jpeg(SCENE, 70))

    assert [(match["kind"], match["agreement"], match["differs"]) for match in matches(site)] == [("near", None, [])]
    assert "agreement" not in site.topic.messages[-1].attributes
    assert report.looks == 0


def test_strip_that_is_too_long_for_a_look_is_decided_without(site: FakeDeployment) -> None:
    site.max_pixels = 3_000_000
    strip = photo(3, (12_000, 200)).convert("L")
    site.upload("a.png", png(strip))

    report = site.upload("b.png", png(strip.point(lambda level: min(255, level + 3))))

    assert report.looks == 0
    assert [match["agreement"] for match in matches(site)] == [None]


def test_passing_failure_fails_the_event_which_comes_again(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(SCENE))
    site.pictures.errors["a.jpg"] = ConnectionError("slow down")
    ref = site.put("b.jpg", jpeg(SCENE, 70))

    with pytest.raises(ConnectionError):
        site.function().created(ref)
    assert site.pairs.items == {}

    del site.pictures.errors["a.jpg"]
    site.function().created(ref)
    assert site.announced == [("b.jpg", ["a.jpg"])]


def test_event_fails_before_the_time_for_looks_is_up(site: FakeDeployment) -> None:
    site.outgrow()
    site.upload("a.jpg", jpeg(SCENE))

    with pytest.raises(OutOfTime, match="raise Timeout"):
        site.function().created(site.put("b.jpg", jpeg(SCENE, 70)), deadline=-math.inf)


def test_beyond_the_bound_hash_and_check_bits_decide_and_the_message_says_so(site: FakeDeployment) -> None:
    site.max_looks = 1
    for quality in (95, 85, 75):
        site.upload(f"{quality}.jpg", jpeg(SCENE, quality))

    report = site.upload("a.jpg", jpeg(SCENE, 65))

    assert report.looks == 1
    assert sorted(match["agreement"] is None for match in matches(site)) == [False, True, True]
    assert json.loads(site.topic.messages[-1].body)["truncated"] is True


def test_no_more_looks_are_taken_than_fill_the_message(site: FakeDeployment) -> None:
    site.max_matches = 2
    for quality in range(60, 96, 3):
        site.upload(f"{quality}.jpg", jpeg(SCENE, quality))

    report = site.upload("a.jpg", jpeg(SCENE, 50))

    assert (report.looks, len(report.matches), report.truncated) == (3, 2, True)


def test_noted_pair_is_told_without_another_look(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(captioned(SCENE)))
    ref = site.put("b.jpg", jpeg(SCENE, 70))
    site.function().created(ref)
    told = matches(site)
    site.pairs.items = {key: replace(pair, announced=False) for key, pair in site.pairs.items.items()}
    site.pictures.errors["a.jpg"] = ReadDenied("no")

    report = site.function().created(ref)  # the one before had ended before it published

    assert report.looks == 0
    assert matches(site) == told
    assert told[0]["kind"] == "altered"


def test_noted_pair_is_told_though_less_is_told_now(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(captioned(SCENE)))
    ref = site.put("b.jpg", jpeg(SCENE, 70))
    site.function().created(ref)
    site.pairs.items = {key: replace(pair, announced=False) for key, pair in site.pairs.items.items()}
    site.tell = MatchKind.NEAR

    site.function().created(ref)

    assert len(site.topic.messages) == 2
    assert [match["kind"] for match in matches(site)] == ["altered"]


def test_boxes_are_not_told_of_the_wrong_picture(site: FakeDeployment) -> None:
    first = site.put("a.jpg", jpeg(captioned(SCENE)))
    site.function().created(first)
    site.upload("b.jpg", jpeg(SCENE, 70))
    site.pairs.items = {key: replace(pair, announced=False) for key, pair in site.pairs.items.items()}

    site.function().created(first)

    assert [(match["kind"], match["differs"]) for match in matches(site)] == [("altered", None)]


def test_look_up_looks_and_notes_nothing(site: FakeDeployment) -> None:
    site.upload("a.jpg", jpeg(SCENE))
    site.pictures.objects["pictures", "b.jpg"] = jpeg(SCENE, 70)

    report = site.look_ups().look_up(site.event("b.jpg"))

    assert [match.kind for match in report.matches] == [MatchKind.NEAR]
    assert (report.looks, site.pairs.items) == (1, {})


def test_look_up_may_ask_for_what_only_looks_alike(by_phash: FakeDeployment) -> None:
    by_phash.upload("a.png", textured(1))
    by_phash.pictures.objects["pictures", "b.png"] = textured(2)

    told = {
        tell: by_phash.look_ups().look_up(by_phash.event("b.png"), tell).matches for tell in (None, MatchKind.ALIKE)
    }

    assert [match.kind for match in told[None]] == []
    assert [match.kind for match in told[MatchKind.ALIKE]] == [MatchKind.ALIKE]


def test_own_picture_that_is_gone_meanwhile_has_no_matches(by_phash: FakeDeployment) -> None:
    """By phash1 it is read once more for the first look."""
    by_phash.upload("a.jpg", jpeg(SCENE))
    a, by_phash.pictures = by_phash.pictures, GoneOnceItWasRead("b.jpg")
    by_phash.pictures.objects |= a.objects

    report = by_phash.upload("b.jpg", jpeg(SCENE, 70))

    assert (list(report.matches), by_phash.topic.messages) == ([], [])
