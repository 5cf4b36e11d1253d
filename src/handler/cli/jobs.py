"""What commands have in common that have a deployed stack index what it had no events of."""

import argparse
import json
import secrets
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config as ClientConfig
from botocore.exceptions import BotoCoreError, ClientError

from handler.aws.catalog import DynamoDBCatalog
from handler.aws.pairs import DynamoDBPairs
from handler.cli import job_report, manifest
from handler.cli.arguments import positive
from handler.cli.aws_errors import explain
from handler.cli.backfilling import FAILED, Backfilling, Stuck
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.cli.intake_queue import IntakeQueue
from handler.cli.job_files import BackfillJob, JobFiles, usual_folder
from handler.cli.manifest import ListedObject
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.program import ours
from handler.cli.progress import progress
from handler.cli.stacks import STACK, DeployedStack, described
from handler.core.backfill import BackfillTell
from handler.core.filed import Copy
from handler.core.model import Collection, ObjectRef, scope_of

RATE = 50  # pictures a second
REPORT = Path("lookalike-groups.jsonl")
CLIENT = ClientConfig(
    retries={"mode": "standard", "total_max_attempts": 8},
    connect_timeout=5,
    read_timeout=60,
)
PERMISSIONS = {  # by operation
    "DescribeStacks": "cloudformation:DescribeStacks on the stack",
    "ListObjectsV2": "s3:ListBucket on the bucket",
    "SendMessageBatch": "sqs:SendMessage on the stack's IntakeQueue",
    "SendMessage": "sqs:SendMessage on the stack's IntakeQueue",
    "GetQueueAttributes": "sqs:GetQueueAttributes on the stack's IntakeQueue",
    "BatchGetItem": "dynamodb:BatchGetItem on PictureTable",
    "Query": "dynamodb:Query on the index Review of PictureTable",
    "CreateJob": "s3:CreateJob, and iam:PassRole on the job's role",
    "DescribeJob": "s3:DescribeJob",
    "PutObject": "s3:PutObject on the bucket of the job's files",
    "GetObject": "s3:GetObject on the bucket of the job's files",
}
FIELDS = """\
  job       its name
  sent      how many objects were sent
  outcomes  how many came to each: indexed, known (an event told of it),
            rejected with the code of its reason, gone, removed, failed
  report    the file with the groups, or null"""


class Deployed:
    """A deployed stack, and what a job needs of it."""

    def __init__(self, session: boto3.Session, name: str) -> None:
        self.stack: DeployedStack = described(session.client("cloudformation", config=CLIENT), name)
        self._session = session

    def client(self, service: str) -> Any:
        """Return a client of *service*."""
        return self._session.client(service, config=CLIENT)  # type: ignore[call-overload]  # by a name that varies

    @cached_property
    def intake(self) -> IntakeQueue:
        """The queue before the function."""
        return IntakeQueue(self.client("sqs"), self.stack.output("IntakeQueueUrl"))

    @cached_property
    def catalog(self) -> DynamoDBCatalog:
        """What is known of each object."""
        return DynamoDBCatalog(self.client("dynamodb"), self.stack.output("PictureTableName"))

    @cached_property
    def pairs(self) -> DynamoDBPairs:
        """The pairs that were found."""
        return DynamoDBPairs(self.client("dynamodb"), self.stack.output("PictureTableName"))

    def collection_of(self, ref: ObjectRef) -> Collection:
        """Return the collection that the object belongs to."""
        depth = int(self.stack.parameter("ScopeDepth"))
        return Collection(scope_of(ref.key, depth), self.stack.parameter("Generation"))


def add_job(parser: argparse.ArgumentParser) -> None:
    """Add the options that say where a job runs, and what it tells."""
    parser.add_argument("--stack", default=STACK, metavar="NAME", help=f"the deployed stack (default: {STACK})")
    parser.add_argument(
        "--tell",
        choices=tuple(BackfillTell),
        default=BackfillTell.NONE.value,
        help="which pairs are published (default: %(default)s)",
    )
    parser.add_argument(
        "--report", type=Path, metavar="FILE", help=f"with --tell report: write the groups to FILE (default: {REPORT})"
    )
    parser.add_argument(
        "--rate", type=positive, default=RATE, metavar="N", help=f"most pictures a second (default: {RATE})"
    )
    parser.add_argument(
        "--state", type=Path, metavar="DIR", help="where it is kept how far a job is (default: ~/.local/state)"
    )
    parser.add_argument("--restart", action="store_true", help="begin anew what was begun and not ended")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of the summary")


