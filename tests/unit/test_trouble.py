"""Which errors of AWS pass by themselves, and which do not."""

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    IncompleteReadError,
    NoCredentialsError,
    ReadTimeoutError,
    ResponseStreamingError,
)
from botocore.retries.standard import ThrottledRetryableChecker

from handler.aws.batch import Throttled
from handler.aws.trouble import PASSING, is_passing, is_too_long


def answered(code: str, status: int, message: str = "") -> ClientError:
    return ClientError(
        {"Error": {"Code": code, "Message": message}, "ResponseMetadata": {"HTTPStatusCode": status}},  # type: ignore[typeddict-item]  # the rest of it says nothing here
        "GetItem",
    )


def test_whatever_botocore_takes_for_throttling_passes() -> None:
    codes: list[str] = vars(ThrottledRetryableChecker)["_THROTTLED_ERROR_CODES"]

    assert set(codes) - PASSING == set()


@pytest.mark.parametrize(
    "error",
    [
        answered("SlowDown", 503),
        answered("ThrottlingException", 400),
        answered("InternalError", 500),
        ConnectTimeoutError(endpoint_url="https://x"),
        ReadTimeoutError(endpoint_url="https://x"),
        ResponseStreamingError(error="broken"),
        IncompleteReadError(actual_bytes=1, expected_bytes=2),
        Throttled("keys unprocessed"),
    ],
)
def test_trouble_of_aws_passes(error: Exception) -> None:
    assert is_passing(error)


@pytest.mark.parametrize(
    "error",
    [answered("AccessDeniedException", 400), answered("ExpiredToken", 400), NoCredentialsError(), ValueError("wrong")],
)
def test_our_own_trouble_does_not(error: Exception) -> None:
    assert not is_passing(error)


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ("Size of hashkey has exceeded the maximum size limit of2048 bytes", True),
        ("Aggregated size of all range keys has exceeded the size limit of 1024 bytes", True),
        ("The provided key element does not match the schema", False),
    ],
)
def test_key_that_is_too_long_is_told_from_other_errors(said: str, expected: bool) -> None:
    assert is_too_long(answered("ValidationException", 400, said)) is expected
