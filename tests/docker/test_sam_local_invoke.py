"""The built function in Lambda's own image, under the Runtime that the template names."""

import shutil
from pathlib import Path

import pytest

from handler.cli.local import emulator, stack
from handler.cli.local.invoke import IMAGE, invoke
from handler.core.model import Outcome

pytestmark = pytest.mark.docker
ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def lambda_image(tmp_path: Path) -> None:
    if shutil.which("docker") is None:
        pytest.skip("no docker command")
    env = emulator.environment(stack.NO_ENDPOINT)
    command = ["docker", "image", "inspect", "--format", "found", IMAGE]
    status, _ = emulator.run(command, env=env, cwd=tmp_path, log=tmp_path / "docker.log")
    if status != 0:
        pytest.skip(f"no Docker daemon, or no local image {IMAGE}")


def test_function_writes_and_publishes_from_lambdas_own_image() -> None:
    done = invoke(ROOT, ROOT / "events" / "s3-object-created.json", {})

    (record,) = done.records
    (message,) = done.messages
    assert done.reply == {"outcomes": ["indexed"]}
    assert (record.ref.key, record.outcome) == ("uploads/astronaut (edited).jpg", Outcome.INDEXED)
    assert message["picture"]["key"] == record.ref.key
    assert [match["key"] for match in message["matches"]] == ["photos/astronaut.png"]
