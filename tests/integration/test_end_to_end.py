"""The deployed stack, from an upload to a message."""

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from handler.core.model import Outcome
from tests.conftest import Stack
from tests.events import CREATED, queued
from tests.integration.conftest import Messages, Site
from tests.pictures import jpeg, near_copy, photo
from tests.proxy import Proxy

pytestmark = pytest.mark.emulator

CAT, DOG = photo(1), photo(2)


def test_upload_of_a_near_duplicate_is_announced(site: Site) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    site.wait_for_lines("cat.jpg")

    site.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert site.messages(1) == [("copy.jpg", ["cat.jpg"])]


@pytest.mark.parametrize("name", ["a+b c.jpg", "100%.jpg", "%41.jpg", '"quoted" \'n.jpg', "猫/ö.jpg", "a&b=c;d#e?.jpg"])
def test_keys_arrive_as_they_are_in_s3(site: Site, name: str) -> None:
    site.upload("first.jpg", jpeg(CAT))
    site.wait_for_lines("first.jpg")

    site.upload(name, jpeg(CAT))

    assert site.messages(1) == [(name, ["first.jpg"])]


def test_overwritten_picture_answers_for_its_new_content_only(site: Site) -> None:
    site.upload("a.jpg", jpeg(CAT))
    site.wait_for_lines("a.jpg")
    site.upload("a.jpg", jpeg(DOG))
    site.wait_for_lines("a.jpg", 2)

    site.upload("cat.jpg", jpeg(near_copy(CAT)))
    site.wait_for_lines("cat.jpg")
    site.upload("dog.jpg", jpeg(near_copy(DOG)))

    assert site.messages(1) == [("dog.jpg", ["a.jpg"])]


def test_near_duplicate_of_a_deleted_picture_is_silent(site: Site) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    site.wait_for_lines("cat.jpg")
    site.delete("cat.jpg")
    assert [line["message"] for line in site.wait_for_lines("cat.jpg", 2)] == ["indexed", "removed"]

    site.upload("copy.jpg", jpeg(near_copy(CAT)))

    (line,) = site.wait_for_lines("copy.jpg")
    assert (line["message"], line["matches"]) == ("indexed", 0)
    assert site.messages_so_far() == []


def test_bad_objects_are_recorded_once_and_hold_up_nothing(site: Site) -> None:
    bad = {"text.jpg": b"not a picture", "cut.jpg": jpeg(DOG)[:500], "empty.jpg": b""}
    for name, body in bad.items():
        site.upload(name, body)
    site.upload("cat.jpg", jpeg(CAT))
    for name in [*bad, "cat.jpg"]:
        site.wait_for_lines(name)

    site.upload("copy.jpg", jpeg(near_copy(CAT)))

    assert site.messages(1) == [("copy.jpg", ["cat.jpg"])]
    reasons = {name: site.record(name, site.deployment.bucket) for name in bad}
    assert {name: (record.reason or "").split(":")[0] for name, record in reasons.items() if record} == {
        "text.jpg": "unsupported",
        "cut.jpg": "truncated",
        "empty.jpg": "empty",
    }
    assert [len(site.lines(name)) for name in bad] == [1, 1, 1]  # no retry


def test_retried_event_does_not_match_itself(site: Site) -> None:
    event = site.put("cat.jpg", jpeg(CAT))

    replies = [site.send(event) for _ in range(3)]

    assert replies == [{"outcomes": ["indexed"]}] * 3
    assert site.messages_so_far() == []


def test_same_event_twice_gives_one_pair_and_one_message(site: Site) -> None:
    site.send(site.put("cat.jpg", jpeg(CAT)))
    event = site.put("copy.jpg", jpeg(near_copy(CAT)))

    for _ in range(2):
        site.send(event)

    assert site.messages_so_far() == [("copy.jpg", ["cat.jpg"])]
    assert len(site.pairs("cat.jpg", "copy.jpg")) == 1


