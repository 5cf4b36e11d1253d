"""Pictures in S3."""

from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from handler.core.formats import check_bytes
from handler.core.model import Content, Limits, ObjectGone, ObjectRef, PictureRejected

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client

# What S3 answers for a key, a version or (405) a delete marker that cannot be read any more.
# The answer to a HEAD has no body, so botocore knows its status only.
GONE = {"NoSuchKey", "NoSuchVersion", "MethodNotAllowed", "404", "405"}


class S3Pictures:
    """Reads objects inside the byte limit."""

    def __init__(self, client: "S3Client", limits: Limits) -> None:
        self._client = client
        self._limits = limits

    def read(self, ref: ObjectRef) -> Content:
        """Return the object: the version that *ref* names, or the current one.

        Raises ObjectGone if there is none, and PictureRejected, before any byte of it is read, if it is
        over the byte limit or archived. Other errors are botocore's.
        """
        try:
            answer = self._client.get_object(**_where(ref))
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in GONE:
                raise ObjectGone(f"{ref.bucket}/{ref.key} does not exist any more") from error
            if code == "InvalidObjectState":
                raise PictureRejected("archived", "the object is in an archive tier and cannot be read") from error
            raise
        with answer["Body"] as body:
            check_bytes(answer["ContentLength"], self._limits)
            return Content(
                body=body.read(),
                etag=answer["ETag"].strip('"'),
                version=answer.get("VersionId"),
                modified=answer["LastModified"].isoformat(),
            )

    def exists(self, ref: ObjectRef) -> bool:
        """Whether the object can be read at this moment. Errors other than "not found" are botocore's."""
        try:
            self._client.head_object(**_where(ref))
        except ClientError as error:
            if error.response["Error"]["Code"] in GONE:
                return False
            raise
        return True


def _where(ref: ObjectRef) -> dict[str, Any]:
    where = {"Bucket": ref.bucket, "Key": ref.key}
    return where | {"VersionId": ref.version} if ref.version else where
