"""Tags of S3 objects: a further one beside those that are there, since putting tags replaces them all."""

from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from handler.core.model import ObjectRef
from handler.core.verdicts import NamedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

TAG = "lookalike:duplicate-of"
MOST_TAGS = 10  # S3's limit
GONE = ("NoSuchKey", "404", "MethodNotAllowed")  # the last of a delete marker


class CannotBeTagged(Exception):
    """The message says why, for people."""


def tag_duplicate(s3: "S3Client", duplicate: NamedObject, of: NamedObject) -> bool:
    """Tag an object with the id of the one that is kept; return whether it had to be.

    The id is that of the tables: 32 hex digits. Raises CannotBeTagged, or ClientError.
    """
    (bucket, key), value = duplicate, ObjectRef(*of).object_id
    try:
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(Bucket=bucket, Key=key)["TagSet"]}
        if tags.get(TAG) == value:
            return False
        if len(tags.keys() | {TAG}) > MOST_TAGS:
            raise CannotBeTagged(f"it has {len(tags)} tags, and S3 takes no more than {MOST_TAGS}")
        merged: list[TagTypeDef] = [{"Key": name, "Value": text} for name, text in (tags | {TAG: value}).items()]
        s3.put_object_tagging(Bucket=bucket, Key=key, Tagging={"TagSet": merged})
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            raise CannotBeTagged("it is gone") from error
        if error.response["Error"]["Code"] == "AccessDenied":
            raise CannotBeTagged("it needs s3:GetObjectTagging and s3:PutObjectTagging") from error
        raise
    return True
