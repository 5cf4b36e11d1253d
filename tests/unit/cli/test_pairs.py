import json
import os
import subprocess
import sys
from collections.abc import Callable
from itertools import combinations
from pathlib import Path
from typing import Any
from unittest.mock import ANY

import numpy as np
import pytest
from PIL import Image

from handler.cli.drawing import MARGIN, PICTURE, WIDTH
from handler.cli.main import main
from handler.core.imaging import decode_like_imagehash
from handler.core.model import Limits
from tests.pictures import heic, jpeg, photo, png

Run = Callable[..., tuple[int, list[str], list[str]]]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return what runs `lookalike` and returns its exit status and the lines it printed, and those of its errors."""

    def run_command(*arguments: object) -> tuple[int, list[str], list[str]]:
        status = main([str(argument) for argument in arguments])
        captured = capsys.readouterr()
        return status, captured.out.splitlines(), captured.err.splitlines()

    return run_command


@pytest.fixture
def album(tmp_path: Path) -> Path:
    """Four scenes: each a picture, a crop of it, and the same bytes again."""
    for scene in range(4):
        image = photo(scene, (480, 360))
        (tmp_path / f"{scene}.png").write_bytes(png(image))
        (tmp_path / f"{scene} crop.jpg").write_bytes(jpeg(image.crop((30, 20, 470, 350))))
        (tmp_path / f"{scene} again.png").write_bytes(png(image))
    return tmp_path


def families(album: Path) -> list[list[str]]:
    return [[str(album / f"{n}{rest}") for rest in (" again.png", " crop.jpg", ".png")] for n in range(4)]


def documents(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_pairs_are_found_however_far_apart_they_come(run: Run, tmp_path: Path) -> None:
    """More pictures than are compared at once: the first and the last of each scene are in other parts."""
    for n in range(100):
        (tmp_path / f"{n:03}.png").write_bytes(png(photo(n % 90, (160, 120))))

    status, lines, _ = run("pairs", "--json", tmp_path)
    across = run("pairs", "--json", "--against", tmp_path, tmp_path / "095.png")

    told = [(Path(one["a"]).stem, Path(one["b"]).stem) for one in documents(lines)]
    assert (status, told) == (0, [(f"{n + 90:03}", f"{n:03}") for n in range(10)])
    assert [(Path(one["a"]).stem, Path(one["b"]).stem) for one in documents(across[1])] == [("095", "005")]


def test_groups_are_printed_one_picture_a_line(run: Run, album: Path) -> None:
    status, lines, errors = run("pairs", album)

    assert (status, errors) == (0, [])
    assert "\n".join(lines).split("\n\n") == ["\n".join(family) for family in families(album)]


def test_json_has_every_pair_once(run: Run, album: Path) -> None:
    status, lines, _ = run("pairs", "--json", album)

    told = documents(lines)
    expected = {pair for family in families(album) for pair in combinations(family, 2)}
    assert status == 0
    assert sorted((one["b"], one["a"]) for one in told) == sorted(expected)
    assert {one["kind"] for one in told if "crop" not in one["a"] + one["b"]} == {"exact"}
    for one in told:
        assert set(one) == {"a", "b", "distance", "similarity", "kind", "orientation", "views"}
        assert one["similarity"] == 1 - one["distance"] / 64


def test_against_compares_with_another_folder_only(
    run: Run, album: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = tmp_path_factory.mktemp("asked") / "mirrored.png"
    asked.write_bytes(png(photo(2, (480, 360)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)))

    plain = run("pairs", "--json", "--against", album, asked)
    mirrored = run("pairs", "--json", "--against", album, "--orientations", "mirror", asked)

    assert plain == (0, [], [])
    assert {(one["a"], one["orientation"]) for one in documents(mirrored[1])} == {(str(asked), 2)}
    assert [one["b"] for one in documents(mirrored[1])] == families(album)[2]


def test_what_is_no_picture_is_named_and_the_others_are_compared(run: Run, album: Path) -> None:
    (album / "notes.txt").write_text("no picture")

    status, lines, errors = run("pairs", album)

    assert status == 1
    assert len(lines) == 4 * 3 + 3
    assert errors == [f"lookalike: {album / 'notes.txt'}: unsupported: begins with b'no pictu', want one of "
                      "AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP"]  # fmt: skip


def test_radius_and_generation_are_chosen(run: Run, album: Path) -> None:
    crops = [path for path in album.iterdir() if "again" not in path.name]

    strict = run("pairs", "--json", "--radius", "0", *crops)
    classic = run("pairs", "--json", "--generation", "phash1", "--radius", "2", *crops)

    assert strict == (0, [], [])
    assert all(one["views"] == ["whole", "whole"] for one in documents(classic[1]))


@pytest.mark.parametrize("radius", ["17", "-1", "ten"])
def test_radius_out_of_range_is_told_in_one_line(radius: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "handler.cli.main", "pairs", f"--radius={radius}", "x"], capture_output=True, text=True
    )

    assert done.returncode == 2
    assert f"'{radius}' is not a whole number from 0 to 16" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_compare_tells_verdict_and_views(run: Run, album: Path) -> None:
    near = run("compare", album / "1 crop.jpg", album / "1.png")
    same = run("compare", album / "1.png", album / "1 again.png")
    other = run("compare", album / "1.png", album / "2.png")

    assert [status for status, *_ in (near, same, other)] == [0, 0, 1]
    assert [lines[0].split()[1] for _, lines, _ in (near, same, other)] == ["near", "exact", "different"]
    assert "over the radius of" in other[1][0]


def test_compare_says_when_a_picture_has_too_little_content(run: Run, tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        (tmp_path / f"{name}.png").write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))

    status, lines, _ = run("compare", "--json", tmp_path / "black.png", tmp_path / "white.png")

    (told,) = documents(lines)
    assert (status, told["verdict"]) == (1, "different")
    assert "too little content" in told["reason"]


def test_compare_of_what_is_no_picture_has_a_status_of_its_own(run: Run, album: Path) -> None:
    status, lines, errors = run("compare", album / "1.png", album / "missing.png")

    assert (status, lines) == (2, [])
    assert errors == [f"lookalike: {album / 'missing.png'}: No such file or directory"]


@pytest.mark.parametrize("generation", ["look1", "phash1"])
def test_compare_draws_both_pictures_and_their_bits(run: Run, album: Path, generation: str) -> None:
    plot = album / "plot.png"

    status, *_ = run("compare", "--generation", generation, "--plot", plot, album / "1 crop.jpg", album / "1.png")

    with Image.open(plot) as drawn:
        assert drawn.format == "PNG"
        assert len(drawn.convert("RGB").getcolors(1 << 24) or ()) > 1000
    assert status in (0, 1)
    assert run("compare", "--plot", album / "no" / "folder.png", album / "1.png", album / "1.png")[0] == 2


def test_compare_draws_what_phash1_hashes(run: Run, tmp_path: Path) -> None:
    picture, plot = tmp_path / "picture.png", tmp_path / "plot.png"
    picture.write_bytes(png(photo(1)))

    run("compare", "--generation", "phash1", "--plot", plot, picture, picture)

    luma = Image.fromarray(decode_like_imagehash(picture.read_bytes(), Limits(), side=32).luma)
    side = (WIDTH - 2 * MARGIN) // 5 - 14  # of five grids in a row
    left, top = MARGIN, MARGIN + 40 + PICTURE[1] + 60
    with Image.open(plot) as drawn:
        grid = drawn.crop((left, top, left + side, top + side)).convert("L")
    np.testing.assert_array_equal(np.asarray(grid), np.asarray(luma.resize(grid.size, Image.Resampling.NEAREST)))


def test_compare_draws_a_picture_that_pillow_alone_does_not_open(run: Run, tmp_path: Path) -> None:
    picture, plot = tmp_path / "phone.heic", tmp_path / "plot.png"
    picture.write_bytes(heic(photo(1)))

    assert run("compare", "--plot", plot, picture, picture) == (0, ANY, [])
    assert plot.exists()


def test_file_name_that_is_not_utf_8_is_compared_like_any_other(run: Run, tmp_path: Path) -> None:
    plain, odd = tmp_path / "plain.png", tmp_path / os.fsdecode(b"\xff.png")
    for path in (plain, odd):
        path.write_bytes(png(photo(1)))

    found = run("pairs", "--json", tmp_path)
    compared = run("compare", "--json", odd, plain)

    (pair,), (comparison,) = documents(found[1]), documents(compared[1])
    assert (found[0], pair["kind"], {pair["a"], pair["b"]}) == (0, "exact", {str(plain), str(odd)})
    assert (compared[0], comparison["verdict"], comparison["a"]) == (0, "exact", str(odd))


def test_compare_names_a_file_with_a_line_break_on_one_line(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "two\nlines.png"
    for path, level in ((odd, 0), (tmp_path / "white.png", 255)):
        path.write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))

    flat = run("compare", odd, tmp_path / "white.png")
    missing = run("compare", odd, tmp_path / "no\nfile.png")
    unwritable = run("compare", "--plot", tmp_path / "no\nfolder" / "plot.png", odd, odd)

    assert flat[1][0].split(maxsplit=1)[1].startswith(f"different ({tmp_path}/two\\x0alines.png has too little")
    assert missing == (2, [], [f"lookalike: {tmp_path}/no\\x0afile.png: No such file or directory"])
    assert unwritable == (2, [], [f"lookalike: {tmp_path}/no\\x0afolder/plot.png: No such file or directory"])


def test_a_plot_is_a_png_and_overwrites_no_picture_that_is_compared(run: Run, album: Path) -> None:
    before = (album / "1.png").read_bytes()

    status, _, errors = run("compare", "--plot", album / "1.png", album / "2.png", album / "1.png")

    assert (status, len(errors)) == (2, 1)
    assert (album / "1.png").read_bytes() == before
    with pytest.raises(SystemExit):
        run("compare", "--plot", album / "plot.jpg", album / "2.png", album / "1.png")


def test_pairs_says_how_many_pictures_have_too_little_content(run: Run, tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        (tmp_path / f"{name}.png").write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))

    status, lines, errors = run("pairs", tmp_path)

    assert (status, lines) == (0, [])
    assert errors == [
        "lookalike: 2 pictures have too little content to be compared but by their bytes (hash --json: quality)"
    ]
    assert run("pairs", "--against", tmp_path, tmp_path / "black.png")[2][0].startswith("lookalike: 3 pictures")


def test_a_file_is_no_duplicate_of_itself_by_another_path(run: Run, album: Path) -> None:
    (album / "link.png").symlink_to(album / "1.png")

    status, lines, _ = run("pairs", "--json", "--against", album / "1.png", album / "link.png", album / "1 again.png")

    assert (status, [Path(one["a"]).name for one in documents(lines)]) == (0, ["1 again.png"])


def test_phash1_refuses_orientations(run: Run, album: Path) -> None:
    refused = run("pairs", "--generation", "phash1", "--orientations", "all", album)

    assert refused == (2, [], ["lookalike: phash1 cannot compare turned pictures: use look1 with --orientations"])
