import pytest

from handler.core.model import ImageRejected, ObjectGone, ObjectRef
from handler.dedup import ImageStore
from tests.contract.conftest import BUCKET, MAX_BYTES


@pytest.mark.parametrize("key", ["here.jpg", 'a b+%"猫.jpg'])
def test_object_is_read_under_its_very_key(pictures: ImageStore, key: str) -> None:
    content = pictures.read(ObjectRef(BUCKET, key))

    assert content.body == b"picture"
    assert content.etag
    assert '"' not in content.etag
    assert len(content.digest) == 64


def test_missing_object_is_gone(pictures: ImageStore) -> None:
    assert not pictures.exists(ObjectRef(BUCKET, "missing.jpg"))
    assert pictures.exists(ObjectRef(BUCKET, "here.jpg"))
    with pytest.raises(ObjectGone, match=r"missing\.jpg"):
        pictures.read(ObjectRef(BUCKET, "missing.jpg"))


def test_object_over_the_byte_limit_is_rejected(pictures: ImageStore) -> None:
    with pytest.raises(ImageRejected, match=rf"{MAX_BYTES + 1} bytes, over MAX_BYTES \({MAX_BYTES}\)") as caught:
        pictures.read(ObjectRef(BUCKET, "large.jpg"))

    assert caught.value.code == "too_many_bytes"
