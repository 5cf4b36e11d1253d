"""What is missing between a bucket and a stack, as AWS answers where no emulator does."""

import io
import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import Any

import boto3
import pytest
from botocore.stub import ANY, Stubber

from handler.cli.connections import Check, Connection
from handler.cli.stacks import DeployedStack
from handler.config import BadConfiguration
from handler.core.model import ReadDenied

BUCKET, REGION, KEY = "photos", "eu-west-1", "arn:aws:kms:eu-west-1:111122223333:key/1234"
STACK = DeployedStack(
    "lookalike",
    "CREATE_COMPLETE",
    {
        "FunctionName": "f",
        "FunctionRoleArn": "arn:aws:iam::111122223333:role/f",
        "IntakeQueueArn": "arn:aws:sqs:eu-west-1:111122223333:intake",
    },
    {"ExistingBuckets": BUCKET, "KmsKeyArns": "", "IntakeConcurrency": "50", "MaxConcurrency": "0"},
)


class Answers:
    """Clients that answer what each test says, and nothing else."""

    def __init__(self, entered: ExitStack) -> None:
        self._entered = entered
        self._stubs: dict[str, Stubber] = {}
        self.client = cache(self._make)

    def _make(self, service: str) -> Any:
        make: Any = boto3.client
        client = make(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")
        self._stubs[service] = self._entered.enter_context(Stubber(client))
        return client

    def say(self, service: str, operation: str, answer: dict[str, Any], **asked: Any) -> None:
        self.client(service)
        self._stubs[service].add_response(operation, answer, asked or None)

    def refuse(self, service: str, operation: str, code: str, status: int = 400) -> None:
        self.client(service)
        self._stubs[service].add_client_error(operation, code, "because", status)


@pytest.fixture
def answers() -> Iterator[Answers]:
    with ExitStack() as entered:
        yield Answers(entered)


Look = Callable[..., Check]


@pytest.fixture
def look(answers: Answers) -> Look:
    """Return the check of a name by what was answered to it."""

    def found(name: str, **parameters: str) -> Check:
        stack = STACK._replace(parameters=STACK.parameters | parameters)
        connection = Connection(answers.client, stack, BUCKET, REGION)
        looks: dict[str, Any] = {
            "bucket": connection._there,
            "region": connection._in_region,
            "rule": connection._heard,
            "encryption": connection._encrypted,
            "requester pays": connection._paid,
            "reading": connection._readable,
            "concurrency": connection._bounded,
        }
        return connection._asked(name, "s3:Something", looks[name])

    return found


def test_bucket_of_another_region_is_missing(answers: Answers, look: Look) -> None:
    answers.say("s3", "head_bucket", {"BucketRegion": "us-east-2"})

    assert look("region") == Check(
        "region", "missing", "it is in us-east-2, the stack in eu-west-1", "deploy a stack in us-east-2"
    )


def test_what_may_not_be_asked_is_unknown(answers: Answers, look: Look) -> None:
    answers.refuse("s3", "head_bucket", "403", 403)

    assert look("bucket") == Check("bucket", "unknown", "you may not ask", "ask for s3:Something")


def test_no_bucket(answers: Answers, look: Look) -> None:
    answers.refuse("s3", "head_bucket", "404", 404)

    assert look("bucket").state == "missing"


def encrypted_by(answers: Answers, key: str | None, algorithm: str = "aws:kms") -> None:
    rule = {"SSEAlgorithm": algorithm} | ({"KMSMasterKeyID": key} if key else {})
    answers.say(
        "s3",
        "get_bucket_encryption",
        {"ServerSideEncryptionConfiguration": {"Rules": [{"ApplyServerSideEncryptionByDefault": rule}]}},
    )


@pytest.mark.parametrize(("algorithm", "found"), [("AES256", "by S3"), ("aws:kms", "aws/s3")])
def test_keys_of_aws_need_nothing(algorithm: str, found: str, answers: Answers, look: Look) -> None:
    encrypted_by(answers, None, algorithm)

    assert look("encryption") == Check("encryption", "ok", found)


@pytest.mark.parametrize(
    ("manager", "given", "state"),
    [("CUSTOMER", "", "missing"), ("CUSTOMER", f"{KEY}0,{KEY}", "ok"), ("AWS", "", "ok")],
)
def test_key_of_ones_own_has_to_be_named(manager: str, given: str, state: str, answers: Answers, look: Look) -> None:
    encrypted_by(answers, "alias/photos")
    described = {"KeyMetadata": {"KeyId": "1234", "Arn": KEY, "KeyManager": manager}}
    answers.say("kms", "describe_key", described, KeyId="alias/photos")

    found = look("encryption", KmsKeyArns=given)

    assert found.state == state
    assert found.cure == (f"deploy with KmsKeyArns={KEY}" if state == "missing" else "")


@pytest.mark.parametrize(("owner_answers", "state"), [(True, "ok"), (False, "missing")])
def test_requester_pays_is_fine_within_an_account(
    owner_answers: bool, state: str, answers: Answers, look: Look
) -> None:
    answers.say("s3", "get_bucket_request_payment", {"Payer": "Requester"})
    if owner_answers:
        answers.say("s3", "head_bucket", {}, Bucket=BUCKET, ExpectedBucketOwner="111122223333")
    else:
        answers.refuse("s3", "head_bucket", "403", 403)

    assert look("requester pays").state == state


@pytest.mark.parametrize(("state", "found"), [("ENABLED", "ok"), ("DISABLED", "missing")])
def test_rule_has_to_be_enabled(state: str, found: str, answers: Answers, look: Look) -> None:
    answers.say("events", "list_rule_names_by_target", {"RuleNames": ["ours"]}, TargetArn=ANY)
    answers.say("events", "describe_rule", {"Name": "ours", "State": state}, Name="ours")

    check = look("rule")

    assert check.state == found
    assert check.cure == ("aws events enable-rule --name ours" if found == "missing" else "")


@pytest.mark.parametrize(
    ("error", "state", "cure"),
    [
        (None, "ok", ""),
        (ReadDenied("photos/small.jpg may not be read by the function's role"), "missing", "bucket's policy"),
        (BadConfiguration("RADIUS is missing"), "unknown", "lookalike status"),
    ],
)
def test_function_reads_the_smallest_object(
    error: Exception | None, state: str, cure: str, answers: Answers, look: Look
) -> None:
    objects = [
        {"Key": "folder/", "Size": 0},
        {"Key": "large.jpg", "Size": 9, "StorageClass": "STANDARD"},
        {"Key": "cold.jpg", "Size": 1, "StorageClass": "GLACIER"},
        {"Key": "small.jpg", "Size": 2, "StorageClass": "STANDARD"},
    ]
    answers.say("s3", "list_objects_v2", {"Contents": objects})
    failed = {"errorMessage": str(error), "errorType": type(error).__name__}
    said: dict[str, Any] = failed if error else {"outcome": "looked_up"}
    answers.say(
        "lambda",
        "invoke",
        {"Payload": io.BytesIO(json.dumps(said).encode())} | ({"FunctionError": "Unhandled"} if error else {}),
        FunctionName="f",
        Payload=json.dumps({"lookup": {"bucket": BUCKET, "key": "small.jpg"}}).encode(),
    )

    check = look("reading")

    assert check.state == state
    assert "small.jpg" in check.found or state == "unknown"
    assert cure in check.cure


@pytest.mark.parametrize(
    ("limit", "reserved", "state", "advised"),
    [(1000, 0, "ok", ""), (10, 0, "missing", "IntakeConcurrency=5,"), (1000, 20, "missing", "IntakeConcurrency=10,")],
)
def test_more_at_once_than_the_account_allows(
    limit: int, reserved: int, state: str, advised: str, answers: Answers, look: Look
) -> None:
    answers.say("lambda", "get_account_settings", {"AccountLimit": {"ConcurrentExecutions": limit}})

    check = look("concurrency", MaxConcurrency=str(reserved))

    assert check.state == state
    assert advised in check.cure
