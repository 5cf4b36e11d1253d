"""What a new instance reads of a journal, and what making packs costs, by how large packs are: counted."""

import argparse

from handler.core import prices
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from handler.core.model import Collection
from handler.core.packing import Load, Making
from training.printing import print_table

COLLECTION = Collection("*", "look1")
ENTRY_BYTES = entry_bytes(GENERATIONS["look1"].word_count)
STORED = (10_000, 100_000, 1_000_000, 10_000_000)
SHAPES = {"128, 1,024 and 8,192 segments": Shape(), "1,024 segments alone, before": Shape(pack_sizes=(1024,))}


def load(pictures: int, shape: Shape) -> Load:
    """Return what a new instance reads of the journal of so many *pictures*."""
    return Load.of(pictures, shape, shape.capacity(COLLECTION, ENTRY_BYTES))


def making(shape: Shape) -> float:
    """Return the dollars that packs of a million uploads cost."""
    segments, of_one = 1_000_000 / shape.capacity(COLLECTION, ENTRY_BYTES), Making.of(shape)
    reading = prices.reading(read_units=segments * of_one.units, s3_gets=segments * of_one.gets)
    return reading + segments * of_one.puts * prices.S3_PUT


def add_arguments(_: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(_: argparse.Namespace) -> int:
    """Print the tables."""
    loads = [(pictures, name, load(pictures, shape)) for pictures in STORED for name, shape in SHAPES.items()]
    print_table(
        "What a new instance reads of a journal of look1",
        ("pictures", "packs of", "GETs", "read units", "at most", "MB", "dollars of these"),
        [
            (
                f"{pictures:,}",
                name,
                *(f"{one.gets:,}", one.units, one.most_units),
                f"{pictures * ENTRY_BYTES / 1e6:,.0f}",
                _dollars(one),
            )
            for pictures, name, one in loads
        ],
    )
    print_table(
        "What making them costs",
        ("packs of", "dollars, a million uploads", "kept in S3, times the journal"),
        [(name, f"{making(shape):.4f}", len(shape.pack_sizes)) for name, shape in SHAPES.items()],
    )
    return 0


def _dollars(one: Load) -> str:
    return f"{prices.reading(read_units=one.units, s3_gets=one.gets):.6f}"
