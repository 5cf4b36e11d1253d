"""What a month costs: prices, what was measured of one upload, and what is assumed of the month, multiplied.

For one collection by `look1` at the template's defaults but for what a `Month` says. Neither the pictures' own storage
and transfer nor AWS's free tier is part of it.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, fields
from typing import Any

from handler.core import prices
from handler.core.journal import Shape
from handler.core.model import Collection
from handler.core.packing import Load, Making, kept_in_packs

ALARMS = 11  # metrics that the alarms of the template watch: each is paid for
POLLED_QUEUES = 1  # of the template: those that Lambda reads, whether anything is in them or not

ASSUMED = "assumed"
TESTED = "held by tests"
ONE_CPU_MB = 1769  # of a function's memory; with less it has a share of one
_WRITE_UNIT_BYTES = 1024
_HOURS, _GB, _MB = 720, 1e9, 1e6
_COLLECTION, _SHAPE = Collection("*", "look1"), Shape()
_POLLS = 5 * 3 * 60 * _HOURS  # of an empty queue in a month: five readers of Lambda's wait 20 seconds each


def counted(value: float, unit: str, what: str, by: str) -> Any:
    """Return a field for a count whose *value* the command *by* prints."""
    return field(default=value, metadata={"unit": unit, "what": what, "by": by})


@dataclass(frozen=True, slots=True)
class Counts:
    """What one upload takes."""

    fingerprint_ms: float = counted(3.5, "CPU ms", "fingerprinting a JPEG file, whatever its size", "counts")
    megapixel_ms: float = counted(2.0, "CPU ms", "decoding each megapixel of it", "counts")
    handler_ms: float = counted(3.6, "CPU ms", "requests to AWS, and all else that an upload needs", "search")
    windows_ms: float = counted(8.2, "CPU ms", "hashing what asks beside the views", "counts")
    compare_ns: float = counted(150.0, "CPU ns", "comparing it with each stored picture", "counts")
    strangers: float = counted(12.5e-6, "of those stored", "are read and rejected; two thirds landscapes", "strangers")
    looked_at: float = counted(0.5, "of strangers", "are looked at", "strangers")
    stranger_ms: float = counted(0.06, "CPU ms", "parsing and rejecting one", "parsing")
    closer: float = counted(278.0, "times as many", "are told apart by words near a window that they met", "strangers")
    windows: float = counted(102.0, "windows", "ask; each that meets such a one looks closer, once", "counts")
    closer_ms: float = counted(0.023, "CPU ms", "for each window that looks closer", "counts")
    cut: float = counted(1.0, "times as many", "windows are cut out, for all check bits", "strangers")
    cut_ms: float = counted(0.67, "CPU ms", "for each window that is cut out", "counts")
    look_ms: float = counted(20.0, "CPU ms", "decoding a stored picture and looking at it", "looking")
    write_units: float = counted(2.0, "units", "object and journal", "search")
    buckets_from: float = counted(565_000.0, "pictures", "in a scope from which on they are, at the defaults", TESTED)
    buckets_units: float = counted(5.0, "units", "holder and 4 buckets, from then on", "items")
    buckets_ms: float = counted(3.9, "CPU ms", "for these requests, and reading the tail", "search")
    buckets_bytes: float = counted(261.0, "bytes", "of these, with what is charged an item", "items")
    object_bytes: float = counted(899.0, "bytes", "of an object item, beside the key", "items")
    other_bytes: float = counted(439.0, "bytes", "kept besides for each picture, with what is charged an item", "items")
    tail_units: float = counted(1.0, "units", "reading the journal's tail, from then on: no append tells it", "search")
    entry_bytes: float = counted(296.0, "bytes", "of an entry, which an instance loads", "search")
    match_reads: float = counted(3.0, "units", "its object, its pair, what was decided of it", ASSUMED)
    match_writes: float = counted(3.0, "units", "noted, marked as announced, and filed for review", ASSUMED)
    line_bytes: float = counted(412.0, "bytes", "of an upload's line, beside the key", TESTED)
    event_bytes: float = counted(26.0, "bytes", "that CloudWatch adds to it", ASSUMED)
    get_ms: float = counted(20.0, "ms", "waiting for an object of S3", ASSUMED)
    write_ms: float = counted(
        12.0, "ms", "waiting for a write; of the two that follow one another, while computing", ASSUMED
    )
    read_ms: float = counted(8.0, "ms", "waiting for a read of DynamoDB", ASSUMED)
    start_ms: float = counted(1500.0, "ms", "before a new instance handles an event", ASSUMED)
    starts: float = counted(720.0, "instances", "that start in a month, one an hour", ASSUMED)
    loaded_mb_s: float = counted(50.0, "MB a second", "of the journal, by an instance that starts", ASSUMED)


COUNTS = Counts()


@dataclass(frozen=True, slots=True)
class Month:
    """What happens in a month."""

    pictures: int  # stored, in the collection that each upload is compared with
    uploads: int
    megapixels: float = 2.0  # of a JPEG file
    matches: float = 0.0  # of an upload, on average
    questions: int = 0  # files that the other function is asked about
    memory_mb: int = ONE_CPU_MB  # `MemorySize`
    key_bytes: int = 100
    architecture: str = "x86_64"  # which is taken to compute as fast as the other


@dataclass(frozen=True, slots=True)
class Charge:
    """A line of the bill."""

    service: str
    what: str
    quantity: float
    unit: str
    price: float  # dollars for one unit

    @property
    def dollars(self) -> float:
        """What the line comes to."""
        return self.quantity * self.price


def bill(month: Month, counts: Counts = COUNTS) -> list[Charge]:
    """Return the lines of a month's bill, service by service; all of them, also those that are zero."""
    return [*_dynamodb(month, counts), *_s3(month, counts), *_lambda(month, counts), *_rest(month, counts)]


