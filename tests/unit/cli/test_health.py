"""What is asked of AWS about a stack, and what is made of answers that no emulator gives."""

import base64
import json
import shlex
import threading
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from handler.aws.packs import S3Packs
from handler.cli import readings, sizes, sources
from handler.cli.answers import PERMISSIONS
from handler.cli.facts import INTAKE, EventMapping, SourceBucket, Subscribers
from handler.cli.failure_filter import FailureFilter
from handler.cli.failure_queue import FailureQueue
from handler.cli.failure_sample import SAMPLE, failures
from handler.cli.failure_survey import survey
from handler.cli.health import Health
from handler.cli.healthiness import health
from handler.cli.main import main
from handler.cli.stacks import DeployedStack
from handler.cli.status import SERVICES
from handler.cli.troubles import troubles
from handler.core.journal import Shape
from handler.core.model import Collection, ObjectRef
from tests.events import notification
from tests.unit.cli.failures import InMemoryQueue, record

REGION, ACCOUNT = "eu-west-1", "111122223333"
FUNCTION_ARN = f"arn:aws:lambda:{REGION}:{ACCOUNT}:function:f"
QUEUE_ARN = f"arn:aws:sqs:{REGION}:{ACCOUNT}:intake"
TOPIC = f"arn:aws:sns:{REGION}:{ACCOUNT}:matches"
NOW = datetime(2026, 11, 28, 3, 0, tzinfo=UTC)
STACK = DeployedStack(
    "lookalike",
    "CREATE_COMPLETE",
    {
        "FunctionName": "f",
        "AskFunctionName": "q",
        "FunctionArn": FUNCTION_ARN,
        "TopicArn": TOPIC,
        "BucketTableName": "buckets",
        "PictureTableName": "pictures",
        "PacksBucketName": "packs",
        "PicturesBucket": "photos",
        "IntakeQueueArn": QUEUE_ARN,
        "LogGroupName": "log",
        "AskLogGroupName": "ask-log",
        "FunctionRoleArn": f"arn:aws:iam::{ACCOUNT}:role/f-role",
        "AskRoleArn": f"arn:aws:iam::{ACCOUNT}:role/q-role",
    }
    | {f"{name}QueueUrl": f"https://sqs/{name.lower()}" for name in ("Intake", "Failure")},
    {"Generation": "look1", "AlsoGeneration": "", "ScopeDepth": "0", "Lists": "", "Intake": "direct"},
    NOW,
)
UUID = "0123456789ab" * 3
COLLECTION = Collection("*", "look1")


def made(service: str) -> Any:
    make: Any = boto3.client
    return make(service, region_name=REGION, aws_access_key_id="a", aws_secret_access_key="b")


def answering(service: str, operation: str, answer: Mapping[str, Any], **asked: Any) -> Any:
    """A client that answers once."""
    client = made(service)
    stub = Stubber(client)
    stub.add_response(operation, dict(answer), asked or None)
    stub.activate()
    return client


def refusing(service: str, operation: str, code: str, times: int = 1) -> Any:
    client = made(service)
    stub = Stubber(client)
    for _ in range(times):
        stub.add_client_error(operation, code, "because")
    stub.activate()
    return client


def denied() -> Any:
    """What botocore takes for an answer of the service."""
    error = {"Error": {"Code": "AccessDenied", "Message": "because"}, "ResponseMetadata": {"HTTPStatusCode": 403}}
    return type("Response", (), {"status_code": 403, "headers": {}})(), error


def ok(answer: dict[str, Any]) -> Any:
    return type("Response", (), {"status_code": 200, "headers": {}})(), answer


def denied_all(**_: Any) -> Any:
    return denied()


def everywhere(answer: Callable[..., Any]) -> Callable[[str], Any]:
    """Clients that are answered so, whatever they ask."""
    clients = {service: made(service) for service in SERVICES}
    for client in clients.values():
        client.meta.events.register("before-call", answer)
    return clients.__getitem__


