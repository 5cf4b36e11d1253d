"""What the values of options may be."""

import re
from argparse import ArgumentTypeError
from collections.abc import Callable

from handler.core.model import LIST_NAME


def positive(text: str) -> int:
    """Return the number in *text*; raise ArgumentTypeError unless it is whole and positive."""
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def whole_number(least: int, most: int) -> Callable[[str], int]:
    """Return what reads a whole number from *least* to *most*, and raises ArgumentTypeError for anything else."""

    def read(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ArgumentTypeError(f"{text!r} is not a whole number from {least} to {most}")
        return int(text)

    return read


def list_name(text: str) -> str:
    """Return *text*; raise ArgumentTypeError unless it is the name of a list."""
    if not re.fullmatch(LIST_NAME, text):
        raise ArgumentTypeError(
            f"{text!r} is no name of a list (want up to 32 small letters, digits and hyphens, the first no hyphen)"
        )
    return text


def list_names(text: str) -> list[str]:
    """Return the names of lists between the commas of *text*, none if it is empty; raise ArgumentTypeError."""
    return [list_name(name) for name in text.split(",")] if text else []
