"""The topic that subscribers listen to."""

import json
from typing import TYPE_CHECKING

from handler.core.message import Message

if TYPE_CHECKING:
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef


class SNSTopic:
    """Publishes messages to one topic."""

    def __init__(self, client: "SNSClient", topic_arn: str) -> None:
        self._client = client
        self._topic_arn = topic_arn

    def publish(self, message: Message) -> None:
        """Publish *message*; its attributes are what filter policies see."""
        attributes = {name: _attribute(value) for name, value in message.attributes.items()}
        self._client.publish(TopicArn=self._topic_arn, Message=message.body, MessageAttributes=attributes)


def _attribute(value: str | float | tuple[str, ...]) -> "MessageAttributeValueTypeDef":
    match value:
        case str():
            return {"DataType": "String", "StringValue": value}
        case tuple():
            return {"DataType": "String.Array", "StringValue": json.dumps(value)}
    return {"DataType": "Number", "StringValue": str(value)}
