"""Why an event failed, by real shapes of what AWS, botocore and the function say."""

import re
from pathlib import Path

import pytest

from handler.aws.trouble import PASSING
from handler.cli.causes import CAUSES, KINDS, UNKNOWN, CauseKind, cause_of

RUNBOOK = Path(__file__).parents[3] / "docs" / "runbook"
ROLE = "User: arn:aws:sts::111122223333:assumed-role/lookalike-FunctionRole-X/lookalike"


def aws(code: str, operation: str, said: str, *, retries: str = "") -> str:
    """What botocore says of an answer, as the function passes it on."""
    return f"An error occurred ({code}) when calling the {operation} operation{retries}: {said}"


def item(name: str, said: str) -> tuple[str, str, str]:
    """What Lambda records of an event one item of which failed."""
    return "RetriesExhausted", "ItemsFailed", f"1 of 1 items failed: {name}: {said}"


def died(error_type: str, said: str) -> tuple[str, str, str]:
    """What Lambda records of a function that could not tell itself."""
    return "RetriesExhausted", error_type, said


SAID = [
    # --- what the function says ---
    (
        item(
            "ProvisionedThroughputExceededException",
            aws("ProvisionedThroughputExceededException", "UpdateItem", "The level of configured provisioned"),
        ),
        ("throttled", "UpdateItem"),
    ),
    (
        item("ClientError", aws("SlowDown", "GetObject", "Please reduce", retries=" (reached max retries: 0)")),
        ("throttled", "GetObject"),
    ),
    (item("Throttled", "pair of a and b: changed by others 8 times over"), ("throttled", "")),
    (
        item(
            "ClientError",
            aws(
                "AccessDeniedException",
                "PutItem",
                f"{ROLE} is not authorized to perform: dynamodb:PutItem on resource: "
                "arn:aws:dynamodb:us-east-1:111122223333:table/lookalike-PictureTable-X because no identity-based "
                "policy allows the dynamodb:PutItem action",
            ),
        ),
        ("access-denied", "dynamodb:PutItem on table/lookalike-PictureTable-X"),
    ),
    (
        item(
            "AuthorizationErrorException",
            aws(
                "AuthorizationError",
                "Publish",
                f"{ROLE} is not authorized to perform: SNS:Publish on resource: "
                "arn:aws:sns:us-east-1:111122223333:lookalike-MatchTopic-X because no identity-based policy allows it",
            ),
        ),
        ("access-denied", "SNS:Publish on lookalike-MatchTopic-X"),
    ),
    (
        item("ReadDenied", "pics/a/KMS.jpg may not be read by the function's role: grant it s3:GetObject there"),
        ("access-denied", "s3:GetObject on pics"),
    ),
    (
        item(
            "ClientError",
            aws(
                "AccessDenied",
                "GetObject",
                f'{ROLE} is not authorized to perform: s3:GetObject on resource: "arn:aws:s3:::pics/a b.jpg"',
            ),
        ),
        ("access-denied", "s3:GetObject on pics"),
    ),
    (item("ClientError", aws("AccessDenied", "HeadObject", "Forbidden")), ("access-denied", "HeadObject")),
    (
        item(
            "ReadDenied",
            "pics/a.jpg is under a KMS key that the function's role may not use: "
            "grant it kms:Decrypt on arn:aws:kms:us-east-1:111122223333:key/1234abcd",
        ),
        ("kms-key", "arn:aws:kms:us-east-1:111122223333:key/1234abcd"),
    ),
    (
        item(
            "ReadDenied",
            "pics/a.jpg is under a KMS key that cannot be used (KMS.DisabledException): enable it, or restore it",
        ),
        ("kms-key", "of pics"),
    ),
    (
        item("KMSDisabledException", aws("KMSDisabled", "Publish", "arn:aws:kms:r:1:key/2 is disabled.")),
        ("kms-key", "arn:aws:kms:r:1:key/2"),
    ),
    (item("ClientError", aws("KMS.ThrottlingException", "GetObject", "Rate exceeded")), ("throttled", "GetObject")),
    (item("ClientError", aws("ExpiredTokenException", "Query", "The security token")), ("no-credentials", "Query")),
    (
        item("ResourceNotFoundException", aws("ResourceNotFoundException", "Query", "Requested resource not found")),
        ("table-missing", "Query"),
    ),
    (
        item("ClientError", aws("ResourceNotFoundException", "Invoke", "Function not found: arn:aws:lambda:r:1:f")),
        ("resource-missing", "the function of Invoke"),
    ),
    (
        item("ClientError", aws("ResourceNotFoundException", "PutLogEvents", "The specified log group does not exist")),
        ("resource-missing", "the log group of PutLogEvents"),
    ),
    (
        item("ClientError", aws("ResourceNotFoundException", "GetSecretValue", "gone")),
        ("resource-missing", "GetSecretValue"),
    ),
    (item("ResourceNotFoundException", "Requested resource not found"), ("resource-missing", "")),
    (item("ClientError", aws("TableNotFoundException", "ExportTable", "gone")), ("table-missing", "ExportTable")),
    (item("ClientError", aws("NoSuchBucket", "GetObject", "gone")), ("resource-missing", "the bucket of GetObject")),
    (
        item("NotFoundException", aws("NotFound", "Publish", "Topic does not exist")),
        ("resource-missing", "the topic of Publish"),
    ),
    (
        item("QueueDoesNotExist", aws("AWS.SimpleQueueService.NonExistentQueue", "SendMessage", "The specified queue")),
        ("resource-missing", "the queue of SendMessage"),
    ),
    (
        item("PacksUnavailable", f"pack of * cannot be read: {aws('NoSuchBucket', 'GetObject', 'gone')}"),
        ("packs-unavailable", ""),
    ),
    (item("NeverWhole", "came again 100 times since 2026-01-01, and was never searched whole"), ("never-whole", "")),
    (item("BrokenJournal", "segments from 3 of shard 0 of *: [1, 2]"), ("broken-journal", "")),
    (
        item("BadConfiguration", "bad configuration: TABLE_NAME is missing; MAX_LOOKS is 'ten', want an integer"),
        ("bad-configuration", "TABLE_NAME, MAX_LOOKS"),
    ),
    (item("OutOfTime", "the time of this invocation is up before all looks are taken"), ("timeout", "")),
    (item("MemoryError", ""), ("out-of-memory", "")),
    (
        item(
            "EndpointConnectionError",
            'Could not connect to the endpoint URL: "https://dynamodb.us-east-1.amazonaws.com/"',
        ),
        ("no-connection", "dynamodb.us-east-1.amazonaws.com"),
    ),
    (item("InternalServerError", aws("InternalServerError", "GetItem", "Internal")), ("service-error", "GetItem")),
    (item("ClientError", aws("503", "HeadObject", "Service Unavailable")), ("service-error", "HeadObject")),
    (died("UnknownEvent", "unknown event: no Records"), ("unknown-event", "")),
    # --- what Lambda says for it ---
    (died("Sandbox.Timedout", "RequestId: 1-2-3 Error: Task timed out after 60.00 seconds"), ("timeout", "")),
    (died("", "2026-01-01T00:00:00.000Z 1-2-3 Task timed out after 3.00 seconds"), ("timeout", "")),
    (
        died("Runtime.OutOfMemory", "RequestId: 1-2-3 Error: Runtime exited with error: signal: killed"),
        ("out-of-memory", ""),
    ),
    (
        died("Runtime.ExitError", "RequestId: 1-2-3 Error: Runtime exited with error: signal: killed"),
        ("out-of-memory", ""),
    ),
    (died("Runtime.ExitError", "RequestId: 1-2-3 Error: Runtime exited with error: exit status 1"), ("crashed", "")),
    (died("", "RequestId: e4b46cbf Process exited before completing request"), ("crashed", "")),
    (
        died("Runtime.ImportModuleError", "Unable to import module 'handler.app': No module named 'numpy'"),
        ("cannot-start", "No module named 'numpy'"),
    ),
    (
        died("Runtime.HandlerNotFound", "Handler 'nothing' missing on module 'handler.app'"),
        ("cannot-start", "Handler 'nothing' missing on module 'handler.app'"),
    ),
    (("EventAgeExceeded", "", ""), ("waited-too-long", "")),
    (("EventAgeExceeded", "TooManyRequestsException", "Rate Exceeded."), ("throttled", "")),
    (("EventAgeExceeded", "ItemsFailed", "1 of 1 items failed: OutOfTime: up"), ("timeout", "")),
    (("ZeroReservedConcurrency", "", ""), ("switched-off", "")),
    # --- what came from a queue or a bus ---
    (("ReceivesExhausted", "", "failed each time that it was taken from the queue"), ("given-up", "")),
    (("Undelivered", "", "NO_PERMISSIONS: not authorized"), ("undelivered", "NO_PERMISSIONS")),
    (("Unreadable", "", "not JSON: Expecting value"), ("unknown-event", "")),
    # --- what nobody knows ---
    (item("KeyError", "'best'"), ("unknown", "KeyError")),
    (("EventAgeExceeded", "KeyError", "'best'"), ("unknown", "KeyError")),
    (("ReceivesExhausted", "ClientError", aws("InjectedCrash", "GetItem", "")), ("unknown", "InjectedCrash")),
    (
        item("ClientError", aws("ValidationException", "Query", "One or more parameter")),
        ("unknown", "ValidationException"),
    ),
    (("", "", ""), ("unknown", "")),
]


