"""By which names the services of AWS, botocore and Lambda tell of errors that mean the same to whoever mends them."""

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
