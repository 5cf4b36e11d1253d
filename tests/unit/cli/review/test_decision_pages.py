"""Decisions that are listed and undone, and what is exported of them."""

import json
import re
import subprocess
from html import unescape

from starlette.testclient import TestClient

from handler.cli.review.export import script
from handler.cli.review.session import Session
from handler.cli.reviewing import Surplus
from handler.core.verdicts import NamedObject
from tests.deployments import BUCKET, FakeDeployment
from tests.unit.cli.review.conftest import EVIL, exact_pair, stored, waiting


def test_listed_decisions_are_undone_alone_or_with_their_batch(browser: TestClient, session: Session) -> None:
    (group,) = set(waiting(browser)) - {exact_pair(browser)}
    browser.post(f"/groups/{group}", data={"verdict": "different"})
    decisions = stored(session)
    assert browser.get("/decisions").text.count("<strong>Different</strong>") == len(decisions)

    form = {
        f"{which}_{name}": named[name]
        for which, named in zip(("one", "other"), decisions[0]["objects"], strict=True)
        for name in ("bucket", "key")
    }
    assert browser.post("/decisions", data=form).headers["hx-refresh"] == "true"
    assert len(stored(session)) == len(decisions) - 1
    browser.post("/decisions", data={"batch": decisions[0]["batch"], "scope": ""})
    assert stored(session) == []


def test_export_is_text_that_quotes_every_key(browser: TestClient) -> None:
    (group,) = set(waiting(browser)) - {exact_pair(browser)}
    text = browser.get("/").text
    keys = [unescape(key) for key in re.findall(r'alt="([^"]+)"', text[text.index(group) :])][:3]
    browser.post(f"/groups/{group}", data={"kept": str([EVIL in key or "script" in key for key in keys].index(False))})

    page, commands = browser.get("/export"), browser.get("/export/to-delete.sh")
    lines = browser.get("/export/to-delete.jsonl")

    assert "2 pictures" in page.text
    assert "<script>alert" not in page.text
    assert commands.headers["content-disposition"] == 'attachment; filename="to-delete.sh"'
    assert commands.text.count("aws s3api delete-object --if-match ") == lines.text.count("\n") == 2


def test_commands_delete_the_objects_as_they_were_decided_about_and_run_nothing_else() -> None:
    keys = [EVIL, "$(touch x)", "a b", "'; echo no; '", "-r", "ä"]
    found = [Surplus(NamedObject(BUCKET, key), NamedObject(BUCKET, "stays"), etag='e"$(x)') for key in keys]
    unknown = Surplus(NamedObject(BUCKET, "unknown"), NamedObject(BUCKET, "stays"))
    program = "aws() { printf '%s\\0' \"$@\"; }\n" + script([*found, unknown])

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=True)  # noqa: S603 - what is tested

    head = ("s3api", "delete-object", "--if-match", '"e"$(x)"', "--bucket", BUCKET)
    assert done.stdout.decode().split("\0")[:-1] == [word for key in keys for word in (*head, f"--key={key}")]


def test_key_that_the_aws_cli_would_take_for_a_file_is_given_as_json() -> None:
    commands = script([Surplus(NamedObject(BUCKET, "file:///x'y"), NamedObject(BUCKET, "stays"), etag="e")])
    program = "aws() { printf '%s\\0' \"$@\"; }\n" + commands

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=True)  # noqa: S603 - what is tested

    *_, option, given = done.stdout.decode().split("\0")[:-1]
    assert (option, json.loads(given)) == ("--cli-input-json", {"Bucket": BUCKET, "Key": "file:///x'y"})


def test_commands_say_how_many_objects_were_left() -> None:
    found = [Surplus(NamedObject(BUCKET, key), NamedObject(BUCKET, "stays"), etag="e") for key in "abc"]
    program = "aws() { case $* in *--key=b*) return 254;; esac; }\n" + script(found)

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=False)  # noqa: S603 - what is tested

    assert (done.returncode, done.stderr.decode()[:7]) == (1, "1 left:")


def test_last_decision_is_taken_back_though_its_picture_is_gone(
    browser: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    group = exact_pair(browser)
    browser.post(f"/groups/{group}", data={"verdict": "different"})
    gone = stored(session)[0]["objects"][0]["key"]
    deployment.function().removed(deployment.delete(gone))

    assert browser.post("/undo", data={"from": "groups"}).status_code == 200
    assert (stored(session), session.last) == ([], None)