def check_job(options: argparse.Namespace) -> None:
    """Raise CommandError if the options do not go together."""
    if options.report is not None and options.tell != BackfillTell.REPORT:
        raise CommandError("--report goes with --tell report alone", status=USAGE_ERROR)


@contextmanager
def explained(stack: str, session: boto3.Session) -> Iterator[None]:
    """Raise CommandError, in one line, for whatever AWS says no with."""
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        said = explain(error, stack=stack, region=session.region_name, permissions=PERMISSIONS, instead="")
        raise CommandError(said) from error


def job_files(options: argparse.Namespace, stack: DeployedStack, *about: str) -> JobFiles:
    """Return the files of the job that the options ask for, in that stack."""
    return JobFiles(options.state or usual_folder(), stack.output("FunctionArn"), *about)


def opened(
    options: argparse.Namespace, files: JobFiles, listed: Callable[[], tuple[str, Iterable[ListedObject]]]
) -> BackfillJob:
    """Return the job that was begun, or a new one about what is *listed*, which also says when it begins."""
    found = None if options.restart else files.load()
    if found:
        if found.tell != options.tell:
            raise CommandError(
                f"job {found.name} was begun with --tell {found.tell}: go on with that, or begin anew with --restart"
            )
        complain(f"going on with job {found.name} of {found.began}, at {found.followed:,} of {found.total:,}")
        return found
    files.drop()
    began, objects = listed()
    total = manifest.write(files.manifest, objects)
    job = BackfillJob(secrets.token_hex(4), began, options.tell, total)
    files.save(job)
    return job


def run_job(deployed: Deployed, job: BackfillJob, files: JobFiles, rate: float) -> None:
    """Send the rest of the job, and follow it to its end. Raises CommandError where it does not come to one."""
    with progress("indexing", lambda: job.total - job.followed) as shown:
        work = Backfilling(
            job,
            files.manifest,
            intake=deployed.intake,
            records=deployed.catalog,
            collection_of=deployed.collection_of,
            save=lambda: files.save(job),
            advance=shown.advance,
        )
        try:
            work.run(rate)
        except Stuck as stuck:
            left = job.total - job.followed
            raise CommandError(
                f"nothing has come of the last {counted(left, 'object')} for an hour: see the function's log "
                "and its failure queue"
            ) from stuck
        finally:
            if job.followed < job.total:
                shown.complain(f"done with {job.followed:,} of {job.total:,}: the same command goes on")


def report(
    options: argparse.Namespace, deployed: Deployed, files: JobFiles, concerned: Callable[[Copy], bool]
) -> tuple[Path, Sequence[job_report.Line]] | None:
    """Write the groups of which a copy is *concerned*, if that was asked for; return where, and what."""
    if options.tell != BackfillTell.REPORT:
        return None
    refs = (ObjectRef(one.bucket, one.key) for one in manifest.everything(files.manifest))
    scopes = sorted({deployed.collection_of(ref) for ref in refs}, key=str)
    path = options.report or REPORT
    return path, job_report.write(path, job_report.groups(deployed.pairs, scopes, concerned))


def end(options: argparse.Namespace, job: BackfillJob, reported: tuple[Path, Sequence[job_report.Line]] | None) -> int:
    """Print what came of the job; return 0 if nothing failed, else 1."""
    failed = job.outcomes.get(FAILED, 0)
    if options.json:
        where = str(reported[0]) if reported else None
        print(json.dumps({"job": job.name, "sent": job.sent, "outcomes": job.outcomes, "report": where}))
        return 1 if failed else 0
    if reported and reported[1]:
        print(*job_report.table(reported[1]), sep="\n")
        print()
    print(summary(job))
    if reported:
        print(f"{counted(len(reported[1]), 'group')} in {printable(str(reported[0]))}")
    if failed:
        why, which = ours("failures", options.stack), ours("redrive --dry-run", options.stack)
        complain(f"{counted(failed, 'object')} failed: {why} says why, {which} which")
    return 1 if failed else 0


def summary(job: BackfillJob) -> str:
    """Return one line that says how many objects came to what."""
    outcomes = sorted(job.outcomes.items(), key=lambda one: -one[1])
    told = ", ".join(f"{count:,} {outcome}" for outcome, count in outcomes if count)
    return f"job {job.name}: {counted(job.total, 'object')}" + (f": {told}" if told else "")


def time_of(answer: Mapping[str, Any]) -> datetime:
    """Return the time of an answer by the service's own clock: a whole second, not after the answer."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"]).astimezone(UTC)
