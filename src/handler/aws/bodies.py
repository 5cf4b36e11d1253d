"""Objects of S3 as they have to be read: the body comes after the answer, and may break off."""

from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Any

from botocore.exceptions import HTTPClientError, IncompleteReadError

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

ATTEMPTS = 3  # that break off; botocore tries a request again, but not what was streamed of its answer
BROKEN_OFF = (HTTPClientError, IncompleteReadError)


def get_whole(
    client: "S3Client", check: Callable[[int], None] | None = None, **where: Any
) -> tuple[dict[str, Any], bytes]:
    """Return the answer to GetObject and the body, which is asked for again if it breaks off.

    *check* gets the length before any of it is read, and may raise. Errors are botocore's.
    """
    for attempt in range(1, ATTEMPTS + 1):
        answer: dict[str, Any] = dict(client.get_object(**where))
        # Not as a context manager: that is urllib3's stream, whose errors are not botocore's.
        with closing(answer["Body"]) as body:
            if check is not None:
                check(answer["ContentLength"])
            try:
                return answer, body.read()
            except BROKEN_OFF:
                if attempt == ATTEMPTS:
                    raise
    raise AssertionError("unreachable")
