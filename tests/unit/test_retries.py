"""Every call of every adapter while AWS is in trouble: through real clients, to a server that fails first."""

import base64
import importlib
import inspect
import json
import pkgutil
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

import handler.aws
from handler.aws.again import SQSAgain
from handler.aws.backlogs import DynamoDBBacklogs
from handler.aws.batch import Throttled
from handler.aws.bodies import ATTEMPTS
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.catalog import DynamoDBCatalog
from handler.aws.journal import DynamoDBJournal
from handler.aws.packs import S3Packs
from handler.aws.pairs import DynamoDBPairs
from handler.aws.retries import FIRST_WAIT_S, MOST_WAIT_S, Retries
from handler.aws.s3 import S3Pictures
from handler.aws.sns import SNSTopic
from handler.aws.verdicts import DynamoDBVerdicts
from handler.config import Config
from handler.core.again import Again
from handler.core.buckets import Bucket
from handler.core.entry import entry_bytes
from handler.core.filed import Copy, Filed
from handler.core.found import Route
from handler.core.generations import GENERATIONS
from handler.core.journal import Backlog, PacksUnavailable, Shape, Span
from handler.core.matches import Likeness, NotedPair, Pair
from handler.core.message import Message
from handler.core.model import Collection, MatchKind, ObjectRef, Outcome, PictureRecord
from handler.core.verdicts import Decision, NamedObject, Subject, Verdict
from handler.deadline import RESERVED_S
from handler.wiring import build
from tests.environment import GOOD
from tests.pictures import jpeg, photo
from tests.trouble import BODY, FAILURES, TROUBLES, Answer, Clock, Cloud, Trouble

COLLECTION = Collection("*", "phash1")
REF = ObjectRef("pictures", "a.jpg", "1" * 32)
RECORD = PictureRecord(REF, "phash1", Outcome.GONE)
PAIR = Pair("0" * 32 + "#a", "1" * 32 + "#b")
LIKENESS = Likeness(MatchKind.NEAR, 1)
NOTED = NotedPair(LIKENESS, finder="a")
SUBJECT = Subject("a", "b")
DECISION = Decision(SUBJECT, Verdict.DIFFERENT, (NamedObject("b", "a"), NamedObject("b", "b")), "me", "2026")
COPY = Copy("pictures", "a.jpg", None, 3, 2, "GIF", 9, "2026")
FILED = Filed(PAIR, (COPY, COPY), LIKENESS, "a", "2026")
SPAN = Span(0, 0, 128)
SLOW_DOWN = Answer(503, b"<Error><Code>SlowDown</Code></Error>", "text/xml")

