"""The examples that ask: in JavaScript it signs as botocore does; both say in one line what is wrong."""

import json
import os
import re
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import boto3
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo

ROOT = Path(__file__).parents[2]
COMMAND = """
node docs/examples/ask.mjs ~/Pictures/again.png limit=5 scope=travel/
"""  # of how-to/ask.md
pytestmark = pytest.mark.skipif(shutil.which("node") is None, reason="Node.js is not installed")
SIGN = """
const { signed } = await import(process.argv[1]);
const [url, body, options] = process.argv.slice(2);
console.log(JSON.stringify(signed("POST", url, { "content-type": "image/jpeg" }, body, {
  ...JSON.parse(options), now: new Date("2026-01-02T03:04:05.678Z"),
})));
"""


def node(*words: str, env: dict[str, str] | None = None) -> str:
    done = subprocess.run(  # noqa: S603 - our own example
        ["node", *words],  # noqa: S607 - wherever it is installed
        cwd=ROOT,
        env=os.environ | (env or {}),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("token", [None, "token/+="])
@pytest.mark.parametrize("query", ["", "?scope=one%2Ftwo%20%28%C3%BC%29%2F&limit=5", "?a=%2A&B=1&a=%21&a-b=2"])
def test_example_signs_as_botocore_does(query: str, token: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    url = f"https://abc.lambda-url.eu-west-1.on.aws/v1/searches{query}"
    monkeypatch.setattr("botocore.auth.get_current_datetime", lambda: datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC))
    request = AWSRequest("POST", url, data=b"body", headers={"content-type": "image/jpeg"})
    credentials: Any = boto3.Session("AKID", "secret", token).get_credentials()
    SigV4Auth(credentials, "lambda", "eu-west-1").add_auth(request)

    options = {"region": "eu-west-1", "accessKeyId": "AKID", "secretAccessKey": "secret", "sessionToken": token}
    module = (ROOT / "docs" / "examples" / "ask.mjs").as_uri()
    headers = json.loads(node("--input-type=module", "-e", SIGN, module, url, "body", json.dumps(options)))

    expected = {name.lower(): value for name, value in request.headers.items()}
    assert re.split(", ", headers.pop("authorization")) == re.split(", ", expected.pop("authorization"))
    assert headers == expected


@pytest.fixture
def nobody() -> Iterator[str]:
    """An address at which nobody listens."""
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        yield f"http://127.0.0.1:{bound.getsockname()[1]}/"


@pytest.mark.parametrize("program", [["node", "docs/examples/ask.mjs"], [sys.executable, "docs/examples/ask.py"]])
@pytest.mark.parametrize(
    ("words", "unset", "said"),
    [
        ([], "", "usage: ask."),
        (["pyproject.toml", "scope"], "", "usage: ask."),
        (["none.jpg"], "", "none.jpg"),
        (["pyproject.toml"], "LOOKALIKE_ASK_URL", "LOOKALIKE_ASK_URL is not set"),
        (["pyproject.toml"], "REGION", "REGION is not set"),
        (["pyproject.toml"], "", "refused"),
    ],
)
def test_examples_say_in_one_line_what_is_wrong(
    program: list[str], words: list[str], unset: str, said: str, nobody: str
) -> None:
    values = {"LOOKALIKE_ASK_URL": nobody, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    values |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_CONFIG_FILE": os.devnull}
    env = {"PATH": os.environ["PATH"]} | {
        name: value for name, value in values.items() if not unset or not name.endswith(unset)
    }

    done = subprocess.run(  # noqa: S603 - our own examples
        [*program, *words], cwd=ROOT, env=env, capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert said in done.stderr.replace("ECONNREFUSED", "refused")
    assert done.stderr.count("\n") == 1


@pytest.fixture
def list_answer() -> Iterator[str]:
    """An address at which every question is answered with a match of a list."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            body = json.dumps({"matches": [{"kind": "near", "key": "a.jpg", "list": "banned"}]}).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = Thread(target=server.handle_request)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        thread.join()


@pytest.mark.parametrize("program", [["node", "docs/examples/ask.mjs"], [sys.executable, "docs/examples/ask.py"]])
def test_examples_tell_of_which_list_a_match_is(program: list[str], list_answer: str) -> None:
    env = {"LOOKALIKE_ASK_URL": list_answer, "AWS_REGION": "eu-west-1", "AWS_DEFAULT_REGION": "eu-west-1"}
    env |= {"AWS_ACCESS_KEY_ID": "AKID", "AWS_SECRET_ACCESS_KEY": "secret", "no_proxy": "127.0.0.1"}

    done = subprocess.run(  # noqa: S603 - our own examples
        [*program, "pyproject.toml"], cwd=ROOT, env=os.environ | env, capture_output=True, text=True, check=False
    )

    assert (done.stdout, done.stderr) == ("near a.jpg (of the list banned)\n", "")


@pytest.mark.emulator
@pytest.mark.parametrize("program", [["node", "docs/examples/ask.mjs"], [sys.executable, "docs/examples/ask.py"]])
def test_examples_tell_a_problem_in_one_line(site: Site, tmp_path: Path, program: list[str]) -> None:
    (tmp_path / "empty.jpg").write_bytes(b"")
    env = os.environ | site.deployment.environment | {"LOOKALIKE_ASK_URL": site.deployment.outputs["AskUrl"]}

    done = subprocess.run(  # noqa: S603 - our own examples
        [*program, tmp_path / "empty.jpg", f"scope={site.collection.scope}"],
        cwd=ROOT,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stderr == f"{Path(program[1]).name}: empty: the file has 0 bytes\n"


@pytest.mark.emulator
def test_example_prints_what_shows_the_same(site: Site, tmp_path: Path) -> None:
    site.upload("cat.jpg", jpeg(photo(1)))
    site.wait_for_lines("cat.jpg")
    (tmp_path / "copy.jpg").write_bytes(jpeg(near_copy(photo(1))))
    env = site.deployment.environment | {"LOOKALIKE_ASK_URL": site.deployment.outputs["AskUrl"]}

    ours = {"~/Pictures/again.png": str(tmp_path / "copy.jpg"), "scope=travel/": f"scope={site.collection.scope}"}
    words = [ours.get(word, word) for word in COMMAND.split()[1:]]

    assert node(*words, env=env) == f"near {site.folder}/cat.jpg\n"
