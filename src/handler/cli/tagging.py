"""Tags of S3 objects: a further one beside those that are there, since putting tags replaces them all."""

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import boto3
from botocore.exceptions import ClientError

from handler.aws.error_names import DENIED
from handler.cli.asking import CLIENT, explained
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.progress import progress
from handler.core.model import ObjectRef
from handler.core.verdicts import NamedObject

if TYPE_CHECKING:
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_s3.type_defs import TagTypeDef

TAG = "lookalike:duplicate-of"
MOST_TAGS = 10  # S3's limit
ATTEMPTS = 5  # to write beside others that write tags of the same object
GONE = ("NoSuchKey", "NoSuchVersion", "404", "MethodNotAllowed")  # the last of a delete marker

PERMISSIONS = ("s3:GetObject", "s3:GetObjectTagging", "s3:PutObjectTagging")  # and those of versions, where there are


class Duplicate(NamedTuple):
    """An object that shows the same as another one, which is the better one or stays."""

    object: NamedObject
    of: NamedObject
    version: str | None  # of the object; None in a bucket without versions
    etag: str | None


class CannotBeTagged(Exception):
    """The message says why, for people."""


def tag_all(found: Sequence[Duplicate], options: argparse.Namespace) -> None:
    """Tag each object in its bucket; name those that cannot be, and say how many were."""
    tagged = 0
    with explained(options), progress("tagging", lambda: len(found)) as shown:
        s3 = boto3.Session().client("s3", config=CLIENT)
        for one in found:
            try:
                tagged += tag_duplicate(s3, one)
            except CannotBeTagged as error:
                uri = printable(f"s3://{one.object.bucket}/{one.object.key}")
                shown.complain(f"{uri} is not tagged: {error}")
            shown.advance(1)
    complain(f"{counted(tagged, 'object')} tagged")


def tag_duplicate(s3: "S3Client", one: Duplicate) -> bool:
    """Tag an object with the id of the other one, unless it was overwritten; return whether it had to be.

    The id is that of the tables: 32 hex digits. Raises CannotBeTagged, or ClientError.
    """
    where: dict[str, Any] = {"Bucket": one.object.bucket, "Key": one.object.key}
    where |= {"VersionId": one.version} if one.version else {}
    try:
        if one.etag is not None and s3.head_object(**where)["ETag"].strip('"') != one.etag:
            raise CannotBeTagged("it was overwritten since")
        return _tagged(s3, where, ObjectRef(*one.of).object_id)
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            raise CannotBeTagged("it is gone") from error
        if error.response["Error"]["Code"] in DENIED:
            raise CannotBeTagged(f"it needs {', '.join(PERMISSIONS)}") from error
        raise


def _tagged(s3: "S3Client", where: dict[str, Any], value: str) -> bool:
    """Add the tag to those that are there; return whether it had to be.

    S3 puts all tags at once, and on no condition. So they are read again after they were put: where somebody else has
    put theirs at the same moment, and so undone ours, or we theirs, all that was seen is put once more. Between a
    reading and the putting behind it a tag of others may still get lost.
    """
    seen: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**where)["TagSet"]}
        if tags.get(TAG) == value and seen.keys() <= tags.keys():
            return attempt > 0
        seen |= tags | {TAG: value}
        if len(seen) > MOST_TAGS:
            raise CannotBeTagged(f"it has {len(tags.keys() - {TAG})} tags, and S3 takes no more than {MOST_TAGS}")
        merged: list[TagTypeDef] = [{"Key": name, "Value": text} for name, text in seen.items()]
        s3.put_object_tagging(**where, Tagging={"TagSet": merged})
    raise CannotBeTagged(f"others have put their tags in its place {ATTEMPTS} times over")
