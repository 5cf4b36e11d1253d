import secrets

import boto3
import pytest
from botocore.stub import Stubber

from handler.aws.s3 import S3Pictures
from handler.core.model import Limits, ObjectGone, ObjectRef, PictureRejected, ReadDenied
from handler.indexing import PictureStore
from tests.conftest import Stack
from tests.contract.conftest import BUCKET, MAX_BYTES


@pytest.mark.parametrize("key", ["here.jpg", 'a b+%"猫.jpg'])
def test_object_is_read_under_its_very_key(pictures: PictureStore, key: str) -> None:
    content = pictures.read(ObjectRef(BUCKET, key))

    assert content.body == b"picture"
    assert content.etag
    assert '"' not in content.etag
    assert len(content.digest) == 64


def test_missing_object_is_gone(pictures: PictureStore) -> None:
    assert not pictures.exists(ObjectRef(BUCKET, "missing.jpg"))
    assert pictures.exists(ObjectRef(BUCKET, "here.jpg"))
    with pytest.raises(ObjectGone, match=r"missing\.jpg"):
        pictures.read(ObjectRef(BUCKET, "missing.jpg"))


def test_object_over_the_byte_limit_is_rejected(pictures: PictureStore) -> None:
    with pytest.raises(PictureRejected, match=rf"{MAX_BYTES + 1} bytes, over MAX_BYTES \({MAX_BYTES}\)") as caught:
        pictures.read(ObjectRef(BUCKET, "large.jpg"))

    assert caught.value.code == "too_many_bytes"


@pytest.mark.emulator
def test_versions_are_read_until_they_are_deleted_for_good(stack: Stack) -> None:
    bucket, s3 = f"versions-{secrets.token_hex(4)}", stack.client("s3")
    s3.create_bucket(Bucket=bucket)
    s3.put_bucket_versioning(Bucket=bucket, VersioningConfiguration={"Status": "Enabled"})
    first, second = (s3.put_object(Bucket=bucket, Key="a.jpg", Body=body)["VersionId"] for body in (b"one", b"two"))
    pictures = S3Pictures(s3, Limits())

    current = pictures.read(ObjectRef(bucket, "a.jpg"))
    assert (current.body, current.version) == (b"two", second)
    assert pictures.read(ObjectRef(bucket, "a.jpg", version=first)).body == b"one"

    s3.delete_object(Bucket=bucket, Key="a.jpg", VersionId=first)
    with pytest.raises(ObjectGone):
        pictures.read(ObjectRef(bucket, "a.jpg", version=first))

    marker = s3.delete_object(Bucket=bucket, Key="a.jpg")["VersionId"]
    for hidden in (ObjectRef(bucket, "a.jpg"), ObjectRef(bucket, "a.jpg", version=marker)):
        assert not pictures.exists(hidden)
        with pytest.raises(ObjectGone):
            pictures.read(hidden)
    assert pictures.read(ObjectRef(bucket, "a.jpg", version=second)).body == b"two"


def test_archived_object_is_rejected_and_a_denied_one_retried() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    pictures = S3Pictures(s3, Limits())

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "InvalidObjectState", http_status_code=403)
        stub.add_client_error("get_object", "AccessDenied", http_status_code=403)

        with pytest.raises(PictureRejected) as caught:
            pictures.read(ObjectRef(BUCKET, "a.jpg"))
        with pytest.raises(ReadDenied, match=r"a\.jpg may not be read by the function's role: grant it s3:GetObject"):
            pictures.read(ObjectRef(BUCKET, "a.jpg"))

    assert caught.value.code == "archived"


# The answers as S3 documents them: to GET with words, to HEAD with a status alone.
SSE_C = "The object was stored using a form of Server Side Encryption. The correct parameters must be provided."
KMS = (
    "User: arn:aws:sts::123456789012:assumed-role/function/lookalike is not authorized to perform: kms:Decrypt on "
    "resource: arn:aws:kms:eu-west-1:123456789012:key/1 because no identity-based policy allows the kms:Decrypt action"
)


def test_object_under_a_customers_own_key_is_rejected_and_still_there() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")
    pictures = S3Pictures(s3, Limits())

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "InvalidRequest", SSE_C, http_status_code=400)
        stub.add_client_error("head_object", "400", "Bad Request", http_status_code=400)

        with pytest.raises(PictureRejected) as caught:
            pictures.read(ObjectRef(BUCKET, "a.jpg"))
        assert pictures.exists(ObjectRef(BUCKET, "a.jpg"))

    assert caught.value.code == "encrypted"


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("InvalidArgument", "Invalid version id specified"),
        ("NoSuchBucket", "The bucket does not exist"),
        ("InvalidBucketName", "The specified bucket is not valid"),
        ("KeyTooLongError", "Your key is too long"),
    ],
)
def test_version_or_bucket_that_never_was_is_gone(code: str, said: str) -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", code, said)

        with pytest.raises(ObjectGone):
            S3Pictures(s3, Limits()).read(ObjectRef(BUCKET, "a.jpg", version="v"))


def test_bucket_that_botocore_knows_cannot_be_is_gone() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    with pytest.raises(ObjectGone, match=r"x--x-s3/a\.jpg does not exist"):
        S3Pictures(s3, Limits()).read(ObjectRef("x--x-s3", "a.jpg"))


def test_other_bad_requests_are_left_to_a_retry() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "InvalidRequest", "something else", http_status_code=400)

        with pytest.raises(s3.exceptions.ClientError, match="something else"):
            S3Pictures(s3, Limits()).read(ObjectRef(BUCKET, "a.jpg"))


def test_kms_key_that_may_not_be_used_is_named_with_the_grant_that_is_missing() -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "AccessDenied", KMS, http_status_code=403)

        with pytest.raises(ReadDenied, match=r"grant it kms:Decrypt on arn:aws:kms:eu-west-1:123456789012:key/1$"):
            S3Pictures(s3, Limits()).read(ObjectRef(BUCKET, "a.jpg"))


@pytest.mark.parametrize(
    ("code", "said", "told"),
    [
        ("AllAccessDisabled", "All access to this object has been disabled", "grant it s3:GetObject"),
        ("KMS.DisabledException", "arn:aws:kms:eu-west-1:1:key/1 is disabled", r"\(KMS.DisabledException\): enable it"),
        ("KMS.KMSInvalidStateException", "key/1 is pending deletion", "cannot be used"),
        (
            "AccessDenied",
            "User: u is not authorized to perform: kms:Decrypt on the resource associated with this ciphertext because",
            "grant it kms:Decrypt on the key",
        ),
    ],
)
def test_what_somebody_has_to_grant_is_named(code: str, said: str, told: str) -> None:
    s3 = boto3.client("s3", region_name="us-east-1", aws_access_key_id="test", aws_secret_access_key="test")

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", code, said, http_status_code=403)

        with pytest.raises(ReadDenied, match=f"{BUCKET}/a.jpg .*{told}"):
            S3Pictures(s3, Limits()).read(ObjectRef(BUCKET, "a.jpg"))
