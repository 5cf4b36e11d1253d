"""From what was found to what is wrong: every trouble has a page that there is, and a command that can be typed."""

import argparse
import json
import re
import shlex
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import botocore.session
import pytest
from botocore import xform_name
from hypothesis import given, settings
from hypothesis import strategies as st

from handler.cli.causes import CAUSES
from handler.cli.facts import (
    AlarmState,
    CollectionSize,
    Counted,
    DeployedFunction,
    EventMapping,
    FailureCause,
    LogCount,
    ResourceState,
    RoleRights,
    SourceBucket,
    StackFacts,
    Subscribers,
    Unknown,
    WaitingFailures,
    WaitingQueue,
)
from handler.cli.healthiness import health, untold
from handler.cli.log_counts import FAILED, KINDS, NO_PACKS, PARTIAL, PROBED, QUESTIONS, SLOW
from handler.cli.main import COMMANDS, parser
from handler.cli.output import printable
from handler.cli.readings import LAMBDA_METRICS, OWN_METRICS, UPLOADS
from handler.cli.remarks import remarks
from handler.cli.screen import screen
from handler.cli.stacks import DeployedStack
from handler.cli.status_document import document
from handler.cli.troubles import AMISS_KINDS, LOG_FILTERS, Trouble, age, log_command, troubles
from tests.alarms import ALARMS
from tests.docs.markdown import ROOT

NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
TOPIC = "arn:aws:sns:eu-west-1:111122223333:matches"
STACK = DeployedStack(
    "lookalike",
    "UPDATE_COMPLETE",
    {"LogGroupName": "/aws/lambda/lookalike", "AskLogGroupName": "/aws/lambda/lookalike-ask", "TopicArn": TOPIC}
    | {"PacksBucketName": "packs"},
    {"Generation": "look1", "AlarmQueueAge": "3600", "JournalMemory": "512"},
    NOW - timedelta(days=3),
)
FUNCTION = DeployedFunction(
    "events", "f", "Active", "Successful", "", "python3.13", "x86_64", 1769, 60, "0123456789ab", NOW,
    journal_memory_mb=339,
)  # fmt: skip
TABLE, PACKS = ResourceState("table", "t", "ACTIVE"), ResourceState("bucket", "packs", "ACTIVE")
SIZE = CollectionSize("*", "look1", 1_000_000, 255_000_000, 250_000, 44, 0)
QUEUES = tuple(WaitingQueue(name, there=True) for name in ("intake", "failure"))
MAPPING = EventMapping("intake", "u-intake", "Enabled")
SOURCE = SourceBucket("photos", connected=True, way="S3 invokes the function")
TOLD = Subscribers(TOPIC, of_alarms=False, confirmed=1, pending=0)
WOKEN = Subscribers(f"{TOPIC}-alarms", of_alarms=True, confirmed=1, pending=0)
ALARM = AlarmState(
    "throttles", "lookalike-throttles", "OK", NOW, "", "Lambda starts no more instances.", "throttles",
    enabled=True, topics=(WOKEN.topic,),
)  # fmt: skip
HEALTHY = StackFacts(
    at=NOW,
    stack=STACK,
    region="eu-west-1",
    rights=tuple(RoleRights(one, f"role-of-{one}", there=True) for one in ("events", "questions")),
    functions=(FUNCTION, replace(FUNCTION, role="questions", name="q")),
    resources=(TABLE, PACKS),
    collections=(SIZE,),
    queues=QUEUES,
    mappings=(MAPPING,),
    sources=(SOURCE,),
    subscribers=(TOLD, WOKEN),
    alarms=(ALARM,),
    counted=tuple(Counted(one, 0, 0, 0) for one in (UPLOADS, *OWN_METRICS, *LAMBDA_METRICS)),
    logged=tuple(LogCount(one, 0, 0, "", "", whole=True) for one in (*KINDS, QUESTIONS)),
)
COUNTED, LOGGED = HEALTHY.counted or (), HEALTHY.logged or ()
DENIED = Unknown("the alarms", "you may not ask", "cloudwatch:DescribeAlarms")


def having(**changed: Any) -> StackFacts:
    return replace(HEALTHY, **changed)


