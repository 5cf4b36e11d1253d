"""What is wrong with a stack, by what was found: for each trouble its page, and the command to type next.

Pure: no clock, no network. A trouble is what somebody has to do something about; a remark is what they may want to
know.
"""

import shlex
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import NamedTuple

from handler.cli.facts import (
    ACTIVE,
    FAILED_EVENTS,
    INTAKE,
    MISSING_STATE,
    AlarmState,
    CollectionSize,
    DeployedFunction,
    StackFacts,
    Subscribers,
    WaitingQueue,
)
from handler.cli.log_counts import AMISS, FAILED, NO_PACKS, PARTIAL, QUESTIONS, SLOW
from handler.cli.measures import counted
from handler.cli.program import ours

RUNBOOK, RECOVER = "docs/runbook/", "docs/how-to/recover.md"
SETTLED = {"CREATE_COMPLETE", "UPDATE_COMPLETE", "IMPORT_COMPLETE"}
ROLLED_BACK = {"UPDATE_ROLLBACK_COMPLETE", "IMPORT_ROLLBACK_COMPLETE"}  # what was there before goes on working
PAGE_OF_QUEUE = {INTAKE: "intake-queue", FAILED_EVENTS: "failure-queue"}
MANY_MESSAGES = 100_000  # in the intake queue; however many there are, an alarm tells only of old ones
LOG_FILTERS = {  # by page: what it looks for in the log
    "function-errors": '{ $.message = "failed" }',
    "troubles": AMISS,
    "failed-events": '{ $.message = "failed" }',
    "question-errors": '{ $.level = "ERROR" || $.level = "WARN" || $.Troubles = 1 }',
    "throttles": '{ $.message = "indexed" }',
    "duration": "{ $.left_ms = * }",
    "intake-queue": '{ $.message = "failed" || $.lacks = * }',
    "rejected": '{ $.message = "rejected" }',
    "partial-searches": "{ $.complete IS FALSE }",
    "packs-unavailable": "{ $.trouble = * }",
    "read-cost": "{ $.DearReads = 1 }",
    "quiet-day": '{ $.message = "indexed" }',
}
AMISS_KINDS = {  # what the alarm `troubles` may be about: the page, and what is said of one and of several
    FAILED: ("failed-events", "event failed", "events failed"),
    PARTIAL: ("partial-searches", "search was partial for want of memory", "searches were partial for want of memory"),
    NO_PACKS: ("packs-unavailable", "object met trouble with packs", "objects met trouble with packs"),
    SLOW: ("duration", "object ended shortly before Timeout", "objects ended shortly before Timeout"),
    QUESTIONS: ("question-errors", "question failed, or was partial", "questions failed, or were partial"),
}


class Trouble(NamedTuple):
    """Something that is wrong, the page that says what to do, and the command that looks closer or mends it."""

    what: str
    page: str  # from the top of the checkout
    command: str


def troubles(facts: StackFacts) -> list[Trouble]:
    """Return what is wrong, the worst first. An alarm that is about one of the others is told with it."""
    found = [
        *_of_stack(facts),
        *(trouble for one in facts.functions for trouble in _of_function(facts, one)),
        *_of_rights(facts),
        *_of_resources(facts),
        *_of_sources(facts),
        *_of_mappings(facts),
        *(trouble for one in facts.queues for trouble in _of_queue(facts, one)),
        *(trouble for one in facts.collections for trouble in _of_collection(facts, one)),
    ]
    for alarm in facts.alarms or ():
        for trouble in _of_alarm(facts, alarm) if alarm.state == "ALARM" else ():
            place = next((number for number, one in enumerate(found) if one.page == trouble.page), None)
            if place is None:
                found.append(trouble)
            else:
                said = f"{found[place].what}; {trouble.what.partition(': ')[0]}"
                found[place] = found[place]._replace(what=said)
    return [*found, *_of_subscribers(facts)]


def command_of(facts: StackFacts, alarm: AlarmState) -> str:
    """Return what to type when *alarm* is on: what its page begins with."""
    if alarm.page == "failure-queue":
        return our(facts, "failures")
    if alarm.page == "deliveries":
        return f"aws sns list-subscriptions-by-topic --topic-arn {facts.stack.output('TopicArn')}"
    if alarm.page in LOG_FILTERS:
        return log_command(facts, alarm.page)
    return f"aws cloudwatch describe-alarm-history --alarm-name {alarm.name} --max-items 5"


def log_command(facts: StackFacts, page: str) -> str:
    """Return the command that looks into the log of the last hour for what *page* is about."""
    group = facts.stack.output("AskLogGroupName" if page == "question-errors" else "LogGroupName")
    since_ms = int((facts.at - timedelta(hours=1)).timestamp() * 1000)
    return (
        f"aws logs filter-log-events --log-group-name {group} --start-time {since_ms} "
        f"--filter-pattern {shlex.quote(LOG_FILTERS[page])} --query 'events[-5:].message' --output text"
    )


