from pathlib import Path

import pytest

from handler.cli.local import deployment
from handler.cli.local.emulator import Emulator


def test_clients_ignore_the_users_aws_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_PROFILE", "AWS_ACCESS_KEY_ID", "AWS_DEFAULT_REGION"):
        monkeypatch.setenv(name, "the-users")
    monkeypatch.setenv("AWS_ENDPOINT_URL_S3", "https://s3.example.com")
    found = deployment.Deployment(Emulator("http://127.0.0.1:4566", 0, Path("unused")), {}, "")

    client = found.client("s3")

    assert (client.meta.endpoint_url, client.meta.region_name) == ("http://127.0.0.1:4566", "us-east-1")


def test_note_of_a_deployment_that_has_ended_is_ignored(tmp_path: Path) -> None:
    gone = deployment.Deployment(Emulator("http://127.0.0.1:9", 1, tmp_path / "none"), {"TopicArn": "arn"}, "url")
    deployment.save(tmp_path, gone)

    assert deployment.running(tmp_path) is None
