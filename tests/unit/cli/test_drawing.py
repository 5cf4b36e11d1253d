import os
import sys
from pathlib import Path
from unittest.mock import ANY

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handler.cli.drawing import MARGIN, PICTURE, WIDTH
from handler.cli.overlay import DIFFERENT, drawings
from handler.core.imaging import decode_like_imagehash
from handler.core.look import judge, look
from handler.core.model import Limits
from handler.core.surface import Surface
from handler.core.surface import turned as turn
from tests.pictures import heic, photo, png
from tests.unit.cli.conftest import Run, write


@pytest.mark.parametrize("generation", ["look1", "phash1"])
def test_draws_both_pictures_and_their_bits(run: Run, album: Path, generation: str) -> None:
    plot = album / "plot.png"

    status, *_ = run("compare", "--generation", generation, "--plot", plot, album / "1 crop.jpg", album / "1.png")

    with Image.open(plot) as drawn:
        assert drawn.format == "PNG"
        assert len(drawn.convert("RGB").getcolors(1 << 24) or ()) > 1000
    assert status in (0, 1)
    assert run("compare", "--plot", album / "no" / "folder.png", album / "1.png", album / "1.png")[0] == 2


def test_draws_what_phash1_hashes(run: Run, tmp_path: Path) -> None:
    picture, plot = tmp_path / "picture.png", tmp_path / "plot.png"
    picture.write_bytes(png(photo(1)))

    run("compare", "--generation", "phash1", "--plot", plot, picture, picture)

    luma = Image.fromarray(decode_like_imagehash(picture.read_bytes(), Limits(), side=32).luma)
    side = (WIDTH - 2 * MARGIN) // 5 - 14  # of five grids in a row
    left, top = MARGIN, MARGIN + 40 + PICTURE[1] + 60
    with Image.open(plot) as drawn:
        grid = drawn.crop((left, top, left + side, top + side)).convert("L")
    np.testing.assert_array_equal(np.asarray(grid), np.asarray(luma.resize(grid.size, Image.Resampling.NEAREST)))


def test_draws_a_picture_that_pillow_alone_does_not_open(run: Run, tmp_path: Path) -> None:
    picture, plot = tmp_path / "phone.heic", tmp_path / "plot.png"
    picture.write_bytes(heic(photo(1)))

    assert run("compare", "--plot", plot, picture, picture) == (0, ANY, [])
    assert plot.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 on this system")
def test_draws_a_picture_whose_name_is_not_utf_8(run: Run, tmp_path: Path) -> None:
    picture, plot = write(tmp_path / os.fsdecode(b"caf\xe9\n.png"), png(photo(1))), tmp_path / "plot.png"

    assert run("compare", "--plot", plot, picture, picture) == (0, ANY, [])
    assert plot.exists()


@pytest.mark.parametrize("orientation", [1, 2, 6])
def test_look_draws_the_one_picture_laid_on_the_other(orientation: int) -> None:
    """A crop, turned: what is drawn of the original is what the crop shows."""
    original = photo(1, (640, 480))
    crop = original.crop((40, 60, 600, 460))
    turned = Image.fromarray(np.ascontiguousarray(turn(np.asarray(crop), {6: 8}.get(orientation, orientation))))
    surfaces = Surface.of(luma(turned), orientation), Surface.of(luma(original))
    seen = look(*surfaces, *(surface.window(0) for surface in surfaces))

    (_, a), (_, b), (_, differences) = drawings(turned, original, seen, ())

    assert a.size == b.size == differences.size
    apart = np.abs(np.asarray(a).astype(int) - np.asarray(b))[3:-3, 3:-3]
    assert (seen.agreement > 0.95, np.median(apart) < 8) == (True, True)


def test_look_draws_what_differs_red_and_frames_it() -> None:
    original = photo(1, (640, 480))
    changed = original.copy()
    ImageDraw.Draw(changed).rectangle((400, 300, 600, 420), fill=(250, 250, 250))
    surfaces = Surface.of(luma(changed)), Surface.of(luma(original))
    seen = look(*surfaces, *(surface.window(0) for surface in surfaces))
    kind, boxes = judge(seen)

    (label, a), _, (_, differences) = drawings(changed, original, seen, boxes)

    assert (kind, label.startswith("A: ")) == ("altered", True)
    scale = a.width / 640
    assert np.asarray(differences)[int(360 * scale), int(500 * scale)].tolist() != [255, 255, 255]
    assert np.asarray(differences)[int(60 * scale), int(60 * scale)].min() > 240
    assert (np.asarray(a) == DIFFERENT).all(axis=2).any()


def luma(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("L"))
