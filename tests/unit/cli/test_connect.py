"""`lookalike connect`: what it takes, and what it says before anything is changed."""

from collections import Counter

import pytest

from handler.cli.connect import _hears, shown
from handler.cli.main import main
from handler.cli.notifications import Notifications

ASKS_FIRST = "this asks first, which takes a terminal and no --json: give --yes to go on without being asked"
QUEUE = {
    "Id": "a",
    "QueueArn": "arn:aws:sqs:eu-west-1:111122223333:thumbnails",
    "Events": ["s3:ObjectCreated:*", "s3:ObjectRemoved:*"],
    "Filter": {"Key": {"FilterRules": [{"Name": "Prefix", "Value": "in/\n"}]}},
}


def test_table_has_what_stays_and_what_is_added() -> None:
    lines = shown(Notifications({"QueueConfigurations": [QUEUE]}, Counter()), "added")

    assert [" ".join(line.split()) for line in lines] == [
        "KIND DESTINATION EVENTS OBJECTS",
        "stays queue arn:aws:sqs:eu-west-1:111122223333:thumbnails s3:ObjectCreated:* s3:ObjectRemoved:* "
        r"prefix in/\n",
        "added EventBridge rules of the account all all",
    ]


@pytest.mark.parametrize("address", ["photos", "s3://", "s3://photos/in/", "https://photos", "s3:///"])
def test_address_of_a_bucket_is_wanted(address: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["connect", address])

    assert ended.value.code == 2
    assert "is not the address of a bucket, such as s3://photos" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ([], ASKS_FIRST),
        (["--json"], ASKS_FIRST),
        (["--undo"], f"{ASKS_FIRST}\n"),  # with no word of --check
        (["--check", "--yes"], "--check asks nothing: leave out --yes"),
    ],
)
def test_nothing_is_changed_unasked(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["connect", "s3://photos", *words]) == 2
    assert capsys.readouterr().err.startswith(f"lookalike: {said}")


@pytest.mark.parametrize(
    ("pattern", "hears"),
    [
        ('{"source": ["aws.s3"]}', True),
        ('{"source": ["aws.s3"], "detail": {"bucket": {"name": ["photos", "b"]}}}', True),
        ('{"source": ["aws.s3"], "detail": {"bucket": {"name": ["b"]}}}', False),
        ('{"source": ["aws.s3"], "detail": {"bucket": {"name": [{"prefix": "pho"}]}}}', True),
        ('{"detail-type": ["Object Created"]}', True),
        ('{"source": ["aws.ec2"]}', False),
        (None, False),
    ],
)
def test_rules_that_may_hear_of_the_bucket(pattern: str | None, hears: bool) -> None:
    rule = {"Name": "r"} | ({"EventPattern": pattern} if pattern else {"ScheduleExpression": "rate(1 day)"})

    assert _hears(rule, "photos") is hears
