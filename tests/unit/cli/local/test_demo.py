import os
import sys
from pathlib import Path

import pytest

from handler.cli.local.demo import files_in
from handler.cli.local.emulator import LocalError


def test_key_of_a_file_is_its_path_in_the_folder(tmp_path: Path) -> None:
    (tmp_path / "hotel" / "room").mkdir(parents=True)
    paths = [tmp_path / "z.jpg", tmp_path / "hotel" / "room" / "notes [1].txt"]
    for path in paths:
        path.write_bytes(b"any")

    found = files_in(tmp_path)

    assert found.uploads == {"z.jpg": paths[0], "hotel/room/notes [1].txt": paths[1]}
    assert found.unfit == {}


@pytest.mark.skipif(sys.platform != "linux", reason="file names are UTF-8 on this system")
def test_file_that_cannot_have_a_key_is_reported(tmp_path: Path) -> None:
    odd, deep = tmp_path / os.fsdecode(b"caf\xe9.jpg"), tmp_path.joinpath(*["d" * 200] * 5, "e" * 40)
    deep.parent.mkdir(parents=True)
    for path in (odd, deep):
        path.write_bytes(b"any")

    found = files_in(tmp_path)

    assert found.uploads == {}
    assert sorted(found.unfit.values()) == [
        "its path is 1045 bytes long, over the limit of an S3 key (1024)",
        "its path is not UTF-8, so it cannot be an S3 key",
    ]


def test_what_holds_no_file_is_refused_in_one_line(tmp_path: Path) -> None:
    for folder, why in ((tmp_path / "missing", "which is not a folder"), (tmp_path, "and there is no file in it")):
        with pytest.raises(LocalError, match=why) as refused:
            files_in(folder)
        assert "\n" not in str(refused.value)
