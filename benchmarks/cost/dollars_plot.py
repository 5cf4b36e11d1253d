"""Draws what an upload costs against how many pictures are stored: the picture of the README."""

from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from matplotlib.axes import Axes

from benchmarks.cost.bucket_skew import BucketSkew
from benchmarks.cost.projection import MEMORIES_MB, Projection, Speed, room

SMALLEST, LARGEST = 1e3, 1e9
POINTS = 49
JOURNAL = {14: "#0b5d43", 10: "#2f9468"}  # by radius
PROBED = {6: "#e39b3f", 10: "#d2691e", 14: "#8c3a10"}


def draw(skew: BucketSkew, speed: Speed, path: Path) -> None:
    """Write the plot to *path*."""
    mpl.use("Agg")
    figure, axes = pyplot.subplots(figsize=(8, 5), dpi=150, layout="constrained", facecolor="white")
    _draw_probing(axes, skew, speed)
    _draw_journal(axes, skew, speed)
    axes.set(xscale="log", yscale="log", xlim=(SMALLEST, LARGEST * 40), ylim=(2, 3e4), xlabel="stored pictures")
    axes.set_title("Dollars per million uploads", loc="left", fontsize=13)
    axes.set_xticks([10.0**power for power in range(3, 10)], ["1k", "10k", "100k", "1M", "10M", "100M", "1G"])
    axes.set_xticks([], minor=True)
    axes.yaxis.set_major_formatter("${x:,.0f}")
    axes.grid(visible=True, which="major", color="#dddddd", linewidth=0.8)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(path)
    pyplot.close(figure)


def _draw_probing(axes: Axes, skew: BucketSkew, speed: Speed) -> None:
    sizes = np.geomspace(SMALLEST, LARGEST, POINTS)
    for radius, colour in PROBED.items():
        dollars = [1e6 * Projection(size, skew, speed).by_probing(radius) for size in sizes]
        axes.plot(sizes, dollars, color=colour, linewidth=2)
        _label(axes, f"buckets, radius {radius}", sizes[-1], dollars[-1], colour)


def _draw_journal(axes: Axes, skew: BucketSkew, speed: Speed) -> None:
    """What fits in the default memory; what fits in the largest is dotted."""
    for radius, colour in JOURNAL.items():
        begin = SMALLEST
        for memory, style in zip(MEMORIES_MB, ("-", ":"), strict=True):
            sizes = np.geomspace(begin, room(memory), POINTS)
            dollars = [1e6 * Projection(size, skew, speed).by_journal(radius) for size in sizes]
            axes.plot(sizes, dollars, style, color=colour, linewidth=3)
            begin = room(memory)
    for memory in MEMORIES_MB:
        axes.axvline(room(memory), color="#888888", linewidth=1, linestyle="--")
        text = f"JournalMemory\n{memory} MB is full "
        axes.annotate(text, (room(memory), 2.2), color="#555555", fontsize=9, ha="right")
    axes.annotate("journal, radius 14", (4.5e6, 23), color=JOURNAL[14], fontsize=11, ha="right")
    axes.annotate("journal, radius 10", (1.3e4, 3.4), color=JOURNAL[10], fontsize=11)


def _label(axes: Axes, text: str, x: float, y: float, colour: str) -> None:
    axes.annotate(text, (x, y), (6, 0), textcoords="offset points", color=colour, fontsize=11, va="center")
