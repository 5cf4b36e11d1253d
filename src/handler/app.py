"""The Lambda entry: decode, run, answer."""

import time
from collections.abc import Callable, Mapping
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import log
from handler.answers import LOOKED_UP, answer
from handler.aws.meter import Meter
from handler.core.again import Again
from handler.core.correlation import correlation_id
from handler.core.model import Outcome
from handler.core.phash import to_hex
from handler.deadline import Allotted
from handler.dedup import Deduplicator
from handler.deliveries import Created, Ignored, Item, LookUp, Removed, Result, UnknownEvent, Unreadable
from handler.events import decode
from handler.indexing import Indexer
from handler.look_ups import LookUps
from handler.report import Report
from handler.wiring import Service, service

CAME_AGAIN = "came_again"  # in place of an outcome: the picture was indexed before


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Handle one event by the service that the environment configures."""
    return handle(event, context, service)


def handle(event: Mapping[str, Any], context: LambdaContext, service: Callable[[], Service]) -> dict[str, Any]:
    """Handle one event of any accepted shape; raise for what its source has to send again.

    *service* is made when an item needs it, so a bad configuration fails that item, and is counted and logged.
    """
    log.logger.append_keys(request_id=context.aws_request_id)
    try:
        delivery = decode(event)
    except UnknownEvent:
        log.failure("refused")
        raise
    begin = time.monotonic()
    allotted = Allotted(begin, begin + context.get_remaining_time_in_millis() / 1000)
    left = range(len(delivery.items), 0, -1)
    results = [_run(item, service, allotted, left=count) for item, count in zip(delivery.items, left, strict=True)]
    return delivery.reply(results)


def _run(item: Item, service: Callable[[], Service], allotted: Allotted, *, left: int) -> Result:
    """Handle one item, and log one line about it, which counts what is amiss; no error of it reaches the others.

    *left* is how many have to be done in the *allotted* time, this one among them.
    """
    start = time.perf_counter()
    made = None
    try:
        made = service()
        made.retries.begin(allotted.end)
        besides = _keep_up(made.shadow, item) if made.shadow else None
        report = _report(made.deduplicator, made.look_ups, item, allotted.end, left=left)
    except Exception as error:
        consumed = _consumed(made.meter) if made else {}
        dear = {"DearReads": made.is_dear(consumed["read_units"])} if made else {}
        log.failure("failed", _names(item) | consumed | _nearly_ended(allotted), dear)
        return Result(item, error=error)
    if report is None:
        log.logger.info(Outcome.IGNORED.value, extra=_names(item) | log.UNNAMED)
        return Result(item, Outcome.IGNORED)
    name, consumed = _name(item, report), _consumed(made.meter)
    fields = _fields(report) | _followed(item) | consumed | {"ms": round((time.perf_counter() - start) * 1000)}
    if trouble := report.trouble or (besides and besides.trouble):
        fields["trouble"] = trouble
    ends = {} if _comes_again(item, report) else _nearly_ended(allotted)
    counts = {
        "Rejected": name == Outcome.REJECTED,
        "ListMatches": report.listed if name in (Outcome.INDEXED, CAME_AGAIN) else 0,
        "Troubles": bool(trouble) or not report.complete or bool(ends),
        "DearReads": made.is_dear(consumed["read_units"]),
    }
    write = log.logger.error if ends else log.logger.info
    write(name, extra=fields | ends | (log.counting(counts) or log.UNNAMED))
    return Result(item, report.outcome, detail=_reason(report), answer=answer(report))


def _comes_again(item: Item, report: Report) -> bool:
    """Whether it is one of those whose loading and filing may take most of what is left of an invocation."""
    return isinstance(item.action, Again) or report.again_s is not None


def _nearly_ended(allotted: Allotted) -> dict[str, int]:
    """Return the field that tells of an invocation which nearly takes all of its time.

    Its line is an error, so that it counts at every `LogLevel`: soon such an invocation is ended, and cannot tell.
    """
    left_ms = allotted.little_left_ms(time.monotonic())
    return {} if left_ms is None else {"left_ms": left_ms}


def _keep_up(shadow: Indexer, item: Item) -> Report | None:
    """Write what *item* is about by the generation that is written as well."""
    match item.action:
        case Created(ref, hash=None):
            return shadow.index(ref).report
        case Removed(ref):
            return shadow.remove(ref)
        case _:
            return None


def _report(deduplicator: Deduplicator, look_ups: LookUps, item: Item, deadline: float, *, left: int) -> Report | None:
    match item.action:
        case Created(ref, backfill, hash):
            return deduplicator.created(ref, deadline=deadline, backfill=backfill, hash=hash)
        case Removed(ref):
            return deduplicator.removed(ref)
        case Again():
            return deduplicator.came_again(item.action, deadline=deadline, left=left)
        case LookUp(ref, tell):
            return look_ups.look_up(ref, tell, deadline=deadline)
        case Ignored():
            return None
        case Unreadable(error):
            raise error


def _name(item: Item, report: Report) -> str:
    """What the item's line is called."""
    match item.action:
        case LookUp():
            return LOOKED_UP
        case Again() if report.outcome is Outcome.INDEXED:
            return CAME_AGAIN
    return report.outcome.value