def with_stack(**changed: Any) -> StackFacts:
    return having(stack=STACK._replace(**changed))


def with_parameters(**changed: str) -> StackFacts:
    return with_stack(parameters=STACK.parameters | changed)


def with_queue(name: str, **changed: Any) -> StackFacts:
    return having(queues=tuple(replace(one, **changed) if one.queue == name else one for one in QUEUES))


def in_alarm(alarm: str = "throttles", page: str = "throttles") -> AlarmState:
    since = NOW - timedelta(minutes=12)
    return replace(ALARM, state="ALARM", alarm=alarm, name=f"lookalike-{alarm}", page=page, since=since)


def test_healthy_stack_has_no_trouble_and_no_remark() -> None:
    assert (troubles(HEALTHY), remarks(HEALTHY), health(HEALTHY)) == ([], [], 0)


CASES = [
    (with_stack(status="UPDATE_ROLLBACK_FAILED", reason="r"), "is UPDATE_ROLLBACK_FAILED: r", "bad-deployment",
     "aws cloudformation describe-stack-events"),
    (having(functions=(replace(FUNCTION, state="MISSING"),)), "was deleted", "cannot-start",
     "aws cloudformation detect-stack-drift"),
    (having(functions=(replace(FUNCTION, role="questions", update="Failed", reason="r"),)), "deployed last: r",
     "question-errors", "aws lambda get-function-configuration --function-name f"),
    (having(functions=(replace(FUNCTION, misconfigured="bad configuration: RADIUS is 'x'"),)), "RADIUS is 'x'",
     "cannot-start", "aws cloudformation describe-stacks"),
    (having(functions=(replace(FUNCTION, reserved=0),)), "reserved concurrency is 0", "throttling",
     "aws lambda delete-function-concurrency --function-name f"),
    (having(rights=(RoleRights("events", "r", there=True, missing=("sqs:SendMessage on q", "sns:Publish on t")),)),
     "the role of the function lacks sqs:SendMessage on q, and 1 more right", "rights-revoked",
     "aws iam list-role-policies --role-name r"),
    (having(rights=(RoleRights("questions", "r", there=False),)), "(r) was deleted by somebody", "rights-revoked",
     "aws cloudformation detect-stack-drift"),
    (having(resources=(replace(PACKS, state="MISSING"),)), "bucket packs", "lost-bucket", "aws s3 mb s3://packs"),
    (having(resources=(ResourceState("topic", TOPIC, "MISSING"),)), "nobody is told", "deliveries",
     "aws cloudformation detect-stack-drift"),
    (having(sources=(replace(SOURCE, connected=False, way="off", cure="lookalike connect s3://photos --yes"),)),
     "s3://photos is not connected: off", "no-notices", "lookalike connect s3://photos --yes"),
    (having(mappings=(replace(MAPPING, state="Disabled"),)), "the intake queue", "intake-queue",
     "aws lambda update-event-source-mapping --uuid u-intake --enabled"),
    (having(mappings=(replace(MAPPING, state="MISSING", uuid=""),)), "the intake queue", "intake-queue",
     "aws cloudformation detect-stack-drift"),
    (with_queue("intake", there=False), "the intake queue was deleted", "failures-lost",
     "aws cloudformation detect-stack-drift"),
    (with_queue("failure", waiting=3, oldest_s=720), "3 events wait in the failure queue, the oldest for 12 min",
     "failure-queue", "lookalike failures"),
    (with_queue("failure", taken=1), "1 event waits", "failure-queue", "lookalike failures"),
    (with_queue("intake", waiting=100_000), "100,000 messages in the intake queue", "intake-queue", "aws logs"),
    (with_queue("intake", later=100_000), "100,000 messages of the intake queue wait to come again", "intake-queue",
     "aws logs"),
    (with_queue("intake", oldest_s=3600), "has waited for 1 h", "intake-queue", "aws logs"),
    (having(collections=(replace(SIZE, memory_bytes=(340 << 20) - 1),)), "needs 340 MB and has 339",
     "partial-searches", "aws logs"),
    (having(subscribers=(TOLD, replace(WOKEN, confirmed=0, pending=1))), "1 subscription not confirmed", "index",
     "aws sns list-subscriptions-by-topic --topic-arn arn:aws:sns:eu-west-1:111122223333:matches-alarms"),
    (having(subscribers=(TOLD, replace(WOKEN, confirmed=0))), "nobody is subscribed", "index", "aws sns"),
    (having(alarms=(in_alarm(),)), "alarm throttles has been on for 12 min: Lambda starts no more instances",
     "throttles", "aws logs"),
    (having(alarms=(in_alarm("deliveries", "deliveries"),)), "alarm deliveries", "deliveries",
     f"aws sns list-subscriptions-by-topic --topic-arn {TOPIC}"),
    (having(alarms=(in_alarm("failures-lost", "failures-lost"),)), "alarm failures-lost", "failures-lost",
     "aws cloudwatch describe-alarm-history --alarm-name lookalike-failures-lost"),
]  # fmt: skip


