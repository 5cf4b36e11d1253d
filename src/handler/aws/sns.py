"""The topic that subscribers listen to."""

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
        attributes: dict[str, MessageAttributeValueTypeDef] = {
            name: {"DataType": "String", "StringValue": value}
            if isinstance(value, str)
            else {"DataType": "Number", "StringValue": str(value)}
            for name, value in message.attributes.items()
        }
        self._client.publish(TopicArn=self._topic_arn, Message=message.body, MessageAttributes=attributes)
