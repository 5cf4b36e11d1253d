"""Tags of objects: beside those that are there, whoever else writes them, and of what was decided about."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.cli.tagging import ATTEMPTS, TAG, CannotBeTagged, Duplicate, tag_duplicate
from handler.core.model import object_id
from handler.core.verdicts import NamedObject

ONE = Duplicate(NamedObject("b", "copy.jpg"), NamedObject("b", "best.jpg"), version=None, etag="e")
VALUE = object_id("b", "best.jpg")


class TaggedObject:
    """One object of S3, and what happens after its tags were put."""

    def __init__(self, tags: dict[str, str], etag: str = "e") -> None:
        self.tags = tags
        self.etag = etag
        self.versions = set[str | None]()
        self.after_putting: Callable[[], None] = lambda: None

    def head_object(self, **which: str) -> dict[str, Any]:
        self.versions.add(which.get("VersionId"))
        return {"ETag": f'"{self.etag}"'}

    def get_object_tagging(self, **which: str) -> dict[str, Any]:
        self.versions.add(which.get("VersionId"))
        return {"TagSet": [{"Key": name, "Value": value} for name, value in self.tags.items()]}

    def put_object_tagging(self, *, Tagging: dict[str, Any], **which: str) -> None:  # noqa: N803  boto3's name
        self.versions.add(which.get("VersionId"))
        self.tags = {tag["Key"]: tag["Value"] for tag in Tagging["TagSet"]}
        self.after_putting()


def tagged(found: TaggedObject, one: Duplicate = ONE) -> bool:
    s3: Any = found
    return tag_duplicate(s3, one)


def test_tag_is_added_to_those_that_are_there_once() -> None:
    found = TaggedObject({"hotel": "astoria", TAG: "another"})

    assert (tagged(found), tagged(found)) == (True, False)
    assert found.tags == {"hotel": "astoria", TAG: VALUE}


def test_version_that_was_decided_about_is_tagged() -> None:
    found = TaggedObject({})
    tagged(found, ONE._replace(version="v1"))

    assert found.versions == {"v1"}


def test_object_that_was_overwritten_is_not_tagged() -> None:
    found = TaggedObject({"hotel": "astoria"}, etag="another")

    with pytest.raises(CannotBeTagged, match="overwritten"):
        tagged(found)
    assert found.tags == {"hotel": "astoria"}


def test_tag_that_others_have_put_theirs_over_is_put_again() -> None:
    found = TaggedObject({"hotel": "astoria"})

    def block_once() -> None:
        found.tags = {"hotel": "astoria", "lookalike:blocked": "banned"}  # as was read before ours was put
        found.after_putting = lambda: None

    found.after_putting = block_once

    assert tagged(found)
    assert found.tags == {"hotel": "astoria", "lookalike:blocked": "banned", TAG: VALUE}


def test_tag_of_others_that_was_seen_and_lost_is_put_again() -> None:
    found = TaggedObject({})
    happens = [{"lookalike:blocked": "banned"}, {TAG: VALUE}]  # the second one by somebody who read before the first

    def overwrite() -> None:
        if happens:
            found.tags = happens.pop(0)

    found.after_putting = overwrite

    assert tagged(found)
    assert found.tags == {"lookalike:blocked": "banned", TAG: VALUE}


def test_others_who_write_for_ever_are_given_up_on() -> None:
    found = TaggedObject({})
    puts = []

    def overwrite() -> None:
        puts.append(1)
        found.tags = {"other": "1"}

    found.after_putting = overwrite

    with pytest.raises(CannotBeTagged, match=f"{ATTEMPTS} times over"):
        tagged(found)
    assert len(puts) == ATTEMPTS


@pytest.mark.parametrize(("code", "said"), [("NoSuchKey", "it is gone"), ("403", "needs s3:GetObject, ")])
def test_object_that_cannot_be_tagged_says_why(code: str, said: str) -> None:
    class Refusing(TaggedObject):
        def head_object(self, **_: str) -> dict[str, Any]:
            raise ClientError({"Error": {"Code": code, "Message": ""}}, "HeadObject")

    with pytest.raises(CannotBeTagged, match=said):
        tagged(Refusing({}))
