"""Comparing hashes in memory: what a warm instance does, beside the libraries that people use for it.

All get the same hashes and the same questions, on one thread, and have to find the same rows.
"""

import argparse
import multiprocessing
import statistics
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import product
from typing import Any

import faiss
import numpy as np
import pybktree
from numpy.typing import NDArray

from benchmarks.counts import counts, short_count
from benchmarks.resident_memory import resident_mb
from handler.core.buckets import BANDS, PREFIX_BITS
from handler.core.entry import ID_BYTES, Question, entry_bytes
from handler.core.journal import Shape
from handler.core.model import Collection
from handler.core.phash import HASH_BITS, hamming
from handler.entries import Block, Entries
from training.printing import print_table, progress

COLLECTION = Collection("*", "phash1")
RADII = (6, 10, 14)
QUESTIONS = 15
FLIPS = 5  # bits between a question and a stored hash
NEAREST = 20  # k of a k-NN search: as many as a message has by default
ENOUGH_S = 2.0  # of one index at one radius: a slow one gets fewer questions
TREE_LIMIT = 10**6  # pictures: a BK-tree of more takes minutes to build in Python
NEAREST_NEIGHBOURS = f"FAISS IndexBinaryFlat, {NEAREST}-NN"
TREE = "pybktree"
MEASURABLE = 10**6  # pictures: the memory of fewer is lost in what the process takes anyway

Hashes = NDArray[np.uint64]
Answer = tuple[NDArray[Any], NDArray[Any]]  # distances and rows, in any order
Ask = Callable[[int, int], Answer]  # by hash and radius
Answers = dict[tuple[int, int], list[tuple[int, int]]]  # by hash and radius: distances and rows, sorted


@dataclass(frozen=True, slots=True)
class Timing:
    """What one index took."""

    name: str
    pictures: int
    bytes_each: float | None  # growth of resident memory per picture
    build_s: float
    ms: dict[int, float]  # CPU per question by radius, median


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--stored",
        type=counts,
        default="1k,100k,1M,10M",
        metavar="SIZES",
        help="how many pictures are stored (default: %(default)s)",
    )


def run(options: argparse.Namespace) -> int:
    """Print what each index takes over each number of pictures. Raises AssertionError if two disagree."""
    every = product(options.stored, INDEXES)
    work = [(pictures, name) for pictures, name in every if name != TREE or pictures <= TREE_LIMIT]
    timings: list[Timing] = []
    answers: dict[tuple[int, str], Answers] = {}
    spawn = multiprocessing.get_context("spawn")  # a process each: memory that is given back is not seen to grow
    with progress() as bar, ProcessPoolExecutor(1, mp_context=spawn, max_tasks_per_child=1) as pool:
        task = bar.add_task("", total=len(work))
        for pictures, name in work:
            bar.update(task, description=f"{short_count(pictures)} pictures, {name}")
            timing, answers[pictures, name] = pool.submit(measure, pictures, name).result()
            timings.append(timing)
            _compare(name, answers[pictures, name], answers[pictures, next(iter(INDEXES))])
            bar.advance(task)
    _print(timings)
    return 0


def _print(timings: Sequence[Timing]) -> None:
    rows = [
        (
            timing.name,
            short_count(timing.pictures),
            *(f"{timing.ms[radius]:,.3g}" for radius in RADII),
            "" if timing.bytes_each is None else f"{timing.bytes_each:,.0f}",
            f"{timing.build_s:.1f}",
        )
        for timing in timings
    ]
    print_table(
        "Comparing in memory, one thread: CPU ms per question",
        ("index", "pictures", *(f"radius {radius}" for radius in RADII), "bytes a picture", "build s"),
        rows,
        note=f"Medians of {QUESTIONS} questions, or of those that {ENOUGH_S:g} s allow. All found the same rows at the "
        f"same distances ({NEAREST}-NN: the same {NEAREST} nearest ones within the radius). Entries keep a 16-byte "
        "object id a picture, the others know rows only; bytes are growth of resident memory. Multi-hash: 4 tables of "
        "16 bits, with 1, 2, 3 flips for radius 6, 10, 14, which is exact. BK-tree: up to "
        f"{short_count(TREE_LIMIT)} pictures.",
    )


def measure(pictures: int, name: str) -> tuple[Timing, Answers]:
    """Return what one index takes over random hashes, and what it found; call it in a fresh process."""
    faiss.omp_set_num_threads(1)
    rng = np.random.default_rng(pictures)
    hashes = rng.integers(0, 1 << HASH_BITS, pictures, dtype=np.uint64)
    questions = [_near(rng, int(hash)) for hash in rng.choice(hashes, QUESTIONS)]
    before, start = resident_mb(), time.perf_counter()
    ask = INDEXES[name](hashes)
    build_s = time.perf_counter() - start
    grown = (resident_mb() - before) * (1 << 20) / pictures
    answers: Answers = {}
    ms = {radius: _median_ms(ask, questions, radius=radius, answers=answers) for radius in RADII}
    return Timing(name, pictures, grown if pictures >= MEASURABLE else None, build_s, ms), answers