@pytest.mark.parametrize(("facts", "what", "page", "command"), CASES)
def test_each_trouble_with_its_page_and_command(facts: StackFacts, what: str, page: str, command: str) -> None:
    (found,) = troubles(facts)

    assert what in found.what
    assert found.page == f"docs/runbook/{page}.md"
    assert found.command.startswith(command)
    assert health(facts) == 1


def test_lost_table_has_the_page_of_its_recovery() -> None:
    (found,) = troubles(having(resources=(replace(TABLE, state="MISSING"), PACKS)))

    assert (found.what, found.page) == ("table t is not there any more", "docs/runbook/lost-table.md")


def test_alarm_is_told_with_what_it_is_about() -> None:
    facts = replace(with_queue("failure", waiting=1), alarms=(in_alarm("failure-queue", "failure-queue"),))

    (found,) = troubles(facts)

    assert found.what == "1 event waits in the failure queue; alarm failure-queue has been on for 12 min"


def test_packs_of_a_lost_bucket_are_no_trouble_of_their_own() -> None:
    facts = having(resources=(replace(PACKS, state="MISSING"),), collections=(replace(SIZE, missing_packs=44),))

    assert len(troubles(facts)) == 1
    assert remarks(facts) == []  # no instance makes them while it is gone


def test_what_could_not_be_told_is_2_unless_there_is_a_trouble() -> None:
    assert health(having(unknown=(DENIED,))) == 2
    assert health(replace(with_queue("failure", waiting=1), unknown=(DENIED,))) == 1


def having_logged(kind: str, **changed: Any) -> StackFacts:
    return having(logged=tuple(replace(one, **changed) if one.kind == kind else one for one in LOGGED))


def having_failed(by: str, *, lately: int = 0, hour: int = 0, in_work: int = 0) -> StackFacts:
    counted = tuple(replace(one, lately=lately, hour=hour) if one.metric == by else one for one in COUNTED)
    logged = tuple(replace(one, lately=lately, hour=hour) if one.kind == by else one for one in LOGGED)
    return replace(with_queue("intake", taken=in_work), counted=counted, logged=logged)


def test_what_is_amiss_and_no_failure_is_not_tried_again() -> None:
    assert [health(having_logged(kind, lately=1, hour=1)) for kind in (FAILED, PARTIAL, NO_PACKS, SLOW, QUESTIONS)] == [
        *(2, 0, 0, 0, 0)
    ]


@pytest.mark.parametrize("by", ["Errors", FAILED])
@pytest.mark.parametrize(
    ("when", "said"),
    [
        ({"lately": 3, "hour": 3}, "3 failures in the last quarter of an hour"),
        ({"hour": 1, "in_work": 2}, "2 messages of the intake queue are in work or between two tries"),
        ({"hour": 1}, None),
        ({"in_work": 2}, None),
    ],
)
def test_stack_is_not_called_healthy_while_what_failed_may_be_between_two_tries(
    by: str, when: dict[str, int], said: str | None
) -> None:
    facts = having_failed(by, **when)

    left = untold(facts)

    assert [one.reason.startswith(said or "") for one in left] == ([True] if said else [])
    assert (troubles(facts), health(facts)) == ([], 2 if said else 0)
    assert document(facts)["health"] == ("unknown" if said else "healthy")
    assert any("COULD NOT TELL" in line for line in screen(facts, 120)) == bool(said)


