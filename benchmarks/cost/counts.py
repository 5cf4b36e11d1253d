"""What one upload takes, beside what the bill reckons with: CPU, bytes of the log and of items.

The photograph is drawn, 2 megapixels; stored are 100,000 pictures of random bits, so none is near. CPU is of one
thread; other work on the machine makes it up to twice as much, so take the least of several runs.
"""

import argparse
import time
from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.cost.items import KEY_BYTES, item_bytes, object_item, stored_bytes
from benchmarks.drawn_photograph import drawn_photograph
from handler.core import look1
from handler.core.asked import ASKING
from handler.core.asker import Asker
from handler.core.asking import AskingWindows
from handler.core.bill import COUNTS
from handler.core.entry import ID_BYTES, entry_bytes, own_words
from handler.core.fingerprint import examine
from handler.core.generations import GENERATIONS
from handler.core.model import ORIENTATIONS, Limits, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import asking_windows, confirms, questions
from handler.core.seen import Seen
from handler.core.words import CHECK_BYTES, first_words
from handler.entries import Block, Entries
from training.printing import print_table

STORED = 100_000
SIZES = {2: (1632, 1224), 12: (4000, 3000)}  # by megapixels, nearly
ROUNDS = 9
_APART = look1.OWN_CHECK_WORDS_RADIUS - look1.LOOKS_RADIUS  # bits: no own check words are nearer
_DOUBTFUL = first_words(((1 << 2 * _APART) // 3).to_bytes(CHECK_BYTES, "big"))  # every other bit
SETTINGS = Settings(
    look1.GENERATION,
    look1.LOOKS_RADIUS,
    max_matches=20,
    scope_depth=0,
    limits=Limits(),
    orientations=ORIENTATIONS["mirror"],
    max_looks=40,
    sure_radius=look1.RADIUS,
)


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Take no options."""


def run(_: argparse.Namespace) -> int:
    """Print what is measured beside what the bill reckons with."""
    measured = _fingerprinting() | _asking() | _bytes()
    print_table(
        "One upload",
        ("count", "measured", "in the bill"),
        [(name, f"{value:.4g}", f"{getattr(COUNTS, name):.4g}") for name, value in measured.items()],
        note=f"CPU is the least of {ROUNDS} rounds.",
    )
    return 0


def _fingerprinting() -> dict[str, float]:
    small, large = (
        _least_ms(partial(examine, drawn_photograph(size, seed=1), look1.GENERATION, Limits()))
        for size in SIZES.values()
    )
    few, many = (width * height / 1e6 for width, height in SIZES.values())
    each = (large - small) / (many - few)
    return {"fingerprint_ms": small - each * few, "megapixel_ms": each}


def _asking() -> dict[str, float]:
    computed, seen = examine(drawn_photograph(SIZES[2], seed=1), look1.GENERATION, Limits())
    assert seen is not None
    record = PictureRecord(ObjectRef("", ""), look1.GENERATION, Outcome.INDEXED, fingerprint=computed)
    asked = questions(Asker.at_hand(record, seen), SETTINGS)
    entries = _random_entries()
    return {
        "windows_ms": _least_ms(lambda: _windows(record, seen)),
        "compare_ns": 1e6 * _least_ms(lambda: entries.scan(asked, SETTINGS.radius)) / STORED,
        "windows": len(asking_windows(Asker.at_hand(record, seen), SETTINGS)),
        "closer_ms": min(_closer_ms(record, seen) for _ in range(ROUNDS)),
        "cut_ms": _least_ms(lambda: _cut(seen)) / len(ASKING),
    }


def _windows(record: PictureRecord, seen: Seen) -> None:
    """Hash what asks, anew: what is *seen* remembers it."""
    again = Seen(seen.luma, seen.colours, seen.shown)
    questions(Asker.at_hand(record, again), SETTINGS)


def _closer_ms(record: PictureRecord, seen: Seen) -> float:
    """Return what it takes for each window, in each orientation, to tell that what it met is a stranger."""
    asker = Asker.at_hand(record, Seen(seen.luma, seen.colours, seen.shown))
    asked = questions(asker, SETTINGS)
    confirming = confirms(asker, asked)
    assert confirming is not None
    doubtful = own_words(asked) ^ np.array(_DOUBTFUL, np.uint64)
    start = time.process_time()
    confirming(np.arange(len(asked)), np.full(len(asked), SETTINGS.radius, np.uint8), doubtful)
    return 1000 * (time.process_time() - start) / len(asking_windows(asker, SETTINGS))


def _cut(seen: Seen) -> None:
    """Cut every window out anew."""
    windows = AskingWindows(seen.luma)
    for number in range(len(ASKING)):
        windows.checks(number)


def _random_entries() -> Entries:
    word_count = GENERATIONS[look1.GENERATION].word_count
    words = np.random.default_rng(1).integers(0, 2**63, (word_count, STORED), np.uint64) * 2
    entries = Entries(word_count)
    entries.adopt([Block(np.zeros((STORED, ID_BYTES), np.uint8), words, STORED)])
    return entries


def _bytes() -> dict[str, float]:
    own = item_bytes(object_item()) - KEY_BYTES
    return {
        "object_bytes": own,
        "other_bytes": stored_bytes() - own - KEY_BYTES,
        "entry_bytes": entry_bytes(GENERATIONS[look1.GENERATION].word_count),
    }


def _least_ms(work: Callable[[], object]) -> float:
    spent: list[float] = []
    for _ in range(ROUNDS):
        start = time.process_time()
        work()
        spent.append(time.process_time() - start)
    return 1000 * min(spent)
