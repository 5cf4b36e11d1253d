import json
import sys
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageDraw

from tests.pictures import photo, png, textured
from tests.unit.cli.conftest import Run, on_a_terminal, write


def documents(lines: list[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines]


def test_prints_kind_and_views(run: Run, album: Path) -> None:
    near = run("compare", album / "1 crop.jpg", album / "1.png")
    same = run("compare", album / "1.png", album / "1 again.png")
    other = run("compare", album / "1.png", album / "0.png")

    assert [status for status, *_ in (near, same, other)] == [0, 0, 1]
    assert [lines[0].split()[1] for _, lines, _ in (near, same, other)] == ["near", "exact", "different"]
    assert "over the radius of" in other[1][0]


def test_look_says_how_well_the_pixels_agree_and_where_they_differ(run: Run, album: Path, tmp_path: Path) -> None:
    with Image.open(album / "1.png") as picture:
        signed = picture.convert("RGB")
    ImageDraw.Draw(signed).rectangle((330, 270, 460, 340), fill=(250, 250, 250))
    signed.save(tmp_path / "signed.png")

    plain = run("compare", tmp_path / "signed.png", album / "1.png")
    told = documents(run("compare", "--json", tmp_path / "signed.png", album / "1.png").lines)[0]
    strict = run("compare", "--tell", "near", tmp_path / "signed.png", album / "1.png")

    assert (plain.status, strict.status, told["kind"]) == (0, 1, "altered")
    assert 0.8 < told["agreement"] < 1.0
    assert any(
        box["top"] < 305 / 360 < box["bottom"] and box["left"] < 395 / 480 < box["right"] for box in told["differs"]
    )
    rows = {line.split()[0]: line for line in plain.lines}
    assert f"agree by {told['agreement']:.3f}" in rows["pixels"]
    assert "% of the height and " in rows["differs"]


def test_pictures_that_only_look_alike_are_told_apart_by_their_pixels(run: Run, tmp_path: Path) -> None:
    for number in range(2):
        write(tmp_path / f"{number}.png", textured(number))
    asked = ("compare", "--generation", "phash1", tmp_path / "0.png", tmp_path / "1.png")

    by_hash, by_look = run(*asked), run(*asked, "--max-looks", "1", "--plot", tmp_path / "plot.png")

    assert (by_hash.status, by_hash.lines[0].split()[1]) == (0, "near")
    assert (by_look.status, by_look.lines[0].split()[1]) == (1, "alike")
    assert "(their pixels agree by 0." in by_look.lines[0]
    assert "nobody looked" in by_hash.lines[4]


def test_nearly_blank_pictures_are_different_for_that_reason(run: Run, tmp_path: Path) -> None:
    for name, level in (("black", 0), ("white", 255)):
        (tmp_path / f"{name}.png").write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))

    status, lines, _ = run("compare", "--json", tmp_path / "black.png", tmp_path / "white.png")

    (told,) = documents(lines)
    assert (status, told["kind"]) == (1, "different")
    assert "is nearly blank (quality 0.0)" in told["reason"]


def test_unusable_file_has_a_status_of_its_own(run: Run, album: Path) -> None:
    status, lines, errors = run("compare", album / "1.png", album / "missing.png")

    assert (status, lines) == (2, [])
    assert errors == [f"lookalike: {album / 'missing.png'}: No such file or directory"]


def test_file_with_a_line_break_is_named_on_one_line(run: Run, tmp_path: Path) -> None:
    odd = tmp_path / "two\nlines.png"
    for path, level in ((odd, 0), (tmp_path / "white.png", 255)):
        path.write_bytes(png(Image.new("RGB", (90, 90), (level,) * 3)))

    flat = run("compare", odd, tmp_path / "white.png")
    missing = run("compare", odd, tmp_path / "no\nfile.png")
    unwritable = run("compare", "--plot", tmp_path / "no\nfolder" / "plot.png", odd, odd)

    assert flat[1][0].split(maxsplit=1)[1].startswith(f"different ({tmp_path}/two\\nlines.png is nearly blank")
    assert missing == (2, [], [f"lookalike: {tmp_path}/no\\nfile.png: No such file or directory"])
    assert unwritable == (2, [], [f"lookalike: {tmp_path}/no\\nfolder/plot.png: No such file or directory"])


def test_plot_is_a_png_and_overwrites_neither_picture(run: Run, album: Path) -> None:
    before = (album / "1.png").read_bytes()

    status, _, errors = run("compare", "--plot", album / "1.png", album / "0.png", album / "1.png")

    assert (status, len(errors)) == (2, 1)
    assert (album / "1.png").read_bytes() == before
    with pytest.raises(SystemExit):
        run("compare", "--plot", album / "plot.jpg", album / "0.png", album / "1.png")


def test_where_they_differ_is_never_nowhere_if_nobody_knows(run: Run, album: Path) -> None:
    by_hash = run("compare", "--max-looks", "0", album / "1 crop.jpg", album / "1.png")
    other = run("compare", album / "1.png", album / "0.png")
    same = run("compare", album / "1.png", album / "1 again.png")

    told = [line[13:] for done in (by_hash, other, same) for line in done.lines if line.startswith("differs")]
    assert told == ["nobody looked", "all over", "nowhere"]


@pytest.mark.parametrize("width", [50, 80, 200])
def test_lines_are_broken_between_words_to_fit_the_terminal(tmp_path: Path, width: int) -> None:
    name = "a name that is - longer than fifty columns of any terminal.png"
    for path, level in ((name, 0), ("white.png", 255)):
        write(tmp_path / path, png(Image.new("RGB", (90, 90), (level,) * 3)))
    command = sys.executable, "-m", "handler.cli.main", "compare", name, "white.png"

    status, terminal = on_a_terminal(*command, width=width, folder=tmp_path)

    lines = terminal.splitlines()
    assert status == 1
    assert all(len(line) <= width for line in lines)
    assert all(line[:13].strip() == "" or line[12] == " " for line in lines)
    reason = " ".join(line[13:] for line in lines[: len(lines) - 8])
    assert reason == f"different ({name} is nearly blank (quality 0.0): only the same bytes match it)"
    assert (len(lines) == 9) == (width == 200)


def test_order_decides_nothing(run: Run, tmp_path: Path) -> None:
    """A collage finds its parts, and a part does not find the collage."""
    collage = Image.new("RGB", (960, 720))
    for number in range(4):
        part = photo(number + 1, (640, 480))
        part.save(tmp_path / f"{number}.png")
        collage.paste(part.resize((480, 360)), (480 * (number % 2), 360 * (number // 2)))
    collage.save(tmp_path / "collage.png")

    told = [
        documents(run("compare", "--json", *(tmp_path / name for name in names)).lines)[0]
        for names in (("collage.png", "3.png"), ("3.png", "collage.png"))
    ]

    assert told[0]["a"] == str(tmp_path / "collage.png")
    assert told[0]["kind"] == "near"
    assert told[0] == told[1]
    assert "collage.png, which finds more" in run("compare", tmp_path / "3.png", tmp_path / "collage.png").lines[0]
