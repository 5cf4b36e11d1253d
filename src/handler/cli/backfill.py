"""`lookalike backfill`: have a deployed stack index what was in a bucket before it listened."""

import argparse
import os
import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import boto3

from handler.cli import batch_jobs
from handler.cli.batch_jobs import Where
from handler.cli.errors import STATUSES, USAGE_ERROR, CommandError
from handler.cli.job_files import BackfillJob, JobFiles
from handler.cli.jobs import (
    FIELDS,
    REPORT,
    Deployed,
    add_job,
    check_job,
    end,
    explained,
    job_files,
    opened,
    report,
    run_job,
    time_of,
)
from handler.cli.local import deployment as deployments
from handler.cli.manifest import ListedObject
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.progress import progress
from handler.cli.stacks import DeployedStack
from handler.core.filed import Copy

DESCRIPTION = f"""\
Have a deployed stack index the pictures that were in a bucket before it
listened: all of them, or those below a prefix. They are sent to the stack's
intake queue at a bounded rate and followed until each is done with. A picture
that an event told of stays as it is.

--tell says which pairs are published. By none and report, only those with a
picture that was uploaded since the job began; the others wait for people
(lookalike groups, lookalike review). By report, the groups are written into a
file as well ({REPORT}), one JSON object a line, and printed as a
table, the best copy first. By all, as uploads do. Messages of a backfill say
so: their `origin` is backfill.

It may be stopped at any time. The same command goes on where it was: nothing is
left out, and at most ten objects are sent twice, which changes nothing.

With --batch, a job of S3 Batch Operations invokes the function instead, by a
role of yours; its files are kept in a bucket of yours, which is another one.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
JSON fields:
{FIELDS}

exit status:
  0  all is done with, whatever came of it
  1  an object failed, or AWS could not be asked
  2  wrong usage
{STATUSES}

examples:
  lookalike backfill s3://photo-archive
  lookalike backfill s3://photo-archive/2024/ --tell report --rate 100
  lookalike backfill s3://photo-archive --batch \\
      --role arn:aws:iam::123456789012:role/lookalike-backfill \\
      --jobs-bucket photo-archive-jobs"""


class Place(NamedTuple):
    """What is backfilled."""

    bucket: str
    prefix: str

    def has(self, copy: Copy) -> bool:
        """Whether it is a picture of these."""
        return copy.bucket == self.bucket and copy.key.startswith(self.prefix)


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("where", type=_place, metavar="s3://BUCKET[/PREFIX]", help="what to index")
    add_job(parser)
    parser.add_argument("--local", action="store_true", help="the stack that `lookalike local up` runs")
    parser.add_argument("--batch", action="store_true", help="by a job of S3 Batch Operations instead")
    parser.add_argument("--role", metavar="ARN", help="with --batch: what S3 runs the job as (default: none)")
    parser.add_argument("--jobs-bucket", metavar="BUCKET", help="with --batch: of manifest and report (default: none)")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Index what is there; return 0 if nothing failed, else 1."""
    check_job(options)
    if {options.batch} != {bool(options.role), bool(options.jobs_bucket)}:
        raise CommandError("--batch, --role and --jobs-bucket go together: give all, or none", status=USAGE_ERROR)
    if options.local:
        _look_at_this_machine()
    session = boto3.Session()
    with explained(options.stack, session):
        deployed, where = Deployed(session, options.stack), options.where
        _check_readable(deployed.stack, where.bucket)
        how = "batch" if options.batch else "queue"
        with job_files(options, deployed.stack, how, where.bucket, where.prefix) as files:
            job = opened(options, files, lambda: _listed(deployed.client("s3"), where))
            if options.batch:
                _run_batch(options, deployed, job, files)
            else:
                run_job(deployed, job, files, options.rate)
            status = end(options, job, report(options, deployed, files, where.has))
            files.drop()
    return status


def _place(text: str) -> Place:
    found = re.fullmatch("s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", text, re.DOTALL)
    if not found:
        raise argparse.ArgumentTypeError(f"{text!r}: want s3://BUCKET or s3://BUCKET/PREFIX")
    return Place(found[1], found[2] or "")


def _look_at_this_machine() -> None:
    """Have AWS's libraries ask the emulator of this checkout and nothing else."""
    running = deployments.running(Path())
    if running is None:
        raise CommandError("nothing is running here: start it with `lookalike local up`, in the same folder")
    os.environ.update(running.environment)


def _check_readable(stack: DeployedStack, bucket: str) -> None:
    """Say so if the stack does not take pictures from the bucket, whose objects it could not read then."""
    existing = [one for one in stack.parameters.get("ExistingBuckets", "").split(",") if one]
    known = existing or [stack.outputs.get("PicturesBucket", "")]
    if bucket not in known:
        complain(
            f"stack {stack.name!r} takes pictures from {', '.join(known)}: "
            f"unless you let its role read {bucket}, deploy it with ExistingBuckets={','.join((*existing, bucket))}"
        )


def _listed(s3: Any, where: Place) -> tuple[str, Iterable[ListedObject]]:
    """Return the time before anything was listed, by S3's clock, and what is there."""
    first = s3.list_objects_v2(Bucket=where.bucket, Prefix=where.prefix, MaxKeys=1)
    return time_of(first).isoformat(timespec="seconds"), _objects(s3, where)


def _objects(s3: Any, where: Place) -> Iterator[ListedObject]:
    """Yield all objects but those by which consoles make folders."""
    with progress("listing", lambda: None) as shown:
        for page in s3.get_paginator("list_objects_v2").paginate(Bucket=where.bucket, Prefix=where.prefix):
            found = page.get("Contents", [])
            shown.advance(len(found))
            yield from (
                ListedObject(where.bucket, one["Key"]) for one in found if one["Size"] or not one["Key"].endswith("/")
            )


def _run_batch(options: argparse.Namespace, deployed: Deployed, job: BackfillJob, files: JobFiles) -> None:
    """Have S3 invoke the function for each object, and take its report for what came of the job."""
    where = Where(deployed.stack.output("FunctionArn"), options.role, options.jobs_bucket)
    s3, s3control = deployed.client("s3"), deployed.client("s3control")
    if job.batch_job is None:
        if not job.total:
            return
        job.batch_job = batch_jobs.start(job, files.manifest, where, s3=s3, s3control=s3control)
        job.sent = job.total
        files.save(job)
    complain(f"job {job.batch_job} of S3 Batch Operations")
    with progress("indexing", lambda: job.total) as shown:
        status = batch_jobs.follow(job.batch_job, where, s3control=s3control, advance=shown.advance)
    ended = batch_jobs.report(job, where, status, s3=s3)
    job.outcomes, job.followed = dict(ended.outcomes), job.total
    files.save(job)
    if status != "Complete":
        complain(f"the job ended as {status}: {counted(job.total - ended.outcomes.total(), 'object')} not tried")
    for reason in ended.reasons:
        complain(f"failed: {printable(reason)}")