@pytest.mark.parametrize(
    "facts",
    [
        with_stack(status="UPDATE_IN_PROGRESS"),
        with_stack(status="UPDATE_COMPLETE_CLEANUP_IN_PROGRESS"),
        with_stack(status="UPDATE_ROLLBACK_COMPLETE"),
        having(subscribers=(replace(TOLD, confirmed=0), WOKEN)),
        having(subscribers=(replace(TOLD, pending=1), WOKEN)),
        having(alarms=()),
        having(alarms=(replace(ALARM, topics=()),)),
        having(alarms=(replace(ALARM, enabled=False),)),
        having(alarms=(ALARM, replace(ALARM, state="MISSING", enabled=False))),
        with_parameters(LogLevel="ERROR"),
        with_parameters(JournalMemory="0"),
        having(collections=(replace(SIZE, memory_bytes=300 << 20),)),
        having(collections=(replace(SIZE, missing_packs=2),)),
    ],
)
def test_remark_is_no_trouble(facts: StackFacts) -> None:
    assert len(remarks(facts)) == 1
    assert health(facts) == 0


def test_alarm_without_data_is_neither() -> None:
    facts = having(alarms=(replace(ALARM, state="INSUFFICIENT_DATA"),))

    assert (troubles(facts), remarks(facts)) == ([], [])


@pytest.mark.parametrize(
    ("kind", "page", "said"),
    [
        (FAILED, "failed-events", "3 events failed in the last hour, the latest: WHY (s3://b/k)"),
        (PARTIAL, "partial-searches", "3 searches were partial for want of memory in the last hour"),
        (NO_PACKS, "packs-unavailable", "3 objects met trouble with packs in the last hour"),
        (SLOW, "duration", "3 objects ended shortly before Timeout in the last hour"),
        (QUESTIONS, "question-errors", "3 questions failed, or were partial in the last hour"),
    ],
)
def test_alarm_of_several_kinds_is_told_by_those_that_the_log_has(kind: str, page: str, said: str) -> None:
    facts = having_logged(kind, hour=3, detail="WHY", example="s3://b/k")

    (found,) = troubles(replace(facts, alarms=(in_alarm("troubles", "troubles"),)))

    assert found.what.startswith(f"alarm troubles has been on for 12 min: {said}")
    assert (found.page, found.command) == (f"docs/runbook/{page}.md", log_command(facts, page))


def test_alarm_of_several_kinds_names_the_page_of_all_where_the_log_has_none() -> None:
    unknown = having(logged=None, alarms=(in_alarm("troubles", "troubles"),))
    unusual = having_logged(PROBED, hour=3)

    for facts in (unknown, replace(unusual, alarms=unknown.alarms)):
        (found,) = troubles(facts)
        assert (found.page, found.command) == ("docs/runbook/troubles.md", log_command(facts, "troubles"))


def test_kind_that_is_a_trouble_already_is_told_with_it() -> None:
    facts = replace(having_logged(PARTIAL, hour=3), collections=(replace(SIZE, memory_bytes=(340 << 20) - 1),))

    (found,) = troubles(replace(facts, alarms=(in_alarm("troubles", "troubles"),)))

    assert found.what.endswith("so crops are not found; alarm troubles has been on for 12 min")


def cells(facts: StackFacts, heading: str) -> dict[str, list[str]]:
    """The rows of the table that begins with *heading*, by their first cell."""
    lines = list(screen(facts, None))
    (first,) = [number for number, line in enumerate(lines) if line.startswith(heading)]
    rows = [re.split("  +", line) for line in lines[first : lines.index("", first)]]
    return {row[0]: row[1:] for row in rows}


def test_screen_tells_what_the_logs_tell_and_where_there_may_be_more() -> None:
    facts = having_logged(PARTIAL, lately=2, hour=1234, whole=False)

    assert cells(facts, "LOGGED") == {
        "LOGGED": ["FAILED", "PARTIAL", "NO PACKS", "SLOW", "QUESTIONS", "PROBED", "AGAIN"],
        "15 min": ["0", "2+", *"00000"],
        "hour": ["0", "1,234+", *"00000"],
    }
    assert not any(line.startswith("LOGGED") for line in screen(having(logged=None), None))