def _median_ms(ask: Ask, questions: Sequence[int], *, radius: int, answers: Answers) -> float:
    """Return the median CPU time of a question, and put what each found into *answers*."""
    spent: list[float] = []
    for hash in questions:
        start = time.process_time()
        distances, rows = ask(hash, radius)
        spent.append(time.process_time() - start)
        answers[hash, radius] = sorted(zip(distances.tolist(), rows.tolist(), strict=True))
        if sum(spent) > ENOUGH_S:
            break
    return 1000 * statistics.median(spent)


def _compare(name: str, answers: Answers, expected: Answers) -> None:
    for asked, pairs in answers.items():
        if name == NEAREST_NEIGHBOURS:  # which of several at the last distance is open
            assert [near for near, _ in pairs] == [near for near, _ in expected[asked]][:NEAREST], (name, asked)
        else:
            assert pairs == expected[asked], (name, asked)


def _near(rng: np.random.Generator, hash: int) -> int:
    """Return *hash* with some bits flipped, so that there is something to find."""
    return hash ^ sum(1 << int(bit) for bit in rng.choice(HASH_BITS, FLIPS, replace=False))


def _entries(hashes: Hashes) -> Ask:
    """What a warm instance has: blocks as packs bring them."""
    entries = Entries(1)
    shape = Shape()
    rows = shape.pack_sizes[1] * shape.capacity(COLLECTION, entry_bytes(1))
    for start in reversed(range(0, len(hashes), rows)):
        column = hashes[start : start + rows].copy()
        ids = np.frombuffer(np.random.default_rng(start).bytes(ID_BYTES * len(column)), np.uint8)
        entries.adopt([Block(ids.reshape(-1, ID_BYTES), column[np.newaxis], len(column))])

    def ask(hash: int, radius: int) -> Answer:
        hits = entries.scan([Question(hash)], radius)
        return hits.distances, hits.rows

    return ask


def _whole_array(hashes: Hashes) -> Ask:
    stored = hashes.copy()

    def ask(hash: int, radius: int) -> Answer:
        distances = np.bitwise_count(stored ^ np.uint64(hash))
        rows = np.flatnonzero(distances <= radius)
        return distances[rows], rows

    return ask


def _flat(hashes: Hashes) -> Ask:
    index = faiss.IndexBinaryFlat(HASH_BITS)
    index.add(_as_bytes(hashes))

    def ask(hash: int, radius: int) -> Answer:
        _, distances, rows = index.range_search(_as_bytes([hash]), radius + 1)  # FAISS: below the radius
        return distances.astype(int), rows

    return ask


def _flat_nearest(hashes: Hashes) -> Ask:
    index = faiss.IndexBinaryFlat(HASH_BITS)
    index.add(_as_bytes(hashes))

    def ask(hash: int, radius: int) -> Answer:
        (distances,), (rows,) = index.search(_as_bytes([hash]), NEAREST)
        near = distances <= radius
        return distances[near], rows[near]

    return ask


def _multi_hash(hashes: Hashes) -> Ask:
    index = faiss.IndexBinaryMultiHash(HASH_BITS, BANDS, PREFIX_BITS)
    index.add(_as_bytes(hashes))

    def ask(hash: int, radius: int) -> Answer:
        index.nflip = radius // BANDS  # as many flips in one of four bands at least, by the pigeonhole principle
        _, distances, rows = index.range_search(_as_bytes([hash]), radius + 1)
        return distances.astype(int), rows

    return ask


def _tree(hashes: Hashes) -> Ask:
    rows = dict(zip(hashes.tolist(), range(len(hashes)), strict=True))
    tree = pybktree.BKTree(hamming, rows)

    def ask(hash: int, radius: int) -> Answer:
        found = tree.find(hash, radius)
        return np.array([distance for distance, _ in found]), np.array([rows[one] for _, one in found])

    return ask


def _as_bytes(hashes: Hashes | list[int]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(hashes, np.uint64).view(np.uint8).reshape(-1, HASH_BITS // 8)


INDEXES: dict[str, Callable[[Hashes], Ask]] = {
    "Entries.scan": _entries,
    "numpy, whole array": _whole_array,
    "FAISS IndexBinaryFlat, range": _flat,
    NEAREST_NEIGHBOURS: _flat_nearest,
    "FAISS IndexBinaryMultiHash": _multi_hash,
    TREE: _tree,
}
