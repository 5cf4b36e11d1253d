"""`lookalike local invoke`: the built function in Lambda's own image, by the real `sam local invoke`."""

import argparse
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Any

from handler.aws.catalog import DynamoDBCatalog
from handler.cli.local import containers, deployment, docker, emulator, parameters, stack
from handler.cli.local.console import stdout, steps
from handler.cli.local.emulator import LocalError
from handler.cli.local.pictures import Upload, gallery
from handler.cli.local.watch import Watch
from handler.core import model
from handler.core.generations import DEFAULT_GENERATION
from handler.core.phash import to_hex
from handler.deliveries import Created, LookUp, Removed, UnknownEvent
from handler.events import decode

BUCKET_IN_EVENTS = "amzn-s3-demo-bucket"  # AWS's own example name; the stack's bucket takes its place
IMAGE = f"public.ecr.aws/lambda/python:3.13-{stack.ARCHITECTURE}"


@dataclass(frozen=True, slots=True)
class Invocation:
    """What one invocation answered, wrote and published."""

    reply: Any
    records: Sequence[model.PictureRecord]  # of the objects that the event names
    messages: Sequence[dict[str, Any]]


def run(root: Path, options: argparse.Namespace) -> int:
    """Invoke the function with the event in a file and print what it did; return the exit status."""
    console, asked = stdout(), parameters.given_with_a_bucket(root, options)
    with steps() as step:
        done = invoke(root, options.event, asked, progress=step)
    console.print("reply:", json.dumps(done.reply, ensure_ascii=False), markup=False, soft_wrap=True)
    for record in done.records:
        digits = "" if record.hash is None else f" {to_hex(record.hash)}"
        console.print(f"wrote: {record.ref.key}: {record.outcome}{digits}", markup=False, soft_wrap=True)
    for message in done.messages:
        console.print("published:", json.dumps(message, indent=2, ensure_ascii=False), markup=False, soft_wrap=True)
    if not done.messages:
        console.print("published: nothing")
    return 1 if isinstance(done.reply, dict) and "errorMessage" in done.reply else 0


def invoke(
    root: Path, event: Path, asked: Mapping[str, str], *, progress: deployment.Progress = lambda _step: None
) -> Invocation:
    """Bring an emulator up with the pictures that the event names, invoke the function in Docker, end the emulator.

    *asked* are parameters of the template. Raises LocalError if Docker is missing, or *event* holds no event.
    """
    text = _text(event)
    docker.require(root)
    progress("building for Lambda's Python")
    template = stack.build_for_lambda(root)
    gateway = docker.gateway(root)
    with deployment.start(root, parameters=asked, container_gateway=gateway, progress=progress) as started:
        document = json.loads(text.replace(BUCKET_IN_EVENTS, started.bucket))
        progress("uploading the pictures that the event names")
        watch = Watch(started)
        references = _arrange(started, watch, document)
        before = len(watch.messages)
        progress("running the function in Docker")
        reply = _sam_local_invoke(root, template, started, document)
        watch.receive()
        catalog = DynamoDBCatalog(started.client("dynamodb"), started.outputs["PictureTableName"])
        everything = model.Collection(model.WHOLE_DEPLOYMENT, DEFAULT_GENERATION)
        ids = list(dict.fromkeys(reference.object_id for reference in references))
        return Invocation(reply, catalog.get(everything, ids), watch.messages[before:])


def _text(event: Path) -> str:
    """Return what is in the file *event*; raise LocalError unless the function would know what to do with it."""
    want = "want a file such as those in events/"
    try:
        text = event.read_text()
        decode(json.loads(text))
    except OSError as error:
        raise LocalError(f"cannot read the event {str(event)!r} ({error.strerror}): {want}") from error
    except (UnknownEvent, ValueError, RecursionError) as error:
        raise LocalError(f"{str(event)!r} holds no event ({error}): {want}") from error
    return text


def _arrange(started: deployment.Deployment, watch: Watch, document: dict[str, Any]) -> list[model.ObjectRef]:
    """Make the bucket what it is when AWS sends the event; return the objects that the event names.

    What the event says was created resembles pictures that are indexed already; what it says was
    removed was indexed and is gone. The bucket's own trigger is off by then: the function in Docker
    is the only one to handle the event.
    """
    actions = [item.action for item in decode(document).items]
    created = [action.ref for action in actions if isinstance(action, Created | LookUp)]
    removed = [action.ref for action in actions if isinstance(action, Removed)]
    originals, copies = gallery()
    known = {picture.key: picture for picture in originals}
    before = [
        Upload(ref.key, known[copy.copy_of or ""].body) for ref, copy in zip(removed, cycle(copies), strict=False)
    ]
    before += [known[copy.copy_of or ""] for _, copy in zip(created, copies, strict=False)]
    s3 = started.client("s3")
    for picture in before:
        s3.put_object(Bucket=started.bucket, Key=picture.key, Body=picture.body)
    watch.wait_for(picture.key for picture in before)
    s3.put_bucket_notification_configuration(Bucket=started.bucket, NotificationConfiguration={})
    for ref, copy in zip(created, cycle(copies), strict=False):
        s3.put_object(Bucket=started.bucket, Key=ref.key, Body=copy.body)
    for ref in removed:
        s3.delete_object(Bucket=started.bucket, Key=ref.key)
    return created + removed


def _sam_local_invoke(root: Path, template: Path, started: deployment.Deployment, document: dict[str, Any]) -> Any:
    """Return what the function answers."""
    folder = started.emulator.folder
    (folder / "event.json").write_text(json.dumps(document))
    (folder / docker.VARIABLES).write_text(json.dumps(docker.variables(started)))
    pull = ["--skip-pull-image"] if docker.run(root, "image", "inspect", IMAGE)[0] == 0 else []
    with containers.removed(started.endpoint):
        status, output = emulator.run(
            [
                *(stack.sam_executable(root), "local", "invoke", stack.FUNCTION, "--template", str(template)),
                *("--event", str(folder / "event.json"), "--env-vars", str(folder / docker.VARIABLES)),
                *("--parameter-overrides", *stack.overrides(started.parameters)),
                *("--region", started.region, "--add-host", f"{containers.HOST}:host-gateway", *pull),
            ],
            env=emulator.environment(started.endpoint),
            cwd=root,
            log=folder / "sam-local-invoke.log",
            stdout=folder / "reply.json",
        )
    if status != 0 or not output.strip():
        said = (folder / "sam-local-invoke.log").read_text(errors="replace").strip().splitlines()
        raise LocalError(f"sam local invoke failed: {' '.join(said[-3:])}")
    return json.loads(output.strip().splitlines()[-1])
