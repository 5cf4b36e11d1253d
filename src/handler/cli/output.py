"""What is printed: names and messages of any content, each on one line, to somewhere that may be full or gone."""

import os
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout, suppress
from io import TextIOWrapper
from typing import Any, TextIO

# Line breaks, what a terminal obeys, what reorders a line, and surrogates that stand for no byte of a file's name.
_UNPRINTABLE = re.compile("[\x00-\x1f\x7f-\x9f\u2028-\u202e\u2066-\u2069\ud800-\udc7f\udd00-\udfff]")
_STANDARD_INPUT, _STANDARD_OUTPUT, _STANDARD_ERROR = range(3)


class OutputLost(Exception):
    """Standard output cannot be written; the message says why."""


class ReaderGone(Exception):
    """Whoever read standard output has seen enough, as `| head` has."""


@contextmanager
def checked_output() -> Iterator[None]:
    """Let standard output take file names of any bytes, and end in OutputLost or ReaderGone if it cannot be written.

    So that no other part takes such an error for one of a file that it reads.
    """
    _open_what_is_closed()
    if sys.stdout is None:
        raise OutputLost("standard output is closed")
    if isinstance(sys.stdout, TextIOWrapper):
        sys.stdout.reconfigure(errors="surrogateescape")
    checked: Any = _Checked(sys.stdout)
    try:
        with redirect_stdout(checked):
            try:
                yield
            finally:
                checked.flush()
    except (OutputLost, ReaderGone):
        # Python flushes the stream once more at exit, so give it somewhere to.
        os.dup2(os.open(os.devnull, os.O_WRONLY), _STANDARD_OUTPUT)
        raise


class _Checked:
    """A stream whose failures are told from those of all others."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> int:
        with _told_apart():
            return self._stream.write(text)

    def flush(self) -> None:
        with _told_apart():
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextmanager
def _told_apart() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError as error:
        raise ReaderGone from error
    except OSError as error:
        raise OutputLost(f"cannot write the output: {error.strerror or error}") from error


def _open_what_is_closed() -> None:
    """Give a closed standard input or error to /dev/null, so that no file that is opened takes its number."""
    for number in (_STANDARD_INPUT, _STANDARD_ERROR):
        try:
            os.fstat(number)
        except OSError:
            opened = os.open(os.devnull, os.O_RDWR)
            if opened != number:
                os.dup2(opened, number)
                os.close(opened)
    if sys.stderr is None:
        sys.stderr = os.fdopen(_STANDARD_ERROR, "w", errors="backslashreplace", closefd=False)


def printable(text: str) -> str:
    """Return *text* with an escape for each character that would not stay in its place on one line.

    The bytes of a name that is not UTF-8 stay as they are; Python gives them as U+DC80 to U+DCFF.
    """
    return _UNPRINTABLE.sub(lambda found: found[0].encode("unicode_escape").decode(), text)


def one_line(error: Exception) -> str:
    """Return what *error* says, on one line."""
    return printable(" ".join(str(error).split()))


def complaint(line: str) -> str:
    """Return *line* as it is printed on standard error, where other programs print theirs."""
    return f"lookalike: {line}"


def complain(line: str) -> None:
    """Print *line* on standard error, if that takes it."""
    with suppress(OSError):
        print(complaint(line), file=sys.stderr)
