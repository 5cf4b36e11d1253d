"""The e-mail and the block of banned pictures of examples/, deployed where rights are enforced."""

import json
import time
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.conftest import PATIENCE_S
from tests.integration.subscribers import Guarded, load, message

pytestmark = pytest.mark.emulator

MATCH = {
    "bucket": "elsewhere",
    "key": "stored.jpg",
    "version": None,
    "modified": "2026-01-01T00:00:00+00:00",
    "sha256": "0" * 64,
}
TAG = {"Key": "lookalike:blocked", "Value": "banned"}


# --- e-mail: the emulator sends none, so the subscription and what passes its filter are looked at ---


def test_email_is_sent_for_the_kinds_that_were_asked_for(guarded: Guarded) -> None:
    guarded.deploy("email", Address="someone@example.com", Kinds="exact,altered")
    sns = guarded.client("sns")
    (subscription,) = [
        one["SubscriptionArn"]
        for one in sns.list_subscriptions_by_topic(TopicArn=guarded.topic)["Subscriptions"]
        if (one["Protocol"], one["Endpoint"]) == ("email", "someone@example.com")
    ]
    policy = sns.get_subscription_attributes(SubscriptionArn=subscription)["Attributes"]["FilterPolicy"]
    queue = guarded.subscribe_queue(FilterPolicy=policy)

    for kind in ("near", "alike", "altered"):
        guarded.publish({"kind": kind}, kind=kind)

    assert [json.loads(body)["kind"] for body in guarded.receive(queue)] == ["altered"]


@pytest.mark.parametrize(
    ("example", "parameters", "name"),
    [
        ("email", {"Kinds": "exatc"}, "Kinds"),
        ("email", {"Kinds": "exact,", "Address": "someone@example.com"}, "Kinds"),
        ("email", {"Address": "nobody"}, "Address"),
        ("consumer", {"LeastSimilarity": "95"}, "LeastSimilarity"),
        ("consumer", {"TopicArn": "matches"}, "TopicArn"),
    ],
)
def test_parameter_with_which_no_message_would_come_is_refused(
    guarded: Guarded, example: str, parameters: dict[str, str], name: str
) -> None:
    needed = {"Address": "someone@example.com"} if example == "email" else {}

    with pytest.raises(AssertionError, match=f"Parameter.*{name}"):
        guarded.deploy(example, **needed | parameters)


# --- the block: lists are no part of this; the message is published by the test ---


@pytest.fixture(scope="module")
def block(guarded: Guarded) -> dict[str, str]:
    return guarded.deploy("block-banned", PicturesBucket=guarded.bucket)


def tags(guarded: Guarded, picture: dict[str, Any]) -> list[dict[str, str]]:
    which = {"Bucket": picture["bucket"], "Key": picture["key"], "VersionId": picture["version"]}
    found: list[dict[str, str]] = guarded.s3.get_object_tagging(**which)["TagSet"]
    return found


@pytest.mark.usefixtures("block")
def test_upload_that_matches_the_list_is_tagged(guarded: Guarded) -> None:
    picture = guarded.put("banned.jpg", b"banned", Tagging="hotel=astoria")

    guarded.publish(message(picture, MATCH, kind="near", list="banned"), list='["stock", "banned"]')

    deadline = time.monotonic() + PATIENCE_S
    while TAG not in (found := tags(guarded, picture)):  # a function that SNS invokes tells nobody of its end
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    assert found == [{"Key": "hotel", "Value": "astoria"}, TAG]


def test_only_the_version_that_matched_is_tagged(guarded: Guarded, block: dict[str, str]) -> None:
    picture = guarded.put("overwritten.jpg", b"banned")
    harmless = guarded.put("overwritten.jpg", b"harmless")

    for _ in range(2):  # a repeat changes nothing
        guarded.invoke(block["FunctionName"], message(picture, MATCH, kind="exact", list="banned"))

    assert (tags(guarded, picture), tags(guarded, harmless)) == ([TAG], [])


@pytest.mark.parametrize(
    "match",
    [{"list": "stock"}, {}, {"list": "banned", "kind": "alike"}, {"list": "banned", "unconfirmed": True}],
    ids=str,
)
def test_what_is_for_people_to_judge_is_not_tagged(
    guarded: Guarded, block: dict[str, str], match: dict[str, Any]
) -> None:
    picture = guarded.put("judged.jpg", b"judged")

    guarded.invoke(block["FunctionName"], message(picture, MATCH, **{"kind": "near"} | match))

    assert tags(guarded, picture) == []


def test_picture_that_is_gone_is_no_error(guarded: Guarded, block: dict[str, str]) -> None:
    picture = guarded.put("gone.jpg", b"gone")
    guarded.s3.delete_object(Bucket=picture["bucket"], Key=picture["key"], VersionId=picture["version"])

    guarded.invoke(block["FunctionName"], message(picture, MATCH, kind="near", list="banned"))


def test_what_is_tagged_is_read_by_moderators_alone(guarded: Guarded) -> None:
    bucket = guarded.make_bucket("denied")
    banned, harmless = (guarded.put(key, b"x", bucket) for key in ("banned.jpg", "harmless.jpg"))
    guarded.s3.put_object_tagging(Bucket=bucket, Key=banned["key"], Tagging={"TagSet": [TAG]})
    kept = {"Sid": "Kept", "Effect": "Deny", "Principal": "*", "Action": "s3:DeleteBucket"}
    policy = {"Version": "2012-10-17", "Statement": [kept | {"Resource": f"arn:aws:s3:::{bucket}"}]}
    guarded.s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
    moderator, moderators_s3 = guarded.reader("moderator")
    _, guests_s3 = guarded.reader("guest")
    deny_reading = load("block-banned", "deny_reading")

    for _ in range(2):  # a repeat changes nothing
        deny_reading.deny(guarded.s3, bucket, [moderator])

    statements = deny_reading.policy_of(guarded.s3, bucket)["Statement"]
    assert [one["Sid"] for one in statements] == ["Kept", "BannedIsNotRead"]
    assert guests_s3.get_object(Bucket=bucket, Key=harmless["key"])["Body"].read() == b"x"
    assert moderators_s3.get_object(Bucket=bucket, Key=banned["key"])["Body"].read() == b"x"
    for which in ({}, {"VersionId": banned["version"]}):
        with pytest.raises(ClientError, match="AccessDenied"):
            guests_s3.get_object(Bucket=bucket, Key=banned["key"], **which)
    # Copying needs the right to read the source, too; the emulator asks the bucket's policy for reads alone.
