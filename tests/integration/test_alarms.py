"""Every alarm of a deployed stack: its cause brings it about, its page's cure ends it, and somebody is told of both.

One stack has all faults, one after the other. What the emulator does not do is in `tests/cloudwatch.py`.
"""

import time
from collections.abc import Iterator

import pytest

from handler.cli.local import deployment as deployments
from handler.cli.local import stack as stacks
from handler.core.model import Collection, ObjectRef
from tests.conftest import ROOT
from tests.docs.drill import Drill, Reader, own_queue
from tests.events import notification
from tests.integration.journals import PACK, fill
from tests.integration.night import PICTURE, SPAN, Night
from tests.pictures import jpeg, near_copy, photo
from tests.proxy import Proxy

pytestmark = [pytest.mark.emulator, pytest.mark.slow]  # a stack of its own

TOPIC = "arn:aws:sns:us-east-1:000000000000:who-is-woken"
PARAMETERS = {  # thresholds as a small site has them, and the shortest Timeout
    "AlarmTopicArn": TOPIC,
    "AlarmQuietDay": "on",
    "AlarmReadCost": "1",
    "Timeout": "30",
    "ScopeDepth": "1",
}
NOT_DEPLOYED = {"rejected"}  # the emulator computes nothing
HOUR, DAY = 3600, 86_400  # seconds
NEARLY_S = 27.2  # of the 30 that an invocation has, from its first call on


@pytest.fixture(scope="module")
def night(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Night]:
    with (
        Proxy() as proxy,
        deployments.start(ROOT, function_endpoint=proxy.endpoint, parameters=PARAMETERS) as there,
    ):
        proxy.target = there.endpoint
        reader = Reader(there, tmp_path_factory.mktemp("checkout"))
        yield Night(Drill(there, stacks.build_for_emulator(ROOT)), proxy, reader, PARAMETERS)


def test_idle_and_normally_loaded_stacks_are_in_no_alarm(night: Night) -> None:
    described, alarms = night.cloudwatch.described(), night.cloudwatch.alarms()
    assert alarms.keys() - described.keys() == NOT_DEPLOYED | {"bus-events-lost"}
    for name, one in described.items():
        ((metric, stat),) = alarms[name].statistics()
        assert (one["Namespace"], one["MetricName"]) == (metric.namespace, metric.name)
        assert tuple((pair["Name"], pair["Value"]) for pair in one["Dimensions"]) == metric.dimensions
        assert (one["Statistic"], one["Threshold"]) == (stat, alarms[name].threshold)
        assert (one["AlarmActions"], one["OKActions"]) == ([TOPIC], [TOPIC])
    assert night.cloudwatch.in_alarm() == {"quiet-day"}  # nothing was uploaded yet

    for number in range(4):
        night.indexed(f"load/{number}.jpg", jpeg(near_copy(photo(number % 2))))
        night.lasts()
        assert night.cloudwatch.in_alarm() == set()
    night.upload("load/no-picture.jpg", b"text")
    night.drill.until_outcome("load/no-picture.jpg", "rejected")
    night.clears()


def test_event_that_fails_for_good(night: Night) -> None:
    night.proxy.crash_at(0, effective=False)
    night.upload("poison/a.jpg")
    for _ in range(2):
        assert night.proxy.crashed.wait(60)
        night.proxy.crash_at(0, effective=False)
    night.fires("failure-queue")

    night.proxy.calm()
    night.reader.type_of("failure-queue", "> sent.json", "redrive --yes")
    night.drill.until_outcome("poison/a.jpg", "indexed")
    night.reader.type_of("failure-queue", "objects")
    night.clears("failure-queue")


def test_functions_that_cannot_start(night: Night) -> None:
    event, asked, upload = "FunctionName", "AskFunctionName", notification(ObjectRef(night.drill.bucket, "x", "1"))
    for name in (event, asked):
        variables = night.settings(name)["Environment"]["Variables"]
        night.set(name, Environment={"Variables": variables | {"RADIUS": "ten"}})
    for _ in range(2):
        assert night.invoke(event, upload)["FunctionError"]
        assert "FunctionError" not in night.invoke(asked, night.question("x"))  # it says why, and is not ended
        night.lasts()
    night.fires("function-errors", "troubles")
    night.is_told_as("failed-events", "question-errors")

    night.reader.type_of("cannot-start", "renew")
    night.indexed("started/a.jpg")
    night.clears("function-errors", "troubles")


