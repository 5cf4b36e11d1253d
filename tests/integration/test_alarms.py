"""Alarms of a deployed stack: causes bring them about, cures end them, and whoever is to be told is told.

CloudWatch's part that the emulator lacks is done here: it reads the metrics in the log, and asks queues for their
depth. What functions do, the emulator counts. `tests/alarms.py` judges.
"""

import json
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest

from handler.cli.local import deployment as deployments
from handler.cli.local.deployment import Deployment
from handler.cli.main import main
from tests.alarms import ALARMS, Alarm, Metric, Point
from tests.conftest import ROOT
from tests.pictures import jpeg, near_copy, photo
from tests.proxy import Proxy

pytestmark = [pytest.mark.emulator, pytest.mark.slow]  # a stack of its own

TOPIC = "arn:aws:sns:us-east-1:000000000000:who-is-woken"
PATIENCE_S = 60
QUEUES = {"FailureQueue": "FailureQueueUrl", "IntakeQueue": "IntakeQueueUrl", "AgainQueue": "AgainQueueUrl"}
DEPTHS = {
    "ApproximateNumberOfMessagesVisible": "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesDelayed": "ApproximateNumberOfMessagesDelayed",
}
NOT_THERE = {"BusEventsLostAlarm", "QuietDayAlarm", "RejectedAlarm", "ReadCostAlarm"}  # asked for; or by math


class CloudWatch:
    """What CloudWatch knows of a stack."""

    def __init__(self, there: Deployment) -> None:
        self.there, self._client = there, there.client("cloudwatch")
        resources = there.client("cloudformation").describe_stack_resources(StackName="lookalike")["StackResources"]
        self._names = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in resources}
        self._depths = list[Point]()

    def alarm(self, logical_id: str) -> Alarm:
        return Alarm(logical_id, self._names)

    def in_alarm(self, now: float | None = None) -> set[str]:
        """The alarms of which a cause was there before *now*."""
        points = [*self.measured(), *self._counted(), *self.invoked()]
        moment = time.time() + 1 if now is None else now
        return {
            name for name in ALARMS if name != "QuietDayAlarm" and self.alarm(name).state(points, moment) == "ALARM"
        }

    def measured(self) -> list[Point]:
        """Measure the queues as SQS does each minute; return all that was measured so far, and tell the emulator."""
        sqs = self.there.client("sqs")
        for queue, output in QUEUES.items():
            url = self.there.outputs[output]
            said = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["All"])["Attributes"]
            dimensions = (("QueueName", url.rpartition("/")[2]),)
            for name, attribute in DEPTHS.items():
                point = Point(Metric("AWS/SQS", name, dimensions, queue), time.time(), float(said[attribute]))
                self._depths.append(point)
                self._put(point)
        return self._depths

    def _put(self, point: Point) -> None:
        metric = point.metric
        described = [{"Name": name, "Value": value} for name, value in metric.dimensions]
        datum = {"MetricName": metric.name, "Dimensions": described, "Value": point.value}
        self._client.put_metric_data(Namespace=metric.namespace, MetricData=[datum])

    def _counted(self) -> Iterator[Point]:
        """What the log counts in CloudWatch's embedded format."""
        for event in self.there.client("logs").filter_log_events(logGroupName=self.there.outputs["LogGroupName"])[
            "events"
        ]:
            document: dict[str, Any] = json.loads(event["message"]) if event["message"].startswith("{") else {}
            for directive in document.get("_aws", {}).get("CloudWatchMetrics", ()):
                (names,) = directive["Dimensions"]
                dimensions = tuple(sorted((name, document[name]) for name in names))
                for metric in directive["Metrics"]:
                    series = Metric(directive["Namespace"], metric["Name"], dimensions, "AWS::StackName")
                    yield Point(series, event["timestamp"] / 1000, sum(document[metric["Name"]]))

    def invoked(self) -> Iterator[Point]:
        """What the emulator counts of invocations that somebody waits for, by the second."""
        for function in ("LookalikeFunction", "AskFunction"):
            for name, stat in (("Errors", "Sum"), ("Throttles", "Sum"), ("Duration", "Maximum")):
                dimensions = (("FunctionName", self._names[function]),)
                answer = self._client.get_metric_statistics(
                    Namespace="AWS/Lambda",
                    MetricName=name,
                    Dimensions=[{"Name": key, "Value": value} for key, value in dimensions],
                    StartTime=datetime.now().astimezone() - timedelta(hours=1),
                    EndTime=datetime.now().astimezone() + timedelta(minutes=1),
                    Period=1,
                    Statistics=[stat],
                )
                for one in answer["Datapoints"]:
                    metric = Metric("AWS/Lambda", name, dimensions, function)
                    yield Point(metric, one["Timestamp"].timestamp(), one[stat])

    def told(self, queue_url: str) -> list[tuple[str, str]]:
        """Name and new state of each alarm that somebody was told of."""
        answer = self.there.client("sqs").receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10, WaitTimeSeconds=5)
        bodies = [json.loads(message["Body"]) for message in answer.get("Messages", ())]
        return [(body["AlarmName"], body["NewStateValue"]) for body in bodies]


