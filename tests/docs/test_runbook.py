"""The runbook's pages of symptoms: each fault is brought about, its page is followed to the letter, and it is over."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from handler.cli.local import stack as stacks
from handler.cli.stacks import STACK
from handler.core.model import ObjectRef
from tests.docs.drill import Drill, Reader, deploy, drill, own_queue
from tests.events import notification
from tests.pictures import jpeg, near_copy, photo

pytestmark = [pytest.mark.emulator, pytest.mark.slow]  # a stack of its own, and minutes


@pytest.fixture
def there() -> Iterator[Drill]:
    with drill() as started:
        yield started


@pytest.fixture
def follow(there: Drill, tmp_path: Path) -> Callable[[str], None]:
    """Follow a page, as somebody would in a shell in the checkout."""
    return Reader(there.there, tmp_path).follow


def test_right_that_was_taken_away(there: Drill, follow: Callable[[str], None]) -> None:
    there.iam.delete_role_policy(RoleName=there.role, PolicyName="read-pictures")
    there.upload("unread.jpg", jpeg(photo(1)))
    there.until_failed()

    follow("rights-revoked")

    there.until_outcome("unread.jpg", "indexed")
    there.works()


def test_event_that_fails_again_and_again(there: Drill, follow: Callable[[str], None]) -> None:
    there.s3.create_bucket(Bucket="somebody-elses")  # which the function may not read
    there.s3.put_object(Bucket="somebody-elses", Key="x.jpg", Body=jpeg(photo(1)))
    there.invoke(notification(ObjectRef("somebody-elses", "x.jpg", "1")))
    there.invoke({"nonsense": 1})
    there.until_failed(2)

    follow("poison-event")

    assert there.waiting() == 0
    there.works()


def test_function_that_cannot_start(there: Drill, follow: Callable[[str], None]) -> None:
    name = there.outputs["FunctionName"]
    variables = there.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    there.functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables | {"RADIUS": "ten"}}
    )
    there.upload("early.jpg", jpeg(photo(2)))
    there.until_failed()

    follow("cannot-start")

    there.until_outcome("early.jpg", "indexed")
    assert there.functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"] == variables
    there.works()


def test_bucket_that_is_gone(there: Drill, follow: Callable[[str], None]) -> None:
    for bucket in (there.outputs["PacksBucketName"], there.bucket):
        there.lose(bucket)

    follow("lost-bucket")

    there.works()


def test_table_that_is_gone(there: Drill, follow: Callable[[str], None]) -> None:
    body = jpeg(photo(3))
    there.upload("before.jpg", body)
    there.until_outcome("before.jpg", "indexed")
    table = there.outputs["PictureTableName"]
    # As DynamoDB does by itself when a table with point-in-time recovery is deleted; the emulator does not.
    there.dynamodb.create_backup(TableName=table, BackupName=f"{table}$DeletedTableBackup".replace("$", "-"))
    there.dynamodb.delete_table(TableName=table)
    there.upload("during.jpg", body)
    there.until_failed()

    follow("lost-table")

    assert there.until_outcome("during.jpg", "indexed")["matches"] == 1
    there.works()


def test_deployment_that_was_bad(there: Drill, follow: Callable[[str], None], tmp_path: Path) -> None:
    broken = tmp_path / "broken"
    shutil.copytree(there.template.parent, broken)
    (broken / "LookalikeFunction" / "handler" / "app.py").write_text("import what_is_not_there\n")
    deploy(there.there.endpoint, broken / there.template.name)
    there.upload("during.jpg", jpeg(photo(4)))
    there.until_failed()

    follow("bad-deployment")

    there.works()


def test_function_that_is_throttled(there: Drill, follow: Callable[[str], None]) -> None:
    name = there.outputs["FunctionName"]
    there.functions.put_function_concurrency(FunctionName=name, ReservedConcurrentExecutions=0)
    there.upload("during.jpg", jpeg(photo(5)))

    follow("throttling")

    there.works()


def test_stack_that_does_not_delete(there: Drill, follow: Callable[[str], None]) -> None:
    there.stacks.update_termination_protection(StackName=STACK, EnableTerminationProtection=True)

    follow("stack-does-not-delete")

    assert there.dynamodb.list_tables()["TableNames"] == []
    assert [one["Name"] for one in there.s3.list_buckets()["Buckets"]] == [stacks.ARTIFACTS]


def test_notices_that_do_not_come(there: Drill, follow: Callable[[str], None]) -> None:
    there.s3.put_bucket_notification_configuration(Bucket=there.bucket, NotificationConfiguration={})
    own_queue(there.there)
    for found in there.sns.list_subscriptions_by_topic(TopicArn=there.outputs["TopicArn"])["Subscriptions"]:
        there.sns.set_subscription_attributes(
            SubscriptionArn=found["SubscriptionArn"],
            AttributeName="FilterPolicy",
            AttributeValue='{"kind": ["nothing"]}',
        )

    follow("no-notices")

    there.works()


def test_too_many_notices(there: Drill, follow: Callable[[str], None]) -> None:
    queue = own_queue(there.there)
    for number in range(4):
        there.upload(f"again-{number}.jpg", jpeg(photo(6)))
        there.until_outcome(f"again-{number}.jpg", "indexed")
    there.receive(queue, 3)

    follow("too-many-notices")

    there.upload("again-4.jpg", jpeg(photo(6)))
    there.until_outcome("again-4.jpg", "indexed")
    there.upload("smaller.jpg", jpeg(near_copy(photo(6))))
    assert [one["picture"]["key"] for one in there.receive(queue, 1)] == ["smaller.jpg"]


def test_notice_that_is_wrong(there: Drill, follow: Callable[[str], None]) -> None:
    for name, body in zip(("one.jpg", "other.jpg"), there.new_pair(), strict=True):
        there.upload(name, body)
        there.until_outcome(name, "indexed")

    follow("wrong-notice")

    there.upload("other.jpg", there.s3.get_object(Bucket=there.bucket, Key="other.jpg")["Body"].read())
    there.until_lines("other.jpg", 2)
    assert "announced" not in there.lines("other.jpg")[-1]
    there.works()


def test_costs_that_rise(there: Drill, follow: Callable[[str], None]) -> None:
    there.upload("dear.jpg", jpeg(photo(7)))
    there.until_outcome("dear.jpg", "indexed")

    follow("costs-rise")

    there.works()
