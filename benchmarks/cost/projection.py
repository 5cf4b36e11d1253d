"""What an upload costs with more pictures than were measured: units by the skew, CPU by what was measured."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from benchmarks.cost.array_tables import KEY_BYTES, WRITE_UNIT_BYTES
from benchmarks.cost.bucket_skew import BucketSkew
from benchmarks.cost.measured_cases import Costs
from handler.aws.buckets import PAGE_MEMBERS
from handler.core import prices
from handler.core.buckets import BANDS, MEMBER_BYTES, PREFIX_BITS, probe_count, probes
from handler.core.entry import entry_bytes
from handler.core.found import Route
from handler.finding import CANDIDATES_AT_ONCE

MEMORIES_MB = (512, 8192)  # JournalMemory: its default and its maximum
MEMORY_SIZE_MB = 1769  # MemorySize: its default
ENTRY_BYTES = entry_bytes(1)
LOADING_BYTES_PER_S = 50e6  # cautious: what one instance gets from S3
OTHER_WRITES = 3  # the object, the holder of its hash, the journal's entry: a unit each

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Speed:
    """CPU ms of an upload, fitted to what was measured."""

    base: float  # that no search adds to
    compared: float  # each million hashes compared
    candidate: float  # each candidate out of the journal
    probe: float  # each bucket read
    member: float  # each thousand members of them
    holder: float  # each hash whose holder is asked for


def fitted(costs: Costs) -> Speed:
    """Return the CPU of an upload's parts: non-negative least squares over the measured uploads."""
    one_view = [(case, cost) for case, cost in costs.items() if case.size.view_count == 1]
    warm = [(case, cost) for case, cost in one_view if case.route is Route.WARM]
    probed = [(case, cost) for case, cost in one_view if case.route is Route.PROBED]
    compared = [case.orientations * case.size.pictures / 1e6 for case, _ in warm]
    scans = [cost.scan_ms for _, cost in warm]
    journal, _ = nnls([(1, cost.candidates) for _, cost in warm], [cost.cpu_ms - cost.scan_ms for _, cost in warm])
    asked = [case.orientations * probe_count(case.radius) for case, _ in probed]
    parts = [
        (number, number * case.size.pictures / (1 << PREFIX_BITS) / 1e3, cost.candidates)
        for number, (case, cost) in zip(asked, probed, strict=True)
    ]
    buckets, _ = nnls(parts, [max(0.0, cost.cpu_ms - journal[0]) for _, cost in probed])
    return Speed(journal[0], float(np.dot(compared, scans) / np.dot(compared, compared)), journal[1], *buckets)


