from collections.abc import Callable
from hashlib import sha256

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handler.core.asked import ASKING, MEETS
from handler.core.asking import AskingWindows
from handler.core.look1 import (
    ANCHORS,
    CHECK_RADIUS,
    HASH_BITS,
    LOOKS_CHECK_RADIUS,
    QUALITY_FLOOR,
    RADIUS,
    HashedViews,
    fingerprint_views,
    turned,
    turned_check,
    turned_view,
)
from handler.core.phash import hamming, to_hex
from handler.core.windows import CORNERS, VIEW_NAMES
from tests.pictures import brightened, cropped, flat, mirrored, photo, recompressed, resized

Luma = NDArray[np.uint8]
Levels = NDArray[np.float64]
ORIENTATIONS = range(1, 9)
SIZES = st.tuples(st.integers(1, 90), st.integers(1, 90))
# Where all columns or all rows are alike, some projections are 0, and 0 has no sign to turn over.
NOT_SQUARE = st.tuples(st.integers(16, 90), st.integers(16, 90)).filter(lambda size: size[0] != size[1])


def luma(image: Image.Image) -> Luma:
    return np.asarray(image.convert("L"))


def turned_luma(picture: Luma, orientation: int) -> Luma:
    """Turn *picture* as EXIF *orientation* asks, one step at a time."""
    turns = {
        1: picture,
        2: np.fliplr(picture),
        3: np.rot90(picture, 2),
        4: np.flipud(picture),
        5: picture.T,
        6: np.rot90(picture, -1),
        7: np.rot90(picture, 2).T,
        8: np.rot90(picture),
    }
    return np.ascontiguousarray(turns[orientation])


def noise(size: tuple[int, int], seed: int = 0) -> Luma:
    return np.random.default_rng([seed, *size]).integers(0, 256, size, dtype=np.uint8)


def differing(a: bytes, b: bytes) -> int:
    return hamming(int.from_bytes(a, "big"), int.from_bytes(b, "big"))


def text_page(number: int) -> Image.Image:
    """Return a page of lines of short strokes, as far apart as letters are."""
    rng = np.random.default_rng(number)
    page = Image.new("L", (425, 550), 250)
    draw = ImageDraw.Draw(page)
    for y in range(40, 510, 9 + number):
        for x in range(45, int(rng.integers(250, 380)), 4):
            if rng.random() < 0.8:
                draw.line((x, y, x + 2, y + 4), fill=20)
    return page


def views_that_meet(picture: Luma, stored: HashedViews) -> list[tuple[str, str]]:
    windows, own = AskingWindows(picture), fingerprint_views(picture)
    further = {number: window.hash for number, window in windows.hashed("quick").items()}
    return [
        (ASKING[a].name, VIEW_NAMES[b])
        for a, hash in {**dict(enumerate(own.hashes)), **further}.items()
        for b in MEETS["quick"].upright[a]
        if hamming(hash, stored.hashes[b]) <= RADIUS
        and min(differing(check, stored.checks[b]) for check in windows.checks(a)) <= CHECK_RADIUS
    ]


@given(SIZES)
def test_every_view_of_any_size_has_hash_check_and_quality(size: tuple[int, int]) -> None:
    views = fingerprint_views(noise(size))

    assert len(views.hashes) == len(views.checks) == len(views.qualities) == len(VIEW_NAMES)
    assert all(0 <= hash < 2**HASH_BITS for hash in views.hashes)
    assert {len(check) for check in views.checks} == {32}


