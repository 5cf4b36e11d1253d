"""A stack at night: faults happen to it, somebody is woken, and mends them from the runbook."""

import json
import time
from collections.abc import Mapping
from typing import Any

from handler.aws.again import SQSAgain
from handler.core.again import Again
from handler.core.model import ObjectRef
from tests.cloudwatch import CloudWatch
from tests.docs.drill import Drill, Reader
from tests.events import notification
from tests.pictures import jpeg, photo
from tests.proxy import Proxy

SPAN = 300  # seconds, of most alarms
PATIENCE_S = 30
ELSEWHERE = "elsewhere"
PICTURE = jpeg(photo(1, (96, 72)))


class Night:
    """A stack at night: what happens to it, and who is woken."""

    def __init__(self, drill: Drill, proxy: Proxy, reader: Reader, parameters: Mapping[str, str]) -> None:
        """*parameters* are those of the stack; its alarms tell the topic of that name in them."""
        self.drill, self.proxy, self.reader = drill, proxy, reader
        self.cloudwatch, self._topic = CloudWatch(drill.there, **parameters), parameters["AlarmTopicArn"]
        self._woken = self._somebody()
        self._told = set[tuple[str, str]]()

    def _somebody(self) -> str:
        """The queue of somebody who is told of alarms."""
        assert self.drill.sns.create_topic(Name=self._topic.rpartition(":")[2])["TopicArn"] == self._topic
        url: str = self.drill.sqs.create_queue(QueueName="woken")["QueueUrl"]
        arn = self.drill.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
        self.drill.sns.subscribe(
            TopicArn=self._topic, Protocol="sqs", Endpoint=arn, Attributes={"RawMessageDelivery": "true"}
        )
        return url

    def lasts(self, seconds: float = SPAN) -> None:
        """Let so much time pass."""
        self.cloudwatch.let_pass(seconds)

    def fires(self, *names: str) -> None:
        """Wait until these alarms are on, and no other; somebody was woken by each."""
        deadline = time.monotonic() + PATIENCE_S
        while (found := self.cloudwatch.in_alarm()) != set(names):
            assert time.monotonic() < deadline, f"{sorted(found)} are on, want {sorted(names)}"
            time.sleep(0.2)  # the emulator tells nobody what its functions do
        self._is_told(names, "ALARM")

    def clears(self, *names: str, after: float = 3 * SPAN) -> None:
        """Let the alarms' time pass: none is on any more, and somebody was told that these are over."""
        self.lasts(after)
        assert self.cloudwatch.in_alarm() == set()
        self._is_told(names, "OK")
        self._told.clear()

    def is_told_as(self, *pages: str) -> None:
        """`lookalike status` tells of the alarm `troubles` as what these pages are about."""
        self.reader.type(
            ".venv/bin/lookalike status > status.txt || test $? = 1",
            *(f"grep -A 5 'alarm troubles has been on' status.txt | grep -q docs/runbook/{one}.md" for one in pages),
        )

    def _is_told(self, names: tuple[str, ...], state: str) -> None:
        wanted = {(f"lookalike-{name}", state) for name in set(names) & self.cloudwatch.described().keys()}

        def told() -> bool:
            answer = self.drill.sqs.receive_message(QueueUrl=self._woken, MaxNumberOfMessages=10)
            for message in answer.get("Messages", ()):
                body = json.loads(message["Body"])
                self._told.add((body["AlarmName"], body["NewStateValue"]))
                self.drill.sqs.delete_message(QueueUrl=self._woken, ReceiptHandle=message["ReceiptHandle"])
            return wanted <= self._told

        self.drill.until(told, f"word of {names}")

    def upload(self, key: str, body: bytes = PICTURE) -> None:
        self.drill.upload(key, body)

    def indexed(self, key: str, body: bytes = PICTURE) -> dict[str, object]:
        """Upload a picture and wait until it is indexed."""
        self.upload(key, body)
        return self.drill.until_outcome(key, "indexed")

    def come_again(self, *keys: str, delay_s: int) -> None:
        """Have these pictures come again, as the function does."""
        queue = SQSAgain(lambda: self.drill.sqs, self.drill.outputs["IntakeQueueUrl"])
        for key in keys:
            queue.send(Again(ObjectRef(self.drill.bucket, key, "0"), 1, "2026-01-01T00:00:00+00:00"), delay_s)

    def send(self, *keys: str, bucket: str = "") -> None:
        """Put events about objects into the intake queue, as S3 or EventBridge would."""
        for key in keys:
            event = json.dumps(notification(ObjectRef(bucket or self.drill.bucket, key, f"{time.time_ns():016X}")))
            self.drill.sqs.send_message(QueueUrl=self.drill.outputs["IntakeQueueUrl"], MessageBody=event)

    def upload_many(self, bodies: Mapping[str, bytes]) -> None:
        """Upload into a bucket whose events come by the queue: the emulator starts an instance for each that does not.

        Return when all are indexed, or rejected.
        """
        self.drill.s3.create_bucket(Bucket=ELSEWHERE)
        for key, body in bodies.items():
            self.drill.s3.put_object(Bucket=ELSEWHERE, Key=key, Body=body)
        self.send(*bodies, bucket=ELSEWHERE)
        self.drill.until(
            lambda: bodies.keys() <= self.drill.keys("indexed") | self.drill.keys("rejected"), f"{len(bodies)} outcomes"
        )

    def waiting(self, queue: str) -> int:
        """How many messages of that queue of the stack may be taken."""
        url = self.drill.outputs[queue]
        names = ["ApproximateNumberOfMessages"]
        said = self.drill.sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
        return int(said[names[0]])

    def question(self, key: str) -> dict[str, Any]:
        """What asks about an object."""
        asked = {"object": {"bucket": self.drill.bucket, "key": key}}
        return {"method": "POST", "path": "/v1/searches", "body": asked}

    def invoke(self, function: str, event: dict[str, Any]) -> dict[str, Any]:
        """Invoke one of the stack's functions and wait for its end; return what Lambda answers."""
        name = self.drill.outputs[function]
        answer: dict[str, Any] = self.drill.functions.invoke(FunctionName=name, Payload=json.dumps(event))
        return answer

    def settings(self, function: str) -> dict[str, Any]:
        """How one of the stack's functions is deployed."""
        name = self.drill.outputs[function]
        found: dict[str, Any] = self.drill.functions.get_function_configuration(FunctionName=name)
        return found

    def set(self, function: str, **changed: Any) -> None:
        """Change one of the stack's functions by hand."""
        self.drill.functions.update_function_configuration(FunctionName=self.drill.outputs[function], **changed)

    def renew(self, number: str) -> None:
        """Have new instances of the function handle what comes."""
        variables = self.settings("FunctionName")["Environment"]["Variables"]
        self.set("FunctionName", Environment={"Variables": variables | {"NUMBER": number}})

    def allow(self, instances: int) -> None:
        """Reserve so many instances for the function, and so no more."""
        name = self.drill.outputs["FunctionName"]
        self.drill.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=instances)

    def mapping(self, queue: str) -> str:
        """The mapping by which the function takes from that queue of the stack."""
        name = self.drill.outputs[queue].rpartition("/")[2]
        found = self.drill.functions.list_event_source_mappings(FunctionName=self.drill.outputs["FunctionName"])
        sources = {one["EventSourceArn"].rpartition(":")[2]: one["UUID"] for one in found["EventSourceMappings"]}
        return str(sources[name])

    def take_nothing_from(self, queue: str) -> None:
        """Switch that mapping off."""
        self.drill.functions.update_event_source_mapping(UUID=self.mapping(queue), Enabled=False)