# What each public method of each adapter is called with; a new one without a call here fails a test.
CALLS: dict[type, dict[str, Callable[[Any], Any]]] = {
    DynamoDBBuckets: {
        "add": lambda it: it.add(COLLECTION, Bucket(0, 1), 2, crowded=True),
        "candidates": lambda it: it.candidates(COLLECTION, [3], 4),
    },
    DynamoDBCatalog: {
        "put": lambda it: it.put(COLLECTION, RECORD),
        "bury": lambda it: it.bury(COLLECTION, REF),
        "get": lambda it: it.get(COLLECTION, [REF.object_id]),
        "add_holder": lambda it: it.add_holder(COLLECTION, 1, REF),
        "add_entry_holder": lambda it: it.add_entry_holder(COLLECTION, 1, REF.object_id),
        "drop_holder": lambda it: it.drop_holder(COLLECTION, 1, REF),
        "holders": lambda it: list(it.holders(COLLECTION, 1)),
        "mark_done": lambda it: it.mark_done(COLLECTION, REF.object_id, "job"),
    },
    DynamoDBBacklogs: {
        "get": lambda it: it.get(COLLECTION),
        "begin": lambda it: it.begin(COLLECTION),
        "claim": lambda it: it.claim(COLLECTION, Backlog(0, None, 0), 1, now=0, busy=60),
        "advance": lambda it: it.advance(COLLECTION, 1),
    },
    DynamoDBJournal: {
        "append": lambda it: it.append(COLLECTION, b"\1" + bytes(23), {}, ask=True),
        "mark": lambda it: it.mark(COLLECTION, 24),
        "tail": lambda it: it.tail(COLLECTION, [0, 0]),
        "ends": lambda it: it.ends(COLLECTION),
        "segments": lambda it: it.segments(COLLECTION, 0, 0, 2),
    },
    DynamoDBPairs: {
        "noted": lambda it: it.noted(COLLECTION, [PAIR]),
        "note_pair": lambda it: it.note_pair(COLLECTION, PAIR, NOTED),
        "mark_announced": lambda it: it.mark_announced(COLLECTION, FILED),
        "file_quiet": lambda it: it.file_quiet(COLLECTION, FILED),
        "waiting": lambda it: list(it.waiting(COLLECTION)),
        "some_waiting": lambda it: it.some_waiting(COLLECTION, 10),
        "set_aside": lambda it: it.set_aside(COLLECTION, PAIR, SUBJECT),
        "aside": lambda it: list(it.aside(COLLECTION, SUBJECT)),
        "reopen": lambda it: it.reopen(COLLECTION, PAIR),
        "close": lambda it: it.close(COLLECTION, PAIR),
    },
    DynamoDBVerdicts: {
        "decided": lambda it: it.decided("*", [SUBJECT]),
        "put": lambda it: it.put("*", DECISION),
        "take_back": lambda it: it.take_back("*", SUBJECT),
        "note_batch": lambda it: it.note_batch("*", "batch", "2026", [SUBJECT]),
        "in_batch": lambda it: list(it.in_batch("*", "batch")),
        "all": lambda it: list(it.all("*")),
    },
    S3Packs: {
        "get": lambda it: it.get(COLLECTION, SPAN),
        "put": lambda it: it.put(COLLECTION, SPAN, BODY),
        "missing": lambda it: it.missing(COLLECTION, [SPAN]),
    },
    S3Pictures: {"read": lambda it: it.read(REF), "exists": lambda it: it.exists(REF)},
    SQSAgain: {"send": lambda it: it.send(Again(REF, 1, "2026"), 1)},
    SNSTopic: {"publish": lambda it: it.publish(Message("{}", {"kind": "near"}, ()))},
}
EACH = [pytest.param(adapter, name, id=f"{adapter.__name__}.{name}") for adapter in CALLS for name in CALLS[adapter]]
BATCHES = [
    (DynamoDBBuckets, "add"),
    (DynamoDBBuckets, "candidates"),
    (DynamoDBCatalog, "get"),
    (DynamoDBPairs, "noted"),
    (DynamoDBVerdicts, "decided"),
]


@pytest.fixture(scope="module")
def running() -> Iterator[Cloud]:
    with ThreadPoolExecutor(16) as executor:
        cloud = Cloud(executor)
        yield cloud
        cloud.server.stop()


@pytest.fixture
def cloud(running: Cloud) -> Cloud:
    running.reset()
    return running


def test_every_public_method_of_every_adapter_is_tried() -> None:
    adapters = {
        one
        for module in pkgutil.iter_modules(handler.aws.__path__)
        for _, one in inspect.getmembers(importlib.import_module(f"handler.aws.{module.name}"), inspect.isclass)
        if one.__module__ == f"handler.aws.{module.name}" and "client" in inspect.signature(one.__init__).parameters
    }

    public = {one: {name for name in vars(one) if not name.startswith("_")} for one in adapters}

    assert public == {adapter: set(calls) for adapter, calls in CALLS.items()}


@pytest.mark.parametrize("trouble", TROUBLES)
@pytest.mark.parametrize(("adapter", "name"), EACH)
def test_call_answers_as_if_there_had_been_no_trouble(cloud: Cloud, adapter: type, name: str, trouble: str) -> None:
    call, it = CALLS[adapter][name], cloud.adapter(adapter)
    usual = call(it)
    without = dict(cloud.server.seen)
    cloud.server.seen.clear()
    cloud.server.trouble = TROUBLES[trouble]

    answer = call(it)

    assert answer == usual
    assert cloud.server.seen == {request: TROUBLES[trouble].failures + count for request, count in without.items()}


@pytest.mark.parametrize(("adapter", "name"), EACH)
def test_call_fails_when_the_invocation_is_about_to_end(cloud: Cloud, adapter: type, name: str) -> None:
    clock = cloud.clock
    clock.now, clock.ticks = 1000.0, 0.25
    cloud.retries.begin(1000.0 + RESERVED_S + 10)
    cloud.server.trouble = Trouble("ProvisionedThroughputExceededException", "SlowDown", 503, failures=10_000)

    with pytest.raises((ClientError, BotoCoreError, PacksUnavailable)):
        CALLS[adapter][name](cloud.adapter(adapter))

    assert sum(cloud.server.seen.values()) >= 10
    assert 1010.0 <= clock.now < 1020.0