def test_everything_that_is_denied_is_named_with_its_right_and_nothing_else_is_wrong() -> None:
    """Whatever is asked is denied: so the rights that are told are those that are documented."""

    found = Health(everywhere(lambda **_: denied()), STACK, REGION).facts()

    assert (troubles(found), health(found)) == ([], 2)
    assert {one.permission for one in found.unknown} == {
        *("lambda:GetFunctionConfiguration", "lambda:ListEventSourceMappings", "dynamodb:DescribeTable"),
        *(
            *("iam:SimulatePrincipalPolicy", "logs:FilterLogEvents"),
            "s3:ListBucket",
            "s3:GetBucketNotification",
            "dynamodb:Query",
            "sqs:GetQueueAttributes",
        ),
        *("cloudformation:ListStackResources", "sns:GetTopicAttributes", "cloudwatch:GetMetricData"),
    }
    assert {one.permission for one in found.unknown} <= set(PERMISSIONS.values())


def test_subscription_that_nobody_confirmed_is_told_apart() -> None:
    """One answer, however many there are."""
    attributes = {"SubscriptionsConfirmed": "12500", "SubscriptionsPending": "1", "SubscriptionsDeleted": "3"}
    client = answering("sns", "get_topic_attributes", {"Attributes": attributes}, TopicArn=TOPIC)

    found = readings.subscribers(client, TOPIC, of_alarms=True)

    assert found == Subscribers(TOPIC, of_alarms=True, confirmed=12500, pending=1)


def test_what_was_deleted_is_missing_and_not_unknown() -> None:
    queue = readings.queue(refusing("sqs", "get_queue_attributes", "QueueDoesNotExist"), STACK, INTAKE)
    function = readings.function(
        refusing("lambda", "get_function_configuration", "ResourceNotFoundException"), STACK, "events"
    )
    table = readings.table(refusing("dynamodb", "describe_table", "ResourceNotFoundException"), "buckets")
    bucket = readings.bucket(refusing("s3", "head_bucket", "404"), "packs")
    topic = readings.subscribers(refusing("sns", "get_topic_attributes", "NotFound"), TOPIC, of_alarms=False)

    assert not queue.there
    assert (function.state, table.state, bucket.state) == ("MISSING",) * 3
    assert topic is None


@pytest.mark.parametrize("code", ["AccessDeniedException", "ThrottlingException"])
def test_what_is_refused_otherwise_is_not_taken_for_missing(code: str) -> None:
    with pytest.raises(ClientError):
        readings.table(refusing("dynamodb", "describe_table", code), "buckets")


def test_table_that_is_changed_works_on() -> None:
    client = answering("dynamodb", "describe_table", {"Table": {"TableStatus": "UPDATING"}})

    assert readings.table(client, "t").state == "ACTIVE"


def test_function_as_it_is_deployed() -> None:
    configuration = {
        "MemorySize": 1769,
        "Timeout": 60,
        "Runtime": "python3.13",
        "Architectures": ["arm64"],
        "CodeSha256": base64.b64encode(bytes(range(32))).decode(),
        "LastModified": "2026-11-25T03:00:00.123+0000",
        "State": "Active",
        "LastUpdateStatus": "Successful",
        "Environment": {"Variables": {"RADIUS": "17"}},
    }
    found = readings.function(answering("lambda", "get_function_configuration", configuration), STACK, "events")

    assert (found.code, found.architecture) == ("000102030405", "arm64")
    assert found.modified == datetime(2026, 11, 25, 3, 0, 0, 123000, tzinfo=UTC)
    assert "RADIUS is '17', want an integer from 0 to 16" in found.misconfigured
    assert found.journal_memory_mb is None


@pytest.mark.parametrize("answer", [{}, {"ReservedConcurrentExecutions": 0}])
def test_function_that_may_not_run_is_told_from_one_of_which_nobody_said(answer: dict[str, int]) -> None:
    reserved = readings.reserved(answering("lambda", "get_function_concurrency", answer), "f")

    assert reserved == answer.get("ReservedConcurrentExecutions")


@pytest.mark.parametrize(("status", "ended"), [("ROLLBACK_COMPLETE", 1), ("CREATE_IN_PROGRESS", 2)])
def test_stack_that_was_never_deployed_is_told_by_its_status(status: str, ended: int) -> None:
    found = Health(everywhere(lambda **_: denied()), STACK._replace(status=status, outputs={}), REGION).facts()

    assert health(found) == ended
    assert [one.what for one in found.unknown] == ["how its parts are"]


