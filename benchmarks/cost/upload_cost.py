"""What one upload costs: measured in a process of its own, against a server that notes each request."""

import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from benchmarks.cost.array_server import forget_writes, start_over
from benchmarks.cost.request_log import GET_OBJECT, READS, LoggedRequest, round_trips
from benchmarks.cost.uploader import Case, Spent, Uploader
from benchmarks.resident_memory import peak_mb, resident_mb
from handler.core import prices
from handler.wiring import THREADS

UPLOADS = 12
ENOUGH_S = 0.4  # of measuring
SLOW_MS = 5000.0  # of CPU: such an upload is measured once, with answers held, which costs the client no CPU
HELD = 3  # uploads whose answers are held: the median of their round trips, for one may meet a full segment
FEW_TRIPS = 10  # where there are more, one upload is enough, and takes its time
HOLD_S = 0.04  # how long answers are held to see what waits for what: longer than sending 16 requests takes


@dataclass(frozen=True, slots=True)
class UploadCost:
    """What one upload took."""

    uploads: int  # that were measured: what follows are means of them, and medians of times
    requests: float
    round_trips: int  # that had to follow one another
    read_units: float
    write_units: float
    s3_gets: float
    received: float  # bytes, with headers
    candidates: float  # pictures that lie near by chance, whose object items were read
    cpu_ms: float
    scan_ms: float  # of it: comparing hashes
    wall_ms: float  # at least, with servers on this machine
    grown_mb: float  # resident memory afterwards, against before anything was loaded
    peak_mb: float  # largest growth on the way

    @property
    def dollars(self) -> float:
        """Return what a million of them cost: units, GETs, and the function while it computes."""
        reads = self.read_units * prices.READ_UNIT + self.s3_gets * prices.S3_GET
        function = prices.LAMBDA_REQUEST + prices.running(self.cpu_ms / 1000)
        return 1e6 * (reads + self.write_units * prices.WRITE_UNIT + function)


@dataclass(slots=True)
class _Noted:
    """What was seen of some uploads."""

    spent: list[Spent] = field(default_factory=list)
    requests: list[LoggedRequest] = field(default_factory=list)
    trips: list[int] = field(default_factory=list)  # of those whose answers were held
    scan_ms: float = 0.0
    grown_mb: float = 0.0
    peak_mb: float = 0.0


def measure(case: Case, endpoint: str) -> UploadCost:
    """Return the cost of one upload of *case*; call it in a fresh process, which its memory is measured by."""
    forget_writes(endpoint)
    noted = _Noted()
    with ThreadPoolExecutor(THREADS) as executor:
        uploader = Uploader(case, endpoint, executor)
        uploader.warm_up()
        _note_held_uploads(uploader, endpoint, noted)
        noted.scan_ms = _scan_ms(uploader)
        _note_quick_uploads(uploader, endpoint, noted)
    return _cost(noted)


def _note_held_uploads(uploader: Uploader, endpoint: str, noted: _Noted) -> None:
    """Hold the answers to a few uploads, to see what waits for what; the first one shows how memory grows."""
    resident, peak = resident_mb(), peak_mb()
    while not noted.trips or (len(noted.trips) < HELD and noted.trips[0] <= FEW_TRIPS):
        uploader.prepare()
        start_over(endpoint, hold_s=HOLD_S)
        noted.spent.append(uploader.upload())
        if not noted.trips:
            noted.grown_mb, noted.peak_mb = resident_mb() - resident, peak_mb() - peak
        requests = start_over(endpoint)
        noted.trips.append(round_trips(requests))
        noted.requests += requests


def _note_quick_uploads(uploader: Uploader, endpoint: str, noted: _Noted) -> None:
    """Answer the other uploads at once."""
    began = time.perf_counter()
    while len(noted.spent) < UPLOADS and time.perf_counter() - began < ENOUGH_S and noted.spent[0].cpu_ms < SLOW_MS:
        uploader.prepare()
        noted.spent.append(uploader.upload())
    noted.requests += start_over(endpoint)


def _scan_ms(uploader: Uploader) -> float:
    """Return the CPU time of comparing the last questions with what is in memory."""
    spent: list[float] = []
    while uploader.remembered and len(spent) < UPLOADS and sum(spent) < ENOUGH_S * 1000:
        start = time.process_time()
        uploader.scan()
        spent.append((time.process_time() - start) * 1000)
    return statistics.median(spent or [0.0])


def _cost(noted: _Noted) -> UploadCost:
    uploads, requests = len(noted.spent), noted.requests
    return UploadCost(
        uploads=uploads,
        requests=len(requests) / uploads,
        round_trips=statistics.median_low(noted.trips),
        read_units=sum(one.units for one in requests if one.kind in READS) / uploads,
        write_units=sum(one.units for one in requests if one.kind not in READS) / uploads,
        s3_gets=sum(one.kind == GET_OBJECT for one in requests) / uploads,
        received=sum(one.sent for one in requests) / uploads,
        candidates=statistics.mean(one.candidates for one in noted.spent),
        cpu_ms=statistics.median(one.cpu_ms for one in noted.spent),
        scan_ms=noted.scan_ms,
        wall_ms=min(one.wall_ms for one in noted.spent),
        grown_mb=noted.grown_mb,
        peak_mb=noted.peak_mb,
    )
