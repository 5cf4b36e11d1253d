"""A job of S3 Batch Operations: made of a manifest, followed to its end, and its report explained.

S3 invokes the function for each object then, and retries what fails: nothing of it goes by the queue.
"""

import csv
import json
import re
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from io import TextIOWrapper
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any, NamedTuple
from urllib.parse import quote

from handler.cli import manifest
from handler.cli.backfilling import FAILED, KNOWN
from handler.cli.errors import CommandError
from handler.cli.job_files import BackfillJob
from handler.core.backfill import BackfillTell
from handler.core.model import Outcome

FOLDER = "lookalike"  # of the jobs' files: their manifests and reports
PRIORITY = 10
PAUSE_S = 10.0  # between two looks
ENDED = ("Complete", "Failed", "Cancelled")
MOST_REASONS = 5  # of what failed that are told
_OUTCOMES = {Outcome.STALE.value: KNOWN}
_REJECTED = re.compile("([a-z_]+): ", re.ASCII)  # the code of a reason, as the function gives it
_GONE = "does not exist"


class Where(NamedTuple):
    """What a job needs beside the function."""

    function_arn: str
    role_arn: str  # what S3 does it as
    bucket: str  # of the job's files

    @property
    def account(self) -> str:
        """The account that the function is in."""
        return self.function_arn.split(":")[4]

    @property
    def s3(self) -> str:
        """What the ARNs of buckets begin with."""
        return f"arn:{self.function_arn.split(':')[1]}:s3:::"


class Ended(NamedTuple):
    """How a job came to its end."""

    status: str
    outcomes: Counter[str]
    reasons: list[str]  # of what failed, each once, the first of them


def start(job: BackfillJob, path: Path, where: Where, *, s3: Any, s3control: Any) -> str:
    """Store the manifest *path* as a job takes it, make the job and return its id. Safe to repeat: there is one job."""
    key = f"{FOLDER}/{job.name}.csv"
    with TemporaryFile() as file:
        text = TextIOWrapper(file, encoding="ascii", newline="")
        lines = csv.writer(text, lineterminator="\n")
        lines.writerows((one.bucket, quote(one.key)) for one in manifest.everything(path))
        text.flush()
        file.seek(0)
        etag = s3.put_object(Bucket=where.bucket, Key=key, Body=file)["ETag"].strip('"')
        text.detach()
    answer = s3control.create_job(
        AccountId=where.account,
        ClientRequestToken=f"lookalike-{job.name}",
        ConfirmationRequired=False,
        Description=f"lookalike backfill {job.name}: index what is already there",
        Priority=PRIORITY,
        RoleArn=where.role_arn,
        Operation={
            "LambdaInvoke": {
                "FunctionArn": where.function_arn,
                "InvocationSchemaVersion": "2.0",
                "UserArguments": {"tell": BackfillTell(job.tell).value, "began": job.began},
            }
        },
        Manifest={
            "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
            "Location": {"ObjectArn": f"{where.s3}{where.bucket}/{key}", "ETag": etag},
        },
        Report={
            "Enabled": True,
            "Bucket": f"{where.s3}{where.bucket}",
            "Prefix": f"{FOLDER}/{job.name}",
            "Format": "Report_CSV_20180820",
            "ReportScope": "AllTasks",
        },
    )
    return str(answer["JobId"])


def follow(
    job_id: str,
    where: Where,
    *,
    s3control: Any,
    advance: Callable[[int], None],
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Wait until the job has ended, and return with what status. Raises CommandError where it waits for somebody."""
    done = 0
    while True:
        found = s3control.describe_job(AccountId=where.account, JobId=job_id)["Job"]
        progress = found.get("ProgressSummary", {})
        now = progress.get("NumberOfTasksSucceeded", 0) + progress.get("NumberOfTasksFailed", 0)
        advance(now - done)
        done, status = now, str(found["Status"])
        if status in ENDED:
            if status != "Complete" and not done:
                raise CommandError(f"the job of S3 Batch Operations ended as {status}: {_reason(found)}")
            return status
        if status in ("Suspended", "Paused"):
            raise CommandError(
                f"the job of S3 Batch Operations is {status}: confirm or resume {job_id} in S3's console"
            )
        sleep(PAUSE_S)


def report(job: BackfillJob, where: Where, status: str, *, s3: Any) -> Ended:
    """Return what came of each object by the report of a job that has ended with *status*."""
    ended = Ended(status, Counter(), [])
    prefix = f"{FOLDER}/{job.name}/job-{job.batch_job}/manifest.json"
    results = json.loads(s3.get_object(Bucket=where.bucket, Key=prefix)["Body"].read())["Results"]
    for result in results:
        body = s3.get_object(Bucket=result["Bucket"], Key=result["Key"])["Body"]
        _explain(_rows(body.iter_lines()), ended)
    return ended


def _rows(lines: Iterable[bytes]) -> Iterator[list[str]]:
    """Yield the rows of a report: bucket, key, version, status of the task, two codes, and what the function said."""
    return csv.reader(line.decode() + "\n" for line in lines)


def _explain(rows: Iterable[list[str]], ended: Ended) -> None:
    """Count each task by its outcome."""
    for row in rows:
        status, said = row[3], row[-1]
        if status == "succeeded":
            ended.outcomes[_OUTCOMES.get(said, said)] += 1
        elif code := _REJECTED.match(said):
            ended.outcomes[f"{Outcome.REJECTED}: {code[1]}"] += 1
        elif said.endswith(_GONE) or said == Outcome.GONE:
            ended.outcomes[Outcome.GONE] += 1
        else:
            ended.outcomes[FAILED] += 1
            if said not in ended.reasons and len(ended.reasons) < MOST_REASONS:
                ended.reasons.append(said)


def _reason(found: dict[str, Any]) -> str:
    reasons = [
        f"{one.get('FailureCode', '')}: {one.get('FailureReason', '')}" for one in found.get("FailureReasons", [])
    ]
    return "; ".join(reasons) or found.get("StatusUpdateReason", "S3 does not say why")