def test_delete_and_re_put_with_events_out_of_order(site: Site) -> None:
    first = site.put("cat.jpg", jpeg(CAT))
    deletion = site.remove("cat.jpg")
    second = site.put("cat.jpg", jpeg(CAT))

    replies = [site.send(event)["outcomes"] for event in (second, deletion, first)]
    site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))

    assert replies == [["indexed"], ["stale"], ["stale"]]
    assert site.messages(1) == [("copy.jpg", ["cat.jpg"])]


def test_creation_that_comes_after_its_deletion_stays_deleted(site: Site) -> None:
    creation = site.put("cat.jpg", jpeg(CAT))
    deletion = site.remove("cat.jpg")

    replies = [site.send(event)["outcomes"] for event in (deletion, creation)]
    site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))

    assert replies == [["removed"], ["stale"]]
    assert site.messages_so_far() == []


def test_poison_beside_good_records_fails_alone(site: Site) -> None:
    good = site.put("cat.jpg", jpeg(CAT))
    bad = site.put("bad.jpg", b"poison")
    gone = site.event(CREATED, "gone.jpg")
    event = {"Records": [record for one in (bad, gone, good) for record in one["Records"]]}

    assert site.send(event) == {"outcomes": ["rejected", "gone", "indexed"]}


def test_queue_messages_that_fail_come_again_alone(site: Site, proxy: Proxy) -> None:
    events = [site.put(f"{n}.jpg", jpeg(photo(10 + n))) for n in range(2)]
    proxy.crash_at(0, effective=False)

    assert site.send(queued(*events)) == {"batchItemFailures": [{"itemIdentifier": "m0"}]}
    assert [site.record(f"{n}.jpg") is not None for n in range(2)] == [False, True]


@pytest.mark.parametrize("effective", [False, True], ids=["before its effect", "after its effect"])
def test_crash_at_any_step_then_the_retry_announces_the_pair(site: Site, proxy: Proxy, *, effective: bool) -> None:
    site.send(site.put("cat.jpg", jpeg(CAT)))
    survived = 0
    while True:
        name = f"copy{survived}.jpg"
        event = site.put(name, jpeg(near_copy(CAT)))
        proxy.crash_at(survived, effective=effective)
        if site.send_by_queue(event):
            assert not proxy.crashed.is_set()
            break
        assert site.send_by_queue(event)
        announced = [picture for picture, matches in site.messages_so_far() if "cat.jpg" in matches]
        assert name in announced, f"crash at call {survived}"
        site.send(site.remove(name))
        survived += 1

    assert survived >= 13  # read, 2 writes, the journal, records, verdicts, a look, re-check, note, publish, mark


@pytest.mark.parametrize("times", [15, pytest.param(50, marks=pytest.mark.slow)])
def test_two_near_duplicates_at_the_same_moment_are_announced(stack: Stack, messages: Messages, times: int) -> None:
    for _ in range(times):
        site = Site(stack, messages)
        barrier = threading.Barrier(2)

        def upload(name: str, body: bytes, site: Site = site, barrier: threading.Barrier = barrier) -> None:
            barrier.wait()
            site.upload(name, body)

        with ThreadPoolExecutor(2) as both:
            for done in [
                both.submit(upload, *one) for one in (("one.jpg", jpeg(CAT)), ("two.jpg", jpeg(near_copy(CAT))))
            ]:
                done.result()

        assert site.messages(1)
        assert len(site.pairs("one.jpg", "two.jpg", bucket=stack.deployment.bucket)) == 1


