"""The settings of the deployed function, read once from its environment."""

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import TypeVar

from handler.core.buckets import MAX_RADIUS
from handler.core.formats import BYTES_PER_PIXEL
from handler.core.generations import GENERATIONS
from handler.core.journal import MAX_SHARDS
from handler.core.model import ORIENTATIONS, Limits, Settings

T = TypeVar("T")

MAX_JOURNAL_MEMORY_MB = 8192
BASE_MB = 150  # what the interpreter, the libraries and requests under way take
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
    journal_memory_mb: int  # for journals that an instance remembers; less where decoding needs the room
    journal_shards: int
    settings: Settings
    also_generation: str | None  # written as well but not searched, while a deployment moves between the two
    endpoint_url: str | None  # an emulator's; None is AWS

    @classmethod
    def from_env(cls, env: Mapping[str, str]) -> "Config":
        """Return the configuration in *env*; raise BadConfiguration that names all bad variables."""
        reader = _Reader(env)
        limits = reader.limits()
        config = cls(
            bucket_table=reader.text("BUCKET_TABLE"),
            picture_table=reader.text("PICTURE_TABLE"),
            packs_bucket=reader.text("PACKS_BUCKET"),
            topic_arn=reader.text("TOPIC_ARN", "arn:[^:]+:sns:[^:]+:[0-9]+:.+", "an SNS topic's ARN"),
            journal_memory_mb=reader.integer("JOURNAL_MEMORY", 0, MAX_JOURNAL_MEMORY_MB),
            journal_shards=reader.integer("JOURNAL_SHARDS", 1, MAX_SHARDS),
            also_generation=reader.optional("ALSO_GENERATION", *_one_of(GENERATIONS)),
            settings=Settings(
                generation=reader.text("GENERATION", *_one_of(GENERATIONS)),
                radius=reader.integer("RADIUS", 0, MAX_RADIUS),
                orientations=ORIENTATIONS.get(reader.text("ORIENTATIONS", *_one_of(ORIENTATIONS)), (1,)),
                max_matches=reader.integer("MAX_MATCHES", 1, 100),
                scope_depth=reader.integer("SCOPE_DEPTH", 0, 8),
                limits=limits,
            ),
            endpoint_url=reader.optional("ENDPOINT_URL", "https?://.+", "a URL"),
        )
        reader.different("ALSO_GENERATION", "GENERATION")
        reader.finish()
        return replace(config, journal_memory_mb=min(config.journal_memory_mb, _left_mb(limits)))


def _left_mb(limits: Limits) -> int:
    """Return how much memory decoding the largest picture that is allowed leaves."""
    largest = limits.max_pixels * max(BYTES_PER_PIXEL.values())
    return max(0, limits.decoding_bytes - largest) >> 20


def _one_of(names: Iterable[str]) -> tuple[str, str]:
    """Return the pattern of *names*, and how to ask for one of them."""
    return "|".join(names), "one of " + ", ".join(names)


class _Reader:
    """Reads variables and collects what is wrong with them, so that one error names it all."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        self._problems: list[str] = []

    def text(self, name: str, pattern: str = ".+", want: str = "a name") -> str:
        return self._read(name, str, lambda value: bool(re.fullmatch(pattern, value)), want) or ""

    def optional(self, name: str, pattern: str, want: str) -> str | None:
        return self.text(name, pattern, want) if self._env.get(name) else None

    def different(self, name: str, other: str) -> None:
        """Note a problem if the optional *name* has the value of *other*."""
        value = self._env.get(name)
        if value and value == self._env.get(other):
            self._problems.append(f"{name} is {value!r}, the same as {other}, want another, or none")

    def integer(self, name: str, low: int, high: int) -> int:
        return self._read(name, int, lambda value: low <= value <= high, f"an integer from {low} to {high}") or 0

    def limits(self) -> Limits:
        """Return the limits of a picture, within the function's memory; outside Lambda, memory sets none."""
        max_bytes = self.integer("MAX_BYTES", 1024, 1 << 28)  # read whole, into memory
        limits = Limits(max_bytes, self.integer("MAX_PIXELS", 1024, 1_000_000_000))
        memory_mb = self._env.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE")
        if memory_mb is None:
            return limits
        left = ((int(memory_mb) - BASE_MB) << 20) - COPIES * max_bytes
        if left < 0:
            self._problems.append(
                f"MAX_BYTES is {max_bytes}: two copies do not fit in {memory_mb} MB; lower it or raise MemorySize"
            )
        return replace(limits, decoding_bytes=left)

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