@pytest.mark.parametrize("trouble", TROUBLES)
def test_call_that_fails_when_the_time_is_up_is_not_tried_again(cloud: Cloud, trouble: str) -> None:
    cloud.retries.begin(cloud.clock.now + RESERVED_S)
    cloud.server.trouble = TROUBLES[trouble]._replace(failures=10_000)

    with pytest.raises((ClientError, BotoCoreError)):
        cloud.adapter(DynamoDBCatalog).add_holder(COLLECTION, 1, REF)

    assert set(cloud.server.seen.values()) == {1}


def test_no_handler_tells_botocore_to_wait_when_the_time_is_up(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """Most versions of botocore wait for whatever is not None, False included, and try again at once for ever."""
    said: list[object] = []
    events = cloud.client("dynamodb").meta.events
    emit = events.emit

    def listening(name: str, **given: Any) -> Any:
        answers = emit(name, **given)
        if name.startswith("needs-retry."):
            said.extend(answer for _, answer in answers)
        return answers

    monkeypatch.setattr(events, "emit", listening)
    cloud.retries.begin(cloud.clock.now + RESERVED_S)
    cloud.server.trouble = TROUBLES["throttled"]._replace(failures=10_000)

    with pytest.raises(ClientError):
        cloud.adapter(DynamoDBCatalog).add_holder(COLLECTION, 1, REF)

    assert said
    assert set(said) == {None}


@pytest.mark.parametrize(("adapter", "name"), EACH)
def test_refusal_is_not_tried_again(cloud: Cloud, adapter: type, name: str) -> None:
    cloud.server.trouble = Trouble("ValidationException", "InvalidArgument", 403, failures=10_000)

    with pytest.raises((ClientError, PacksUnavailable)):
        CALLS[adapter][name](cloud.adapter(adapter))

    assert set(cloud.server.seen.values()) == {1}


def _unprocessed(body: bytes, read: int) -> Answer:
    """The answer of a table that has capacity for *read* keys."""
    ((table, asked),) = json.loads(body)["RequestItems"].items()
    rest = {table: {"Keys": asked["Keys"][read:]}} if asked["Keys"][read:] else {}
    found = [key | {"hashes": {"BS": [base64.b64encode(bytes(8)).decode()]}} for key in asked["Keys"][:read]]
    return Answer(body=json.dumps({"Responses": {table: found}, "UnprocessedKeys": rest}).encode())


@pytest.mark.parametrize(("adapter", "name"), BATCHES)
def test_batch_that_brings_nothing_is_asked_for_again(cloud: Cloud, adapter: type, name: str) -> None:
    it = cloud.adapter(adapter)
    usual = CALLS[adapter][name](it)
    cloud.server.seen.clear()
    cloud.server.answer = lambda operation, body, number: (
        _unprocessed(body, 0) if operation == "BatchGetItem" and number <= FAILURES else None
    )

    assert CALLS[adapter][name](it) == usual
    assert max(cloud.server.seen.values()) == FAILURES + 1


def test_rest_of_a_batch_is_asked_for(cloud: Cloud) -> None:
    cloud.server.answer = lambda _, body, __: _unprocessed(body, 2)

    found = cloud.adapter(DynamoDBBuckets).candidates(COLLECTION, [0], 3)

    assert [near.hash for near in found.nearest_first] == [0]
    asked = [len(json.loads(body)["RequestItems"]["table"]["Keys"]) for _, __, body in cloud.server.seen]
    assert asked == [4, 2]


def test_batch_that_never_brings_anything_fails(cloud: Cloud) -> None:
    it = cloud.adapter(DynamoDBCatalog)
    cloud.retries.begin(0.0)
    cloud.server.answer = lambda _, body, __: _unprocessed(body, 0)

    with pytest.raises(Throttled):
        it.get(COLLECTION, [REF.object_id])


@pytest.mark.parametrize(("adapter", "name"), [(S3Packs, "get"), (S3Pictures, "read")])
def test_body_that_breaks_off_is_read_again(cloud: Cloud, adapter: type, name: str) -> None:
    it, call = cloud.adapter(adapter), CALLS[adapter][name]
    usual = call(it)
    cloud.server.seen.clear()

    def breaking_off(times: int) -> Callable[[str, bytes, int], Answer | None]:
        return lambda _, __, number: Answer(body=BODY, kind="image/jpeg", cut=5) if number <= times else None

    cloud.server.answer = breaking_off(ATTEMPTS - 1)
    assert call(it) == usual
    cloud.server.seen.clear()
    cloud.server.answer = breaking_off(ATTEMPTS)
    with pytest.raises((BotoCoreError, PacksUnavailable)):
        call(it)


def test_waits_grow_to_a_limit_and_are_spread() -> None:
    longest, shortest = (
        Retries(clock=Clock(), between=bound) for bound in (lambda _, most: most, lambda least, _: least)
    )
    for retries in (longest, shortest):
        retries.begin(3600.0)

    waits = [longest.wait_s(attempts) for attempts in (1, 2, 3, 9, 10_000)]

    assert waits == [FIRST_WAIT_S, 2 * FIRST_WAIT_S, 4 * FIRST_WAIT_S, MOST_WAIT_S, MOST_WAIT_S]
    assert shortest.wait_s(9) == 0


def test_call_may_be_tried_for_its_share_of_the_time_whenever_it_begins(cloud: Cloud) -> None:
    cloud.retries.begin(cloud.clock.now + 100.0 + RESERVED_S)
    client = cloud.shared_client("s3", share=0.2)
    cloud.server.trouble = Trouble("", "SlowDown", 503, failures=10_000)

    took = []
    for begins in (0.0, 50.0, 90.0):
        cloud.clock.now, cloud.clock.ticks = begins, 0.25
        with pytest.raises(PacksUnavailable):
            S3Packs(client, "packs", "table").get(COLLECTION, SPAN)
        took.append(cloud.clock.now - begins)

    assert took == [pytest.approx(20, abs=1), pytest.approx(20, abs=1), pytest.approx(10, abs=1)]


def test_wired_function_that_is_refused_packs_for_long_reads_the_table(
    cloud: Cloud, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    collection, body = Collection("*", "look1"), jpeg(photo(1, (64, 64)))
    size = entry_bytes(GENERATIONS["look1"].word_count)
    capacity, full, rng = Shape().capacity(collection, size), Shape().pack_sizes[0], random.Random(1)

    def segment(number: int) -> dict[str, Any]:
        entries = [base64.b64encode(rng.randbytes(size)).decode() for _ in range(capacity)]
        return {"sk": {"S": f"{number:08d}"}, "entries": {"BS": entries}}

    journal = [segment(number) for number in range(full + 1)]

    def answer(operation: str, asked: bytes, _: int) -> Answer | None:
        if operation == "GET":  # the picture first, and then the pack, however often
            gets = sum(times for (method, __, ___), times in cloud.server.seen.items() if method == "GET")
            return Answer(body=body, kind="image/jpeg") if gets == 1 else SLOW_DOWN
        if operation != "Query":
            return None
        packed = ":to" in json.loads(asked)["ExpressionAttributeValues"]
        return Answer(body=json.dumps({"Items": journal[:full] if packed else journal[full:]}).encode())

    cloud.server.answer = answer
    service = build(Config.from_env(GOOD | {"ENDPOINT_URL": cloud.server.endpoint}))
    deadline = time.monotonic() + RESERVED_S + 4
    service.retries.begin(deadline)

    found = service.deduplicator.created(REF, deadline=deadline).found

    assert found is not None
    assert (found.route, found.whole, found.pictures) == (Route.LOADED, True, (full + 1) * capacity)
    assert "SlowDown" in (found.trouble or "")


def test_function_that_is_wired_waits_throttling_out(cloud: Cloud, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    body = jpeg(photo(1, (64, 64)))
    cloud.server.answer = lambda operation, _, __: Answer(body=body) if operation == "GET" else None
    cloud.server.trouble = Trouble("ProvisionedThroughputExceededException", "SlowDown", 503, failures=5)
    service = build(Config.from_env(GOOD | {"ENDPOINT_URL": cloud.server.endpoint}))
    deadline = time.monotonic() + 60
    service.retries.begin(deadline)

    report = service.deduplicator.created(REF, deadline=deadline)

    assert (report.outcome, report.matches) == (Outcome.INDEXED, [])
    assert set(cloud.server.seen.values()) == {6}
