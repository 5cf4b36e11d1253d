"""What a match costs: an upload that a look finds to be the copy of another picture, beside one that is like nothing.

Both are drawn JPEG files of 12 megapixels. With a match the other picture is decoded, too, and both are laid over each
other. And what a stranger of 2 megapixels costs that a look rejects at its end: most of those that check bits let pass
are placed somewhere, from three starts, and told apart by their blocks. Requests are not counted: the CPU is.
"""

import argparse
import os

os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # as in the function; before numpy is imported

import statistics
import time
from io import BytesIO

from PIL import Image, ImageEnhance

from benchmarks.drawn_photograph import drawn_photograph
from handler.core.asker import Asker
from handler.core.bill import COUNTS
from handler.core.fingerprint import examine, seen_again
from handler.core.judging import judged
from handler.core.matches import Likeness, Match
from handler.core.model import Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import match, questions
from handler.core.seen import Seen
from training.printing import print_table

SIZE = (4000, 3000)
STRANGERS_SIZE = (1632, 1224)
STRANGE = 0.6  # of the stranger's pixels; with more of them it is placed nowhere, which ends a look early
ROUNDS = 9  # interleaved, so that both meet the same noise
SETTINGS = Settings("look1", 12, max_matches=1, scope_depth=0, limits=Limits(), max_looks=1)


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add no options: there are none."""


def run(_: argparse.Namespace) -> int:
    """Print CPU time without and with a match, and the ratio."""
    original = drawn_photograph(SIZE, seed=1)
    copy = _edited(original)
    stored = _asker("stored", original).record
    without, looking = list[float](), list[float]()
    for _round in range(ROUNDS + 1):
        start = time.process_time()
        asker = _asker("uploaded", copy)
        questions(asker, SETTINGS)
        decoded = time.process_time()
        _look(asker, stored, original)
        without.append((decoded - start) * 1000)
        looking.append((time.process_time() - decoded) * 1000)
    alone, more = statistics.median(without[1:]), statistics.median(looking[1:])
    print_table(
        "A match beside none, 12 megapixels both",
        ("what", "CPU ms", "times"),
        [
            ("decode, fingerprint and ask", f"{alone:.1f}", "1"),
            ("the same, and decode the match and look", f"{alone + more:.1f}", f"{(alone + more) / alone:.2f}"),
        ],
        note=f"Medians of {ROUNDS} interleaved rounds, after one that warms up. The budget of 2.1 is for all of an "
        "upload, with its requests.",
    )
    print_table(
        "A stranger, 2 megapixels both",
        ("count", "measured", "in the bill"),
        [("look_ms", f"{_stranger_ms():.1f}", f"{COUNTS.look_ms:.1f}")],
        note=f"CPU of decoding it and looking at it, the least of {ROUNDS} rounds. Other work on the machine makes it "
        "up to twice as much, so take the least of several runs.",
    )
    return 0


def _stranger_ms() -> float:
    """Return the least CPU of decoding a picture that has something in common with another one, and rejecting it."""
    mine, theirs = (drawn_photograph(STRANGERS_SIZE, seed) for seed in (1, 2))
    body = _blended(mine, theirs)
    seen, stored = _asker("uploaded", mine).seen, _asker("stored", body).record
    assert seen is not None
    proposed = Match(stored, Likeness(MatchKind.ALIKE, SETTINGS.radius))
    times = list[float]()
    for _ in range(ROUNDS):
        asking = Seen(seen.luma, seen.colours, seen.shown)  # anew: it remembers what was made for a look
        start = time.process_time()
        looked = judged(proposed, asking, seen_again(body, stored, SETTINGS.limits))
        times.append((time.process_time() - start) * 1000)
        assert looked.kind is MatchKind.ALIKE
        assert looked.laid is not None
    return min(times)


def _blended(mine: bytes, theirs: bytes) -> bytes:
    file = BytesIO()
    with Image.open(BytesIO(mine)) as one, Image.open(BytesIO(theirs)) as other:
        Image.blend(one, other, STRANGE).save(file, "JPEG", quality=85)
    return file.getvalue()


def _edited(body: bytes) -> bytes:
    file = BytesIO()
    with Image.open(BytesIO(body)) as image:
        ImageEnhance.Brightness(image).enhance(1.1).save(file, "JPEG", quality=80)
    return file.getvalue()


def _asker(name: str, body: bytes) -> Asker:
    computed, seen = examine(body, SETTINGS.generation, SETTINGS.limits)
    ref = ObjectRef("", name)
    return Asker.at_hand(PictureRecord(ref, SETTINGS.generation, Outcome.INDEXED, fingerprint=computed), seen)


def _look(asker: Asker, stored: PictureRecord, body: bytes) -> None:
    found = match(asker, stored, SETTINGS)
    assert found is not None
    assert asker.seen is not None
    looked = judged(found, asker.seen, seen_again(body, stored, SETTINGS.limits))
    assert looked.kind is MatchKind.NEAR