def test_somebody_who_waits_is_told() -> None:
    told, done = list[tuple[int, int]](), threading.Event()

    def hold(**_: Any) -> Any:
        done.wait(60)
        return denied()

    def slow(*counts: int) -> None:
        told.append(counts)  # type: ignore[arg-type]  # two of them
        done.set()

    Health(everywhere(hold), STACK, REGION).facts(slow, patience_s=0)

    ((answers, everything),) = told
    assert (answers, everything) == (0, 17)


def test_mapping_of_the_queue_and_one_that_was_deleted() -> None:
    mapping = {"EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:intake", "UUID": UUID, "State": "Disabled"}
    other = {
        "EventSourceArn": f"arn:aws:sqs:{REGION}:{ACCOUNT}:of-somebody-else",
        "UUID": UUID[::-1],
        "State": "Enabled",
    }

    found = [
        readings.mappings(answering("lambda", "list_event_source_mappings", {"EventSourceMappings": some}), STACK)
        for some in ([mapping, other], [other])
    ]

    assert found == [[EventMapping("intake", UUID, "Disabled")], [EventMapping("intake", "", "MISSING")]]


def test_alarms_are_those_of_the_stack_and_one_that_was_deleted() -> None:
    names = ("lookalike-throttles", "lookalike-rejected")
    resources = [
        {
            "LogicalResourceId": name.title(),
            "PhysicalResourceId": name,
            "ResourceType": "AWS::CloudWatch::Alarm",
            "ResourceStatus": "CREATE_COMPLETE",
            "LastUpdatedTimestamp": NOW,
        }
        for name in names
    ]
    described = {
        "AlarmName": "lookalike-throttles",
        "AlarmDescription": "Lambda refuses. Events wait. What to do is in docs/runbook/throttles.md",
        "StateValue": "ALARM",
        "StateReason": "over 1",
        "StateTransitionedTimestamp": NOW,
        "ActionsEnabled": True,
        "AlarmActions": [TOPIC],
    }
    formation = answering("cloudformation", "list_stack_resources", {"StackResourceSummaries": resources})
    watch = answering("cloudwatch", "describe_alarms", {"MetricAlarms": [described]})

    gone, on = readings.alarms(formation, watch, STACK)

    assert (gone.alarm, gone.state) == ("rejected", "MISSING")
    assert (on.alarm, on.state, on.since, on.page) == ("throttles", "ALARM", NOW, "throttles")
    assert (on.meaning, on.topics) == ("Lambda refuses. Events wait.", (TOPIC,))


def test_last_hour_and_day_are_summed_and_old_ages_are_not_told() -> None:
    results = [
        {
            "Id": "puts",
            "Timestamps": [NOW - timedelta(minutes=m) for m in (14, 15, 61)],
            "Values": [2.0, 3.0, 40.0],
        },
        {"Id": "age_intake", "Timestamps": [NOW - timedelta(minutes=m) for m in (10, 5)], "Values": [900.0, 60.0]},
        {"Id": "age_failure", "Timestamps": [NOW - timedelta(hours=3)], "Values": [9000.0]},
    ]
    client = answering("cloudwatch", "get_metric_data", {"MetricDataResults": results})

    lately = readings.lately(client, STACK, NOW)

    found = {one.metric: (one.lately, one.hour, one.day) for one in lately.counted}
    assert (found["Uploads"], found["Errors"]) == ((2, 5, 45), (0, 0, 0))
    assert lately.oldest_s == {"intake": 60.0}


def test_emulator_counts_nothing_of_ours() -> None:
    local = STACK._replace(parameters=STACK.parameters | {"EndpointUrl": "http://there:4566"})

    lately = readings.lately(answering("cloudwatch", "get_metric_data", {"MetricDataResults": []}), local, NOW)

    assert [one.metric for one in lately.counted] == list(readings.LAMBDA_METRICS)


# --- where pictures come from ---

DIRECT = {"LambdaFunctionArn": FUNCTION_ARN, "Events": list(sources.OWN_EVENTS)}
THEIRS = {"TopicArn": f"arn:aws:sns:{REGION}:{ACCOUNT}:theirs", "Events": ["s3:ObjectTagging:*"]}


