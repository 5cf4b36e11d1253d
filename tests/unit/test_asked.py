"""Windows that ask and are not stored: the table of what meets what, and the copies that only they find."""

import hashlib
import math
from collections.abc import Callable

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from handler.core.asked import ASKING, MEETS, turned_asking
from handler.core.asker import Asker
from handler.core.asking import AskingWindows
from handler.core.fingerprint import examine
from handler.core.judging import judged
from handler.core.matches import Match
from handler.core.model import EFFORTS, ORIENTATIONS, Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match
from handler.core.turns import Turn, turned_back, way
from handler.core.windows import VIEW_NAMES
from tests.pictures import photo, png

MOST = {"quick": 80, "thorough": 300}  # comparisons with each stored picture, mirrored ones included
SCENE = photo(3, (480, 360))


def settings(effort: str = "quick", orientations: str = "none") -> Settings:
    turned = ORIENTATIONS[orientations]
    return Settings("look1", 14, max_matches=1, scope_depth=0, limits=Limits(), orientations=turned, effort=effort)


def asker(name: str, image: Image.Image) -> Asker:
    body = png(image)
    computed, seen = examine(body, "look1", Limits())
    record = PictureRecord(
        ObjectRef("", name), "look1", Outcome.INDEXED, fingerprint=computed, digest=hashlib.sha256(body).hexdigest()
    )
    return Asker.at_hand(record, seen)