def total(items: Sequence[Charge]) -> float:
    """Return the dollars of all *items*."""
    return sum(item.dollars for item in items)


def _dynamodb(month: Month, counts: Counts) -> Iterator[Charge]:
    uploads, searches = month.uploads, month.uploads + month.questions
    further = math.ceil((counts.object_bytes + month.key_bytes) / _WRITE_UNIT_BYTES) - 1
    in_buckets = _in_buckets(month, counts)
    picture_bytes = counts.object_bytes + month.key_bytes + counts.other_bytes + in_buckets * counts.buckets_bytes
    kept = month.pictures * picture_bytes / _GB
    found = uploads * month.matches
    units = (
        ("writes: index", uploads * (counts.write_units + further), prices.WRITE_UNIT),
        ("writes: buckets", uploads * in_buckets * counts.buckets_units, prices.WRITE_UNIT),
        ("writes: pairs", found * counts.match_writes, prices.WRITE_UNIT),
        ("reads: journal", _tails(month, counts) * counts.tail_units + _packing_units(month, counts), prices.READ_UNIT),
        ("reads: strangers", searches * _strangers(month, counts), prices.READ_UNIT),
        ("reads: matches", found * counts.match_reads + uploads * min(1.0, month.matches), prices.READ_UNIT),
    )
    for what, quantity, price in units:
        yield Charge("DynamoDB", what, quantity, "units", price)
    yield Charge("DynamoDB", "storage", kept, "GB", prices.DYNAMODB_GB_MONTH)
    yield Charge("DynamoDB", "recovery", kept, "GB", prices.DYNAMODB_BACKUP_GB_MONTH)


def _s3(month: Month, counts: Counts) -> Iterator[Charge]:
    looks = _looks(month, counts) * (month.uploads + month.questions) + month.uploads * month.matches
    capacity = _capacity(counts)
    filled, making = month.uploads / capacity, Making.of(_SHAPE)
    loaded = _starts(month, counts) * Load.of(month.pictures, _SHAPE, capacity).gets
    kept = kept_in_packs(month.pictures, _SHAPE, capacity) * counts.entry_bytes / _GB
    yield Charge("S3", "pictures", month.uploads, "GETs", prices.S3_GET)
    yield Charge("S3", "looks", looks, "GETs", prices.S3_GET)
    yield Charge("S3", "packs, written", filled * making.puts, "PUTs", prices.S3_PUT)
    yield Charge("S3", "packs, read", loaded + filled * making.gets, "GETs", prices.S3_GET)
    yield Charge("S3", "packs, kept", kept, "GB", prices.S3_GB_MONTH)


def _lambda(month: Month, counts: Counts) -> Iterator[Charge]:
    second = prices.running(1, memory_mb=month.memory_mb, architecture=month.architecture)
    slower = max(1.0, ONE_CPU_MB / month.memory_mb)
    computed_s = slower * computing_ms(month, counts) / 1000
    waiting_s = waiting_ms(month, counts) / 1000
    asked_s = slower * (computing_ms(month, counts) - counts.look_ms * month.matches) / 1000 + waiting_s
    loading_s = slower * month.pictures * counts.entry_bytes / _MB / counts.loaded_mb_s
    start_s = slower * counts.start_ms / 1000 + loading_s
    yield Charge("Lambda", "requests", month.uploads + month.questions, "requests", prices.LAMBDA_REQUEST)
    yield Charge("Lambda", "computing", month.uploads * computed_s, "seconds", second)
    yield Charge("Lambda", "waiting", month.uploads * waiting_s, "seconds", second)
    yield Charge("Lambda", "questions", month.questions * asked_s, "seconds", second)
    yield Charge("Lambda", "cold starts", _starts(month, counts) * start_s, "seconds", second)


