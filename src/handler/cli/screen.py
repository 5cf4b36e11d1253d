"""The health of a stack as people read it. Pure."""

import textwrap
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from handler.cli.causes import UNKNOWN
from handler.cli.facts import (
    AlarmState,
    CollectionSize,
    DeployedFunction,
    EventMapping,
    FailureCause,
    LogCount,
    StackFacts,
)
from handler.cli.healthiness import Healthiness, health, untold
from handler.cli.log_counts import AGAIN, FAILED, NO_PACKS, PARTIAL, PROBED, QUESTIONS, SLOW
from handler.cli.measures import counted
from handler.cli.output import printable
from handler.cli.readings import UPLOADS
from handler.cli.remarks import remarks
from handler.cli.rows import GAP, laid_out
from handler.cli.troubles import Trouble, age, our, troubles

CLIPPED = 100  # columns of a line that is told in full elsewhere, where nothing else bounds it
MOST_ROWS = 10  # of scopes, and of causes
LATELY = {  # headings, by what was counted
    UPLOADS: "UPLOADS",
    "Rejected": "REJECTED",
    "Troubles": "TROUBLES",
    "DearReads": "DEAR",
    "Errors": "ERRORS",
    "Throttles": "THROTTLES",
}
LOGGED = {  # by kind of line
    FAILED: "FAILED",
    PARTIAL: "PARTIAL",
    NO_PACKS: "NO PACKS",
    SLOW: "SLOW",
    QUESTIONS: "QUESTIONS",
    PROBED: "PROBED",
    AGAIN: "AGAIN",
}


def screen(facts: StackFacts, width: int | None) -> Iterator[str]:
    """Yield the lines to print on a terminal of *width* columns, or to somewhere that takes lines of any length."""
    found = troubles(facts)
    yield from _wrapped("", _summary(facts, found), width)
    for title, lines in (
        ("TROUBLES", [line for number, one in enumerate(found, 1) for line in _trouble(number, one, width)]),
        ("COULD NOT TELL", [line for one in _untold(facts) for line in _item(one, width)]),
        ("REMARKS", [line for one in remarks(facts) for line in _item(one, width)]),
    ):
        if lines:
            yield from ("", title, *lines)
    yield ""
    yield from _named(_deployed(facts), width)
    for lines in (
        _collections(facts, width),
        _queues(facts, width),
        _lately(facts, width),
        _logged(facts, width),
        _alarms(facts, width),
        _failures(facts, width),
    ):
        if lines:
            yield ""
            yield from lines


def _summary(facts: StackFacts, found: Sequence[Trouble]) -> str:
    said = {Healthiness.HEALTHY: "healthy", Healthiness.UNKNOWN: "no trouble in what could be told"}
    how = said.get(health(facts), counted(len(found), "trouble"))
    left = untold(facts)
    unknown = f", {counted(len(left), 'thing')} could not be told" if left else ""
    return f"{facts.stack.name} in {facts.region}, {facts.at:%Y-%m-%d %H:%M} UTC: {how}{unknown}"


def _trouble(number: int, one: Trouble, width: int | None) -> Iterator[str]:
    yield from _wrapped(f"{number}. ", printable(one.what), width)
    yield f"   {one.page}"
    yield f"   $ {printable(one.command)}"  # never broken: it is to be copied


def _untold(facts: StackFacts) -> Iterator[str]:
    for one in untold(facts):
        yield f"{one.what}: {one.reason}" + (f"; ask for {one.permission}" if one.permission else "")


def _item(text: str, width: int | None) -> Iterator[str]:
    return _wrapped("- ", printable(text), width)