def own(configuration: dict[str, Any]) -> SourceBucket:
    client = answering("s3", "get_bucket_notification_configuration", configuration)
    found = sources.source({"s3": client}.__getitem__, STACK, REGION, "photos")
    assert isinstance(found, SourceBucket)
    return found


@pytest.mark.parametrize("bucket", ["photos", "archive"])
def test_bucket_that_was_deleted_is_not_connected(bucket: str) -> None:
    asked = {"photos": "get_bucket_notification_configuration", "archive": "head_bucket"}[bucket]
    client = {"s3": refusing("s3", asked, "NoSuchBucket")}.__getitem__

    found = sources.source(client, STACK, REGION, bucket)

    cure = f"lookalike connect s3://{bucket} --check"
    assert found == SourceBucket(bucket, connected=False, way="there is no such bucket", cure=cure)


@pytest.mark.parametrize(
    "configuration",
    [
        {"LambdaFunctionConfigurations": [DIRECT]},
        {"QueueConfigurations": [{"QueueArn": QUEUE_ARN, "Events": list(sources.OWN_EVENTS)}]},
        {"LambdaFunctionConfigurations": [DIRECT | {"Events": [event]} for event in sources.OWN_EVENTS]},
    ],
)
def test_own_bucket_that_tells_of_everything_is_connected(configuration: dict[str, Any]) -> None:
    assert own(configuration).connected


FILTER = {"Key": {"FilterRules": [{"Name": "prefix", "Value": "in/"}]}}


@pytest.mark.parametrize(
    ("configuration", "missing"),
    [
        ({}, sources.OWN_EVENTS),
        ({"LambdaFunctionConfigurations": [DIRECT | {"Events": ["s3:ObjectCreated:*"]}]}, sources.OWN_EVENTS[1:]),
        ({"LambdaFunctionConfigurations": [DIRECT | {"Filter": FILTER}]}, sources.OWN_EVENTS),
        ({"TopicConfigurations": [THEIRS]}, sources.OWN_EVENTS),
    ],
)
def test_own_bucket_that_tells_of_less_has_a_command_that_keeps_what_others_have(
    configuration: dict[str, Any], missing: tuple[str, ...]
) -> None:
    found = own(configuration)

    assert (found.connected, found.way) == (False, f"it tells nobody of {', '.join(missing)}")
    (written,) = [json.loads(word) for word in shlex.split(found.cure) if word.startswith("{")]
    assert written["LambdaFunctionConfigurations"] == [DIRECT]
    assert written.get("TopicConfigurations") == configuration.get("TopicConfigurations")


def test_scopes_are_folders_down_to_the_depth_of_the_stack() -> None:
    """Keys with fewer folders have those that they have."""
    keys = ["a/b/1.jpg", "a/b/c/2.jpg", "a/3.jpg", "4.jpg", "d/e/5.jpg", "f/"]

    class Bucket:
        def list_objects_v2(self, *, Prefix: str, **_: str) -> dict[str, Any]:  # noqa: N803 - boto3's name
            below = [key.removeprefix(Prefix) for key in keys if key.startswith(Prefix)]
            folders = sorted({f"{Prefix}{key.split('/')[0]}/" for key in below if "/" in key})
            contents = [{"Key": Prefix + key} for key in below if "/" not in key]
            return {"CommonPrefixes": [{"Prefix": p} for p in folders], "Contents": contents, "IsTruncated": False}

    deep = STACK._replace(parameters=STACK.parameters | {"ScopeDepth": "2"})

    found = sizes.scopes(Bucket(), deep, ["photos"])

    assert found == sizes.Scopes(["/", "a/", "a/b/", "d/e/"], further=False)
    assert sizes.scopes(Bucket(), STACK, ["photos"]) == sizes.Scopes(["*"], further=False)


def test_collections_are_scopes_and_lists_in_each_generation_that_is_written() -> None:
    both = STACK._replace(parameters=STACK.parameters | {"Lists": "banned", "AlsoGeneration": "phash1"})

    found = sizes.collections(both, ["a/"])

    assert [(one.scope, one.generation) for one in found] == [
        *(("a/", "look1"), ("list:banned", "look1"), ("a/", "phash1"), ("list:banned", "phash1"))
    ]


# --- packs ---