def _rest(month: Month, counts: Counts) -> Iterator[Charge]:
    lines = month.uploads + month.questions
    line = counts.line_bytes + month.key_bytes + counts.event_bytes
    yield Charge("CloudWatch", "log", lines * line / _GB, "GB", prices.LOG_GB + prices.LOG_GB_MONTH)
    yield Charge("CloudWatch", "alarms", ALARMS, "alarms", prices.ALARM_MONTH)
    yield Charge("SNS", "messages", month.uploads * min(1.0, month.matches), "messages", prices.SNS_PUBLISH)
    yield Charge("SQS", "polling", POLLED_QUEUES * _POLLS, "requests", prices.SQS_REQUEST)


def computing_ms(month: Month, counts: Counts = COUNTS) -> float:
    """Return the milliseconds of one CPU that an upload takes."""
    ms = counts.fingerprint_ms + counts.megapixel_ms * month.megapixels + counts.handler_ms
    ms += counts.buckets_ms * _in_buckets(month, counts) + _comparing_ms(month, counts)
    ms += counts.stranger_ms * _strangers(month, counts)
    return ms + counts.look_ms * (_looks(month, counts) + month.matches)


def waiting_ms(month: Month, counts: Counts = COUNTS) -> float:
    """Return the milliseconds that an upload waits for services.

    Two writes follow one another while what is remembered is compared. Reads, and looks, are made in parallel, by those
    uploads that need one.
    """
    slower = max(1.0, ONE_CPU_MB / month.memory_mb)
    reads = -math.expm1(-_strangers(month, counts) - month.matches) + _in_buckets(month, counts)
    looks = -math.expm1(-_looks(month, counts) - month.matches)
    writes = max(0.0, 2 * counts.write_ms - slower * _comparing_ms(month, counts))
    return counts.get_ms * (1 + looks) + writes + counts.read_ms * reads


def _comparing_ms(month: Month, counts: Counts) -> float:
    """Return the milliseconds of one CPU that what asks takes, and comparing it with what is remembered."""
    read = _strangers(month, counts)
    closer, cut = (
        counts.windows * -math.expm1(-met * read / counts.windows)  # as balls that fall into boxes
        for met in (counts.closer, counts.cut)
    )
    compared = counts.compare_ns * month.pictures / 1e6
    return counts.windows_ms + compared + counts.closer_ms * closer + counts.cut_ms * cut


def _tails(month: Month, counts: Counts) -> int:
    """Return how often the journal's tail is read: by whoever appends nothing, and where there are buckets."""
    return month.questions + month.uploads * _in_buckets(month, counts)


def _in_buckets(month: Month, counts: Counts) -> int:
    """Return 1 if the pictures are filed in the buckets, too, and else 0."""
    return int(month.pictures >= counts.buckets_from)


def _strangers(month: Month, counts: Counts) -> float:
    """Return how many pictures an upload reads that turn out to be others."""
    return month.pictures * counts.strangers


def _looks(month: Month, counts: Counts) -> float:
    """Return how many of them it looks at."""
    return counts.looked_at * _strangers(month, counts)


def _capacity(counts: Counts) -> int:
    """Return how many entries fill a segment of the journal."""
    return _SHAPE.capacity(_COLLECTION, round(counts.entry_bytes))


def _packing_units(month: Month, counts: Counts) -> float:
    """Return the units by which packs are made, and those of what is in none yet by the time that an instance starts.

    That is between nothing and a pack: half of one.
    """
    capacity = _capacity(counts)
    tails = _starts(month, counts) * Load.of(month.pictures, _SHAPE, capacity).most_units / 2
    return tails + month.uploads / capacity * Making.of(_SHAPE).units


def _starts(month: Month, counts: Counts) -> float:
    return min(counts.starts, month.uploads + month.questions)


def described(counts: Counts = COUNTS) -> Iterator[tuple[str, float, str, str, str]]:
    """Yield name, value, unit, meaning and origin of each count.

    Its origin is a part of `python -m benchmarks`, TESTED or ASSUMED.
    """
    for one in fields(counts):
        about = one.metadata
        yield one.name, getattr(counts, one.name), about["unit"], about["what"], about["by"]