def our(facts: StackFacts, words: str) -> str:
    """Return a command of ours about the stack."""
    return ours(words, facts.stack.name)


def age(seconds: float) -> str:
    """Return a span of time as people say it: 40 s, 12 min, 5 h, 3 days."""
    for unit, length in (("days", 86_400), ("h", 3600), ("min", 60)):
        if seconds >= (2 * length if unit == "days" else length):
            return f"{seconds / length:.0f} {unit}"
    return f"{max(0, seconds):.0f} s"


def _of_stack(facts: StackFacts) -> Iterator[Trouble]:
    stack = facts.stack
    if stack.status in SETTLED | ROLLED_BACK or stack.status.endswith("_IN_PROGRESS"):
        return
    because = f": {stack.reason}" if stack.reason else ""
    looks = (
        f"aws cloudformation describe-stack-events --stack-name {stack.name} --max-items 10 --output text "
        "--query 'StackEvents[].[LogicalResourceId,ResourceStatus,ResourceStatusReason]'"
    )
    yield Trouble(f"the stack is {stack.status}{because}", f"{RUNBOOK}bad-deployment.md", looks)


def _of_function(facts: StackFacts, one: DeployedFunction) -> Iterator[Trouble]:
    page = f"{RUNBOOK}{'cannot-start' if one.role == 'events' else 'question-errors'}.md"
    called = "the function" if one.role == "events" else "the function that answers questions"
    looks = f"aws lambda get-function-configuration --function-name {one.name}"
    if one.state == MISSING_STATE:
        yield Trouble(f"{called} ({one.name}) was deleted by somebody", page, _drift(facts))
        return
    because = f": {one.reason}" if one.reason else ""
    if one.state == "Failed" or one.update == "Failed":
        yield Trouble(f"{called} cannot run as it was deployed last{because}", page, looks)
    if one.misconfigured:
        shows = f"aws cloudformation describe-stacks --stack-name {facts.stack.name} --query 'Stacks[0].Parameters'"
        yield Trouble(f"{one.misconfigured}: it refuses every event", page, shows)
    if one.reserved == 0:
        ends = f"aws lambda delete-function-concurrency --function-name {one.name}"
        yield Trouble(f"{called} is stopped: its reserved concurrency is 0", f"{RUNBOOK}throttling.md", ends)


def _of_rights(facts: StackFacts) -> Iterator[Trouble]:
    page = f"{RUNBOOK}rights-revoked.md"
    for one in facts.rights:
        called = "the function" if one.role == "events" else "the function that answers questions"
        if not one.there:
            yield Trouble(f"the role of {called} ({one.name}) was deleted by somebody", page, _drift(facts))
        elif one.missing:
            more = f", and {counted(len(one.missing) - 1, 'more right')}" if one.missing[1:] else ""
            looks = f"aws iam list-role-policies --role-name {one.name}"
            yield Trouble(f"the role of {called} lacks {one.missing[0]}{more}", page, looks)


def _of_resources(facts: StackFacts) -> Iterator[Trouble]:
    for one in facts.resources:
        if one.state == ACTIVE:
            continue
        state = "not there any more" if one.state == MISSING_STATE else one.state
        what = f"{one.kind} {one.name} is {state}"
        if one.kind == "table":
            if one.state == MISSING_STATE:
                backups = f"aws dynamodb list-backups --table-name {one.name} --backup-type ALL"
                yield Trouble(what, f"{RUNBOOK}lost-table.md", backups)
            else:
                yield Trouble(what, RECOVER, f"aws dynamodb describe-continuous-backups --table-name {one.name}")
        elif one.kind == "bucket":
            yield Trouble(f"{what}: searches cost more", f"{RUNBOOK}lost-bucket.md", f"aws s3 mb s3://{one.name}")
        else:
            yield Trouble(f"{what}: nobody is told of matches", f"{RUNBOOK}deliveries.md", _drift(facts))


def _of_sources(facts: StackFacts) -> Iterator[Trouble]:
    for one in facts.sources:
        if not one.connected:
            yield Trouble(f"s3://{one.bucket} is not connected: {one.way}", f"{RUNBOOK}no-notices.md", one.cure)


def _of_mappings(facts: StackFacts) -> Iterator[Trouble]:
    for one in facts.mappings:
        if one.state == MISSING_STATE:
            what = f"nothing is taken from the {one.queue} queue: its event source mapping was deleted by somebody"
            yield Trouble(what, f"{RUNBOOK}{PAGE_OF_QUEUE[one.queue]}.md", _drift(facts))
        if one.state in ("Disabled", "Disabling"):
            enables = f"aws lambda update-event-source-mapping --uuid {one.uuid} --enabled"
            what = f"nothing is taken from the {one.queue} queue: its event source mapping is disabled"
            yield Trouble(what, f"{RUNBOOK}{PAGE_OF_QUEUE[one.queue]}.md", enables)


