"""Tags uploads that match the list `banned`, so that a bucket policy denies reading them: a Lambda function for SNS.

`deny_reading.py` beside it adds that statement to the bucket's policy.
"""

import json
from typing import Any

import boto3
from botocore.exceptions import ClientError

LIST = "banned"
TAG = {"Key": "lookalike:blocked", "Value": LIST}
ATTEMPTS = 5  # to write beside others that write tags of the same object
GONE = ("404", "NoSuchKey", "NoSuchVersion")


def lambda_handler(event: dict[str, Any], _context: object) -> None:
    """Handle the messages of SNS in *event*; what fails is invoked again, and lands in the failure queue in the end."""
    s3 = boto3.client("s3")
    for record in event["Records"]:
        message = json.loads(record["Sns"]["Message"])
        picture = message["picture"]
        line = {"outcome": handle(s3, message), "message": message["id"], "list": LIST}
        print(json.dumps(line | {name: picture[name] for name in ("bucket", "key", "version")}))


def handle(s3: Any, message: dict[str, Any]) -> str:
    """Block the picture of *message* if it has to be; return what came of it. Doing it again changes nothing."""
    if not any(is_banned(match) for match in message["matches"]):
        return "left: no match of the list blocks it"
    return block(s3, message["picture"])


def is_banned(match: dict[str, Any]) -> bool:
    """Whether *match* is the same picture as one of the list.

    What only looks alike, and what was found by a bare hash that nothing confirms, is for people to judge.
    """
    return match.get("list") == LIST and match["kind"] != "alike" and not match.get("unconfirmed")


def block(s3: Any, picture: dict[str, Any]) -> str:
    """Tag the very version that was compared.

    In a bucket without versions, a picture that is overwritten between the check and the tag gets the tag in its
    place: turn versioning on where that matters.
    """
    which = {"Bucket": picture["bucket"], "Key": picture["key"]}
    which |= {"VersionId": picture["version"]} if picture["version"] else {}
    try:
        if s3.head_object(**which)["ETag"].strip('"') != picture["etag"]:
            return "left: it was overwritten"
        return "blocked" if add_tag(s3, which) else "blocked already"
    except ClientError as error:
        if error.response["Error"]["Code"] in GONE:
            return "left: it is not there any more"
        raise


def add_tag(s3: Any, which: dict[str, str]) -> bool:
    """Add the tag to those that are there; return whether it had to be.

    S3 puts all tags at once, and on no condition. So they are read again after they were put: where somebody else
    (`lookalike groups --tag`) has put theirs at the same moment, all that was seen is put once more. S3 keeps ten: an
    eleventh is an error, and the failure queue has the message.
    """
    seen: dict[str, str] = {}
    for attempt in range(ATTEMPTS):
        tags = {tag["Key"]: tag["Value"] for tag in s3.get_object_tagging(**which)["TagSet"]}
        if tags.get(TAG["Key"]) == TAG["Value"] and seen.keys() <= tags.keys():
            return attempt > 0
        seen |= tags | {TAG["Key"]: TAG["Value"]}
        merged = [{"Key": name, "Value": text} for name, text in seen.items()]
        s3.put_object_tagging(**which, Tagging={"TagSet": merged})
    raise RuntimeError(f"others have put their tags in its place {ATTEMPTS} times over")
