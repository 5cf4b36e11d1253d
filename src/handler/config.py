"""The settings of the deployed function, read once from its environment."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from handler.core.buckets import MAX_RADIUS
from handler.core.formats import BYTES_PER_PIXEL
from handler.core.generations import DEFAULT_GENERATION, GENERATIONS, Generation
from handler.core.journal import MAX_SHARDS
from handler.core.model import EFFORTS, LIST_NAME, MAX_LISTS, ORIENTATIONS, TELLS, Limits, MatchKind, Settings
from handler.core.prices import READ_UNIT

T = TypeVar("T")

MAX_JOURNAL_MEMORY_MB = 8192
BASE_MB = 150  # what the interpreter, the libraries and requests under way take
MAX_READ_COST = 1_000_000  # dollars for the reads of a million uploads
LEAST_JOURNAL_MB = 128  # a million pictures by look1
MAX_LOOKS = 200  # of one picture: some seven seconds
LISTS = f"{LIST_NAME}(,{LIST_NAME}){{0,{MAX_LISTS - 1}}}"
COPIES = 2  # of the file: the one that was read, and a decoder's own (WEBP's, and TIFF's)


class BadConfiguration(Exception):
    """Some variables are missing or out of range; the message names every one of them."""


@dataclass(frozen=True, slots=True)
class Config:
    """All settings; `template.yaml` declares each as a parameter of the stack."""

    bucket_table: str
    picture_table: str
    packs_bucket: str
    topic_arn: str
    intake_queue_url: str
    journal_memory_mb: int  # for journals that an instance remembers; less where decoding needs the room
    buckets_from_bytes: int  # of a journal whose pictures are in the buckets, too
    journal_shards: int
    settings: Settings
    also_generation: str | None  # written as well but not searched, while a deployment moves between the two
    usual_read_units: int  # that an object may consume before its reads are dear
    endpoint_url: str | None  # an emulator's; None is AWS

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Config":
        """Return the configuration in *env*; raise BadConfiguration that names all bad variables."""
        reader = _Variables(env)
        journal_memory_mb = reader.integer("JOURNAL_MEMORY", 0, MAX_JOURNAL_MEMORY_MB)
        limits, journal_memory_mb = reader.shared_memory(reader.limits(), journal_memory_mb)
        config = cls(
            bucket_table=reader.text("BUCKET_TABLE"),
            picture_table=reader.text("PICTURE_TABLE"),
            packs_bucket=reader.text("PACKS_BUCKET"),
            topic_arn=reader.text("TOPIC_ARN", "arn:[^:]+:sns:[^:]+:[0-9]+:.+", "an SNS topic's ARN"),
            intake_queue_url=reader.text("INTAKE_QUEUE_URL", "https?://.+", "the URL of an SQS queue"),
            journal_memory_mb=journal_memory_mb,
            buckets_from_bytes=(journal_memory_mb << 20) * reader.integer("BUCKETS_FROM", 0, 100) // 100,
            journal_shards=reader.integer("JOURNAL_SHARDS", 1, MAX_SHARDS),
            also_generation=reader.optional("ALSO_GENERATION", *_one_of(GENERATIONS)),
            usual_read_units=round(reader.integer("ALARM_READ_COST", 1, MAX_READ_COST) / 1_000_000 / READ_UNIT),
            settings=Settings(
                generation=reader.text("GENERATION", *_one_of(GENERATIONS)),
                radius=reader.integer("RADIUS", 0, MAX_RADIUS),
                orientations=reader.orientations("ORIENTATIONS", "GENERATION"),
                effort=reader.text("EFFORT", *_one_of(EFFORTS)),
                max_matches=reader.integer("MAX_MATCHES", 1, 100),
                scope_depth=reader.integer("SCOPE_DEPTH", 0, 8),
                limits=limits,
                max_looks=reader.looks("MAX_LOOKS", "GENERATION"),
                sure_radius=reader.generation("GENERATION").sure_radius,
                tell=MatchKind(reader.text("TELL", *_one_of(TELLS)) or MatchKind.ALTERED),
                lists=reader.several("LISTS", LISTS, f"up to {MAX_LISTS} names of lists with commas between"),
                priority=reader.several("PRIORITY", "[^,]+(,[^,]+)*", "beginnings of keys with commas between"),
            ),
            endpoint_url=reader.optional("ENDPOINT_URL", "https?://.+", "a URL"),
        )
        reader.different("ALSO_GENERATION", "GENERATION")
        reader.finish()
        return config


def _one_of(names: Iterable[str]) -> tuple[str, str]:
    """Return the pattern of *names*, and how to ask for one of them."""
    return "|".join(names), "one of " + ", ".join(names)


class _Variables:
    """Reads variables and collects what is wrong with them, so that one error names it all."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._problems: list[str] = []

    def text(self, name: str, pattern: str = ".+", want: str = "a name") -> str:
        return self._read(name, str, lambda value: bool(re.fullmatch(pattern, value)), want) or ""

    def optional(self, name: str, pattern: str, want: str) -> str | None:
        return self.text(name, pattern, want) if self._env.get(name) else None

    def several(self, name: str, pattern: str, want: str) -> tuple[str, ...]:
        """Return what is between the commas, each once; nothing if it is empty."""
        text = self.optional(name, pattern, want)
        return tuple(dict.fromkeys(text.split(","))) if text else ()

    def looks(self, name: str, generation: str) -> int:
        """Return how many looks *name* allows; empty, as many as are usual for the *generation*."""
        return self.integer(name, 0, MAX_LOOKS) if self._env.get(name) else self.generation(generation).looks

    def different(self, name: str, other: str) -> None:
        """Note a problem if the optional *name* has the value of *other*."""
        value = self._env.get(name)
        if value and value == self._env.get(other):
            self._problems.append(f"{name} is {value!r}, the same as {other}, want another, or none")

    def orientations(self, name: str, generation: str) -> tuple[int, ...]:
        """Return the orientations that *name* asks for: the picture as it is where the *generation* has no others."""
        chosen = ORIENTATIONS.get(self.text(name, *_one_of(ORIENTATIONS)), (1,))
        return chosen if self.generation(generation).turns else (1,)

    def generation(self, name: str) -> Generation:
        """Return the generation that *name* names, or the default one."""
        return GENERATIONS.get(self._env.get(name, ""), GENERATIONS[DEFAULT_GENERATION])

    def integer(self, name: str, low: int, high: int) -> int:
        return self._read(name, int, lambda value: low <= value <= high, f"an integer from {low} to {high}") or 0

    def limits(self) -> Limits:
        """Return the limits of a picture, but for what memory allows."""
        max_bytes = self.integer("MAX_BYTES", 1024, 1 << 28)  # read whole, into memory
        return Limits(max_bytes, self.integer("MAX_PIXELS", 1024, 1_000_000_000))

    def shared_memory(self, limits: Limits, journal_mb: int) -> tuple[Limits, int]:
        """Part the function's memory between decoding and the journal; outside Lambda, both have what they want.

        The journal is left LEAST_JOURNAL_MB whatever MAX_PIXELS is (if it wants any), since a search without it costs
        thirty times as much; formats that take much memory for a pixel have fewer pixels then.
        """
        memory_mb = self._env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        if memory_mb is None:
            return limits, journal_mb
        left = ((int(memory_mb) - BASE_MB) << 20) - COPIES * limits.max_bytes
        decoding = left - (min(journal_mb, LEAST_JOURNAL_MB) << 20)
        if decoding <= 0:
            self._problems.append(
                f"MAX_BYTES is {limits.max_bytes}: two copies do not fit in {memory_mb} MB; "
                "lower it or raise MemorySize"
            )
        largest = min(limits.max_pixels * max(BYTES_PER_PIXEL.values()), decoding)
        return replace(limits, decoding_bytes=decoding), min(journal_mb, (left - largest) >> 20)

    def finish(self) -> None:
        if self._problems:
            raise BadConfiguration("bad configuration: " + "; ".join(self._problems))

    def _read(self, name: str, convert: Callable[[str], T], valid: Callable[[T], bool], want: str) -> T | None:
        raw = self._env.get(name)
        if not raw:
            self._problems.append(f"{name} is missing")
            return None
        try:
            value = convert(raw)
        except ValueError:
            pass
        else:
            if valid(value):
                return value
        self._problems.append(f"{name} is {raw!r}, want {want}")
        return None