def test_filter_policy_sees_kind_and_similarity(site: Site) -> None:
    sqs, sns = site.client("sqs"), site.client("sns")

    def subscribed(name: str, policy: dict[str, Any]) -> str:
        url: str = sqs.create_queue(QueueName=f"{name}-{site.folder}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        attributes = {
            "RawMessageDelivery": "true",
            "FilterPolicy": json.dumps(policy | {"scope": [site.collection.scope]}),
        }
        sns.subscribe(TopicArn=site.deployment.outputs["TopicArn"], Protocol="sqs", Endpoint=arn, Attributes=attributes)
        return url

    exact_only = subscribed("exact", {"kind": ["exact"]})
    close_only = subscribed("close", {"kind": ["near"], "similarity": [{"numeric": [">", 0.5]}]})
    for name, body in (("cat.jpg", jpeg(CAT)), ("near.jpg", jpeg(near_copy(CAT))), ("same.jpg", jpeg(CAT))):
        site.send(site.put(name, body))

    assert len(site.messages(2)) == 2
    keys = {}
    for url in (exact_only, close_only):
        messages = sqs.receive_message(QueueUrl=url, WaitTimeSeconds=20, MaxNumberOfMessages=10).get("Messages", [])
        keys[url] = [json.loads(message["Body"])["picture"]["key"] for message in messages]
    assert keys == {exact_only: [f"{site.folder}/same.jpg"], close_only: [f"{site.folder}/near.jpg"]}


def test_event_that_fails_for_good_reaches_the_failure_queue(site: Site) -> None:
    event = {"nonsense": site.folder}
    site.client("lambda").invoke(
        FunctionName=site.deployment.outputs["FunctionName"], InvocationType="Event", Payload=json.dumps(event)
    )
    sqs = site.client("sqs")

    answer = sqs.receive_message(QueueUrl=site.deployment.outputs["FailureQueueUrl"], WaitTimeSeconds=20)

    (message,) = answer["Messages"]
    sqs.delete_message(QueueUrl=site.deployment.outputs["FailureQueueUrl"], ReceiptHandle=message["ReceiptHandle"])
    failed = json.loads(message["Body"])
    assert failed["requestPayload"] == event
    assert "no Records, detail, tasks, backfill or lookup" in failed["responsePayload"]["errorMessage"]


def test_one_line_tells_of_an_object_and_counts_nothing_usual(site: Site) -> None:
    site.send(site.put("cat.jpg", jpeg(CAT)))
    site.send(site.put("copy.jpg", jpeg(near_copy(CAT))))

    (line,) = site.wait_for_lines("copy.jpg")

    assert {"bucket", "key", "hash", "matches", "announced", "read_units", "write_units", "ms"} <= line.keys()
    assert (line["message"], line["matches"], line["announced"]) == ("indexed", 1, 1)
    assert "_aws" not in line
    site.send(site.put("text.jpg", b"text"))
    (rejected,) = site.wait_for_lines("text.jpg")
    assert (rejected["message"], rejected["Rejected"], rejected["service"]) == ("rejected", 1, "lookalike")
    assert rejected["_aws"]["CloudWatchMetrics"][0]["Namespace"] == "Lookalike"


def test_look_up_answers_for_a_picture_that_was_never_indexed(site: Site) -> None:
    site.send(site.put("cat.jpg", jpeg(CAT)))
    asked = site.put("question.jpg", jpeg(near_copy(CAT)))["Records"][0]["s3"]

    answer = site.send({"lookup": {"bucket": asked["bucket"]["name"], "key": asked["object"]["key"]}})

    assert [match["key"] for match in answer["matches"]] == [f"{site.folder}/cat.jpg"]
    assert site.record("question.jpg") is None
    assert site.messages_so_far() == []


def test_record_of_an_indexed_picture_is_complete(site: Site) -> None:
    body = jpeg(CAT)
    site.send(site.put("cat.jpg", body))

    record = site.record("cat.jpg")

    assert record is not None
    assert record.fingerprint is not None
    assert (record.outcome, record.bytes, record.fingerprint.format) == (Outcome.INDEXED, len(body), "JPEG")
    assert (record.fingerprint.width, record.fingerprint.height) == CAT.size
