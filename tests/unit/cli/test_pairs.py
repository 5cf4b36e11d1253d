import hashlib
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from handler.cli.album import FoundPair
from handler.cli.findings import group_lines
from handler.cli.grouping import FileGroup
from handler.cli.main import main
from handler.core.matches import Likeness, Match
from handler.core.model import Fingerprint, MatchKind, ObjectRef, Outcome, PictureRecord
from tests.pictures import photo, png, textured
from tests.unit.cli.conftest import Run, write


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
    assert (status, sorted(told)) == (0, [(f"{n + 66:03}", f"{n:03}") for n in range(4)])
    assert [(Path(one["a"]).stem, Path(one["b"]).stem) for one in documents(across[1])] == [("067", "001")]


def test_groups_are_printed_one_picture_a_line_the_best_first(run: Run, album: Path) -> None:
    status, lines, errors = run("pairs", album)

    *groups, summary = "\n".join(lines).split("\n\n")
    assert (status, errors) == (0, [])
    for scene, group in enumerate(groups):
        best, *others = group.splitlines()
        assert best.startswith("480 x 360  PNG ")
        assert re.search(r" best +" + re.escape(str(album / f"{scene}.png")), best)
        told = {line.partition(str(album))[2]: line for line in others}
        assert told.keys() == {f"/{scene} again.png", f"/{scene} crop.jpg"}
        assert re.search(r" exact +0 bits  1\.000 ", told[f"/{scene} again.png"])
        assert re.match(r"440 x 330  JPEG  [0-9.]+ KB +near +\d+ bits  [01]\.\d{3} ", told[f"/{scene} crop.jpg"])
    assert re.fullmatch(r"6 pictures, 2 groups, [0-9.]+ KB in copies", summary)


