"""By which names the services of AWS, botocore and Lambda tell of errors that mean the same to whoever mends them."""

from collections.abc import Iterable

DENIED = frozenset(
    (
        "AccessDenied",
        "AccessDeniedException",
        "AllAccessDisabled",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "UnauthorizedOperation",
        "403",
    )
)
NO_CREDENTIALS = frozenset(
    (
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "NoCredentialsError",
        "RequestExpired",
        "UnrecognizedClientException",
        "SignatureDoesNotMatch",
        "InvalidSignatureException",
    )
)
KMS = frozenset(
    prefix + what + suffix
    for prefix in ("KMS", "KMS.", "KMS.KMS")
    for what in ("AccessDenied", "Disabled", "InvalidState", "NotFound", "OptInRequired")
    for suffix in ("", "Exception")
)
BUSY = frozenset(
    (
        "BandwidthLimitExceeded",
        "EC2ThrottledException",
        "KMS.ThrottlingException",
        "KMSThrottlingException",
        "LimitExceededException",
        "PriorRequestNotComplete",
        "ProvisionedThroughputExceededException",
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttled",
        "ThrottledException",
        "Throttling",
        "ThrottlingException",
        "TooManyRequestsException",
        "TransactionInProgressException",
    )
)
TROUBLE = frozenset(
    (
        "InternalError",
        "InternalErrorException",
        "InternalFailure",
        "InternalServerError",
        "RequestTimeout",
        "RequestTimeoutException",
        "ServiceException",
        "ServiceUnavailable",
        "ServiceUnavailableException",
        "500",
        "502",
        "503",
        "504",
    )
)
CUT_OFF = frozenset(
    (
        "ConnectTimeoutError",
        "ConnectionClosedError",
        "ConnectionError",
        "EndpointConnectionError",
        "HTTPClientError",
        "IncompleteReadError",
        "ProxyConnectionError",
        "ReadTimeoutError",
        "SSLError",
    )
)
NEVER_BEGAN = frozenset(
    (
        "Extension.InitError",
        "Extension.LaunchError",
        "ImportError",
        "InvalidRuntimeException",
        "ModuleNotFoundError",
        "Runtime.HandlerNotFound",
        "Runtime.ImportModuleError",
        "Runtime.InvalidEntrypoint",
        "Runtime.InvalidWorkingDir",
        "Runtime.MalformedHandlerName",
        "Runtime.NoSuchHandler",
        "Runtime.UserCodeSyntaxError",
    )
)
NO_BUCKET = frozenset(("NoSuchBucket",))
NO_QUEUE = frozenset(("AWS.SimpleQueueService.NonExistentQueue", "NonExistentQueue", "QueueDoesNotExist"))
NO_TABLE = frozenset(("TableNotFoundException",))
# By several services: the operation tells what is gone.
NOT_FOUND = frozenset(
    ("404", "NoSuchEntity", "NotFound", "NotFoundException", "ResourceNotFound", "ResourceNotFoundException")
)
MISSING = NO_BUCKET | NO_QUEUE | NO_TABLE | NOT_FOUND

_ASKED_FOR = {  # what an operation is about, where that may be gone
    "table": (
        *("BatchGetItem", "BatchWriteItem", "DeleteItem", "DescribeTable", "GetItem", "PutItem", "Query", "Scan"),
        *("TransactGetItems", "TransactWriteItems", "UpdateItem"),
    ),
    "function": ("GetFunctionConcurrency", "GetFunctionConfiguration", "Invoke", "ListEventSourceMappings"),
    "queue": (
        *("ChangeMessageVisibilityBatch", "DeleteMessage", "DeleteMessageBatch", "GetQueueAttributes"),
        *("ReceiveMessage", "SendMessage", "SendMessageBatch"),
    ),
    "topic": ("GetTopicAttributes", "ListSubscriptionsByTopic", "Publish"),
    "log group": ("CreateLogStream", "FilterLogEvents", "PutLogEvents"),
    "bucket": ("GetBucketNotificationConfiguration", "HeadBucket", "ListObjectsV2"),
}
_BY_OPERATION = {operation: what for what, operations in _ASKED_FOR.items() for operation in operations}


def gone(codes: Iterable[str], operation: str) -> str:
    """Return what is gone if one of *codes* was the answer to *operation*: table, function, queue, topic, ...

    Empty if none of them says that something is gone, or nobody knows what: a code such as ResourceNotFoundException
    is one of many services.
    """
    for what, names in (("bucket", NO_BUCKET), ("queue", NO_QUEUE), ("table", NO_TABLE)):
        if names & set(codes):
            return what
    return _BY_OPERATION.get(operation, "") if NOT_FOUND & set(codes) else ""