def test_screen_has_a_dash_for_what_nobody_counts() -> None:
    facts = having(counted=tuple(replace(one, day=7) for one in COUNTED if one.metric in LAMBDA_METRICS))

    assert cells(facts, "LAST")["day"] == [*"----", "7", "7"]


def test_stack_of_another_name_is_named_in_commands() -> None:
    facts = with_queue("failure", waiting=1)

    (found,) = troubles(replace(facts, stack=STACK._replace(name="my-pictures")))

    assert found.command == "lookalike failures --stack my-pictures"


def test_every_alarm_has_a_command_of_its_page() -> None:
    """What is looked for in the log is what the page looks for."""
    named = {str(one["Properties"]["AlarmDescription"]).rpartition("/")[2] for one in ALARMS.values()}

    others = {"failure-queue", "deliveries", "failures-lost"}
    named |= {f"{page}.md" for page, *_ in AMISS_KINDS.values()}
    assert {name.removesuffix(".md") for name in named} == LOG_FILTERS.keys() | others
    for page, wanted in LOG_FILTERS.items():
        text = (ROOT / "docs" / "runbook" / f"{page}.md").read_text()
        with_field = re.fullmatch(r"{ \$\.(\w+) = \* }", wanted)
        assert f"'{wanted}'" in text or (with_field and f"WITH={with_field[1]} logged" in text)


def test_log_is_looked_at_from_an_hour_ago() -> None:
    words = shlex.split(log_command(HEALTHY, "question-errors"))

    at = int(words[words.index("--start-time") + 1])
    assert datetime.fromtimestamp(at / 1000, UTC) == NOW - timedelta(hours=1)
    assert words[words.index("--log-group-name") + 1] == "/aws/lambda/lookalike-ask"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(-1, "0 s"), (59, "59 s"), (60, "1 min"), (7200, "2 h"), (100_000, "28 h"), (200_000, "2 days")],
)
def test_ages(seconds: float, said: str) -> None:
    assert age(seconds) == said


# --- whatever was found ---

