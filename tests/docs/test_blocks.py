"""Every command that people read in README and docs is run here, or says why not."""

import os
import re
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from handler.cli.local import deployment as deployments
from handler.cli.local import emulator
from handler.cli.local import stack as stacks
from handler.cli.local.deployment import Deployment
from handler.cli.local.pictures import gallery
from tests.conftest import Stack
from tests.docs.drill import SYMPTOMS
from tests.docs.markdown import ROOT, CodeBlock, blocks, documents
from tests.docs.shell import RUN, SHOWN, ShellCommand, commands, is_run, other_runner, reason_not_to_run, run

MARK = re.compile(r"<!-- (run by|not run|exits with): ")
EVERYTHING = [block for path in documents() for block in blocks(path)]
NEEDS_STACK = re.compile(
    r"\baws |boto3|aws-sdk|lookalike "
    r"(backfill|connect|import|list|local|redrive|failures|status|find|show|groups|decide|decisions|review)"
)
SOME = 4  # pictures in a folder: so few are compared without further processes
ENDS_STACK = "local down"
FIRST = ("quick-start.md",)  # what a reader follows first, and `make test` too: from nothing to a message
OF_EXISTING = ("existing-bucket.md", "recover.md")  # pages about a stack that takes pictures from existing buckets
# `sam deploy` as a page has it, of what was built for the emulator, and into that.
SAM = """#!/bin/sh
exec {sam} "$@" EndpointUrl="$AWS_ENDPOINT_URL" Architecture={architecture} --config-env local --region {region} \
    --stack-name lookalike --template-file {template} --s3-bucket {artifacts} --capabilities CAPABILITY_IAM
"""
# Starts an empty emulator, which `local down` then ends in place of the one that all tests share.
SPARE = """.venv/bin/python -c '
from pathlib import Path
from handler.cli.local import deployment, emulator
started = emulator.start(Path(".lookalike/spare"))
deployment.save(Path(), deployment.Deployment(started, {}, ""))
started.leave_running()
'"""
LEFT_OUT = shutil.ignore_patterns(
    ".git", "site", ".venv*", ".lookalike", ".aws-sam", ".*_cache", ".hypothesis", "__pycache__"
)


def test_every_block_is_of_a_language_that_is_run_or_shown() -> None:
    assert [(str(block), block.language) for block in EVERYTHING if block.language not in (*RUN, *SHOWN)] == []


def test_every_comment_before_a_block_is_understood() -> None:
    comments = [block for block in EVERYTHING if re.match("<!--.*run", block.before)]

    assert [str(block) for block in comments if reason_not_to_run(block) is None and other_runner(block) is None] == []


def test_commands_of_another_runner_are_in_it() -> None:
    missing = [
        (str(block), command.text)
        for block in EVERYTHING
        if (runner := other_runner(block))
        for command in commands(block)
        if not is_in(command.text, (ROOT / runner).read_text())
    ]

    assert missing == []


def is_in(command: str, script: str) -> bool:
    """Whether a line of *script* that is no comment has the words of *command*, in order."""
    words = command.partition("#")[0].split()
    return re.search(r"^[^#\n]*" + r"\b[^#\n]*\s".join(map(re.escape, words)) + r"(\s|$)", script, re.M) is not None