def _wrapped(mark: str, text: str, width: int | None) -> Iterator[str]:
    """Yield *text* behind *mark*, in lines of *width*; words that are longer stay whole."""
    if width is None:
        yield f"{mark}{text}"
        return
    indent = " " * len(mark)
    yield from textwrap.wrap(
        text,
        width,
        initial_indent=mark,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _deployed(facts: StackFacts) -> Iterator[tuple[str, str]]:
    stack = facts.stack
    changed = f", deployed {_ago(stack.changed, facts.at)}" if stack.changed else ""
    generations = [one for one in (stack.parameters.get("Generation"), stack.parameters.get("AlsoGeneration")) if one]
    yield "stack", f"{stack.status}{changed}, {' and '.join(generations)}"
    for one in facts.functions:
        yield ("function" if one.role == "events" else "questions"), _function(one, facts.at)
    for source in facts.sources:
        yield "pictures", f"s3://{source.bucket}: {source.way}"
    for told in facts.subscribers:
        unconfirmed = f", {told.pending} not confirmed" if told.pending else ""
        what = "alarms" if told.of_alarms else "matches"
        yield f"{what} to", f"{counted(told.confirmed, 'subscriber')}{unconfirmed} of {told.topic.rpartition(':')[2]}"


def _function(one: DeployedFunction, now: datetime) -> str:
    if not one.runtime:
        return one.state
    state = "" if one.state == "Active" else f"{one.state}, "
    reserved = "" if one.reserved is None else f", {one.reserved} at once"
    modified = f", changed {_ago(one.modified, now)}" if one.modified else ""
    return (
        f"{state}{one.runtime} {one.architecture}, {one.memory_mb} MB, {one.timeout_s} s{reserved}, "
        f"code {one.code}{modified}"
    )


def _named(rows: Iterable[tuple[str, str]], width: int | None) -> Iterator[str]:
    found = list(rows)
    longest = max(len(name) for name, _ in found)
    for name, text in found:
        yield from _wrapped(f"{name.ljust(longest)}  ", printable(text), width)


def _collections(facts: StackFacts, width: int | None) -> list[str]:
    if not facts.collections:
        return []
    function = facts.function("events")
    limit = f" OF {function.journal_memory_mb}" if function and function.journal_memory_mb is not None else ""
    ordered = sorted(facts.collections, key=lambda one: -one.pictures)
    rows = [_size(one) for one in ordered[:MOST_ROWS]]
    if left := ordered[MOST_ROWS:]:
        pictures = f"{sum(one.pictures for one in left):,}"
        rows.append((f"{len(left)} others", "", pictures, "", "", ""))
    headings = ("SCOPE", "GENERATION", "PICTURES EVER", f"MB{limit}", "SEGMENTS", "PACKS")
    lines = _table(headings, rows, width)
    if facts.further_scopes:
        lines.append("There are further scopes: name them with --scope.")
    return lines


def _size(one: CollectionSize) -> tuple[str, ...]:
    there = "?" if one.missing_packs is None else f"{one.packs - one.missing_packs:,}"
    memory = f"{-(-one.memory_bytes >> 20):,}"
    packs = f"{there} of {one.packs:,}"
    return (printable(one.scope), one.generation, f"{one.pictures:,}", memory, f"{one.segments:,}", packs)


def _queues(facts: StackFacts, width: int | None) -> list[str]:
    if not facts.queues:
        return []
    mapped = {one.queue: one for one in facts.mappings}
    rows = []
    for one in facts.queues:
        oldest = "-" if one.oldest_s is None else age(one.oldest_s)
        counts = [f"{count:,}" if one.there else "-" for count in (one.waiting, one.taken, one.later)]
        rows.append((one.queue, *counts, oldest, _taken(mapped.get(one.queue)) if one.there else "not there"))
    return _table(("QUEUE", "WAITING", "IN WORK", "LATER", "OLDEST", "TAKEN FROM IT"), rows, width)


def _taken(mapping: EventMapping | None) -> str:
    return mapping.state.lower() if mapping else "-"


def _lately(facts: StackFacts, width: int | None) -> list[str]:
    if facts.counted is None:
        return []
    found = [facts.counts.get(metric) for metric in LATELY]
    rows = [
        ("15 min", *(f"{one.lately:,}" if one else "-" for one in found)),
        ("hour", *(f"{one.hour:,}" if one else "-" for one in found)),
        ("day", *(f"{one.day:,}" if one else "-" for one in found)),
    ]
    return _table(("LAST", *LATELY.values()), rows, width)


def _logged(facts: StackFacts, width: int | None) -> list[str]:
    if facts.logged is None:
        return []
    found = [facts.log_counts.get(kind) for kind in LOGGED]
    rows = [
        ("15 min", *(_at_least(one, one.lately) if one else "-" for one in found)),
        ("hour", *(_at_least(one, one.hour) if one else "-" for one in found)),
    ]
    return _table(("LOGGED", *LOGGED.values()), rows, width)


def _at_least(one: LogCount, count: int) -> str:
    return f"{count:,}" if one.whole else f"{count:,}+"


def _alarms(facts: StackFacts, width: int | None) -> list[str]:
    if not facts.alarms:
        return []
    states = Counter(one.state for one in facts.alarms)
    words = {"ALARM": "on", "OK": "off", "INSUFFICIENT_DATA": "without data", "MISSING": "not there"}
    said = ", ".join(f"{states[state]} {word}" for state, word in words.items() if states[state])
    lines = [f"{counted(len(facts.alarms), 'alarm')}: {said}"]
    if on := [one for one in facts.alarms if one.state == "ALARM"]:
        rows = [_alarm(one, facts.at, width) for one in on]
        lines += laid_out(("ALARM", "SINCE", "REASON"), rows, width)
    return lines


def _alarm(one: AlarmState, now: datetime, width: int | None) -> tuple[str, ...]:
    since = age((now - one.since).total_seconds()) if one.since else "-"
    return (one.alarm, since, _clipped(one.reason or "-", (width or CLIPPED) - 32))


def _failures(facts: StackFacts, width: int | None) -> list[str]:
    found = facts.failures
    if found is None:
        return []
    rows = [
        (f"{one.events:,}", _clipped(one.oldest[:16], 16), one.page.rpartition("/")[2], _cause(one))
        for one in found.causes[:MOST_ROWS]
    ]
    headings = ("EVENTS", "SINCE", "PAGE", "CAUSE")
    widths = [max(map(len, column)) for column in list(zip(headings, *rows, strict=True))[:-1]]
    room = (width or CLIPPED) - sum(widths) - len(GAP) * len(widths)
    lines = [GAP.join(map(str.ljust, headings, [*widths, 0]))] if rows else []
    for one, (events, *others, cause) in zip(found.causes, rows, strict=False):
        cells = [events.rjust(widths[0]), *map(str.ljust, others, widths[1:]), _clipped(cause, room)]
        lines.append(GAP.join(cells))
        if one.example:
            lines.append(f"{' ' * widths[0]}{GAP}such as {printable(one.example)}")
    if left := found.causes[MOST_ROWS:]:
        lines.append(f"{counted(sum(one.events for one in left), 'event')} of {counted(len(left), 'other cause')}")
    if not found.whole:
        lines += _wrapped("", f"These are the first {found.seen:,}: {our(facts, 'failures')} tells of all.", width)
    return lines


def _cause(one: FailureCause) -> str:
    """Return why events failed: of an error that nobody knows, itself."""
    detail = one.error if one.cause == UNKNOWN.name else one.detail
    return f"{one.cause}: {detail}" if detail else one.cause


def _table(headings: Sequence[str], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Return a table whose columns of numbers stand to the right; or lists where it has not enough *width*."""
    columns = list(zip(headings, *rows, strict=True))
    widths = [max(map(len, column)) for column in columns]
    if width is not None and sum(widths) + len(GAP) * (len(widths) - 1) > width:
        return laid_out(headings, rows, width)
    padded = [
        [cell.rjust(most) for cell in column] if all(map(_is_number, column[1:])) else column
        for column, most in zip(columns, widths, strict=True)
    ]
    first, *others = zip(*padded, strict=True)
    return laid_out(first, others, width)


def _is_number(cell: str) -> bool:
    return not cell or cell[0] in "-?" or cell[0].isdigit()


def _clipped(text: str, room: int) -> str:
    line = printable(text)
    return line if len(line) <= room else f"{line[: max(1, room - 1)]}…"


def _ago(moment: datetime, now: datetime) -> str:
    return f"{age((now - moment).total_seconds())} ago"