text = st.text(max_size=30)
moments = st.datetimes(datetime(2026, 1, 1), datetime(2026, 11, 1), timezones=st.just(UTC))
counts = st.integers(0, 10**7)
pages = st.sampled_from(sorted({*LOG_FILTERS, "failure-queue", "deliveries", "failures-lost", "index"}))
states = st.sampled_from(["ACTIVE", "MISSING", "DELETING"])
found_facts = st.builds(
    StackFacts,
    at=st.just(NOW),
    stack=st.builds(
        STACK._replace,
        name=st.from_regex(r"[a-zA-Z][-a-zA-Z0-9]{0,20}", fullmatch=True),
        status=st.sampled_from(["CREATE_COMPLETE", "ROLLBACK_COMPLETE", "DELETE_FAILED", "UPDATE_IN_PROGRESS"]),
        reason=text,
    ),
    region=st.just("eu-west-1"),
    functions=st.lists(
        st.builds(
            replace,
            st.just(FUNCTION),
            role=st.sampled_from(["events", "questions"]),
            state=st.sampled_from(["Active", "Failed", "MISSING"]),
            reserved=st.none() | counts,
            misconfigured=text,
        ),
        max_size=2,
    ).map(tuple),
    rights=st.lists(
        st.builds(RoleRights, st.sampled_from(["events", "questions"]), st.just("a-role"), st.booleans(),
                  st.lists(text, max_size=3).map(tuple)), max_size=2,
    ).map(tuple),
    resources=st.lists(
        st.builds(ResourceState, st.sampled_from(["table", "bucket", "topic"]), st.just("named"), states), max_size=3
    ).map(tuple),
    collections=st.lists(
        st.builds(CollectionSize, text, st.just("look1"), counts, counts.map(lambda one: one * 296), counts, counts,
                  st.none() | counts), max_size=12,
    ).map(tuple),
    further_scopes=st.booleans(),
    queues=st.tuples(
        *(st.builds(WaitingQueue, st.just(one), st.booleans(), counts, counts, counts, st.none() | st.floats(0, 1e7))
          for one in ("intake", "failure"))
    ),
    mappings=st.tuples(
        st.builds(EventMapping, st.just("intake"), st.just("u"), st.sampled_from(["Enabled", "Disabled", "MISSING"]))
    ),
    sources=st.lists(
        st.builds(SourceBucket, st.just("photos"), st.booleans(), text, st.just("lookalike connect s3://photos --yes")),
        max_size=2,
    ).map(tuple),
    subscribers=st.lists(st.builds(Subscribers, st.just(TOPIC), st.booleans(), counts, counts), max_size=3).map(tuple),
    alarms=st.none() | st.lists(
        st.builds(AlarmState, st.just("an-alarm"), st.just("l-an-alarm"),
                  st.sampled_from(["OK", "ALARM", "INSUFFICIENT_DATA", "MISSING"]), st.none() | moments, text, text,
                  pages, st.booleans(), st.sampled_from([(), (TOPIC,)])),
        max_size=4,
    ).map(tuple),
    counted=st.none() | st.just(HEALTHY.counted),
    logged=st.none() | st.tuples(
        *(st.builds(LogCount, st.just(one), counts, counts, text, text, st.booleans()) for one in (*KINDS, QUESTIONS))
    ),
    failures=st.none() | st.builds(
        WaitingFailures,
        counts,
        st.booleans(),
        st.lists(
            st.builds(
                FailureCause, st.sampled_from([*CAUSES]), text, pages.map("docs/runbook/{}.md".format), counts,
                moments.map(datetime.isoformat), text, text,
            ),
            max_size=12,
        ).map(tuple),
    ),
    unknown=st.lists(st.builds(Unknown, text, text, text), max_size=2).map(tuple),
)  # fmt: skip


@given(found_facts)
def test_every_trouble_has_a_page_that_exists_and_a_command_that_parses(facts: StackFacts) -> None:
    found = troubles(facts)

    assert health(facts) == (1 if found else 2 if untold(facts) else 0)
    for trouble in found:
        assert (ROOT / trouble.page).is_file()
        assert_parses(trouble)


@settings(max_examples=50)
@given(found_facts, st.sampled_from([80, 120, None]))
def test_screen_is_printable_and_as_wide_as_it_may_be(facts: StackFacts, width: int | None) -> None:
    lines = list(screen(facts, width))

    assert lines == [printable(line) for line in lines]
    if width:
        wide = [line for line in lines if len(line) > width and not re.match(r"   \$ |one message |  ", line)]
        assert [line for line in wide if len(max(line.split(), key=len)) < width - 15] == []


@given(found_facts)
def test_document_is_json_with_the_same_fields_whatever_was_found(facts: StackFacts) -> None:
    written = json.loads(json.dumps(document(facts)))

    assert list(written) == list(document(HEALTHY))
    assert written["health"] in ("healthy", "trouble", "unknown")


def assert_parses(trouble: Trouble) -> None:
    program, *words = shlex.split(trouble.command)
    if program == "lookalike":
        whole_parser().parse_args(words)
        return
    assert program == "aws"
    if words[0] == "s3":
        assert re.fullmatch(r"mb s3://[a-z0-9.-]+", " ".join(words[1:]))
        return
    service, operation, *options = words
    assert {one for one in options if one.startswith("--")} <= known_options(
        {"s3api": "s3"}.get(service, service), operation
    )


@cache
def whole_parser() -> argparse.ArgumentParser:
    return parser(COMMANDS)


@cache
def known_options(service: str, operation: str) -> set[str]:
    """The options that the AWS CLI has for an operation: one for each member of its input, and its own."""
    model: Any = botocore.session.get_session().get_service_model(service)
    (name,) = [one for one in model.operation_names if xform_name(one, "-") == operation]
    members = {f"--{xform_name(one, '-')}" for one in model.operation_model(name).input_shape.members}
    return members | {"--query", "--output", "--max-items"}
