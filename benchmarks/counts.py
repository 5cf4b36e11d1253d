"""Large round numbers as people write them: 100k, 10M, 1G."""

import argparse

SIZES = {"G": 10**9, "M": 10**6, "k": 10**3}


def short_count(number: int) -> str:
    """Return a large round number as people write it."""
    for letter, size in SIZES.items():
        if number >= size and number % size == 0:
            return f"{number // size}{letter}"
    return f"{number:,}"


def counts(text: str) -> list[int]:
    """Return the numbers of a list such as 1k,100k,1M, for the `type` of an option."""
    try:
        return [_count(part) for part in text.split(",")]
    except ValueError as error:
        raise argparse.ArgumentTypeError(f"bad sizes {text!r}: want numbers such as 1k,100k,1M") from error


def _count(text: str) -> int:
    number = int(text[:-1]) * SIZES[text[-1]] if text[-1:] in SIZES else int(text)
    if number < 1:
        raise ValueError(text)
    return number
