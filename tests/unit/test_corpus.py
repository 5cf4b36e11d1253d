from pathlib import Path

import pytest

from tests.pictures import encode, photo
from training.corpus import pictures_in


def test_pictures_of_a_folder_may_have_every_format(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for number, (suffix, format_) in enumerate(
        [("avif", "AVIF"), ("bmp", "BMP"), ("gif", "GIF"), ("jpg", "JPEG"), ("png", "PNG"), ("TIF", "TIFF"),
         ("tiff", "TIFF"), ("webp", "WEBP")]
    ):  # fmt: skip
        (tmp_path / f"{number}.{suffix}").write_bytes(encode(photo(number), format_))
    (tmp_path / "notes.txt").write_text("no picture")

    pictures = pictures_in(tmp_path)

    assert [picture.name.rpartition("/")[2][0] for picture in pictures] == list("01234567")
    assert capsys.readouterr().out == f"{tmp_path}: 8 pictures\n"


def test_missing_folder_is_named_with_the_cure(tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        pictures_in(tmp_path / "photos")

    assert str(ended.value).startswith(f"no folder {tmp_path / 'photos'}: ")
    assert "CORPUS" in str(ended.value)
    assert "\n" not in str(ended.value)