def test_packs_that_are_missing_are_found_by_their_names() -> None:
    client, spans = made("s3"), Shape().spans(0, 0, 8192 + 2 * 1024 + 128)
    assert [span.size for span in spans] == [8192, 1024, 1024, 128]
    packs = S3Packs(client, "packs", "buckets")
    largest, first, second, smallest = (packs._name(COLLECTION, span) for span in spans)
    folder = f"{largest.rpartition('/')[0]}/"
    before: list[str] = []  # the names behind which S3 was asked

    def listed(params: dict[str, Any], **_: Any) -> None:
        before.append(params["StartAfter"])

    client.meta.events.register("provide-client-params.s3.ListObjectsV2", listed)
    with Stubber(client) as stub:
        for keys in ([largest], [second, f"{folder}128-00000000"], []):
            contents = [{"Key": key} for key in keys]
            # There are more names, of other packs: nobody asks for those.
            more = {"IsTruncated": True, "NextContinuationToken": "more"} if keys == [largest] else {}
            stub.add_response("list_objects_v2", {"Contents": contents, "IsTruncated": False} | more)

        missing = packs.missing(COLLECTION, spans)

    assert missing == [spans[1], spans[3]]
    for start, name in zip(before, (largest, first, smallest), strict=True):
        number = int(name[-8:])
        assert start < name
        assert number == 0 or start >= f"{name[:-8]}{number - 1:08d}"


def test_no_credentials_are_one_line_and_could_not_be_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)

    status = main(["status"])

    (line,) = capsys.readouterr().err.splitlines()
    assert (status, line.startswith("lookalike: no AWS credentials")) == (2, True)


def test_failed_events_have_the_causes_that_failures_tells_and_are_handed_back() -> None:
    said = "1 of 1 items failed: ReadDenied: pics/{} may not be read by the function's role: grant it s3:GetObject"
    denied = [
        record(f"{n}.jpg", bucket="pics", error=said.format(f"{n}.jpg"), when=f"2026-11-28T0{n + 1}:00:00Z")
        for n in range(3)
    ]
    queue: Any = InMemoryQueue(*denied, "nonsense")

    found = failures(queue, "url")

    with FailureQueue(queue, "url") as waits:
        groups = survey(waits, FailureFilter(NOW)).groups
    assert [(one.cause, one.detail, one.events, one.page) for one in found.causes] == [
        (group.cause.name, group.cause.detail, group.count, group.page) for group in groups
    ]
    first, poison = found.causes
    assert (first.cause, first.detail, first.events) == ("access-denied", "s3:GetObject on pics", 3)
    assert (first.oldest, first.example) == ("2026-11-28T01:00:00+00:00", "pics/2.jpg")
    assert (poison.cause, poison.example) == ("unknown-event", "")
    assert (found.seen, found.whole, len(queue.visible)) == (4, True, 4)


def test_sample_of_failed_events_says_that_it_is_one() -> None:
    queue: Any = InMemoryQueue(*[record(f"{n}.jpg") for n in range(SAMPLE + 1)])

    found = failures(queue, "url")

    assert (found.seen, found.whole) == (SAMPLE, False)


@pytest.mark.parametrize(("readable", "cause"), [(True, "timeout"), (False, "given-up")])
def test_what_a_queue_gave_up_is_told_by_the_log_if_that_may_be_read(readable: bool, cause: str) -> None:
    sqs = InMemoryQueue(json.dumps(notification(ObjectRef("pics", "a.jpg"))))
    others, logs = everywhere(denied_all), everywhere(denied_all)("logs")
    if readable:
        said = {"message": "failed", "bucket": "pics", "key": "a.jpg", "exception_name": "OutOfTime"}
        line = {"timestamp": sqs.messages["m0"]["sent_ms"] + 1000, "message": json.dumps(said)}
        logs = made("logs")
        logs.meta.events.register("before-call", lambda **_: ok({"events": [line]}))
    clients = {"sqs": sqs, "logs": logs}

    found = Health(lambda service: clients.get(service) or others(service), STACK, REGION).facts()

    assert found.failures
    assert [one.cause for one in found.failures.causes] == [cause]
    permissions = [one.permission for one in found.unknown if one.what == "why queues gave events up"]
    assert permissions == ([] if readable else ["logs:FilterLogEvents"])
