import json
import os
import subprocess
import sys
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from tests.pictures import photo, png
from tests.unit.cli.conftest import Run


def families(album: Path) -> list[list[str]]:
    return [[str(album / f"{n}{rest}") for rest in (" again.png", " crop.jpg", ".png")] for n in range(2)]


def documents(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_pairs_are_found_however_far_apart_they_come(run: Run, tmp_path: Path) -> None:
    """More pictures than are compared at once: the first and the last of each scene are in other parts."""
    for n in range(70):
        (tmp_path / f"{n:03}.png").write_bytes(png(photo(n % 66, (160, 120))))

    status, lines, _ = run("pairs", "--json", tmp_path)
    across = run("pairs", "--json", "--against", tmp_path, tmp_path / "067.png")

    told = [(Path(one["a"]).stem, Path(one["b"]).stem) for one in documents(lines)]
    assert (status, told) == (0, [(f"{n + 66:03}", f"{n:03}") for n in range(4)])
    assert [(Path(one["a"]).stem, Path(one["b"]).stem) for one in documents(across[1])] == [("067", "001")]


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
    asked.write_bytes(png(photo(1, (480, 360)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)))

    plain = run("pairs", "--json", "--against", album, asked)
    mirrored = run("pairs", "--json", "--against", album, "--orientations", "mirror", asked)

    assert plain == (0, [], [])
    assert {(one["a"], one["orientation"]) for one in documents(mirrored[1])} == {(str(asked), 2)}
    assert [one["b"] for one in documents(mirrored[1])] == families(album)[1]


def test_unusable_file_is_named_and_the_rest_compared(run: Run, album: Path) -> None:
    (album / "notes.txt").write_text("no picture")

    status, lines, errors = run("pairs", album)

    assert status == 1
    assert len(lines) == 2 * 3 + 1
    assert errors == [f"lookalike: {album / 'notes.txt'}: unsupported: begins with b'no pictu', want one of "
                      "AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP"]  # fmt: skip


def test_radius_and_generation_are_chosen(run: Run, album: Path) -> None:
    crops = [path for path in album.iterdir() if "again" not in path.name]

    strict = run("pairs", "--json", "--radius", "0", *crops)
    classic = run("pairs", "--json", "--generation", "phash1", "--radius", "2", *crops)

    assert strict == (0, [], [])
    assert all(one["views"] == ["whole", "whole"] for one in documents(classic[1]))


@pytest.mark.parametrize("radius", ["17", "-1", "ten"])
def test_radius_out_of_range_is_one_line(radius: str) -> None:
    done = subprocess.run(  # noqa: S603
        [sys.executable, "-m", "handler.cli.main", "pairs", f"--radius={radius}", "x"], capture_output=True, text=True
    )

    assert done.returncode == 2
    assert f"'{radius}' is not a whole number from 0 to 16" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_number_of_nearly_blank_pictures_is_printed(run: Run, tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        (tmp_path / f"{name}.png").write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))

    status, lines, errors = run("pairs", tmp_path)

    assert (status, lines) == (0, [])
    assert errors == [
        "lookalike: 2 pictures are nearly blank and were compared byte for byte only "
        "(see quality in lookalike hash --json)"
    ]
    assert run("pairs", tmp_path / "black.png").errors[0].startswith("lookalike: 1 picture is nearly blank and was ")
    assert run("pairs", "--against", tmp_path, tmp_path / "black.png").errors[0].startswith("lookalike: 3 pictures")


def test_file_is_not_its_own_duplicate_by_another_path(run: Run, album: Path) -> None:
    (album / "link.png").symlink_to(album / "1.png")

    status, lines, _ = run("pairs", "--json", "--against", album / "1.png", album / "link.png", album / "1 again.png")

    assert (status, [Path(one["a"]).name for one in documents(lines)]) == (0, ["1 again.png"])


def test_phash1_refuses_orientations(run: Run, album: Path) -> None:
    refused = run("pairs", "--generation", "phash1", "--orientations", "all", album)

    assert refused == (2, [], ["lookalike: phash1 cannot compare turned pictures: use look1 with --orientations"])


def test_name_that_is_not_utf_8_is_compared_like_any_other(run: Run, tmp_path: Path) -> None:
    plain, odd = tmp_path / "plain.png", tmp_path / os.fsdecode(b"\xff.png")
    for path in (plain, odd):
        path.write_bytes(png(photo(1)))

    found = run("pairs", "--json", tmp_path)
    compared = run("compare", "--json", odd, plain)

    (pair,), (comparison,) = documents(found[1]), documents(compared[1])
    assert (found[0], pair["kind"], {pair["a"], pair["b"]}) == (0, "exact", {str(plain), str(odd)})
    assert (compared[0], comparison["verdict"], comparison["a"]) == (0, "exact", str(odd))
