from pathlib import Path

import pytest

from handler.cli.errors import CommandError
from handler.cli.importing import MOST_TOLD, RefusedLines, _check_searched, listed
from handler.cli.manifest import ListedObject
from handler.cli.stacks import DeployedStack


def lines(tmp_path: Path, text: str, refused: RefusedLines | None = None) -> list[ListedObject]:
    (tmp_path / "hashes.csv").write_bytes(text.encode())
    return list(listed(tmp_path / "hashes.csv", refused or RefusedLines()))


def test_hashes_are_taken_as_other_software_writes_them(tmp_path: Path) -> None:
    found = lines(
        tmp_path,
        'photos,a.jpg,00FF00ff00ff00ff\nphotos,"b, c.jpg",0x0123456789abcdef\n\nphotos,猫.jpg, 1111111111111111\r\n',
    )

    assert found == [
        ListedObject("photos", "a.jpg", "00ff00ff00ff00ff"),
        ListedObject("photos", "b, c.jpg", "0123456789abcdef"),
        ListedObject("photos", "猫.jpg", "1111111111111111"),
    ]


def test_first_line_may_say_the_order(tmp_path: Path) -> None:
    assert lines(tmp_path, "\ufeffHash,Bucket,Key\n00ff00ff00ff00ff,photos,a.jpg\n") == [
        ListedObject("photos", "a.jpg", "00ff00ff00ff00ff")
    ]


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("photos,a.jpg", "it has 2 columns, want bucket, key, hash"),
        ("Photos!,a.jpg,00ff00ff00ff00ff", "'Photos!' is no name of a bucket"),
        ("photos,,00ff00ff00ff00ff", "its key is empty, or longer than 1,024 bytes"),
        ("photos,a.jpg,00ff", "'00ff' is no hash of 16 hex digits"),
        ("photos,a.jpg,-71777214294589696", "'-71777214294589696' is no hash of 16 hex digits"),
    ],
)
def test_line_that_is_refused_is_named_and_the_others_are_taken(
    tmp_path: Path, line: str, why: str, capsys: pytest.CaptureFixture[str]
) -> None:
    refused = RefusedLines()

    found = lines(tmp_path, f"{line}\nphotos,b.jpg,00ff00ff00ff00ff\n", refused)

    assert [one.key for one in found] == ["b.jpg"]
    assert refused.count == 1
    assert capsys.readouterr().err == f"lookalike: line 1 is refused: {why}\n"


def test_thousands_of_bad_lines_are_counted_and_not_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    refused = RefusedLines()

    lines(tmp_path, "nonsense\n" * 1000, refused)

    told = capsys.readouterr().err.splitlines()
    assert refused.count == 1000
    assert told[MOST_TOLD:] == [f"lookalike: {1000 - MOST_TOLD} further lines refused"]


def test_file_that_cannot_be_read_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(CommandError, match="cannot be read"):
        list(listed(tmp_path / "none.csv", RefusedLines()))


def test_stack_that_searches_another_generation_is_refused_with_the_way_to_go() -> None:
    with pytest.raises(CommandError, match=r"searches look1.*deploy another stack with Generation=phash1"):
        _check_searched(DeployedStack("lookalike", "CREATE_COMPLETE", {}, {"Generation": "look1"}))
    _check_searched(DeployedStack("lookalike", "CREATE_COMPLETE", {}, {"Generation": "phash1"}))
