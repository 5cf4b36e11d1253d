"""What waits in the failure queue by cause: how much, since when, of what, and what to do about it."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from handler.cli.causes import Cause
from handler.cli.failed_events import Failure
from handler.cli.measures import counted
from handler.cli.output import printable
from handler.cli.program import ours
from handler.cli.rows import laid_out
from handler.cli.stacks import STACK

RUNBOOK = "docs/runbook"
MOST_PLACES = 3  # that are named
UNNAMED = 100  # places that are counted by name; the rest is only counted
SAID_WIDTH = 300  # of an error, in characters: Lambda's record of an import has a screenful


@dataclass(slots=True)
class FailureGroup:
    """The failed events of one cause."""

    cause: Cause
    example: Failure  # the latest
    count: int = 0
    oldest: datetime = datetime.max
    newest: datetime = datetime.min
    sources: Counter[str] = field(default_factory=Counter)
    places: Counter[str] = field(default_factory=Counter)  # bucket/ or bucket/folder/
    redriven: int = 0  # how many of them were sent again before, and failed again
    most_redriven: int = 0

    def add(self, failure: Failure) -> None:
        """Count *failure* as well."""
        if not self.count:
            self.oldest = self.newest = failure.moment
        if failure.moment >= self.newest:
            self.example = failure
        self.count += 1
        self.oldest, self.newest = min(self.oldest, failure.moment), max(self.newest, failure.moment)
        self.sources[failure.source] += 1
        for place in dict.fromkeys(map(place_of, failure.objects)):
            self.places[place if place in self.places or len(self.places) < UNNAMED else "..."] += 1
        self.redriven += failure.redriven > 0
        self.most_redriven = max(self.most_redriven, failure.redriven)

    @property
    def page(self) -> str:
        """The page of the runbook, as the alarms name it."""
        return f"{RUNBOOK}/{self.cause.page}.md"

    def next_command(self, stack: str = STACK) -> str:
        """Return what to run next for *stack*, once the cause is mended."""
        if not self.example.payload:
            return ours(f"redrive --drop {self.example.message_id}", stack)
        return ours(f"redrive --cause {self.cause.name}", stack)

    def describe(self, stack: str = STACK) -> dict[str, Any]:
        """Return what `failures --json` prints of it."""
        example = self.example
        return {
            "cause": self.cause.name,
            "detail": self.cause.detail,
            "words": self.cause.words,
            "cure": self.cause.cure,
            "page": self.page,
            "count": self.count,
            "oldest": self.oldest.isoformat(),
            "newest": self.newest.isoformat(),
            "sources": dict(self.sources.most_common()),
            "places": dict(self.places.most_common()),
            "redriven": self.redriven,
            "example": {
                "message_id": example.message_id,
                "request_id": example.request_id,
                "correlation_id": example.correlation_id,
                "objects": list(example.objects),
                "condition": example.condition,
                "error": example.error,
            },
            "next": self.next_command(stack),
        }


def grouped(failures: Iterable[Failure]) -> list[FailureGroup]:
    """Return the groups of *failures*, the largest first. They need not fit in memory."""
    groups: dict[tuple[str, str], FailureGroup] = {}
    for failure in failures:
        cause = failure.cause
        groups.setdefault((cause.name, cause.detail), FailureGroup(cause, failure)).add(failure)
    return sorted(groups.values(), key=lambda group: (-group.count, group.cause))


def place_of(name: str) -> str:
    """Return the bucket and the first folder of an object, with a slash at the end; of what is none, its name."""
    bucket, slash, key = name.partition("/")
    if not slash or name.startswith("("):
        return name
    folder, inside, _ = key.partition("/")
    return f"{bucket}/{folder}/" if inside else f"{bucket}/"


def table(groups: Sequence[FailureGroup], now: datetime, width: int | None) -> list[str]:
    """Return the lines of a table with a row for each group, or a few lines for each where *width* is too little."""
    rows = [
        (
            group.cause.name,
            f"{group.count:,}",
            age(now - group.oldest),
            age(now - group.newest),
            " ".join(sorted(group.sources)),
            f"{group.cause.page}.md",
        )
        for group in groups
    ]
    return laid_out(("CAUSE", "EVENTS", "OLDEST", "NEWEST", "FROM", "PAGE"), rows, width) if rows else []


def told(group: FailureGroup, now: datetime, stack: str = STACK) -> list[tuple[str, str]]:
    """Return what there is to say of *group*, as pairs of a heading and a text; the first has the cause."""
    example = group.example
    said = " ".join(printable(example.error).split())
    lines = [
        (group.cause.name, group.cause.words + (f": {printable(group.cause.detail)}" if group.cause.detail else ""))
    ]
    lines.append(("events", f"{_sources(group)}, {_since(group, now)}"))
    if group.places:
        lines.append(("in", _places(group)))
    if group.redriven:
        lines.append(("again", _again(group)))
    if example.objects:
        name = example.objects[0]
        lines.append(("example", printable(name if name.startswith("(") else f"s3://{name}")))
    known = (("message", example.message_id), ("request", example.request_id), ("upload", example.correlation_id))
    lines.append(("ids", ", ".join(f"{name} {printable(one)}" for name, one in known if one)))
    if said:
        lines.append(("error", said if len(said) <= SAID_WIDTH else f"{said[: SAID_WIDTH - 1]}…"))
    lines += [("mend", group.cause.cure), ("page", group.page), ("then", group.next_command(stack))]
    return lines


def age(length: timedelta) -> str:
    """Return *length* in its largest unit, as `3 d`."""
    seconds = max(0, int(length.total_seconds()))
    for unit, size in (("d", 86400), ("h", 3600), ("min", 60)):
        if seconds >= size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def _sources(group: FailureGroup) -> str:
    if len(group.sources) == 1:
        return f"{group.count:,} from {next(iter(group.sources))}"
    return f"{group.count:,} (" + ", ".join(f"{count:,} from {one}" for one, count in group.sources.most_common()) + ")"


def _since(group: FailureGroup, now: datetime) -> str:
    first = f"{group.oldest:%Y-%m-%d %H:%M} UTC, {age(now - group.oldest)} ago"
    return first if group.count == 1 else f"since {first}, the last {age(now - group.newest)} ago"


def _places(group: FailureGroup) -> str:
    named = [f"{printable(place)} ({count:,})" for place, count in group.places.most_common(MOST_PLACES)]
    more = len(group.places) - len(named)
    return ", ".join(named) + (f" and {counted(more, 'other')}" if more else "")


def _again(group: FailureGroup) -> str:
    which = "it was" if group.count == 1 else f"{group.redriven:,} of them were"
    times = "once" if group.most_redriven == 1 else f"up to {group.most_redriven} times"
    return (
        f"{which} redriven {times}, and failed again: mend the cause first, or set it aside with --save and --discard"
    )