def rotated(image: Image.Image, degrees: float) -> Image.Image:
    """Return *image* rotated in a frame that grew, and was squeezed to the old size."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True).resize(image.size)


def sheared(image: Image.Image, degrees: float) -> Image.Image:
    """Return *image* with its lower rows pushed to the right."""
    slope = math.tan(math.radians(degrees))
    parts = (1, -slope, slope * image.height / 2, 0, 1, 0)
    return image.transform(image.size, Image.Transform.AFFINE, parts, Image.Resampling.BICUBIC)


def captioned(image: Image.Image) -> Image.Image:
    framed = ImageOps.expand(image, (0, image.height // 3, 0, 0), "white")
    ImageDraw.Draw(framed).text((20, 20), "You will not believe this", fill="black", font_size=34)
    return framed


def collage(image: Image.Image, *others: Image.Image) -> Image.Image:
    """Return *image* at the upper left of three others."""
    page = Image.new("RGB", (640, 480))
    for number, one in enumerate((image, *others)):
        page.paste(one.resize((320, 240)), (number % 2 * 320, number // 2 * 240))
    return page


def test_efforts_of_the_table_are_those_of_the_setting() -> None:
    assert tuple(MEETS) == EFFORTS


@pytest.mark.parametrize("effort", EFFORTS)
def test_comparisons_are_within_the_budget_of_their_effort(effort: str) -> None:
    assert sum(map(len, (*MEETS[effort].upright, *MEETS[effort].turned))) <= MOST[effort]


def test_thorough_asks_all_that_quick_does() -> None:
    for quick, thorough in zip(MEETS["quick"], MEETS["thorough"], strict=True):
        assert all(set(few) <= set(many) for few, many in zip(quick, thorough, strict=True))


@pytest.mark.parametrize("effort", EFFORTS)
def test_turned_pictures_ask_by_some_of_what_upright_ones_do(effort: str) -> None:
    upright, turned = MEETS[effort]

    assert all(set(few) <= set(many) for few, many in zip(turned, upright, strict=True))


def test_stored_views_ask_first_under_their_names() -> None:
    assert tuple(asking.name for asking in ASKING)[: len(VIEW_NAMES)] == VIEW_NAMES
    assert len({asking.name for asking in ASKING}) == len(ASKING)


@pytest.mark.parametrize("effort", EFFORTS)
@pytest.mark.parametrize("orientation", range(1, 9))
def test_what_asks_turns_into_what_asks_as_much(orientation: int, effort: str) -> None:
    turned = [turned_asking(number, orientation) for number in range(len(ASKING))]

    assert sorted(turned) == list(range(len(ASKING)))
    for table in MEETS[effort]:
        assert [len(table[number]) for number in turned] == [len(met) for met in table]


@pytest.mark.parametrize(
    ("edit", "turn"),
    [
        (lambda image: rotated(image, 10), Turn(10, squeezed=True)),
        (lambda image: rotated(image, -25), Turn(-25, squeezed=True)),
        (lambda image: image.rotate(10, Image.Resampling.BICUBIC), Turn(10)),
        (lambda image: sheared(image, 15), Turn(sheared=15)),
        (lambda image: sheared(image.transpose(Image.Transpose.TRANSPOSE), 15).transpose(Image.Transpose.TRANSPOSE),
         Turn(leaning=15)),
    ],
)  # fmt: skip
def test_picture_is_turned_back(edit: Callable[[Image.Image], Image.Image], turn: Turn) -> None:
    image = SCENE.convert("L")

    back = turned_back(np.asarray(edit(image)), turn)

    inner = (slice(100, 260), slice(140, 340))
    assert np.abs(back[inner].astype(int) - np.asarray(image)[inner]).mean() < 4


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (64, 85), (150, 200)])
def test_turned_back_pixel_is_between_the_four_around_its_place(shape: tuple[int, int]) -> None:
    turn, (height, width) = Turn(10, squeezed=True), shape
    pixels = np.random.default_rng(3).choice(np.array([0, 255, 7], np.uint8), shape)

    back = turned_back(pixels, turn)

    place = way(turn, height, width) @ [*(np.indices(shape).reshape(2, -1) + 0.5), np.ones(height * width)]
    y, x = (np.clip(np.rint(256 * at) - 128, 0, 256 * (side - 1)) for at, side in zip(place, shape, strict=True))
    above, before = (y // 256).astype(int), (x // 256).astype(int)
    below, after = np.minimum(above + 1, height - 1), np.minimum(before + 1, width - 1)
    down, across = y % 256 / 256, x % 256 / 256
    upper = pixels[above, before] * (1 - across) + pixels[above, after] * across
    lower = pixels[below, before] * (1 - across) + pixels[below, after] * across
    between = np.floor(upper * (1 - down) + lower * down + 0.5).reshape(shape)
    np.testing.assert_array_equal(back, between)


def test_colours_are_turned_back_as_luma_is() -> None:
    pixels = np.asarray(SCENE)

    back = turned_back(pixels, Turn(10))

    np.testing.assert_array_equal(back[..., 1], turned_back(np.ascontiguousarray(pixels[..., 1]), Turn(10)))


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "rotated 10": lambda image: rotated(image, 10),
    "rotated -25": lambda image: rotated(image, -25),
    "rotated 10 in its frame": lambda image: image.rotate(10, Image.Resampling.BICUBIC),
    "sheared 10": lambda image: sheared(image, 10),
    "negative": ImageOps.invert,
    "under a caption": captioned,
    "collage": lambda image: collage(image, *(photo(seed) for seed in (7, 8, 9))),
    "centre 60": lambda image: image.crop((96, 72, 384, 288)),
}


@pytest.mark.parametrize("kind", COPIES)
def test_copy_finds_its_original_when_it_comes(kind: str) -> None:
    original, copy = asker("original", SCENE), asker("copy", COPIES[kind](SCENE))

    assert match(copy, original.record, settings("thorough")) is not None
    by_its_views = match(Asker.stored(copy.record), original.record, settings("thorough"))
    assert (by_its_views is None) == (kind not in ("sheared 10", "centre 60"))


@pytest.mark.parametrize("kind", sorted(COPIES.keys() - {"centre 60"}))
def test_quick_is_enough_for_most_copies(kind: str) -> None:
    original, copy = asker("original", SCENE), asker("copy", COPIES[kind](SCENE))

    assert match(copy, original.record, settings()) is not None


def test_mirrored_copy_is_found_where_mirrored_ones_are() -> None:
    original, copy = asker("original", SCENE), asker("copy", ImageOps.mirror(SCENE.crop((36, 27, 444, 333))))

    found = match(copy, original.record, settings(orientations="mirror"))

    assert found is not None
    assert found.orientation == 2
    assert match(copy, original.record, settings()) is None


@pytest.mark.parametrize("seed", range(4))
def test_different_pictures_are_no_matches_however_much_is_asked(seed: int) -> None:
    one, other = asker("one", photo(seed, (480, 360))), asker("other", photo(seed + 10, (480, 360)))

    assert match(one, other.record, settings("thorough", "all")) is None


@pytest.mark.parametrize("kind", COPIES)
def test_look_begins_where_the_windows_met(kind: str) -> None:
    original, copy = asker("original", SCENE), asker("copy", COPIES[kind](SCENE))
    found = match(copy, original.record, settings("thorough"))
    assert found is not None
    assert copy.seen is not None
    assert original.seen is not None

    seen = judged(found, copy.seen, original.seen)

    assert seen.kind in (MatchKind.NEAR, MatchKind.ALTERED)
    assert (seen.likeness.agreement or 0) > 0.85


def test_difference_is_boxed_in_the_picture_as_it_came() -> None:
    painted = SCENE.copy()
    ImageDraw.Draw(painted).rectangle((300, 80, 390, 150), fill="white", outline="black", width=6)
    original, copy = asker("original", SCENE), asker("copy", rotated(painted, 10))
    found = match(copy, original.record, settings("thorough"))
    assert found is not None
    assert copy.seen is not None
    assert original.seen is not None

    seen = judged(found, copy.seen, original.seen)

    # Where the middle of the rectangle went to.
    y, x = (way(Turn(10, squeezed=True), 360, 480) @ (115, 345, 1)) / (360, 480)
    assert seen.kind is MatchKind.ALTERED
    assert any(top < y < bottom and left < x < right for top, bottom, left, right in seen.likeness.differs or ())


@pytest.mark.parametrize("kind", ["rotated 10 in its frame", "sheared 10"])
def test_corners_that_a_frame_cut_off_are_no_difference(kind: str) -> None:
    seen = decided(COPIES[kind](SCENE), SCENE)

    assert (seen.kind, seen.likeness.differs) == (MatchKind.NEAR, ())


def decided(copy: Image.Image, original: Image.Image) -> Match:
    """Return what a look says of *copy*, which asks for *original*."""
    one, other = asker("copy", copy), asker("original", original)
    found = match(one, other.record, settings("thorough"))
    assert found is not None
    assert one.seen is not None
    assert other.seen is not None
    return judged(found, one.seen, other.seen)


def halves(gutter: int, *images: Image.Image) -> Image.Image:
    """Return two *images* beside each other, each cut to fit its half."""
    page = Image.new("RGB", (600, 400), "white")
    for number, one in enumerate(images):
        page.paste(ImageOps.fit(one, (300 - gutter, 400)), (number * (300 + gutter), 0))
    return page


@pytest.mark.parametrize("gutter", [0, 8])
@pytest.mark.parametrize("place", [0, 1])
def test_picture_cut_to_fit_a_collage_is_near(place: int, gutter: int) -> None:
    pair = (SCENE, photo(8, (480, 360)))

    seen = decided(halves(gutter, *pair), pair[place])

    assert (seen.kind, seen.likeness.differs) == (MatchKind.NEAR, ())
    assert (seen.likeness.agreement or 0) > 0.95


def test_difference_in_a_cell_is_boxed_in_the_collage() -> None:
    scene = photo(5, (480, 360))  # of as many others, half are not found: the rectangle takes up much of what is left
    painted = scene.copy()
    ImageDraw.Draw(painted).rectangle((200, 80, 290, 150), fill="white", outline="black", width=6)

    seen = decided(halves(0, photo(8, (480, 360)), painted), scene)

    # The cut keeps the middle 270 of 480 columns, at 400 / 360 of their size.
    y, x = 115 / 360, (300 + (245 - 105) * 400 / 360) / 600
    assert seen.kind is MatchKind.ALTERED
    assert any(top < y < bottom and left < x < right for top, bottom, left, right in seen.likeness.differs or ())


@pytest.mark.parametrize("number", [0, 1, VIEW_NAMES.index("centre_70"), len(ASKING) - 1])
def test_window_is_averaged_where_it_is_said_to_lie(number: int) -> None:
    luma = np.asarray(SCENE.convert("L"))
    windows = AskingWindows(luma)

    placed = windows.placed(number)

    place = (np.arange(32) + 0.5) / 32
    y, x = placed @ np.stack([np.repeat(place, 32), np.tile(place, 32), np.ones(1024)])
    inside = (y > 0) & (y < 360) & (x > 0) & (x < 480)
    sampled = luma[np.clip(y, 0, 359).astype(int), np.clip(x, 0, 479).astype(int)]
    assert np.corrcoef(sampled[inside], windows.averages(number).ravel()[inside])[0, 1] > 0.9


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 7), (64, 512), (64, 20_000), (20_000, 64)])
def test_picture_of_any_shape_asks_by_what_has_content_and_a_strip_by_nothing_turned(size: tuple[int, int]) -> None:
    levels = np.random.default_rng(5).integers(0, 256, (8, 8), np.uint8)
    luma = np.asarray(Image.fromarray(levels).resize(size[::-1], Image.Resampling.BICUBIC))

    asked = AskingWindows(luma).hashed("thorough")

    assert all(number >= len(VIEW_NAMES) for number in asked)
    is_turned = any(ASKING[number].turn != Turn() for number in asked)
    assert is_turned == (size in ((3, 7), (64, 512)))
