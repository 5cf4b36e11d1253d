"""What `pairs -0` prints may go: the best copy of its group shows all of it, and no smaller."""

from pathlib import Path

import pytest
from PIL import Image

from handler.cli.main import main
from tests.pictures import photo

SIZE = (640, 480)


def printed(folder: Path, capsys: pytest.CaptureFixture[str]) -> set[str]:
    main(["pairs", "-0", str(folder)])
    return {Path(name).name for name in capsys.readouterr().out.split("\0") if name}


@pytest.fixture
def original() -> Image.Image:
    return photo(1, SIZE)


def test_smaller_and_cropped_copies_may_go(
    tmp_path: Path, original: Image.Image, capsys: pytest.CaptureFixture[str]
) -> None:
    original.save(tmp_path / "original.png")
    original.resize((320, 240)).save(tmp_path / "smaller.jpg")
    original.crop((64, 48, 640, 480)).save(tmp_path / "cropped.jpg")

    assert printed(tmp_path, capsys) == {"smaller.jpg", "cropped.jpg"}


def test_what_a_collage_shows_smaller_stays(
    tmp_path: Path, original: Image.Image, capsys: pytest.CaptureFixture[str]
) -> None:
    other = photo(2, SIZE)
    collage = Image.new("RGB", (960, 360))
    for place, picture in enumerate((original, other)):
        collage.paste(picture.resize((480, 360)), (480 * place, 0))
    for name, picture in (("one", original), ("two", other), ("collage", collage)):
        picture.save(tmp_path / f"{name}.png")

    assert main(["pairs", str(tmp_path)]) == 0
    assert "one.png" in capsys.readouterr().out
    assert printed(tmp_path, capsys) == set()
