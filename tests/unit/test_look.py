"""The look: whether two pictures are aligned, how far they agree and where they differ."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from io import BytesIO
from itertools import combinations

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter

from handler.core import colours
from handler.core.look import NOTHING, Judgement, Look, judge, look
from handler.core.placing import rough_places, surroundings
from handler.core.surface import Surface, turned, unturned
from tests.pictures import photo

SIZE = (384, 288)


@lru_cache(maxsize=8)
def scene(seed: int = 1) -> Image.Image:
    return photo(seed, SIZE)


def luma(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("L"))


def looked(one: Image.Image, other: Image.Image, orientation: int = 1) -> Look:
    """Look at both by their whole views."""
    first, second = Surface.of(luma(one), orientation), Surface.of(luma(other))
    return look(first, second, first.window(0), second.window(0))


def noisy(image: Image.Image, levels: float) -> Image.Image:
    pixels = np.asarray(image) + np.random.default_rng(3).normal(0.0, levels, (*image.size[::-1], 3))
    return Image.fromarray(pixels.clip(0, 255).astype(np.uint8))


def test_a_picture_agrees_with_itself_entirely() -> None:
    seen = looked(scene(), scene())

    assert seen.agreement == 1.0
    assert seen.way == pytest.approx((1, 0, 0, 0, 1, 0), abs=1e-4)
    assert judge(seen) == (Judgement.NEAR, ())


@pytest.mark.parametrize("seed", range(2, 6))
def test_other_pictures_are_not_placed_at_all(seed: int) -> None:
    assert looked(scene(1), scene(seed)) == NOTHING


def test_the_map_of_an_affine_copy_is_found() -> None:
    down, across = 1.06, 0.95  # of the copy's fractions to those of the original
    affine = (across, 0.03, 12.0, -0.02, down - 0.12, 9.0)
    copy = scene().transform(SIZE, Image.Transform.AFFINE, affine, Image.Resampling.BICUBIC)
    width, height = SIZE

    seen = looked(copy, scene())

    expected = (
        affine[4],
        affine[3] * width / height,
        affine[5] / height,
        affine[1] * height / width,
        affine[0],
        affine[2] / width,
    )
    assert seen.way == pytest.approx(expected, abs=0.004)
    assert judge(seen)[0] is Judgement.NEAR


def test_a_crop_is_near_and_covers_its_part() -> None:
    crop = scene().crop((30, 20, 350, 260))

    seen = looked(crop, scene())

    assert judge(seen)[0] is Judgement.NEAR
    assert seen.covered == pytest.approx((1.0, 320 * 240 / (SIZE[0] * SIZE[1])), abs=0.02)


@pytest.mark.parametrize("size", [96, 117, 79])
@pytest.mark.parametrize(("down", "across"), [(0, 0), (3, -5), (-5, 2), (-2, 3)])
def test_window_is_placed_roughly_where_it_was_cut_out(size: int, down: int, across: int) -> None:
    """By cells of another window of 96 pixels that met it; at each of three scales."""
    picture, cell = Surface.of(luma(scene())), 4
    top, left = 90.0 + down * cell, 120.0 + across * cell
    window = (top, top + size, left, left + size)

    first, _ = rough_places(picture, window, surroundings(picture, (90.0, 186.0, 120.0, 216.0)))

    corners = np.array([[top, top + size], [left, left + size], [1.0, 1.0]])
    assert first @ corners == pytest.approx(corners[:2], abs=cell)


def masts(seed: int) -> Image.Image:
    """Masts before an empty sky, which have slopes at few places."""
    random, (width, height) = np.random.default_rng(seed), (512, 384)
    sky = np.linspace(15, 60, height)[:, None] * np.linspace(1.2, 0.8, width)
    image = Image.fromarray(sky.astype(np.uint8)).convert("RGB")
    pen = ImageDraw.Draw(image)
    for x in random.uniform(0.1, 0.9, 5) * width:
        pen.line((x, random.uniform(0.2, 0.5) * height, x, height), fill=(120, 120, 115), width=3)
    for x, y in random.uniform(0, 1, (6, 2)) * (width, height * 0.12) + (0, height * 0.85):
        pen.ellipse((x - 4, y - 4, x + 4, y + 4), fill=(250, 230, 180))
    return image.filter(ImageFilter.GaussianBlur(0.7))


def test_a_place_that_was_right_is_kept_where_few_slopes_lead_away_from_it() -> None:
    picture, file = masts(6), BytesIO()
    width, height = picture.size
    left, top, right, bottom = (round(0.1 * width), round(0.1 * height), round(0.9 * width), round(0.9 * height))
    picture.crop((left, top, right, bottom)).save(file, "JPEG", quality=88)
    crop, whole = Surface.of(luma(Image.open(file))), Surface.of(luma(picture))

    seen = look(crop, whole, crop.window(0), (top, bottom, left, right))

    assert seen.agreement > 0.98
    assert judge(seen)[0] is Judgement.NEAR


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_turned_copy_is_near_and_its_map_is_of_the_picture_as_it_is(orientation: int) -> None:
    copy = Image.fromarray(np.ascontiguousarray(turned(np.asarray(scene()), orientation)))

    seen = looked(scene(), copy, orientation)

    assert seen.agreement > 0.99
    corner = np.zeros((100, 100))
    corner[10, 30] = 1
    ((row, column),) = np.argwhere(turned(corner, orientation))
    place = np.array([0.105, 0.305, 1.0])
    assert np.reshape(seen.way, (2, 3)) @ place == pytest.approx([(row + 0.5) / 100, (column + 0.5) / 100], abs=0.01)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_box_is_turned_back(orientation: int) -> None:
    cells = np.zeros((20, 20))
    cells[2:5, 8:18] = 1
    rows, columns = np.nonzero(turned(cells, orientation))

    box = rows.min() / 20, (rows.max() + 1) / 20, columns.min() / 20, (columns.max() + 1) / 20

    assert unturned(box, orientation) == pytest.approx((0.1, 0.25, 0.4, 0.9))


@pytest.mark.parametrize("orientation", [1, 6, 7])
def test_a_changed_part_is_found_where_it_is(orientation: int) -> None:
    copy = scene().copy()
    draw = ImageDraw.Draw(copy)
    draw.rectangle((240, 60, 330, 110), fill=(250, 250, 250))
    draw.text((245, 70), "other words", fill=(0, 0, 0))
    other = Image.fromarray(np.ascontiguousarray(turned(np.asarray(scene()), orientation)))

    kind, boxes = judge(looked(copy, other, orientation))

    assert kind is Judgement.ALTERED
    top, bottom, left, right = boxes[0]
    assert top < 85 / 288 < bottom
    assert left < 285 / 384 < right
    assert (bottom - top) * (right - left) < 0.25


def test_what_agrees_in_the_windows_alone_is_not_near() -> None:
    other = scene(2).copy()
    other.paste(scene(1).crop((96, 72, 288, 216)), (96, 72))
    one, two = Surface.of(luma(scene(1))), Surface.of(luma(other))
    window = (72.0, 216.0, 96.0, 288.0)

    seen = look(one, two, window, window)

    assert seen.agreement < 0.8
    assert judge(seen)[0] is Judgement.ALIKE


@pytest.mark.parametrize(
    "edited",
    [
        pytest.param(lambda image: image.resize((48, 36), Image.Resampling.LANCZOS), id="thumbnail of 48"),
        pytest.param(lambda image: image.filter(ImageFilter.GaussianBlur(6)), id="blurred"),
        pytest.param(lambda image: noisy(image, 60.0), id="noisy"),
        pytest.param(lambda image: image.convert("1").convert("RGB"), id="dithered"),
        pytest.param(lambda image: image.point([(level // 64) * 85 for level in range(256)] * 3), id="four levels"),
        pytest.param(lambda image: image.point([level // 8 for level in range(256)] * 3), id="dark"),
    ],
)
def test_a_copy_with_less_detail_or_other_tones_agrees(edited: object) -> None:
    assert callable(edited)

    seen = looked(edited(scene()), scene())

    assert seen.agreement > 0.9
    assert judge(seen)[0] is Judgement.NEAR


def test_a_thumbnail_is_judged_at_what_it_shows() -> None:
    thumbnail = scene().resize((32, 24), Image.Resampling.LANCZOS)

    assert looked(thumbnail, scene()).side < 48 < looked(scene(), scene()).side


def changed(image: Image.Image) -> Image.Image:
    copy = image.copy()
    ImageDraw.Draw(copy).rectangle((240, 60, 330, 110), fill=(250, 250, 250))
    return copy


@pytest.mark.parametrize(
    "other",
    [
        pytest.param(lambda: scene(2), id="a stranger"),
        pytest.param(lambda: scene(1).crop((20, 10, 370, 280)), id="a crop"),
        pytest.param(lambda: noisy(scene(1), 40.0), id="noisy"),
        pytest.param(lambda: changed(scene(1)), id="changed"),
        pytest.param(lambda: changed(scene(1)).crop((30, 20, 384, 280)), id="changed and cropped"),
    ],
)
def test_what_two_pictures_are_does_not_depend_on_their_order(other: Callable[[], Image.Image]) -> None:
    forth, back = looked(scene(1), other()), looked(other(), scene(1))

    assert forth.agreement == back.agreement
    assert forth.differences == back.differences
    assert judge(forth)[0] is judge(back)[0]
    assert forth.covered == back.covered[::-1]


def test_a_changed_part_is_boxed_in_either_picture() -> None:
    copy = changed(scene(1)).crop((90, 50, 384, 288))

    ((top, bottom, left, right),) = judge(looked(copy, scene(1)))[1]
    in_original = judge(looked(scene(1), copy))[1]

    assert top < (85 - 50) / 238 < bottom
    assert left < (285 - 90) / 294 < right
    assert in_original[0] == pytest.approx(
        ((50 + 238 * top) / 288, (50 + 238 * bottom) / 288, (90 + 294 * left) / 384, (90 + 294 * right) / 384), abs=0.01
    )


@pytest.mark.parametrize("degrees", [2, 5])
@pytest.mark.parametrize("fill", [(0, 0, 0), (255, 255, 255)])
def test_corners_that_a_rotation_filled_are_no_difference(degrees: int, fill: tuple[int, int, int]) -> None:
    copy = scene().rotate(degrees, Image.Resampling.BICUBIC, fillcolor=fill)

    assert judge(looked(copy, scene())) == (Judgement.NEAR, ())
    assert judge(looked(scene(), copy)) == (Judgement.NEAR, ())


def tilted(image: Image.Image, degrees: float, fill: tuple[int, int, int] = (0, 0, 0)) -> Image.Image:
    """Return *image* rotated in a frame that grew, and was squeezed to the old size."""
    return image.rotate(degrees, Image.Resampling.BICUBIC, expand=True, fillcolor=fill).resize(image.size)


def slanted(image: Image.Image, slope: float) -> Image.Image:
    parts = (1, slope, -slope * image.height / 2, 0, 1, 0)
    return image.transform(image.size, Image.Transform.AFFINE, parts, Image.Resampling.BICUBIC)


def round_one(image: Image.Image, fill: tuple[int, int, int]) -> Image.Image:
    """Return *image* cut to an ellipse."""
    mask = Image.new("L", SIZE, 0)
    ImageDraw.Draw(mask).ellipse((0, 0, SIZE[0] - 1, SIZE[1] - 1), fill=255)
    return Image.composite(image, Image.new("RGB", SIZE, fill), mask)


ALIKE_FRAMES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "rotated 20": lambda image: tilted(image, 20),
    "rotated 40": lambda image: tilted(image, 40),
    "rotated -30 on white": lambda image: tilted(image, -30, (255, 255, 255)),
    "rotated 60 on grey": lambda image: tilted(image, 60, (90, 90, 90)),
    "rotated 15 in its frame": lambda image: image.rotate(15, Image.Resampling.BICUBIC),
    "sheared": lambda image: slanted(image, 0.3),
    "round on white": lambda image: round_one(image, (255, 255, 255)),
    "round on black": lambda image: round_one(image, (0, 0, 0)),
}


@pytest.mark.parametrize("kind", ALIKE_FRAMES)
def test_corners_that_both_have_do_not_make_strangers_agree(kind: str) -> None:
    framed = ALIKE_FRAMES[kind]
    scenes = [framed(photo(seed, SIZE)) for seed in range(11, 16)]

    looks = [looked(one, other) for one, other in combinations(scenes, 2)]

    assert max(seen.agreement for seen in looks) < 0.5
    assert {judge(seen)[0] for seen in looks} == {Judgement.ALIKE}


@pytest.mark.parametrize("kind", ALIKE_FRAMES)
def test_a_copy_in_the_same_corners_is_near(kind: str) -> None:
    framed = ALIKE_FRAMES[kind](scene())

    assert judge(looked(noisy(framed, 6.0), framed)) == (Judgement.NEAR, ())


def test_only_what_a_turned_frame_leaves_is_filled() -> None:
    shirt = Image.new("RGB", SIZE, (255, 255, 255))
    outline = [(130, 30), (250, 30), (370, 130), (330, 170), (280, 140), (280, 280), (100, 280), (100, 140), (10, 130)]
    ImageDraw.Draw(shirt).polygon(outline, fill=(60, 90, 160))
    plate = Image.new("RGB", SIZE, (255, 255, 255))
    ImageDraw.Draw(plate).ellipse((20, 20, 360, 270), fill=(60, 90, 160))

    edges = [len(Surface.of(luma(image)).edges) for image in (scene(), shirt, plate, tilted(scene(), 30))]

    assert edges == [0, 0, 0, 4]


@pytest.mark.parametrize("orientation", range(1, 9))
def test_edges_of_a_turned_frame_lie_between_picture_and_corner(orientation: int) -> None:
    framed = tilted(scene(), 30)
    shown = luma(tilted(Image.new("RGB", SIZE, (255, 255, 255)), 30)) > 127

    surface = Surface.of(luma(framed), orientation)

    y, x = np.mgrid[: surface.height, : surface.width] + 0.5
    assert np.mean((surface.depths(y, x) > 0.0) == turned(shown, orientation)) > 0.98


def lettered(image: Image.Image, seed: int = 0) -> Image.Image:
    """Return *image* with letters over a quarter of it."""
    marked, rng = image.copy(), np.random.default_rng(seed)
    letters = "\n".join("".join(rng.choice(list("ABEGHKMRSW"), 11)) for _ in range(2))
    ImageDraw.Draw(marked).multiline_text(
        (10, 90), letters, (255, 255, 255), font_size=44, stroke_fill=(0, 0, 0), stroke_width=3
    )
    return marked


@pytest.mark.parametrize("seed", range(1, 6))
def test_letters_over_a_quarter_of_a_picture_alter_it(seed: int) -> None:
    seen = looked(lettered(photo(seed, SIZE)), photo(seed, SIZE))

    kind, boxes = judge(seen)

    assert kind is Judgement.ALTERED
    assert all(top > 0.2 and bottom < 0.95 for top, bottom, _, _ in boxes)


def test_the_same_letters_do_not_make_strangers_agree() -> None:
    looks = [
        looked(lettered(photo(one, SIZE)), lettered(photo(other, SIZE))) for one, other in ((1, 2), (3, 4), (5, 6))
    ]

    assert {judge(seen)[0] for seen in looks} == {Judgement.ALIKE}


@pytest.mark.parametrize(("agreeing", "expected"), [(71, Judgement.ALIKE), (72, Judgement.ALTERED)])
def test_half_of_the_blocks_have_to_agree(agreeing: int, expected: Judgement) -> None:
    blocks = np.where(np.arange(144) < agreeing, 0.1, 1.5).reshape(12, 12)

    seen = replace(looked(scene(), scene()), agreement=0.5, differences=tuple(map(tuple, blocks.tolist())))

    assert judge(seen)[0] is expected


def test_few_blocks_say_little() -> None:
    blocks = np.where(np.arange(144) < 57, 0.1, -1.0).reshape(12, 12)

    seen = replace(looked(scene(), scene()), agreement=0.6, differences=tuple(map(tuple, blocks.tolist())))

    assert judge(seen)[0] is Judgement.ALIKE


@pytest.mark.parametrize(("side", "expected"), [(30.0, Judgement.ALIKE), (40.0, Judgement.ALTERED)])
def test_coarse_blocks_say_little(side: float, expected: Judgement) -> None:
    blocks = np.where(np.arange(144) < 80, 0.1, 1.5).reshape(12, 12)

    seen = replace(looked(scene(), scene()), agreement=0.6, side=side, differences=tuple(map(tuple, blocks.tolist())))

    assert judge(seen)[0] is expected


def test_one_shape_in_other_colours_is_altered_all_over() -> None:
    seen = looked(scene(), scene())

    assert judge(seen, 0.3) == (Judgement.ALTERED, ((0.0, 1.0, 0.0, 1.0),))
    assert judge(seen, 0.95) == (Judgement.NEAR, ())


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (7, 5), (300, 3)])
def test_pictures_of_any_shape_are_looked_at(size: tuple[int, int]) -> None:
    blank = Image.new("RGB", size, (7, 7, 7))

    for seen in (looked(blank, scene()), looked(scene(), blank), looked(blank, blank)):
        assert judge(seen)[0] is Judgement.ALIKE


def test_nothing_to_align_is_alike() -> None:
    assert judge(NOTHING) == (Judgement.ALIKE, ())


AGREEMENTS = """
import json
from tests.unit.test_look import looked, noisy, scene
one, two = scene(1), scene(2)
pairs = [(one, one.rotate(3)), (noisy(one, 30.0), one), (one, two), (one.crop((9, 9, 333, 270)), one)]
looks = [looked(*pair) for pair in pairs]
print(json.dumps([[seen.agreement, *seen.way, *sum(seen.differences, ())] for seen in looks]))
"""


def test_threads_and_processors_find_the_same() -> None:
    """As BLAS adds up in another order, agreements may differ by 1e-5 in all, which is one in the last digit."""
    found = []
    for threads, kernels in (("1", ""), ("2", ""), ("1", "Prescott")):
        chosen = {"OPENBLAS_NUM_THREADS": threads} | ({"OPENBLAS_CORETYPE": kernels} if kernels else {})
        run = subprocess.run(  # noqa: S603
            [sys.executable, "-c", AGREEMENTS], env={**os.environ, **chosen}, capture_output=True, text=True, check=True
        )
        found.append(json.loads(run.stdout))

    for numbers in found[1:]:
        for one, other in zip(found[0], numbers, strict=True):
            assert other == pytest.approx(one, abs=1.1e-5)


def test_colours_agree_after_a_change_of_saturation_and_not_of_hue() -> None:
    pixels = np.asarray(scene()).astype(np.float64)
    grey = pixels.mean(axis=2, keepdims=True)
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    def agreement(levels: NDArray[np.float64]) -> float:
        return colours.agreement(np.asarray(scene()), levels.clip(0, 255).astype(np.uint8), identity)

    assert agreement(pixels) == 1.0
    assert agreement(grey + 1.5 * (pixels - grey)) > 0.97
    assert agreement(np.repeat(grey, 3, axis=2)) == 1.0
    assert agreement(pixels[:, :, [2, 0, 1]]) < 0.8


def test_colours_are_compared_in_the_box_alone() -> None:
    pixels = np.asarray(scene())
    beside = pixels.copy()
    beside[:, SIZE[0] // 2 :] = 255 - beside[:, SIZE[0] // 2 :]
    identity = (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)

    assert colours.agreement(pixels, beside, identity, (0.0, 1.0, 0.0, 0.45)) > 0.99
    assert colours.agreement(pixels, beside, identity) < 0.9


def test_one_shirt_in_another_colour_does_not_agree() -> None:
    shirts = []
    for cloth in ((180, 30, 40), (30, 60, 180)):
        image = Image.new("RGB", (200, 200), (255, 255, 255))
        ImageDraw.Draw(image).polygon([(60, 30), (140, 30), (180, 70), (150, 180), (50, 180), (20, 70)], fill=cloth)
        shirts.append(np.asarray(image))

    assert colours.agreement(shirts[0], shirts[1], (1.0, 0.0, 0.0, 0.0, 1.0, 0.0)) < 0.5
