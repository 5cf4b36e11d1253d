import subprocess
from pathlib import Path

from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import Emulator
from handler.cli.local.up import shell_lines


def test_shell_reaches_the_deployment_by_what_is_printed() -> None:
    found = Deployment(Emulator("http://127.0.0.1:9", 1, Path("none")), {"TopicArn": "arn"}, "http://127.0.0.1:9/queue")
    script = "\n".join([*shell_lines(found), 'echo "$AWS_ENDPOINT_URL ${AWS_PROFILE-none}"'])

    done = subprocess.run(["sh", "-c", script], env={"AWS_PROFILE": "mine"}, capture_output=True, text=True, check=True)  # noqa: S603, S607

    assert done.stdout == "http://127.0.0.1:9 none\n"


def test_outputs_and_the_queue_of_messages_are_comments() -> None:
    found = Deployment(Emulator("http://127.0.0.1:9", 1, Path("none")), {"TopicArn": "arn"}, "http://127.0.0.1:9/queue")

    comments = [line.split() for line in shell_lines(found) if line.startswith("#")]

    assert ["#", "TopicArn", "arn"] in comments
    assert ["#", "MessagesQueueUrl", "http://127.0.0.1:9/queue"] in comments
