"""What AWS charges: the one place where a price stands."""

REGION = "us-east-1"  # US East (N. Virginia), on demand
READ_ON = "2026-11-24"

READ_UNIT = 0.125e-6  # DynamoDB: one strongly consistent read of up to 4 KB, or of an absent key
WRITE_UNIT = 0.625e-6  # DynamoDB: one write of up to 1 KB
S3_GET = 0.4e-6
S3_PUT = 5e-6
SNS_PUBLISH = 0.5e-6
LAMBDA_REQUEST = 0.2e-6
LAMBDA_GB_SECOND = {"x86_64": 16.6667e-6, "arm64": 13.3334e-6}  # by architecture
S3_GB_MONTH = 0.023
DYNAMODB_GB_MONTH = 0.25
DYNAMODB_BACKUP_GB_MONTH = 0.20  # point-in-time recovery
LOG_GB = 0.50  # CloudWatch: ingestion
LOG_GB_MONTH = 0.03
ALARM_MONTH = 0.10  # CloudWatch: one alarm on one metric
SQS_REQUEST = 0.4e-6


def reading(*, read_units: float = 0, s3_gets: float = 0) -> float:
    """Return the dollars that so many reads cost."""
    return read_units * READ_UNIT + s3_gets * S3_GET


def running(seconds: float, *, memory_mb: int = 1769, architecture: str = "x86_64") -> float:
    """Return the dollars that *seconds* of a function cost; the template's defaults are these."""
    return seconds * memory_mb / 1024 * LAMBDA_GB_SECOND[architecture]
