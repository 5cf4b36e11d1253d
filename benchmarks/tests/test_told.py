"""What `benchmarks told` counts, at a size that takes seconds."""

from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.drawn_photograph import drawn_photograph
from benchmarks.quality import told_bursts, told_copies, told_families, told_strangers
from benchmarks.quality.manipulations import MANIPULATIONS, PUBLISHED
from benchmarks.quality.outcomes import Stages, asker, default_settings, shares, stages
from benchmarks.quality.shelf import Shelf
from handler.core.model import MatchKind
from handler.core.policy import match
from training.edits import cropped
from training.originals import Original

SETTINGS = default_settings("quick")


def photo(seed: int) -> Image.Image:
    return Image.open(BytesIO(drawn_photograph((320, 240), seed))).convert("RGB")


def originals(count: int) -> list[Original]:
    return [Original(f"drawn/{seed}", photo(seed), str(seed)) for seed in range(count)]


def rows(output: str) -> Iterator[list[str]]:
    """Yield the cells of each line of the tables in *output*."""
    for line in output.splitlines():
        if line.startswith("│"):
            yield [cell.strip() for cell in line.strip("│").split("│")]


def test_the_manipulations_are_those_of_the_paper() -> None:
    image = photo(1)

    edited = {name: edit(image, np.random.default_rng(1)) for name, edit in MANIPULATIONS.items()}

    assert len(edited) == 58
    assert all(np.asarray(one).shape[2:] == (3,) for one in edited.values())
    assert all(one.size == image.size for name, one in edited.items() if not name.startswith("scaled"))
    assert PUBLISHED["SimCLR v1"] == 0.834
    unchanged = [name for name, one in edited.items() if one.size == image.size and one.tobytes() == image.tobytes()]
    assert unchanged == []


def test_noise_is_as_strong_as_the_paper_has_it() -> None:
    grey = Image.new("RGB", (200, 200), (128, 128, 128))

    noisy = {name: np.asarray(MANIPULATIONS[name](grey, np.random.default_rng(1))) / 255 for name in MANIPULATIONS}

    assert noisy["gaussian noise 0.01"].var() == pytest.approx(0.01, rel=0.05)
    assert noisy["speckle noise 0.02"].var() == pytest.approx(0.02 / 4, rel=0.05)
    assert (noisy["salt and pepper 0.1"] == 0).mean() == pytest.approx(0.05, rel=0.1)
    assert (noisy["salt and pepper 0.1"] == 1).mean() == pytest.approx(0.05, rel=0.1)


def test_a_copy_is_told_and_a_stranger_is_not() -> None:
    original, copy, stranger = (
        asker(name, image, SETTINGS)
        for name, image in (("a", photo(1)), ("b", cropped(photo(1), 0.1)), ("c", photo(2)))
    )

    assert stages(copy, original, SETTINGS) == Stages(within=True, confirmed=True, kind=MatchKind.NEAR)
    assert not stages(stranger, original, SETTINGS).told


def test_blank_pictures_are_lost_as_such() -> None:
    blank, original = (
        asker(name, image, SETTINGS) for name, image in (("a", Image.new("RGB", (300, 200))), ("b", photo(1)))
    )

    assert stages(blank, original, SETTINGS) == Stages(blank=True)


def test_where_near_is_wanted_altered_does_not_reach_the_bar() -> None:
    some = [Stages(within=True, confirmed=True, kind=kind) for kind in (MatchKind.NEAR, MatchKind.ALTERED)]

    assert shares(some, bar="x")[:2] == ("1.000", "x")
    assert shares(some, bar="x", of_near=True)[0] == "0.500"


def test_a_shelf_proposes_what_the_policy_matches() -> None:
    askers = [asker(str(number), photo(number), SETTINGS) for number in range(4)]
    copies = [asker(f"copy {number}", cropped(photo(number), 0.08), SETTINGS) for number in range(4)]
    shelf = Shelf(SETTINGS)
    shelf.add(askers)

    found = shelf.proposals(copies)

    assert found.pairs == 16
    expected = [
        (number, one)
        for number, copy in enumerate(copies)
        for other in askers
        if (one := match(copy, other.record, SETTINGS)) is not None
    ]
    how = [(place, one.record.ref.key, one.distance, one.view_pair, one.check_bits) for place, one in found.matches]
    assert how == [(place, one.record.ref.key, one.distance, one.view_pair, one.check_bits) for place, one in expected]
    assert len(how) >= 4


@pytest.mark.slow  # makes every edit that there is
def test_copies_are_counted_by_kind(capsys: pytest.CaptureFixture[str]) -> None:
    pictures = originals(2)

    found = told_copies.found_copies(pictures, "quick")

    assert len(found["published", "JPEG 50"]) == 2
    assert len(found["reach", "each of 4 in a collage, cut"]) == 8
    assert set(told_copies.BARS) <= {kind for _, kind in found}
    told_copies.print_copies(found, "quick", len(pictures))
    table = {cells[0]: cells[1:] for cells in rows(capsys.readouterr().out)}
    assert table["JPEG 50"][0] == "1.000"
    assert table["mean of 58"][1] == "0.92"
    assert table["JPEG 5"][1] == "0.98 near"


def test_families_count_all_pairs_and_a_folder_is_one(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "scenes"
    folder.mkdir()
    for number, image in enumerate(
        (photo(1), cropped(photo(1), 0.05), photo(2), photo(3), Image.new("RGB", (300, 200)))
    ):
        image.save(folder / f"{number}.png")

    told_families.print_families(2, [folder], originals(3), "quick")

    table = {cells[0]: cells[1:] for cells in rows(capsys.readouterr().out)}
    assert set(told_families.BARS) < set(table)
    pairs, near, bar, altered, _, lost, *_ = table["scenes"]
    assert table["photographs, dithered"][:4] == ["3", "0.000", "0", "0.000"]
    assert (pairs, near, bar, altered, lost) == ("10", "0.100", "0.01", "0.000", "0.400")


@pytest.mark.slow
def test_a_scene_that_is_there_twice_is_named_with_its_originals(capsys: pytest.CaptureFixture[str]) -> None:
    pictures = [*originals(2), Original("drawn/again", cropped(photo(0), 0.02), "again")]

    told_strangers.print_strangers(pictures, 20, "quick")

    output = capsys.readouterr().out
    [cells] = rows(output)
    assert int(cells[0]) >= 20
    assert int(cells[3]) + int(cells[4]) > 0
    assert "drawn/again" in output
    assert "drawn/1" not in output
    assert "(their originals 1.00)" in output


def test_the_first_version_is_the_original_and_no_two_neighbours_are_edited_alike() -> None:
    image = photo(1)

    assert told_strangers.version(image, 5, 0) is image
    assert told_strangers.kind_of(5, 0) == "original"
    assert told_strangers.kind_of(5, 2) not in ("original", told_strangers.kind_of(6, 2), told_strangers.kind_of(5, 4))


def test_strangers_are_no_false_positives(capsys: pytest.CaptureFixture[str]) -> None:
    told_strangers.print_strangers(originals(3), 30, "quick")

    [cells] = rows(capsys.readouterr().out)
    assert cells[3:5] == ["0", "0"]


def test_the_less_moves_between_two_shots_the_more_they_agree(capsys: pytest.CaptureFixture[str]) -> None:
    told_bursts.print_bursts(originals(3), "quick")

    near = [float(cells[6]) for cells in rows(capsys.readouterr().out)]
    assert len(near) == 4
    assert near[0] == 1.0
    assert near[-1] == 0.0