def test_hash_of_a_known_picture_never_changes() -> None:
    y, x = np.mgrid[0:240, 0:320]
    picture = ((x * x + 3 * y * y + x * y) // 512 % 256).astype(np.uint8)

    views = fingerprint_views(picture)

    assert [to_hex(hash) for hash in views.hashes] == GOLDEN
    assert sha256(b"".join(views.checks)).hexdigest()[:16] == GOLDEN_CHECKS


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@given(size=NOT_SQUARE, seed=st.integers(0, 1000))
def test_fingerprint_of_a_turned_picture_is_the_fingerprint_turned(
    orientation: int, size: tuple[int, int], seed: int
) -> None:
    picture = noise(size, seed)

    upright, of_turned = fingerprint_views(picture), fingerprint_views(turned_luma(picture, orientation))

    for view in range(len(VIEW_NAMES)):
        there = turned_view(view, orientation)
        assert turned(upright.hashes[view], orientation) == of_turned.hashes[there]
        assert turned_check(upright.checks[view], orientation) == of_turned.checks[there]
        assert upright.qualities[view] == of_turned.qualities[there]


@pytest.mark.parametrize("orientation", ORIENTATIONS)
@pytest.mark.parametrize("view", range(len(VIEW_NAMES)))
def test_turning_a_hash_and_back_changes_nothing(view: int, orientation: int) -> None:
    back = {6: 8, 8: 6}.get(orientation, orientation)
    views = fingerprint_views(noise((30, 40)))

    assert turned(turned(views.hashes[view], orientation), back) == views.hashes[view]
    assert turned_check(turned_check(views.checks[view], orientation), back) == views.checks[view]
    assert turned_view(turned_view(view, orientation), back) == view


@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_views_turn_into_views_and_corners_into_corners(orientation: int) -> None:
    turned_views = [turned_view(view, orientation) for view in range(len(VIEW_NAMES))]

    assert sorted(turned_views) == list(range(len(VIEW_NAMES)))
    assert turned_views[:2] == [0, 1]
    assert {VIEW_NAMES[view] for view in turned_views[10:]} == set(CORNERS)


def test_picture_asks_first_with_its_stored_checks() -> None:
    windows = AskingWindows(luma(photo(2)))

    asking = [windows.checks(view)[0] for view in range(len(VIEW_NAMES))]

    assert asking == list(fingerprint_views(luma(photo(2))).checks)


def cut_out(shape: int, texture: int) -> Luma:
    """Return something round, lit from one side, on black, with texture in it."""
    y, x = np.mgrid[-1:1:300j, -1:1:300j]
    rng = np.random.default_rng([shape, 1])
    inside = (x / rng.uniform(0.6, 0.65)) ** 2 + (y / rng.uniform(0.75, 0.8)) ** 2 < 1
    spots = np.random.default_rng([texture, 2]).normal(0, 1, (24, 24)).repeat(13, axis=0).repeat(13, axis=1)
    smooth = Image.fromarray(spots[:300, :300].astype(np.float32)).resize((24, 24)).resize((300, 300))
    levels = inside * (150 - 60 * x + 10 * np.asarray(smooth))
    shown: Luma = np.clip(np.rint(levels), 0, 255).astype(np.uint8)
    return shown


def test_check_bits_tell_textures_apart_in_one_outline() -> None:
    one, other, again = (fingerprint_views(cut_out(1, texture)) for texture in (1, 2, 1))
    darker = fingerprint_views(cut_out(1, 1) // 2)

    assert differing(one.checks[0], other.checks[0]) > LOOKS_CHECK_RADIUS - 2 * RADIUS
    assert differing(one.checks[0], darker.checks[0]) <= CHECK_RADIUS
    assert one == again


@pytest.mark.parametrize("seed", range(10))
def test_crop_between_two_views_is_nearer_by_its_asking_checks(seed: int) -> None:
    image = photo(seed)
    stored = fingerprint_views(luma(image)).checks[VIEW_NAMES.index("centre_80")]
    crop = luma(image.crop((21, 16, 299, 224)))

    own, *others = (differing(check, stored) for check in AskingWindows(crop).checks(0))

    assert min(others) < own


@pytest.mark.parametrize("level", [0, 1, 127, 254, 255])
def test_flat_picture_has_no_content(level: int) -> None:
    views = fingerprint_views(luma(flat(level)))

    assert set(views.qualities) == {0.0}
    assert set(views.hashes) == {0}


@pytest.mark.parametrize("turn", [1, 5])
def test_gradient_has_no_content(turn: int) -> None:
    gradient = turned_luma(np.tile(np.arange(256, dtype=np.uint8), (256, 1)), turn)

    assert max(fingerprint_views(gradient).qualities) < QUALITY_FLOOR


@pytest.mark.parametrize("number", range(2, 8))  # the first two have few lines, and those end in a shape
def test_page_of_text_has_no_content(number: int) -> None:
    assert min(fingerprint_views(luma(text_page(number))).qualities[:ANCHORS]) < QUALITY_FLOOR


@pytest.mark.parametrize("levels", [1, 5, 20, 60])
def test_noise_has_no_content(levels: int) -> None:
    grain = np.random.default_rng(levels).normal(128, levels, (300, 400))

    views = fingerprint_views(np.clip(np.rint(grain), 0, 255).astype(np.uint8))

    assert max(views.qualities[:ANCHORS]) < QUALITY_FLOOR


@pytest.mark.parametrize("angle", [0.0, 0.4, 1.1])
@pytest.mark.parametrize("contrast", [3, 12, 40])
def test_dark_gradient_in_steps_of_a_level_has_no_content(contrast: int, angle: float) -> None:
    y, x = np.mgrid[0:300, 0:400] / 400
    steps = np.rint(contrast * (x * np.cos(angle) + y * np.sin(angle))).astype(np.uint8)

    assert max(fingerprint_views(steps).qualities) < QUALITY_FLOOR


@pytest.mark.parametrize("faint", [lambda levels: levels * 0.1, lambda levels: 120 + (levels - 120) * 0.1])
def test_dark_and_faint_photographs_have_content_and_are_told_apart(faint: Callable[[Levels], Levels]) -> None:
    originals = [fingerprint_views(luma(photo(seed))) for seed in range(10)]

    copies = [np.rint(faint(luma(photo(seed)).astype(float))).astype(np.uint8) for seed in range(10)]

    assert min(min(fingerprint_views(copy).qualities) for copy in copies) > QUALITY_FLOOR
    assert [[bool(views_that_meet(copy, one)) for one in originals] for copy in copies] == np.eye(10).tolist()


@pytest.mark.parametrize("seed", range(10))
def test_dithered_and_noisy_photographs_have_content(seed: int) -> None:
    image = photo(seed)
    grain = np.random.default_rng(seed).normal(0, 50, (image.height, image.width))

    for copy in (luma(image.convert("1")), np.clip(luma(image) + grain, 0, 255).astype(np.uint8)):
        assert min(fingerprint_views(copy).qualities) > QUALITY_FLOOR


@pytest.mark.parametrize("seed", range(10))
def test_every_view_of_a_photograph_has_content(seed: int) -> None:
    assert min(fingerprint_views(luma(photo(seed))).qualities) > QUALITY_FLOOR


@pytest.mark.parametrize("seed", range(10))
def test_edited_copies_meet(seed: int) -> None:
    image = photo(seed)
    original = fingerprint_views(luma(image))

    for edited in (
        recompressed(image, 30),
        resized(image, 0.5),
        brightened(image, 1.2),
        cropped(image, 0.05),
        image.crop((0, 0, 290, 216)),
        image.crop((40, 0, 280, 240)),
    ):
        assert views_that_meet(luma(edited), original)


@pytest.mark.parametrize("seed", range(10))
def test_picture_of_which_a_crop_is_stored_meets_it(seed: int) -> None:
    image = photo(seed)
    crop = fingerprint_views(luma(cropped(image, 0.05)))

    assert ("centre_95", "trimmed") in views_that_meet(luma(image), crop)


def test_different_pictures_do_not_meet() -> None:
    pictures = [luma(photo(seed)) for seed in range(12)]
    stored = [fingerprint_views(picture) for picture in pictures]

    assert not any(views_that_meet(a, b) for n, a in enumerate(pictures) for b in stored[:n])


def test_symmetric_picture_meets_itself_through_a_file() -> None:
    image = mirrored(photo(3))

    assert views_that_meet(luma(recompressed(image, 40)), fingerprint_views(luma(image)))


GOLDEN: list[str] = [
    "7052838615e62dd4",
    "7052838615e62dd4",
    "708ca294051c2d50",
    "5731833451062167",
    "7052838615e62dd4",
    "5731833419076975",
    "7012a3860d722d50",
    "7202a30e0d336d48",
    "7202a37c4f116528",
    "7221a0786e15642b",
    "0b74b8134eea5286",
    "720ba25c4c116520",
    "7652838215a2ad54",
    "09471cdc10129270",
]
GOLDEN_CHECKS = "f5a2653a86e94731"
