import io
import os
import sys
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from handler.cli.local.demo import DemoResult, Show, files_in, report
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import Emulator, LocalError


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


class NoUploads(Deployment):
    """A deployment that takes nothing."""

    def client(self, _service: str) -> Any:
        return None


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes on this system")
def test_what_is_no_file_is_named_and_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jpg")
    (tmp_path / "itself.jpg").symlink_to("itself.jpg")
    nothing = NoUploads(Emulator("http://127.0.0.1:9", 1, tmp_path), {"PicturesBucket": "b"}, "queue")

    result = Show(nothing, Console(file=io.StringIO())).own(files_in(tmp_path))

    assert result.failed == {
        "pipe.jpg": "was not uploaded: a named pipe, not a file",
        "itself.jpg": "was not uploaded: Too many levels of symbolic links",
    }


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="root may list every folder")
def test_folder_that_cannot_be_listed_is_named(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(mode=0)

    assert files_in(tmp_path).unfit == {str(tmp_path / "closed"): "cannot be listed: Permission denied"}


def shown(width: int) -> list[str]:
    nearest = {"key": "photos/astronaut.png", "distance": 1, "similarity": 0.984375, "kind": "near", "views": ["whole"]}
    message = {"picture": {"key": "edited/a long name of a picture.jpg"}, "matches": [nearest, nearest]}
    output = io.StringIO()
    report(DemoResult(messages=[message], rejected={"[b].txt": "not a picture"}), Console(file=output, width=width))
    return [line.rstrip() for line in output.getvalue().splitlines()]


def test_table_has_a_row_for_each_picture() -> None:
    (row,) = [line for line in shown(120) if "a long name of a picture.jpg" in line]

    assert row.split()[-2:] == ["near", "whole"]


def test_what_is_too_wide_for_a_table_is_lines() -> None:
    assert shown(50) == [
        "edited/a long name of a picture.jpg",
        "  match photos/astronaut.png (+1 more), distance 1",
        "  similarity 0.984, kind near, views whole",
        "rejected: [b].txt: not a picture",
    ]
