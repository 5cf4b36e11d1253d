"""How people name an object: s3://bucket/key."""

import re

SCHEME = "s3://"
_BUCKET = re.compile("[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def named_object(text: str) -> tuple[str, str | None] | None:
    """Return bucket and key of what is named s3://bucket/key; None if *text* names no object so.

    Either may be empty, and the key is None where there is no slash: what that means is for the caller to say.
    """
    if not text.startswith(SCHEME):
        return None
    bucket, slash, key = text.removeprefix(SCHEME).partition("/")
    return bucket, key if slash else None


def may_be_a_bucket(name: str) -> bool:
    """Whether S3 takes *name* for that of a bucket: whatever else is asked of it is an error that no retry mends."""
    return _BUCKET.fullmatch(name) is not None