@pytest.fixture(scope="module")
def proxy() -> Iterator[Proxy]:
    with Proxy() as proxy:
        yield proxy


@pytest.fixture(scope="module")
def there(proxy: Proxy) -> Iterator[Deployment]:
    with deployments.start(ROOT, function_endpoint=proxy.endpoint, parameters={"AlarmTopicArn": TOPIC}) as started:
        proxy.target = started.endpoint
        yield started


@pytest.fixture
def watched(there: Deployment) -> CloudWatch:
    return CloudWatch(there)


@pytest.fixture
def woken(there: Deployment) -> str:
    """The queue of somebody who is told of alarms."""
    sns, sqs = there.client("sns"), there.client("sqs")
    url: str = sqs.create_queue(QueueName="woken")["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    assert sns.create_topic(Name=TOPIC.rpartition(":")[2])["TopicArn"] == TOPIC
    sns.subscribe(TopicArn=TOPIC, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"})
    return url


def await_(seen: Callable[[], bool], what: str) -> None:
    """Look again and again: the emulator tells nobody what its functions do."""
    deadline = time.monotonic() + PATIENCE_S
    while not seen():
        assert time.monotonic() < deadline, f"no {what} within {PATIENCE_S} s"
        time.sleep(0.2)


def lines(there: Deployment, key: str) -> list[dict[str, Any]]:
    events = there.client("logs").filter_log_events(logGroupName=there.outputs["LogGroupName"])["events"]
    documents = [json.loads(event["message"]) for event in events if event["message"].startswith('{"level"')]
    return [document for document in documents if document.get("key") == key]


def upload(there: Deployment, key: str, body: bytes) -> None:
    there.client("s3").put_object(Bucket=there.bucket, Key=key, Body=body)


def test_idle_and_normally_loaded_stacks_are_in_no_alarm(there: Deployment, watched: CloudWatch) -> None:
    named = {ALARMS[name]["Properties"]["AlarmName"]["Fn::Sub"] for name in ALARMS.keys() - NOT_THERE}
    described = there.client("cloudwatch").describe_alarms()["MetricAlarms"]
    assert {one["AlarmName"] for one in described} == {name.replace("${AWS::StackName}", "lookalike") for name in named}
    assert {(*one["AlarmActions"], *one["OKActions"]) for one in described} == {(TOPIC, TOPIC)}
    assert watched.in_alarm() == set()

    for number in range(4):
        upload(there, f"{number}.jpg", jpeg(near_copy(photo(number % 2))))
    upload(there, "no-picture.jpg", b"text")
    await_(lambda: all(lines(there, f"{number}.jpg") for number in range(4)), "lines of the uploads")
    await_(lambda: bool(lines(there, "no-picture.jpg")), "line of what is no picture")

    assert watched.in_alarm() == set()
    states = {one["StateValue"] for one in there.client("cloudwatch").describe_alarms()["MetricAlarms"]}
    assert "ALARM" not in states


def test_event_that_fails_for_good_wakes_somebody_until_it_is_sent_again(
    there: Deployment, watched: CloudWatch, woken: str, proxy: Proxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in there.environment.items():
        monkeypatch.setenv(name, value)
    proxy.crash_at(0, effective=False)
    upload(there, "poison.jpg", jpeg(photo(7)))
    for _ in range(2):
        assert proxy.crashed.wait(PATIENCE_S)
        proxy.crash_at(0, effective=False)
    await_(lambda: len(lines(there, "poison.jpg")) >= 3, "three failures")
    await_(lambda: "FailureQueueAlarm" in watched.in_alarm(), "alarm")

    assert watched.in_alarm() == {"FailureQueueAlarm"}
    assert ("lookalike-failure-queue", "ALARM") in watched.told(woken)

    proxy.calm()
    assert main(["redrive", "--yes"]) == 0
    await_(lambda: lines(there, "poison.jpg")[-1]["message"] == "indexed", "line that it is indexed")
    later = time.time() + 301  # when SQS's next measures are all that the alarm looks at
    assert [point.value for point in watched.measured()[-6:]] == [0.0] * 6
    assert watched.in_alarm(later) == set()


def test_function_that_fails_again_and_again_wakes_somebody_until_it_does_not(
    there: Deployment, watched: CloudWatch
) -> None:
    for _ in range(2):
        answer = there.client("lambda").invoke(FunctionName=there.outputs["FunctionName"], Payload=b'{"nonsense": 1}')
        assert answer["FunctionError"]
    first, *_, last = sorted(one.at for one in watched.invoked() if one.metric.name == "Errors" and one.value)
    assert last > first

    assert "FunctionErrorsAlarm" not in watched.in_alarm(last + 2)  # one span of five minutes alone
    assert {"FunctionErrorsAlarm", "FailedEventsAlarm"} <= watched.in_alarm((first + last) / 2 + 300)
    assert watched.in_alarm(last + 901) == set()