class Projection:
    """So many pictures, one view each, with the skew of photographs."""

    def __init__(self, pictures: float, skew: BucketSkew, speed: Speed) -> None:
        self.pictures, self._skew, self._speed = pictures, skew, speed
        self._members = pictures * skew.shares
        self.pages = np.maximum(1, np.ceil(self._members / PAGE_MEMBERS))  # an absent page costs a unit, too

    @property
    def entry_mb(self) -> float:
        """What the journal's entries take of an instance's memory."""
        return self.pictures * ENTRY_BYTES / (1 << 20)

    @property
    def loading_s(self) -> float:
        """How long a cold instance takes to load them, at LOADING_BYTES_PER_S."""
        return self.pictures * ENTRY_BYTES / LOADING_BYTES_PER_S

    def strangers(self, radius: int) -> float:
        """Return how many unrelated pictures are within *radius* of one."""
        return float(self.pictures * self._skew.near[radius])

    def candidates(self, radius: int) -> float:
        """Return how many of them are read: the first page has more live ones than a message lists."""
        return min(CANDIDATES_AT_ONCE, self.strangers(radius))

    def probing_units(self, radius: int) -> float:
        """Return the read units of all pages of all buckets that an average question probes."""
        return self._over_probes(self.pages, radius)

    @cached_property
    def add_units(self) -> Floats:
        """The write units of adding a member to each bucket: to its last page, which a crowded collection asks for."""
        fills = np.arange(1, PAGE_MEMBERS + 1)
        mean = np.ceil((KEY_BYTES + MEMBER_BYTES * fills) / WRITE_UNIT_BYTES).mean()
        one_page = np.ceil((KEY_BYTES + MEMBER_BYTES * (self._members + 1)) / WRITE_UNIT_BYTES)
        return np.where(self._members < PAGE_MEMBERS, one_page, mean)

    @property
    def write_units(self) -> float:
        """The write units of one upload."""
        return OTHER_WRITES + float((self._skew.shares * self.add_units).sum())

    @property
    def writing(self) -> float:
        """The dollars of an upload's writes, and of the reads that find the last page of a bucket."""
        last_pages = float((self._skew.shares * (self._members >= PAGE_MEMBERS)).sum())
        return self.write_units * prices.WRITE_UNIT + last_pages * prices.READ_UNIT

    def by_journal(self, radius: int) -> float:
        """Return the dollars of an upload to a warm instance, which has memory for all entries."""
        cpu_ms = self._speed.base + self._speed.compared * self.pictures / 1e6
        cpu_ms += self._speed.candidate * self.candidates(radius)
        memory_mb = MEMORY_SIZE_MB + max(0.0, self.entry_mb - MEMORIES_MB[0])
        function = prices.LAMBDA_REQUEST + prices.running(cpu_ms / 1000, memory_mb=math.ceil(memory_mb))
        return self.writing + prices.reading(read_units=1 + self.candidates(radius)) + function

    def by_probing(self, radius: int) -> float:
        """Return the dollars of an upload to an instance that reads the buckets."""
        speed, candidates = self._speed, self.candidates(radius)
        cpu_ms = speed.base + speed.probe * probe_count(radius) + speed.holder * candidates
        cpu_ms += speed.member * self._over_probes(self._members, radius) / 1000
        units = self.probing_units(radius) + 2 * candidates  # its holder, and its object
        return self.writing + prices.reading(read_units=units) + prices.LAMBDA_REQUEST + prices.running(cpu_ms / 1000)

    def hottest_write_units(self) -> float:
        """Return the write units an upload that go to the busiest bucket."""
        return float((self._skew.shares * self.add_units).max())

    def hottest_read_units(self, radius: int) -> float:
        """Return the read units a search that go to the busiest bucket."""
        asked = [_around(self._skew.shares[band], reach) for band, reach in _reaches(radius)]
        pages = [self.pages[band] for band, _ in _reaches(radius)]
        return float((np.array(asked) * np.array(pages)).max())

    def _over_probes(self, of_buckets: Floats, radius: int) -> float:
        """Sum up *of_buckets* over the buckets that an average question probes."""
        return sum(
            float(self._skew.shares[band] @ _around(of_buckets[band], reach)) for band, reach in _reaches(radius)
        )


def room(memory_mb: int) -> float:
    """Return how many pictures' entries fit in *memory_mb*."""
    return memory_mb * (1 << 20) / ENTRY_BYTES


def _reaches(radius: int) -> list[tuple[int, int]]:
    """Return within what distance of a question's prefix each band is probed."""
    asked = probes(0, radius)
    return [
        (band, max((bucket.prefix.bit_count() for bucket in asked if bucket.band == band), default=0))
        for band in range(BANDS)
        if any(bucket.band == band for bucket in asked)
    ]


def _around(values: Floats, reach: int) -> Floats:
    """Return for each prefix the sum of *values* over all prefixes within *reach* bits of it."""
    shells = [values] + [np.zeros_like(values)] * reach  # by the number of bits that are flipped so far
    for bit in range(PREFIX_BITS):
        for flips in range(reach, 0, -1):
            flipped = shells[flips - 1].reshape(-1, 2, 1 << bit)[:, ::-1].reshape(-1)
            shells[flips] = shells[flips] + flipped
    around: Floats = np.sum(shells, axis=0)
    return around