def _of_queue(facts: StackFacts, one: WaitingQueue) -> Iterator[Trouble]:
    page, parameters = f"{RUNBOOK}{PAGE_OF_QUEUE[one.queue]}.md", facts.stack.parameters
    if not one.there:
        yield Trouble(f"the {one.queue} queue was deleted by somebody", f"{RUNBOOK}failures-lost.md", _drift(facts))
        return
    if one.queue == FAILED_EVENTS:
        if one.waiting + one.taken:
            some = counted(one.waiting + one.taken, "event")
            waits = "wait" if one.waiting + one.taken > 1 else "waits"
            oldest = f", the oldest for {age(one.oldest_s)}" if one.oldest_s else ""
            what = f"{some} {waits} in the failure queue{oldest}"
            yield Trouble(what, page, our(facts, "failures"))
        return
    if one.waiting >= MANY_MESSAGES:
        what = f"{counted(one.waiting, 'message')} in the {one.queue} queue"
        yield Trouble(what, page, log_command(facts, PAGE_OF_QUEUE[one.queue]))
    elif one.later >= MANY_MESSAGES:
        waits = "wait" if one.later > 1 else "waits"
        what = f"{counted(one.later, 'message')} of the {one.queue} queue {waits} to come again"
        yield Trouble(what, page, log_command(facts, PAGE_OF_QUEUE[one.queue]))
    elif one.oldest_s is not None and one.oldest_s >= int(parameters.get("AlarmQueueAge", 3600)):
        what = f"the oldest message in the {one.queue} queue has waited for {age(one.oldest_s)}"
        yield Trouble(what, page, log_command(facts, PAGE_OF_QUEUE[one.queue]))


def _of_collection(facts: StackFacts, one: CollectionSize) -> Iterator[Trouble]:
    limit = memory_bytes(facts)
    named = f"scope {one.scope} ({one.generation})"
    if limit is not None and one.memory_bytes > limit:
        need, have = -(-one.memory_bytes >> 20), limit >> 20
        what = f"{named} has outgrown JournalMemory: it needs {need} MB and has {have}, so crops are not found"
        page = "partial-searches"
        yield Trouble(what, f"{RUNBOOK}{page}.md", log_command(facts, page))


def _of_alarm(facts: StackFacts, alarm: AlarmState) -> Iterator[Trouble]:
    """Yield what the alarm, which is on, is about: one of several things, as the log has it, if it is `troubles`."""
    said = f"alarm {alarm.alarm} has been on{_span(alarm, facts.at)}"
    kinds = [one for one in facts.logged or () if one.kind in AMISS_KINDS and one.hour]
    if alarm.page == "troubles" and kinds:
        for one in kinds:
            page, of_one, of_several = AMISS_KINDS[one.kind]
            what = f"{one.hour:,} {of_one if one.hour == 1 else of_several} in the last hour"
            last = " ".join(part for part in (one.detail, one.example and f"({one.example})") if part)
            latest = f", the latest: {last}" if last else ""
            yield Trouble(f"{said}: {what}{latest}", f"{RUNBOOK}{page}.md", log_command(facts, page))
        return
    meaning = alarm.meaning.rstrip(".") or alarm.reason
    what = f"{said}: {meaning}" if meaning else said
    yield Trouble(what, f"{RUNBOOK}{alarm.page}.md", command_of(facts, alarm))


def _of_subscribers(facts: StackFacts) -> Iterator[Trouble]:
    for one in facts.subscribers:
        if one.of_alarms and not one.confirmed:
            yield Trouble(_untold(one), f"{RUNBOOK}index.md", _subscriptions(one))


def _untold(one: Subscribers) -> str:
    if one.pending:
        return f"the alarms tell nobody: {counted(one.pending, 'subscription')} not confirmed, by the link in its mail"
    return f"the alarms tell nobody: nobody is subscribed to {one.topic}"


def _subscriptions(one: Subscribers) -> str:
    return f"aws sns list-subscriptions-by-topic --topic-arn {one.topic}"


def _drift(facts: StackFacts) -> str:
    """Return the command that finds what else was changed behind CloudFormation's back."""
    return f"aws cloudformation detect-stack-drift --stack-name {facts.stack.name}"


def memory_bytes(facts: StackFacts) -> int | None:
    """Return how much memory an instance has for journals; None if nobody said, or it is to have none."""
    function = facts.function("events")
    if function is None or function.journal_memory_mb is None or facts.stack.parameters.get("JournalMemory") == "0":
        return None
    return function.journal_memory_mb << 20


def _span(alarm: AlarmState, now: datetime) -> str:
    return f" for {age((now - alarm.since).total_seconds())}" if alarm.since else ""
