"""What the values of options may be."""

from argparse import ArgumentTypeError
from collections.abc import Callable


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
