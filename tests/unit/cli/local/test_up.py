import argparse
import subprocess
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from samtranslator.yaml_helper import yaml_parse

from handler.cli.local import deployment, up
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import Emulator, LocalError

ROOT = Path(__file__).parents[4]
OUTPUTS = list(yaml_parse((ROOT / "template.yaml").read_text())["Outputs"])
NOWHERE = "http://127.0.0.1:9"
ODD = "a b'c\"d$HOME`id`;\\ \n#"


def deployed(**outputs: str) -> Deployment:
    return Deployment(Emulator(NOWHERE, 1, Path("none")), outputs, f"{NOWHERE}/queue")


def shell(found: Deployment, command: str, **env: str) -> str:
    """What *command* prints in a shell that has evaluated what `local up` prints."""
    script = "\n".join(["set -eu", *up.shell_lines(found), command])
    done = subprocess.run(["sh", "-c", script], env=env, capture_output=True, text=True, check=True)  # noqa: S603, S607
    assert done.stderr == ""
    return done.stdout


def test_shell_reaches_the_deployment_by_what_is_printed() -> None:
    said = shell(deployed(), 'echo "$AWS_ENDPOINT_URL ${AWS_PROFILE-none}"', AWS_PROFILE="mine")

    assert said == f"{NOWHERE} none\n"


def test_every_output_is_a_variable_of_every_program() -> None:
    found = deployed(**{name: f"the {name}" for name in OUTPUTS})

    lines = shell(found, "/usr/bin/env").splitlines()

    assert f"LOOKALIKE_MESSAGES_QUEUE_URL={NOWHERE}/queue" in lines
    assert "LOOKALIKE_PICTURES_BUCKET=the PicturesBucket" in lines
    assert len([line for line in lines if line.startswith("LOOKALIKE_")]) == len(OUTPUTS) + 1


def test_values_are_quoted_for_the_shell() -> None:
    assert shell(deployed(TopicArn=ODD), 'printf "%s" "$LOOKALIKE_TOPIC_ARN"') == ODD


class Healthy(BaseHTTPRequestHandler):
    """Answers as an emulator that is well."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def endpoint() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), Healthy) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_deployment_with_other_parameters_is_refused_with_what_to_do(
    tmp_path: Path, endpoint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "template.yaml").symlink_to(ROOT / "template.yaml")
    (tmp_path / ".lookalike").mkdir()
    found = Deployment(Emulator(endpoint, 1, tmp_path / "none"), {}, "queue", {"ScopeDepth": "2"})
    deployment.save(tmp_path, found)
    options = {"port": None, "docker": False, "json": False}

    for same in ([], ["ScopeDepth=2"], ["Radius=16"]):
        assert up.run(tmp_path, argparse.Namespace(**options, parameter=same)) == 0
    with pytest.raises(LocalError) as refused:
        up.run(tmp_path, argparse.Namespace(**options, parameter=["ScopeDepth=1", "Radius=9"]))

    assert str(refused.value) == (
        f"already running at {endpoint} with ScopeDepth=2, not 1; Radius=16, not 9: "
        "run .venv/bin/lookalike local down first, which removes its data"
    )
    said = capsys.readouterr()
    assert not [line for line in said.out.splitlines() if not line.startswith(("export ", "unset "))]
    assert f"running at {endpoint}; stop it with .venv/bin/lookalike local down" in said.err
    assert '--endpoint-url "$AWS_ENDPOINT_URL"' in said.err