def _names(item: Item) -> dict[str, Any]:
    match item.action:
        case Created(ref) | Removed(ref) | Again(ref) | LookUp(ref):
            named = {"bucket": ref.bucket, "key": ref.key, "action": type(item.action).__name__.lower()}
            return named | _followed(item)
        case Ignored(reason):
            return {"reason": reason}
        case Unreadable():
            return {"receipt": item.receipt}


def _followed(item: Item) -> dict[str, str]:
    """Return what all lines about one upload have in common, and its message; a look-up is of no upload."""
    match item.action:
        case Created(ref) | Removed(ref) | Again(ref):
            return {"correlation_id": correlation_id(ref)}
        case _:
            return {}


def _fields(report: Report) -> dict[str, Any]:
    ref = report.record.ref if report.record else report.ref
    fields: dict[str, Any] = {"bucket": ref.bucket, "key": ref.key}
    if sequencer := ref.sequencer.rstrip("0"):  # by which it is padded
        fields["sequencer"] = sequencer
    if report.job:
        fields["job"] = report.job
    if report.record is not None and report.record.hash is not None:
        fields |= {"hash": to_hex(report.record.hash), "matches": len(report.matches)}
    if report.found is not None:
        fields |= {"route": report.found.route.value, "pictures": report.found.pictures}
    fields |= _rare(report)
    known = {"attempt": report.attempt or None, "again_s": report.again_s, "reason": _reason(report) or None}
    fields |= report.partial | {field: value for field, value in known.items() if value is not None}
    idle = {step for step, done in (("look", report.looks), ("announce", report.matches)) if not done}
    return fields | {f"{step}_ms": round(spent) for step, spent in report.spent_ms.items() if step not in idle}


def _rare(report: Report) -> dict[str, Any]:
    """What is mostly nothing, and is left out then."""
    known = {
        "announced": report.announced,
        "quiet": report.quiet,
        "kind": report.kind,
        "listed": report.listed,
        "truncated": report.truncated,
        "looks": report.looks,
        "probes": report.found.probes if report.found else 0,
        "packs": report.found.packs if report.found else 0,
    }
    return {name: value for name, value in known.items() if value}


def _reason(report: Report) -> str:
    return (report.record.reason if report.record else None) or ""


def _consumed(meter: Meter) -> dict[str, float]:
    """Return what was consumed since the last time, also by an item that failed."""
    consumed = meter.take()
    return {name: _short(consumed[name]) for name in ("read_units", "write_units")}


def _short(units: float) -> float:
    """Return *units* without the digits of a whole number that say nothing."""
    return int(units) if units == int(units) else units
