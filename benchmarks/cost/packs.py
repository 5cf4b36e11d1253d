"""What a new instance reads of a journal, and what making packs costs, by how large packs are: counted."""

import argparse
import math
from typing import NamedTuple

from handler.core import prices
from handler.core.entry import entry_bytes
from handler.core.generations import GENERATIONS
from handler.core.journal import Shape
from handler.core.model import Collection
from training.printing import print_table

COLLECTION = Collection("*", "look1")
WORDS = GENERATIONS["look1"].word_count
STORED = (10_000, 100_000, 1_000_000, 10_000_000)
SHAPES = {"128, 1,024 and 8,192 segments": Shape(), "1,024 segments alone, before": Shape(pack_sizes=(1024,))}
SEGMENTS = 4  # in a read unit


class Load(NamedTuple):
    """What a new instance reads of one shard."""

    gets: int
    units: int
    most_units: int  # if uploads go on until a pack is about to be full
    mb: float

    @classmethod
    def of(cls, pictures: int, shape: Shape) -> "Load":
        """Return what is read of so many *pictures*."""
        capacity = shape.capacity(COLLECTION, entry_bytes(WORDS))
        full = pictures // capacity
        spans = shape.spans(0, 0, full)
        rest = pictures - sum(span.size for span in spans) * capacity
        units = math.ceil(max(1, math.ceil(rest / capacity)) / SEGMENTS)
        return cls(len(spans), units, shape.pack_sizes[0] // SEGMENTS, pictures * entry_bytes(WORDS) / 1e6)


def making(shape: Shape) -> float:
    """Return the dollars that packs of a million uploads cost."""
    capacity = shape.capacity(COLLECTION, entry_bytes(WORDS))
    segments = 1_000_000 / capacity
    larger = shape.pack_sizes[1:]
    units = segments / SEGMENTS
    puts = sum(segments / size for size in shape.pack_sizes)
    below = dict(zip(larger, shape.pack_sizes, strict=False))
    gets = sum(segments / size * (size / below[size] - 1) for size in larger)
    return prices.reading(read_units=units) + gets * prices.S3_GET + puts * prices.S3_PUT


def add_arguments(_: argparse.ArgumentParser) -> None:
    """There are no options."""


def run(_: argparse.Namespace) -> int:
    """Print the tables."""
    loads = [(pictures, name, Load.of(pictures, shape)) for pictures in STORED for name, shape in SHAPES.items()]
    print_table(
        "What a new instance reads of a journal of look1",
        ("pictures", "packs of", "GETs", "read units", "at most", "MB", "dollars of these"),
        [
            (f"{pictures:,}", name, *(f"{one.gets:,}", one.units, one.most_units, f"{one.mb:,.0f}", _dollars(one)))
            for pictures, name, one in loads
        ],
    )
    print_table(
        "What making them costs",
        ("packs of", "dollars, a million uploads", "kept in S3, times the journal"),
        [(name, f"{making(shape):.4f}", len(shape.pack_sizes)) for name, shape in SHAPES.items()],
    )
    return 0


def _dollars(load: Load) -> str:
    return f"{prices.reading(read_units=load.units, s3_gets=load.gets):.6f}"