def test_events_of_a_queue_that_fail(night: Night) -> None:
    queue, visibility = night.drill.outputs["IntakeQueueUrl"], "VisibilityTimeout"
    night.drill.sqs.set_queue_attributes(QueueUrl=queue, Attributes={visibility: "1"})  # it comes again in a second
    for number in range(2):
        night.upload(f"queued/{number}.jpg")
        night.drill.until_outcome(f"queued/{number}.jpg", "indexed")
        night.proxy.crash_at(0, effective=False)
        night.send(f"queued/{number}.jpg")
        night.drill.until_outcome(f"queued/{number}.jpg", "failed")
        night.drill.until_lines(f"queued/{number}.jpg", 3)  # it came again, so the next call that ends is another's
        night.lasts()
    night.fires("troubles")

    night.drill.sqs.set_queue_attributes(QueueUrl=queue, Attributes={visibility: "180"})
    night.clears("troubles")


def test_questions_that_run_out_of_time(night: Night) -> None:
    night.indexed("asked/a.jpg")
    night.proxy.hold("/")  # all calls wait
    night.set("AskFunctionName", Timeout=3)
    for _ in range(2):
        assert night.invoke("AskFunctionName", night.question("asked/a.jpg"))["FunctionError"]
        night.lasts()
    night.fires("question-errors")

    night.proxy.calm()
    night.reader.type("change Timeout=60")
    assert "FunctionError" not in night.invoke("AskFunctionName", night.question("asked/a.jpg"))
    night.clears("question-errors")
    night.drill.change(Timeout="30")


def test_function_that_somebody_has_switched_off(night: Night) -> None:
    night.allow(0)
    for number in range(3):
        night.upload(f"off/{number}.jpg")
        night.drill.until_failed(number + 1)
        night.lasts()
    night.upload("off/3.jpg")
    night.drill.until_failed(4)
    night.fires("throttles", "failure-queue")

    night.reader.type_of("throttling", "delete-function-concurrency", "redrive --yes")
    for number in range(4):
        night.drill.until_outcome(f"off/{number}.jpg", "indexed")
    night.clears("throttles", "failure-queue")


def test_failure_queue_that_is_gone(night: Night) -> None:
    night.drill.sqs.delete_queue(QueueUrl=night.drill.outputs["FailureQueueUrl"])
    night.drill.invoke({"nonsense": 1})
    night.fires("failures-lost")

    night.reader.type_of("failures-lost", "create-queue")
    night.clears("failures-lost")
    night.drill.invoke({"nonsense": 1})
    night.drill.until_failed()
    night.drill.sqs.purge_queue(QueueUrl=night.drill.outputs["FailureQueueUrl"])
    night.clears()


def test_subscriber_that_is_gone(night: Night) -> None:
    queue = own_queue(night.drill.there)
    arn = night.drill.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    night.drill.sqs.delete_queue(QueueUrl=queue)
    for name in "ab":
        night.indexed(f"told/{name}.jpg")
    night.fires("deliveries")

    night.reader.type_of("deliveries", "sns unsubscribe", after=f"GONE={arn}")
    night.lasts()
    assert night.indexed("told/c.jpg")["announced"] == 2
    night.clears("deliveries", after=0)


def test_invocations_that_take_nearly_all_of_their_time(night: Night) -> None:
    """Three that overlap, so that it takes no longer than one."""
    keys = [f"slow/{number}.jpg" for number in range(3)]
    for key in keys:
        night.proxy.hold(key)
        night.upload(key)
        night.proxy.held_since(key)
        time.sleep(2)  # so that they end one after the other
    for key in keys:
        time.sleep(max(0, night.proxy.held_since(key) + NEARLY_S - time.monotonic()))
        night.proxy.let_go(key)
        assert "left_ms" in night.drill.until_outcome(key, "indexed")
        night.lasts(SPAN if key != keys[-1] else 0)
    night.fires("troubles")
    night.is_told_as("duration")

    night.reader.type_of("duration", "$.left_ms")
    assert "left_ms" not in night.indexed("slow/quick.jpg")
    night.clears("troubles")


def test_intake_that_takes_nothing(night: Night) -> None:
    night.take_nothing_from("IntakeQueueUrl")
    keys = [f"intake/{number}.jpg" for number in range(5)]
    night.send(*keys)
    for _ in range(3):
        night.lasts()
    assert night.cloudwatch.in_alarm() == set()  # they are young
    night.lasts(HOUR)
    for _ in range(3):
        night.lasts()
    night.fires("queue-age")

    night.reader.type_of("intake-queue", "MAPPING=", "--enabled")
    for key in keys:
        night.drill.until_outcome(key, "gone")
    night.clears("queue-age")


