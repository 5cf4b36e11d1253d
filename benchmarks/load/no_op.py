"""A function that only publishes which object came: the time that the emulator takes for any message."""

import io
import json
import zipfile
from dataclasses import dataclass
from typing import Any

from handler.cli.local.deployment import Deployment

NAME = "no-op"
CODE = """
import json, os, urllib.parse
import boto3

sns = boto3.client("sns", endpoint_url=os.environ["ENDPOINT_URL"])

def handler(event, context):
    for record in event.get("Records", []):
        key = urllib.parse.unquote_plus(record["s3"]["object"]["key"])
        sns.publish(TopicArn=os.environ["TOPIC_ARN"], Message=json.dumps({"picture": {"key": key}}))
"""


@dataclass(frozen=True, slots=True)
class Target:
    """What is uploaded to, and where its messages and its failed events arrive."""

    name: str
    bucket: str
    queue_url: str
    failures_url: str


def ours(deployment: Deployment) -> Target:
    """Return the deployed stack."""
    return Target("lookalike", deployment.bucket, deployment.queue_url, deployment.outputs["FailureQueueUrl"])


def deploy(deployment: Deployment) -> Target:
    """Make the function with a bucket, a topic and queues of its own, next to the stack."""
    queue_url, queue_arn = _queue(deployment, f"{NAME}-messages")
    failures_url, failures_arn = _queue(deployment, f"{NAME}-failures")
    topic_arn = deployment.client("sns").create_topic(Name=NAME)["TopicArn"]
    deployment.client("sns").subscribe(
        TopicArn=topic_arn, Protocol="sqs", Endpoint=queue_arn, Attributes={"RawMessageDelivery": "true"}
    )
    function_arn = _function(deployment, topic_arn, failures_arn)
    s3 = deployment.client("s3")
    s3.create_bucket(Bucket=NAME)
    listener = {"LambdaFunctionArn": function_arn, "Events": ["s3:ObjectCreated:*"]}
    s3.put_bucket_notification_configuration(
        Bucket=NAME, NotificationConfiguration={"LambdaFunctionConfigurations": [listener]}
    )
    return Target(NAME, NAME, queue_url, failures_url)


def _function(deployment: Deployment, topic_arn: str, failures_arn: str) -> str:
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("noop.py", CODE)
    functions = deployment.client("lambda")
    made = functions.create_function(
        FunctionName=NAME,
        Runtime="python3.13",
        Handler="noop.handler",
        Role="arn:aws:iam::000000000000:role/no-op",
        Code={"ZipFile": code.getvalue()},
        Timeout=60,
        Environment={"Variables": {"ENDPOINT_URL": deployment.endpoint, "TOPIC_ARN": topic_arn}},
    )
    functions.get_waiter("function_active_v2").wait(FunctionName=NAME)
    functions.add_permission(
        FunctionName=NAME, StatementId="s3", Action="lambda:InvokeFunction", Principal="s3.amazonaws.com"
    )
    functions.put_function_event_invoke_config(
        FunctionName=NAME, MaximumRetryAttempts=2, DestinationConfig={"OnFailure": {"Destination": failures_arn}}
    )
    arn: str = made["FunctionArn"]
    return arn


def _queue(deployment: Deployment, name: str) -> tuple[str, str]:
    sqs = deployment.client("sqs")
    url: str = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn: str = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    senders: dict[str, Any] = {"Service": ["sns.amazonaws.com", "lambda.amazonaws.com"]}
    allow = {"Effect": "Allow", "Principal": senders, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [allow]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    return url, arn
