"""What Effort and Orientations cost: the comparisons, and the strangers that an upload has to read.

Strangers are counted among pictures that had no part in the training, two thirds of them landscapes, which resemble
each other more than most: each asks for all others, by its hashes alone and by check words, too, as a search of the
journal does.
"""

import argparse
import statistics
import time
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import replace
from functools import partial
from itertools import product
from typing import NamedTuple

import numpy as np

from benchmarks.quality.edited_versions import SIDE
from handler.core import look1
from handler.core.asker import Asker
from handler.core.entry import ID_BYTES, Question, to_entry
from handler.core.fingerprint import examine
from handler.core.generations import GENERATIONS
from handler.core.model import EFFORTS, ORIENTATIONS, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import confirms, match, questions
from handler.entries import Block, Entries
from training import corpus
from training.edits import in_file
from training.originals import Original, shrunk
from training.parts import positive_integer
from training.printing import print_table, progress

MILLION = 1_000_000
ROUNDS = 5
WORDS = GENERATIONS[look1.GENERATION].word_count


class Counted(NamedTuple):
    """How many strangers one picture met."""

    by_hash: int
    near_words: int  # views of them that are compared with words near what asked
    candidates: int  # that are read
    cut: int  # windows that are cut out, to count all check bits of these
    looked_at: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--pictures", type=positive_integer, metavar="N", help="about so many of the pictures (default: all)"
    )


def run(options: argparse.Namespace) -> int:
    """Print the table."""
    pictures = corpus.evenly(corpus.unseen_pictures(), options.pictures)
    with ProcessPoolExecutor() as pool, progress() as bar:
        records = list(bar.track(pool.map(_record, pictures), total=len(pictures), description="pictures"))
        rows = []
        for effort, (name, orientations) in product(EFFORTS, ORIENTATIONS.items()):
            settings = _settings(effort, orientations)
            work = pool.map(partial(_counted, records=records, settings=settings), pictures, chunksize=8)
            counted = list(bar.track(work, total=len(pictures), description=f"{effort}, {name}"))
            pairs = len(pictures) * (len(pictures) - 1) / MILLION
            sums = [f"{sum(column) / pairs:,.0f}" for column in zip(*counted, strict=True)]
            rows.append((effort, name, *_scanned(pictures[0], settings), *sums))
    print_table(
        f"What an upload costs, and its strangers among a million like {len(pictures)} test pictures",
        (
            *("Effort", "Orientations", "comparisons", "windows, ms", "a million, ms"),
            *("by hash", "near words", "read", "cut", "looked at"),
        ),
        rows,
        note="Milliseconds are of CPU: of averaging and hashing the windows that ask, and of comparing them with a\n"
        f"million pictures. By hash: within {look1.LOOKS_RADIUS} bits. Near words: how often a window's own\n"
        "check words leave it to those near it. Read: what these leave. Cut: how many windows are cut out for that.\n"
        "Looked at: what check bits leave.",
    )
    return 0


def _settings(effort: str, orientations: tuple[int, ...]) -> Settings:
    return Settings(
        look1.GENERATION,
        look1.LOOKS_RADIUS,
        max_matches=1,
        scope_depth=0,
        limits=Limits(),
        orientations=orientations,
        effort=effort,
        max_looks=1,
        sure_radius=look1.RADIUS,
    )


def _asker(picture: Original) -> Asker:
    computed, seen = examine(in_file(shrunk(picture.image, SIDE)), look1.GENERATION, Limits())
    ref = ObjectRef("", picture.name)
    return Asker.at_hand(PictureRecord(ref, look1.GENERATION, Outcome.INDEXED, fingerprint=computed), seen)


def _record(picture: Original) -> PictureRecord:
    return _asker(picture).record


def _counted(picture: Original, *, records: Sequence[PictureRecord], settings: Settings) -> Counted:
    asker = _asker(picture)
    others = [one for one in records if one.ref != asker.record.ref and one.fingerprint and not one.fingerprint.flat]
    if asker.record.fingerprint is None or asker.record.fingerprint.flat:
        return Counted(0, 0, 0, 0, 0)
    entries = Entries(WORDS)
    entries.extend([to_entry(one.ref.object_id, one.entry_words) for one in others])
    asked = questions(asker, settings)
    by_hash = entries.scan(asked, settings.asked_radius)
    met = entries.near(asked, settings.asked_radius, look1.OWN_CHECK_WORDS_RADIUS)
    read = entries.scan(asked, settings.asked_radius, confirms(asker, asked))
    cut = set[int]()

    def noted(number: int) -> Sequence[bytes]:
        cut.add(number)
        return asker.checks_near(number)

    looked_at = [match(replace(asker, checks_near=noted), others[row], settings) for row in read.rows.tolist()]
    told = sum(one is not None for one in looked_at)
    return Counted(len(by_hash.rows), len(met.rows), len(read.rows), len(cut), told)


def _scanned(picture: Original, settings: Settings) -> tuple[int, str, str]:
    """Return how many comparisons are made with each picture, and the CPU of the windows and of a million pictures."""
    rng = np.random.default_rng(1)
    entries = Entries(WORDS)
    words = rng.integers(0, 2**63, (WORDS, MILLION), np.uint64) * 2
    entries.adopt([Block(np.zeros((MILLION, ID_BYTES), np.uint8), words, MILLION)])
    asked, windows, scans = list[Question](), list[float](), list[float]()
    for _ in range(ROUNDS + 1):  # the first one apart: it has the memory mapped
        asker = _asker(picture)
        start = time.process_time()
        asked = questions(asker, settings)
        windows.append(time.process_time() - start)
        start = time.process_time()
        entries.scan(asked, settings.asked_radius, confirms(asker, asked))
        scans.append(time.process_time() - start)
    of_windows, of_scans = (f"{1000 * statistics.median(times[1:]):.0f}" for times in (windows, scans))
    return sum(len(one.stored_views) for one in asked), of_windows, of_scans
