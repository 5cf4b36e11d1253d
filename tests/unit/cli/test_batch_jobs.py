"""S3 Batch Operations, by botocore's own models: no emulator has its jobs."""

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.response import StreamingBody
from botocore.stub import ANY, Stubber

from handler.cli import batch_jobs, manifest
from handler.cli.batch_jobs import Where
from handler.cli.errors import CommandError
from handler.cli.job_files import BackfillJob
from handler.cli.manifest import ListedObject

WHERE = Where("arn:aws-cn:lambda:cn-north-1:123456789012:function:f", "arn:aws-cn:iam::123456789012:role/r", "jobs")
JOB = BackfillJob("5d0e3c1f", "2026-05-01T10:11:12+00:00", "none", 3, batch_job="job-0001")
ROWS = """\
b,a%20b.jpg,,succeeded,200,,indexed
b,c.jpg,,succeeded,200,,stale
b,"d,e.jpg",,succeeded,200,,indexed
"""
FAILED_ROWS = """\
b,f.txt,,failed,200,PermanentFailure,"unsupported: begins with b'text', want one of AVIF, BMP"
b,g.jpg,,failed,200,PermanentFailure,b/g.jpg does not exist
b,h.jpg,,failed,200,PermanentFailure,"Lambda returned function error: {""errorMessage"":""Task timed out""}"
b,i.jpg,,failed,200,PermanentFailure,"Lambda returned function error: {""errorMessage"":""Task timed out""}"
"""


@pytest.fixture
def s3() -> Iterator[Stubber]:
    with Stubber(client("s3")) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


@pytest.fixture
def s3control() -> Iterator[Stubber]:
    with Stubber(client("s3control")) as stubbed:
        yield stubbed
        stubbed.assert_no_pending_responses()


def client(service: Any) -> Any:
    return boto3.client(service, region_name="cn-north-1", aws_access_key_id="a", aws_secret_access_key="b")


def body(text: str) -> StreamingBody:
    return StreamingBody(io.BytesIO(text.encode()), len(text.encode()))


def test_job_is_made_as_s3_takes_it_and_says_what_it_tells(s3: Stubber, s3control: Stubber, tmp_path: Path) -> None:
    stored = list[bytes]()

    def keep(params: dict[str, Any], **_: Any) -> None:
        stored.append(params["Body"].read())
        params["Body"].seek(0)

    s3.client.meta.events.register("provide-client-params.s3.PutObject", keep)
    manifest.write(tmp_path / "m", [ListedObject("b", "a b,c.jpg"), ListedObject("b", "猫/x.jpg")])
    key = "lookalike/5d0e3c1f.csv"
    s3.add_response("put_object", {"ETag": '"e"'}, {"Bucket": "jobs", "Key": key, "Body": ANY})
    s3control.add_response(
        "create_job",
        {"JobId": "job-0001"},
        {
            "AccountId": "123456789012",
            "ClientRequestToken": "lookalike-5d0e3c1f",
            "ConfirmationRequired": False,
            "Description": ANY,
            "Priority": ANY,
            "RoleArn": WHERE.role_arn,
            "Operation": {
                "LambdaInvoke": {
                    "FunctionArn": WHERE.function_arn,
                    "InvocationSchemaVersion": "2.0",
                    "UserArguments": {"tell": "none", "began": JOB.began},
                }
            },
            "Manifest": {
                "Spec": {"Format": "S3BatchOperations_CSV_20180820", "Fields": ["Bucket", "Key"]},
                "Location": {"ObjectArn": f"arn:aws-cn:s3:::jobs/{key}", "ETag": "e"},
            },
            "Report": {
                "Enabled": True,
                "Bucket": "arn:aws-cn:s3:::jobs",
                "Prefix": "lookalike/5d0e3c1f",
                "Format": "Report_CSV_20180820",
                "ReportScope": "AllTasks",
            },
        },
    )

    job_id = batch_jobs.start(JOB, tmp_path / "m", WHERE, s3=s3.client, s3control=s3control.client)

    assert job_id == "job-0001"
    assert stored == [b"b,a%20b%2Cc.jpg\nb,%E7%8C%AB/x.jpg\n"]


def described(status: str, succeeded: int, failed: int = 0, **more: Any) -> dict[str, Any]:
    summary = {"TotalNumberOfTasks": 3, "NumberOfTasksSucceeded": succeeded, "NumberOfTasksFailed": failed}
    return {"Job": {"Status": status, "ProgressSummary": summary, **more}}


def test_job_is_followed_to_its_end(s3control: Stubber) -> None:
    for answer in (described("Preparing", 0), described("Active", 1), described("Complete", 2, 1)):
        s3control.add_response("describe_job", answer, {"AccountId": "123456789012", "JobId": "job-0001"})
    told, pauses = list[int](), list[float]()

    status = batch_jobs.follow("job-0001", WHERE, s3control=s3control.client, advance=told.append, sleep=pauses.append)

    assert status == "Complete"
    assert told == [0, 1, 2]
    assert len(pauses) == 2


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (
            described(
                "Failed", 0, FailureReasons=[{"FailureCode": "ManifestNotFound", "FailureReason": "no such key"}]
            ),
            "ended as Failed: ManifestNotFound: no such key",
        ),
        (described("Cancelled", 0, StatusUpdateReason="by me"), "ended as Cancelled: by me"),
        (described("Suspended", 0), "is Suspended: confirm or resume job-0001"),
    ],
)
def test_job_that_came_to_nothing_says_why(s3control: Stubber, answer: dict[str, Any], why: str) -> None:
    s3control.add_response("describe_job", answer)

    with pytest.raises(CommandError, match=why):
        batch_jobs.follow("job-0001", WHERE, s3control=s3control.client, advance=lambda _: None, sleep=lambda _: None)


def test_report_is_told_by_outcome(s3: Stubber) -> None:
    results = [{"TaskExecutionStatus": one, "Bucket": "jobs", "Key": one, "MD5Checksum": "m"} for one in ("ok", "bad")]
    s3.add_response(
        "get_object",
        {"Body": body(json.dumps({"Results": results}))},
        {"Bucket": "jobs", "Key": "lookalike/5d0e3c1f/job-job-0001/manifest.json"},
    )
    s3.add_response("get_object", {"Body": body(ROWS)}, {"Bucket": "jobs", "Key": "ok"})
    s3.add_response("get_object", {"Body": body(FAILED_ROWS)}, {"Bucket": "jobs", "Key": "bad"})

    ended = batch_jobs.report(JOB, WHERE, "Complete", s3=s3.client)

    assert ended.outcomes == {"indexed": 2, "known": 1, "rejected: unsupported": 1, "gone": 1, "failed": 2}
    assert ended.reasons == ['Lambda returned function error: {"errorMessage":"Task timed out"}']
