"""How long `lookalike pairs` takes where many pictures have many copies, beside hashing them alone."""

import argparse
import os
import random
import statistics
import tempfile
from functools import partial
from io import BytesIO
from pathlib import Path

from PIL import Image, ImageEnhance

from benchmarks.drawn_photograph import drawn_photograph
from benchmarks.load.pairs import LOOKALIKE, on_all_cores, timed
from training.parts import positive_integer
from training.printing import print_table

PICTURES, SCENES, COPIES = 5293, 60, 63  # files; scenes that have copies; copies of each
SIZE = (640, 480)
ROUNDS = 3


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--rounds",
        type=positive_integer,
        default=ROUNDS,
        metavar="N",
        help="how often to run each command, in turn (default: %(default)s)",
    )
    parser.add_argument(
        "--cut",
        type=float,
        default=0.0,
        metavar="SHARE",
        help="most of each side that a copy lacks: crops are the dearest copies (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Draw the files, and print the table."""
    commands = {
        "lookalike hash": ["hash", "--json"],
        "lookalike pairs --max-looks 0": ["pairs", "--json", "--max-looks", "0"],
        "lookalike pairs": ["pairs", "--json"],
    }
    with tempfile.TemporaryDirectory() as folder:
        scenes = range(PICTURES - SCENES * COPIES)
        on_all_cores(partial(_draw, Path(folder), options.cut), scenes, "drawing")
        rounds = [
            {name: timed([*LOOKALIKE, *command, folder]) for name, command in commands.items()}
            for _ in range(options.rounds)
        ]
    hashing, *others = commands
    rows = [
        (name, *(f"{statistics.median(one[name][column] for one in rounds):.1f}" for column in (0, 1)), "")
        for name in commands
    ]
    for number, name in enumerate(others, 1):
        ratios = [[one[name][column] / one[hashing][column] - 1 for one in rounds] for column in (0, 1)]
        rows[number] = (*rows[number][:3], " / ".join(f"{statistics.median(some):.2f}" for some in ratios))
    print_table(
        f"{PICTURES:,} JPEG files of {SIZE[0]} x {SIZE[1]} or less, on {os.cpu_count()} cores",
        ("what", "seconds", "of CPU, all processes", "comparing, in hashings (seconds / CPU)"),
        rows,
        note=f"{SCENES} of them have {COPIES} copies each: smaller, lighter or darker, of other quality"
        f"{f', and up to {options.cut:.0%} of each side cut off' if options.cut else ''}. "
        f"Medians of {options.rounds} rounds. Hold comparing without looks to 1.0.",
    )
    return 0


def _draw(folder: Path, most_cut: float, scene: int) -> None:
    """Draw a picture, and if it is one of the first its copies, which are all different."""
    rng = random.Random(scene)
    body = drawn_photograph(SIZE, seed=scene)
    (folder / f"{scene:04}.jpg").write_bytes(body)
    for copy in range(COPIES if scene < SCENES else 0):
        with Image.open(BytesIO(body)) as picture:
            _edited(picture, most_cut, rng).save(folder / f"{scene:04} {copy:02}.jpg", quality=rng.randint(40, 90))


def _edited(picture: Image.Image, most_cut: float, rng: random.Random) -> Image.Image:
    width, height = picture.size
    left, top, right, bottom = (rng.uniform(0.0, most_cut) for _ in range(4))
    cut = picture.crop(
        (round(width * left), round(height * top), round(width * (1 - right)), round(height * (1 - bottom)))
    )
    scale = rng.uniform(0.5, 1.0)
    smaller = cut.resize((round(cut.width * scale), round(cut.height * scale)))
    return ImageEnhance.Brightness(smaller).enhance(rng.uniform(0.8, 1.2))
