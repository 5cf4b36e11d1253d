"""What the pages' commands are held to is held to itself."""

import os
from pathlib import Path

import pytest

from tests.docs.markdown import ROOT, CodeBlock
from tests.docs.shell import Wrong, commands, is_run, run


def block(text: str, language: str = "console", before: str = "") -> CodeBlock:
    return CodeBlock(ROOT / "README.md", 1, language, text, before)


def check(text: str, language: str = "console", before: str = "") -> None:
    run(commands(block(text, language, before)), Path("/"), {"PATH": os.environ["PATH"]})


def test_commands_share_a_shell_and_print_what_the_page_says() -> None:
    check(
        "$ export NAME=World\n$ echo Hello, \\\n    $NAME  # a comment\nHello, World\n$ echo 'a  b' >&2; echo c\na b\nc"
    )


@pytest.mark.parametrize("printed", ["Hello, ...", "... World", "...", "Hello, World\n...", "...\nHello, World"])
def test_three_dots_stand_for_anything(printed: str) -> None:
    check(f"$ echo Hello, World\n{printed}")


@pytest.mark.parametrize("printed", ["Hello", "Hello, World\nand more", "...\nand more"])
def test_other_output_is_wrong(printed: str) -> None:
    with pytest.raises(Wrong, match=r"README.md:1: echo Hello, World\nprinted:\nHello, World\nwant:\n"):
        check(f"$ echo Hello, World\n{printed}")


def test_failure_is_wrong_and_ends_the_page() -> None:
    with pytest.raises(Wrong, match=r"README.md:1: false\nended with 1, want 0"):
        check("$ false\n$ echo never")


def test_shell_that_ends_early_is_wrong() -> None:
    with pytest.raises(Wrong, match=r"README.md:1: exit\nnever ended"):
        check("$ exit\n$ echo never")


def test_failure_may_be_expected() -> None:
    check("$ echo no; false\nno", before="<!-- exits with: 1 -->")


@pytest.mark.parametrize("status", [0, 1])
def test_statuses_may_be_several(status: int) -> None:
    check(f"$ (exit {status})\n$ (exit {status})", before="<!-- exits with: 0 or 1 -->")


def test_status_that_is_none_of_several_is_wrong() -> None:
    with pytest.raises(Wrong, match="ended with 2, want 0 or 1"):
        check("$ (exit 2)\n$ echo never", before="<!-- exits with: 0 or 1 -->")


def test_blocks_of_shell_commands_and_programs_are_run_whole() -> None:
    with pytest.raises(Wrong, match="ended with 3"):
        check("for status in 3; do\n  (exit $status)\ndone", "sh")


@pytest.mark.parametrize("before", ["<!-- not run: it needs an account -->", "<!-- run by: .ci/run -->"])
def test_marked_block_is_not_run(before: str) -> None:
    assert not is_run(block("$ false", before=before))
    assert is_run(block("$ false"))