def pages() -> Iterator[Any]:
    """The pages that have something to run, each with its blocks."""
    for path in documents():
        wanted = [block for block in EVERYTHING if block.path == path and is_run(block)]
        if wanted and not (path.parent.name == "runbook" and path.stem in SYMPTOMS):  # those need their fault first
            needs_stack = any(NEEDS_STACK.search(block.text) for block in wanted)
            marks = [pytest.mark.emulator] if needs_stack else []
            if needs_stack and path.name not in FIRST:
                marks.append(pytest.mark.slow)  # each command of it starts a process: minutes, of all pages
            yield pytest.param(wanted, marks=marks, id=str(path.relative_to(ROOT)))


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout in which `make setup` was run, beside a home with pictures."""
    folder = tmp_path / "lookalike"
    shutil.copytree(ROOT, folder, ignore=LEFT_OUT, symlinks=True)
    for name in (".venv", ".venv-sam"):
        (folder / name).mkdir()
        for part in ("bin", "lib", "lib64", "pyvenv.cfg"):
            (folder / name / part).symlink_to(ROOT / name / part)
    for stamp in (".venv/.uv", ".venv/.ready", ".venv-sam/.ready"):
        (folder / stamp).touch()
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "aws").symlink_to(ROOT / ".venv" / "bin" / "aws")
    for where, pictures in zip(("Pictures", "Downloads"), gallery(), strict=True):
        (tmp_path / where).mkdir()
        for picture in pictures[:SOME]:
            (tmp_path / where / Path(picture.key).name).write_bytes(picture.body)
    (tmp_path / "Pictures" / "again.png").write_bytes(gallery()[0][0].body)  # so that there is something to find
    return folder


@pytest.fixture
def environment(checkout: Path, request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """What a reader's shell has; the deployment that `local up` finds running, where the page needs one."""
    path = f"{checkout.parent / 'bin'}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    home = {"HOME": str(checkout.parent), "PATH": path, "COLUMNS": "120", "HTTPS_PROXY": stacks.NO_ENDPOINT}
    if request.node.get_closest_marker("emulator") is None:
        yield emulator.environment(stacks.NO_ENDPOINT, home)
        return
    deployment = deployment_of(request)
    write_sam(checkout.parent / "bin")
    stacks.work_folder(checkout)
    deployments.save(checkout, replace(deployment, queue_url=own_queue(deployment)))
    yield emulator.environment(deployment.endpoint, home)
    left = deployments.running(checkout)
    if left and left.endpoint != deployment.endpoint:
        left.stop()  # a `local up` that nothing ended


def write_sam(folder: Path) -> None:
    """Write a `sam` that deploys into the emulator into *folder*."""
    sam = SAM.format(
        sam=stacks.sam_executable(ROOT),
        architecture=stacks.ARCHITECTURE,
        region=emulator.REGION,
        template=stacks.build_for_emulator(ROOT),
        artifacts=stacks.ARTIFACTS,
    )
    (folder / "sam").write_text(sam)
    (folder / "sam").chmod(0o755)


def deployment_of(request: pytest.FixtureRequest) -> Deployment:
    """The deployment that the page of this test is about."""
    (first, *_) = request.node.callspec.params["page"]
    if first.path.name in OF_EXISTING:
        existing: Deployment = request.getfixturevalue("existing")
        return existing
    stack: Stack = request.getfixturevalue("stack")
    return stack.deployment


def own_queue(there: Deployment) -> str:
    """A queue that no other test reads, subscribed to the topic."""
    queue = there.client("sqs").create_queue(QueueName=f"docs-{secrets.token_hex(4)}")["QueueUrl"]
    attributes = there.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    there.client("sns").subscribe(
        TopicArn=there.outputs["TopicArn"],
        Protocol="sqs",
        Endpoint=attributes["QueueArn"],
        Attributes={"RawMessageDelivery": "true"},
    )
    return str(queue)


def test_every_mark_stands_right_before_its_block() -> None:
    """Farther away it would be a mark of nothing."""
    marks = [line for path in documents() for line in path.read_text().splitlines() if MARK.match(line.strip())]

    assert sorted(line.strip() for line in marks) == sorted(one.before for one in EVERYTHING if MARK.match(one.before))


@pytest.mark.parametrize("page", list(pages()))
def test_commands_of_the_page_do_what_it_says(
    page: list[CodeBlock], checkout: Path, environment: Mapping[str, str]
) -> None:
    wanted = [command for block in page for command in commands(block)]
    ends = next((at for at, command in enumerate(wanted) if ENDS_STACK in command.text), None)
    if ends is not None:
        wanted.insert(ends, ShellCommand(wanted[ends].block, SPARE))

    run(wanted, checkout, environment)
