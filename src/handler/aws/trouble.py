"""What AWS's errors mean to whoever asked."""

from botocore.exceptions import ClientError, ConnectionError, HTTPClientError, IncompleteReadError

from handler.aws.batch import Throttled
from handler.aws.error_names import BUSY, TROUBLE

PASSING = BUSY | TROUBLE  # by name where they come with a status that others have as well
PASSING_STATUSES = {429, 500, 502, 503, 504}
TOO_LONG = "size limit"  # what DynamoDB says of a key that is longer than it takes, in a ValidationException


def is_passing(error: Exception) -> bool:
    """Whether AWS would do later what it did not now: it is asked too much, is in trouble, or cannot be reached."""
    if isinstance(error, ClientError):
        status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode")
        return error.response["Error"]["Code"] in PASSING or status in PASSING_STATUSES
    return isinstance(error, (ConnectionError, HTTPClientError, IncompleteReadError, Throttled))


def is_too_long(error: Exception) -> bool:
    """Whether a name is longer than a key of DynamoDB may be."""
    return (
        isinstance(error, ClientError)
        and error.response["Error"]["Code"] == "ValidationException"
        and TOO_LONG in str(error)
    )
