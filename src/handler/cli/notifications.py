"""What a bucket notifies of: read whole, and written back with EventBridge on or off and all else as it was.

The API replaces the configuration, and S3 has no condition for that. So it is compared, element by element, with what
would be written, again just before writing, and once more afterwards.
"""

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple
from xml.etree import ElementTree

from botocore.serialize import create_serializer

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

LOOKS = 5  # at what was written, a second apart
EVENTBRIDGE = "EventBridgeConfiguration"
KINDS = {  # by the name of their list: what each is called, and which field has its ARN
    "QueueConfigurations": ("queue", "QueueArn"),
    "TopicConfigurations": ("topic", "TopicArn"),
    "LambdaFunctionConfigurations": ("function", "LambdaFunctionArn"),
}


class WouldLose(Exception):
    """Writing the configuration would lose something, so it was not written; the text says what."""


class Disturbed(Exception):
    """Somebody else changed the configuration meanwhile; the text says when, and what to do."""


class Destination(NamedTuple):
    """Somewhere that a bucket notifies, and of what."""

    kind: str  # queue, topic or function
    arn: str
    events: tuple[str, ...]
    filters: tuple[str, ...]  # such as "prefix in/"; none is everything


class Element(NamedTuple):
    """An element of XML, without its namespace: equal to another one that says the same in any order."""

    name: str
    attributes: tuple[tuple[str, str], ...]
    text: str
    children: tuple["Element", ...]


class Notifications(NamedTuple):
    """The configuration of a bucket, as boto3 has it and as S3 wrote it."""

    configuration: dict[str, Any]
    elements: Counter[Element]

    @property
    def eventbridge(self) -> bool:
        """Whether EventBridge is told of everything."""
        return EVENTBRIDGE in self.configuration

    @property
    def destinations(self) -> list[Destination]:
        """All others that are told of something."""
        return [
            Destination(kind, one[arn], tuple(one["Events"]), _filters(one))
            for name, (kind, arn) in KINDS.items()
            for one in self.configuration.get(name, [])
        ]

    def switched(self, *, on: bool) -> dict[str, Any]:
        """Return the configuration with EventBridge on or off, and all else as it is."""
        others = {name: value for name, value in self.configuration.items() if name != EVENTBRIDGE}
        return others | ({EVENTBRIDGE: {}} if on else {})


def read(s3: "S3Client", bucket: str) -> Notifications:
    """Return what *bucket* notifies of.

    Raises WouldLose if S3 says something that could not be written back as it is, or ClientError.
    """
    with _answers(s3) as answers:
        said: dict[str, Any] = dict(s3.get_bucket_notification_configuration(Bucket=bucket))
    configuration = {name: value for name, value in said.items() if name != "ResponseMetadata"}
    elements = _elements(answers[-1])
    if lost := elements - _elements(_written(s3, bucket, configuration)):
        names = ", ".join(sorted({one.name for one in lost}))
        raise WouldLose(
            f"its notifications have parts that this version does not know (in {names}), and writing the others back "
            "would lose them: update boto3, or switch EventBridge on in the bucket's properties"
        )
    return Notifications(configuration, elements)


def switch(
    s3: "S3Client", bucket: str, before: Notifications, *, on: bool, pause: Callable[[float], None] = time.sleep
) -> None:
    """Switch EventBridge on or off in *bucket*, whose notifications are those *before*, and leave all else as it is.

    Raises Disturbed if somebody else changed them meanwhile: before writing, or at the same moment. *pause* waits for
    so many seconds where S3 does not show yet what was written: it is eventually consistent here.
    """
    if read(s3, bucket).elements != before.elements:
        raise Disturbed("its notifications have changed while you were asked: nothing was written, so start again")
    wanted: Any = before.switched(on=on)
    # Destinations stay as they are, so there is nothing to try; and S3 tries one by sending it an s3:TestEvent, which
    # consumers of others may not know. One that is broken since long would refuse the whole, too.
    s3.put_bucket_notification_configuration(
        Bucket=bucket, NotificationConfiguration=wanted, SkipDestinationValidation=True
    )
    for _ in range(LOOKS):
        now = read(s3, bucket).elements
        if now != before.elements:
            break
        pause(1)
    else:
        raise Disturbed("S3 still shows its notifications as they were: look again in a minute, with --check")
    if now != _elements(_written(s3, bucket, wanted)):
        raise Disturbed(
            "its notifications are not what was written: somebody else wrote them at the same moment, and one of both "
            "may be lost, so compare them with what was shown"
        )


def _filters(one: dict[str, Any]) -> tuple[str, ...]:
    rules = one.get("Filter", {}).get("Key", {}).get("FilterRules", [])
    return tuple(f"{rule['Name'].lower()} {rule['Value']}" for rule in rules)


@contextmanager
def _answers(s3: "S3Client") -> Iterator[list[bytes]]:
    """Collect what S3 answers, byte by byte: boto3 leaves out what it does not know."""
    event, found = "after-call.s3.GetBucketNotificationConfiguration", list[bytes]()

    def keep(http_response: Any, **_: Any) -> None:
        found.append(http_response.content)

    s3.meta.events.register(event, keep)
    try:
        yield found
    finally:
        s3.meta.events.unregister(event, keep)


def _written(s3: "S3Client", bucket: str, configuration: dict[str, Any]) -> bytes:
    """Return what boto3 would send of *configuration*."""
    operation = s3.meta.service_model.operation_model("PutBucketNotificationConfiguration")
    parameters = {"Bucket": bucket, "NotificationConfiguration": configuration}
    body: bytes = create_serializer("rest-xml").serialize_to_request(parameters, operation)["body"]
    return body


def _elements(document: bytes) -> Counter[Element]:
    """Return what is below the root of *document*."""
    root = ElementTree.fromstring(document)  # noqa: S314 - S3's own answer, over TLS, and what boto3 made of it
    return Counter(map(_element, root))


def _element(node: ElementTree.Element) -> Element:
    children = tuple(sorted(map(_element, node)))
    return Element(node.tag.rpartition("}")[2], tuple(sorted(node.items())), (node.text or "").strip(), children)