@pytest.mark.parametrize(("said", "cause"), SAID, ids=lambda one: " ".join(one)[:60])
def test_cause_is_told_from_what_was_recorded(said: tuple[str, str, str], cause: tuple[str, str]) -> None:
    found = cause_of(*said)

    assert (found.name, found.detail) == cause


def test_every_cause_of_the_table_is_told_from_something() -> None:
    assert {cause for _, (cause, _) in SAID} == {*CAUSES}


def test_pictures_that_fail_for_one_reason_have_one_cause() -> None:
    denied = "{} may not be read by the function's role: grant it s3:GetObject there"

    causes = {cause_of(*item("ReadDenied", denied.format(f"pics/{key}"))) for key in ("a.jpg", "b/c: d.jpg", "e/KMS")}

    assert len(causes) == 1


@pytest.mark.parametrize("code", sorted(PASSING))
def test_what_the_function_waits_out_is_told_as_something_that_passes(code: str) -> None:
    said = item("ClientError", aws(code, "GetItem", "because"))

    assert cause_of(*said).name in ("throttled", "service-error")


def test_name_of_a_picture_makes_no_cause() -> None:
    said = item("ReadDenied", "pics/(SlowDown) ThrottlingException.jpg may not be read by the function's role")

    assert cause_of(*said).name == "access-denied"


@pytest.mark.parametrize("kind", [*KINDS, UNKNOWN], ids=lambda kind: kind.name)
def test_every_cause_has_its_page_and_plain_words(kind: CauseKind) -> None:
    assert (RUNBOOK / f"{kind.page}.md").is_file()
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", kind.name)
    assert kind.words
    assert kind.cure