def test_packs_bucket_that_is_gone(night: Night) -> None:
    outputs = night.drill.outputs
    fill(night.drill.dynamodb, outputs["BucketTableName"], Collection("packs/", "look1"), PACK + 1)
    night.drill.lose(outputs["PacksBucketName"])
    for number in range(2):
        night.renew(f"{number}")
        assert night.indexed(f"packs/{number}.jpg")["trouble"]
        night.lasts()
    night.fires("troubles")
    night.is_told_as("packs-unavailable")

    night.reader.type_of("lost-bucket", 'aws s3 mb "s3://$(output PacksBucketName)', "renew")
    assert "trouble" not in night.indexed("packs/new.jpg")
    assert night.drill.s3.list_objects_v2(Bucket=outputs["PacksBucketName"])["KeyCount"] == 1  # it was made again
    night.clears("troubles")


def test_pictures_that_come_again(night: Night) -> None:
    """Sent as the function sends those whose search was not whole."""
    keys = [f"late/{number}.jpg" for number in range(5)]
    for key in keys:
        night.indexed(key)
    night.come_again(*keys, delay_s=20)
    for _ in range(3):
        night.lasts()
    assert night.cloudwatch.in_alarm() == set()  # they wait for their time, no longer
    for key in keys:
        night.drill.until_outcome(key, "stale")

    night.take_nothing_from("IntakeQueueUrl")
    night.come_again(keys[0], delay_s=0)
    for span in (HOUR, SPAN, SPAN):
        night.lasts(span)
    night.fires("queue-age")

    night.reader.type_of("intake-queue", "for COUNT in", '"came_again"', "$.lacks", "MAPPING=", "--enabled")
    night.drill.until_lines(keys[0], 3)
    night.clears("queue-age")


def test_day_on_which_no_event_comes(night: Night) -> None:
    night.drill.s3.put_bucket_notification_configuration(Bucket=night.drill.bucket, NotificationConfiguration={})
    night.upload("quiet/a.jpg")
    night.lasts(DAY)
    night.fires("quiet-day")

    night.reader.type_of("no-notices", "change Intake=queue", "change Intake=direct")
    night.indexed("quiet/b.jpg")
    night.clears("quiet-day", after=0)


def test_uploads_that_are_no_pictures(night: Night) -> None:
    night.indexed("mixed/a.jpg")
    night.upload_many({f"mixed/{number}.txt": b"text" for number in range(20)})
    night.fires("rejected")

    night.lasts(HOUR)
    night.indexed("mixed/b.jpg")
    night.clears("rejected", after=0)


def test_function_without_memory_for_journals(night: Night) -> None:
    night.drill.change(JournalMemory="0")
    for number in range(2):
        night.indexed(f"probed/{number}.jpg")
        night.lasts()
    night.fires("troubles")
    night.is_told_as("partial-searches")

    night.reader.type_of("partial-searches", "change JournalMemory=512")
    assert "lacks" not in night.indexed("probed/whole.jpg")
    night.clears("troubles")


def test_more_lists_than_anybody_pays_for(night: Night) -> None:
    """Each is a read unit an upload, of the eight that `AlarmReadCost` 1 stands for; a new instance reads more."""
    night.drill.change(Lists="a,b,c,d,e,f,g,h")
    night.cloudwatch.count_logged(times=100)  # a hundred uploads take the emulator minutes
    night.indexed("asked/dear.jpg")
    night.fires("read-cost")

    night.reader.type_of("read-cost", "change Lists=")
    night.cloudwatch.count_logged(times=1)
    night.indexed("asked/cheap.jpg")
    night.clears("read-cost", after=HOUR)


def test_queues_that_are_gone_when_events_come_by_eventbridge(night: Night) -> None:
    """Last: it makes the stack one of buckets that were there before."""
    night.drill.s3.create_bucket(Bucket="archive")
    night.drill.s3.put_bucket_notification_configuration(
        Bucket="archive", NotificationConfiguration={"EventBridgeConfiguration": {}}
    )
    night.drill.change(ExistingBuckets="archive")
    assert "bus-events-lost" in night.cloudwatch.described()
    for name in ("IntakeQueueUrl", "FailureQueueUrl"):
        night.drill.sqs.delete_queue(QueueUrl=night.drill.outputs[name])
    night.drill.s3.put_object(Bucket="archive", Key="bus/a.jpg", Body=PICTURE)
    night.fires("bus-events-lost")

    night.reader.type_of("failures-lost", "create-queue")
    night.drill.s3.put_object(Bucket="archive", Key="bus/b.jpg", Body=PICTURE)
    night.drill.until_outcome("bus/b.jpg", "indexed")
    night.clears("bus-events-lost")