def test_copies_alone_are_printed_for_scripts(album: Path, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    status = main(["pairs", "-0", str(album)])

    names = capfdbinary.readouterr().out.split(b"\0")
    assert status == 0
    assert names.pop() == b""
    assert sorted(names) == [
        os.fsencode(album / f"{n}{rest}") for n in range(2) for rest in (" again.png", " crop.jpg")
    ]


def test_json_has_every_pair_once(run: Run, album: Path) -> None:
    status, lines, _ = run("pairs", "--json", album, album, album / "1.png")

    told = documents(lines)
    expected = {pair for family in families(album) for pair in combinations(family, 2)}
    assert status == 0
    assert sorted((one["b"], one["a"]) for one in told) == sorted(expected)
    assert {one["kind"] for one in told if "crop" not in one["a"] + one["b"]} == {"exact"}
    assert {(one["group"], Path(one["a"]).name[0]) for one in told} == {(1, "0"), (2, "1")}
    for one in told:
        assert set(one) == {
            "a", "b", "group", "kind", "distance", "similarity", "agreement", "colours", "differs", "taken_apart_s",
            "orientation", "views", "pictures",
        }  # fmt: skip
        assert one["similarity"] == 1 - one["distance"] / 64
        assert [picture["path"] for picture in one["pictures"]] == [one["a"], one["b"]]
        for picture in one["pictures"]:
            body = Path(picture["path"]).read_bytes()
            assert (picture["bytes"], picture["sha256"]) == (len(body), hashlib.sha256(body).hexdigest())


def test_what_only_looks_alike_is_told_if_it_is_asked_for(run: Run, tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f"{number}.png", textured(number))
    asked = ("pairs", "--json", "--generation", "phash1", tmp_path)

    unseen, seen, everything = (
        run(*asked),
        run(*asked, "--max-looks", 40),
        run(*asked, "--max-looks", 40, "--tell", "alike"),
    )

    assert [one["kind"] for one in documents(unseen.lines)] == ["near"]
    assert (seen.status, seen.lines) == (1, [])
    ((kind, agreement),) = [(one["kind"], one["agreement"]) for one in documents(everything.lines)]
    assert (kind, agreement < 0.7) == ("alike", True)


def test_against_compares_with_another_folder_only(
    run: Run, album: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    asked = tmp_path_factory.mktemp("asked") / "mirrored.png"
    asked.write_bytes(png(photo(1, (480, 360)).transpose(Image.Transpose.FLIP_LEFT_RIGHT)))

    plain = run("pairs", "--json", "--against", album, "--orientations", "none", asked)
    mirrored = run("pairs", "--json", "--against", album, asked)

    assert (plain.status, plain.lines) == (1, [])
    assert {(one["a"], one["orientation"]) for one in documents(mirrored[1])} == {(str(asked), 2)}
    assert [one["b"] for one in documents(mirrored[1])] == families(album)[1]


def test_unusable_file_is_named_and_the_rest_compared(run: Run, album: Path) -> None:
    (album / "notes.txt").write_text("no picture")

    status, lines, errors = run("pairs", album)

    assert status == 2  # though pairs were found
    assert sum(str(album) in line for line in lines) == 2 * 3
    assert lines[-1].endswith(" in copies, 1 unreadable")
    assert errors == [f"lookalike: {album / 'notes.txt'}: unsupported: begins with b'no pictu', want one of "
                      "AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP"]  # fmt: skip


def test_radius_and_generation_are_chosen(run: Run, album: Path) -> None:
    crops = [path for path in album.iterdir() if "again" not in path.name]

    strict = run("pairs", "--json", "--radius", "0", *crops)
    classic = run("pairs", "--json", "--generation", "phash1", "--radius", "2", *crops)

    assert (strict.status, strict.lines) == (1, [])
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
    named = run("pairs", "--verbose", "--against", tmp_path / "white.png", tmp_path / "black.png")

    assert (status, errors) == (1, [])
    assert lines == ["2 pictures, 0 groups, 0 bytes in copies, 2 nearly blank (--verbose names them)"]
    assert named.lines == [
        f"nearly blank: {tmp_path / 'white.png'}",
        f"nearly blank: {tmp_path / 'black.png'}",
        "2 pictures, 0 groups, 0 bytes in copies, 2 nearly blank",
    ]


def test_folder_against_itself_has_every_pair_once(run: Run, album: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        (album / f"{name}.png").write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))
    (album / "notes.txt").write_text("no picture")

    status, lines, errors = run("pairs", "--json", "--against", album, album)

    told = [frozenset((one["a"], one["b"])) for one in documents(lines)]
    expected = {frozenset(pair) for family in families(album) for pair in combinations(family, 2)}
    assert status == 2
    assert (set(told), len(told)) == (expected, len(expected))
    assert [line for line in errors if "notes.txt" in line] == errors[:1]
    assert ", 2 nearly blank (--verbose names them), 1 unreadable" in errors[-1]


@pytest.mark.parametrize("link", [os.symlink, os.link], ids=["symbolic", "hard"])
def test_file_with_several_names_counts_once(run: Run, album: Path, link: Callable[[Path, Path], None]) -> None:
    link(album / "1.png", album / "link.png")

    within = run("pairs", "--verbose", album)
    against = run("pairs", "--json", "--against", album / "1.png", album / "link.png", album / "1 again.png")

    assert f"same file as another one: {album / 'link.png'}" in within.lines
    assert within.lines[-1].startswith("6 pictures, 2 groups, ")
    assert within.lines[-1].endswith(", 1 further name of the same files")
    assert [Path(one["a"]).name for one in documents(against.lines)] == ["1 again.png"]


@pytest.mark.parametrize("name", ["0 link.png", "9 link.png"])
def test_file_is_told_by_the_name_that_is_no_symbolic_link(run: Run, tmp_path: Path, name: str) -> None:
    """Else `-0` would have the link removed, or what it leads to."""
    write(tmp_path / "4 file.png", png(photo(1)))
    write(tmp_path / "5 better.png", png(photo(1, (640, 480))))
    (tmp_path / name).symlink_to("4 file.png")

    (line,) = run("pairs", "-0", tmp_path).lines

    assert line == f"{tmp_path / '4 file.png'}\0"


def test_better_copy_of_what_is_there_is_not_too_much(run: Run, tmp_path: Path) -> None:
    held = write(tmp_path / "held" / "picture.png", png(photo(1, (480, 360))))
    write(tmp_path / "new" / "larger.png", png(photo(1, (960, 720))))
    smaller = write(tmp_path / "new" / "smaller.png", png(photo(1, (240, 180))))
    same = write(tmp_path / "new" / "same.png", held.read_bytes())
    os.utime(same, (0, 0))

    shown, (line,) = (
        run("pairs", *option, "--against", held.parent, tmp_path / "new").lines for option in ([], ["-0"])
    )

    assert sorted(line.split("\0")) == ["", str(same), str(smaller)]
    assert sum(str(tmp_path) in one for one in shown) == 4
    assert shown[0].endswith(str(held))


@pytest.mark.parametrize(("distance", "told"), [(0, " 0 bits  1.000"), (1, " 1 bit  0.984"), (2, " 2 bits  0.969")])
def test_one_bit_is_not_told_as_several(distance: int, told: str) -> None:
    best, other = (PictureRecord(ObjectRef("", name), "look1", Outcome.INDEXED) for name in ("a", "b"))
    pair = FoundPair(other, Match(best, Likeness(MatchKind.NEAR, distance)))

    _, line = group_lines(FileGroup(best, [pair]), None)

    assert f"near  {told}" in line


def test_narrow_terminal_has_a_few_lines_a_picture() -> None:
    record = partial(PictureRecord, generation="look1", outcome=Outcome.INDEXED, bytes=12_345)
    computed = Fingerprint(0, "look1", width=640, height=480, format="JPEG")
    best, other = (record(ObjectRef("", f"{name}.jpg"), fingerprint=computed) for name in "ab")
    likeness = Likeness(MatchKind.ALTERED, 3, agreement=0.9, colours=0.1, differs=((0.0, 0.5, 0.0, 0.5),))
    match = Match(best, likeness, orientation=2, view_pair=(0, 13), taken_apart_s=2.5)
    group = FileGroup(best, [FoundPair(other, match)])

    assert list(group_lines(group, 50)) == [
        "a.jpg",
        "  640 x 480, JPEG, 12 KB, best",
        "b.jpg",
        "  640 x 480, JPEG, 12 KB, altered, 3 bits, 0.953,",
        "  whole in bottom_right, mirrored, 1 part differs,",
        "  other colours, taken 2.5 s apart",
    ]


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
    assert (compared[0], comparison["kind"], comparison["a"]) == (0, "exact", str(odd))


@pytest.mark.parametrize("names", [("1.png", "2.png"), ("2.png", "1.png")])
@pytest.mark.parametrize("turn", [Image.Transpose.FLIP_LEFT_RIGHT, None])
def test_either_of_two_asks_for_the_other(
    run: Run, tmp_path: Path, names: tuple[str, str], turn: Image.Transpose | None
) -> None:
    """A picture that was rotated by some degrees finds its original, and not the other way around."""
    scene = photo(3, (480, 360))
    copy = scene.transpose(turn) if turn is not None else scene.rotate(10, Image.Resampling.BICUBIC)
    for name, image in zip(names, (scene, copy), strict=True):
        (tmp_path / name).write_bytes(png(image))

    (pair,) = documents(run("pairs", "--json", tmp_path)[1])

    assert pair["kind"] in ("near", "altered")
    assert pair["orientation"] == (1 if turn is None else 2)
    assert [Path(pair[one]).name for one in ("a", "b")] == ["2.png", "1.png"]


def test_difference_is_boxed_in_a_though_b_asked(run: Run, tmp_path: Path) -> None:
    """Only the rotated picture finds the other one; a part of it was painted over before it was rotated."""
    scene = photo(3, (480, 360))
    painted = scene.copy()
    ImageDraw.Draw(painted).rectangle((300, 80, 390, 150), fill="white", outline="black", width=6)
    (tmp_path / "1.png").write_bytes(png(painted.rotate(-20, Image.Resampling.BICUBIC, expand=True)))
    (tmp_path / "2.png").write_bytes(png(scene))

    (pair,) = documents(run("pairs", "--json", tmp_path)[1])

    assert (pair["kind"], Path(pair["a"]).name) == ("altered", "2.png")
    (box,) = pair["differs"]
    assert box["top"] < 80 / 360 < 115 / 360 < box["bottom"] < 0.5
    assert 0.5 < box["left"] < 345 / 480 < box["right"]
