"""Pictures in S3."""

import re
from functools import partial
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError, EndpointProviderError

from handler.aws.bodies import get_whole
from handler.core.formats import check_bytes
from handler.core.model import Content, Limits, ObjectGone, ObjectRef, PictureRejected, ReadDenied

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What S3 answers for a bucket, a key, a version or (405) a delete marker that cannot be read any more, or that there
# cannot be. The answer to a HEAD has no body, so botocore knows its status only.
GONE = {"NoSuchBucket", "NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"}
GONE |= {"InvalidBucketName", "KeyTooLongError", "InvalidURI", "NoSuchAccessPoint", "InvalidAccessPointAliasError"}
DENIED = {"AccessDenied", "AllAccessDisabled"}
KMS = {f"KMS.{what}" for what in ("DisabledException", "NotFoundException", "KMSInvalidStateException")}
NO_VERSION = ("InvalidArgument", "version id")  # to a version id that it never gave
# What it answers without the key of a customer (SSE-C), which is in no event: to GET with words, to HEAD without.
ENCRYPTED, ENCRYPTED_HEAD = ("InvalidRequest", "Server Side Encryption"), "400"
_KMS_KEY = re.compile(r"kms:Decrypt on (?:resource: (arn:\S+)|the resource)")


class S3Pictures:
    """Reads objects inside the byte limit."""

    def __init__(self, client: "S3Client", limits: Limits) -> None:
        self._client = client
        self._limits = limits

    def read(self, ref: ObjectRef) -> Content:
        """Return the object: the version that *ref* names, or the current one.

        Raises ObjectGone if there is none, and PictureRejected, before any byte of it is read, if it is
        over the byte limit, archived or encrypted under a customer's own key. Raises ReadDenied where a
        grant is missing. Other errors are botocore's.
        """
        try:
            answer, body = get_whole(self._client, partial(check_bytes, limits=self._limits), **_where(ref))
        except EndpointProviderError as error:  # botocore itself finds that no bucket has such a name
            raise ObjectGone(f"{ref.bucket}/{ref.key} does not exist") from error
        except ClientError as error:
            final = _final(ref, error)
            if final is None:
                raise
            raise final from error
        return Content(
            body=body,
            etag=answer["ETag"].strip('"'),
            version=answer.get("VersionId"),
            modified=answer["LastModified"].isoformat(),
        )

    def exists(self, ref: ObjectRef) -> bool:
        """Whether the object is there at this moment. Errors other than "not found" are botocore's."""
        try:
            self._client.head_object(**_where(ref))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in GONE:
                return False
            if code != ENCRYPTED_HEAD:
                raise
        return True


def _where(ref: ObjectRef) -> dict[str, Any]:
    where = {"Bucket": ref.bucket, "Key": ref.key}
    return where | {"VersionId": ref.version} if ref.version else where


def _final(ref: ObjectRef, error: ClientError) -> Exception | None:
    """Return what S3's answer means for good, if it is one that no retry mends."""
    named, code, said = f"{ref.bucket}/{ref.key}", error.response["Error"]["Code"], str(error)
    if code in GONE or (code == NO_VERSION[0] and NO_VERSION[1] in said.lower()):
        return ObjectGone(f"{named} does not exist")
    if code == "InvalidObjectState":
        return PictureRejected("archived", "the object is in an archive tier and cannot be read")
    if code == ENCRYPTED[0] and ENCRYPTED[1] in said:
        return PictureRejected("encrypted", "the object is under a customer's own key (SSE-C)")
    if key := _KMS_KEY.search(said):
        return ReadDenied(
            f"{named} is under a KMS key that the function's role may not use: "
            f"grant it kms:Decrypt on {key[1] or 'the key, in its own policy as well'}"
        )
    if code in KMS:
        return ReadDenied(f"{named} is under a KMS key that cannot be used ({code}): enable it, or restore it")
    if code in DENIED:
        return ReadDenied(f"{named} may not be read by the function's role: grant it s3:GetObject there")
    return None
