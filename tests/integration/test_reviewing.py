"""Deciding about announced pairs by command, on the deployed stack."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError

from handler.cli.main import main
from handler.cli.tagging import MOST_TAGS, TAG
from handler.core.model import object_id
from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo

pytestmark = pytest.mark.emulator

CAT, COPY, DOG = jpeg(photo(1)), jpeg(near_copy(photo(1))), jpeg(photo(2))

Lookalike = Callable[..., tuple[int, str, str]]


@pytest.fixture
def lookalike(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Lookalike:
    """Runs a command against the stack, in the scope of the test."""
    for variable, value in site.deployment.environment.items():
        monkeypatch.setenv(variable, value)

    def run(command: str, *words: str) -> tuple[int, str, str]:
        scope = () if command == "decide" and "--all" not in words else ("--scope", site.collection.scope)
        status = main([command, *words, *scope])
        printed = capsys.readouterr()
        return status, printed.out, printed.err

    return run


@pytest.fixture
def announced(site: Site) -> Site:
    """A near pair, told."""
    for name, body in (("cat.jpg", CAT), ("copy.jpg", COPY)):
        site.upload(name, body)
        site.wait_for_lines(name)
    assert site.messages(1) == [("copy.jpg", ["cat.jpg"])]
    return site


def uri(site: Site, name: str) -> str:
    return f"s3://{site.deployment.bucket}/{site.folder}/{name}"


def test_decided_pair_leaves_the_groups_and_is_not_told_again(announced: Site, lookalike: Lookalike) -> None:
    one, other = uri(announced, "cat.jpg"), uri(announced, "copy.jpg")
    status, out, _ = lookalike("groups")
    assert status == 0
    assert one in out
    assert other in out

    assert lookalike("decide", one, other, "different")[0] == 0
    assert lookalike("groups")[0] == 1
    announced.upload("copy.jpg", COPY)
    announced.wait_for_lines("copy.jpg", 2)  # or both would be handled at once, and either may tell of the other
    announced.upload("moved.jpg", COPY)
    announced.wait_for_lines("moved.jpg")
    # The new name is a copy of the old one, and as different from the cat.
    assert announced.messages(2) == [("copy.jpg", ["cat.jpg"]), ("moved.jpg", ["copy.jpg"])]

    assert lookalike("decisions", "--undo", one, other)[0] == 0
    announced.upload("copy.jpg", COPY)
    announced.wait_for_lines("copy.jpg", 3)
    last, matches = announced.messages(3)[-1]
    assert (last, "cat.jpg" in matches) == ("copy.jpg", True)


def test_what_may_be_deleted_is_tagged_beside_other_tags_and_that_starts_nothing(
    announced: Site, lookalike: Lookalike
) -> None:
    site, one, other = announced, uri(announced, "cat.jpg"), uri(announced, "copy.jpg")
    at = {"Bucket": site.deployment.bucket, "Key": f"{site.folder}/copy.jpg"}
    site.s3.put_object_tagging(**at, Tagging={"TagSet": [{"Key": "hotel", "Value": "astoria"}]})
    assert lookalike("decide", one, other, "keep_one", "--keep", one)[0] == 0

    status, out, err = lookalike("decisions", "--to-delete", "--tag", "--json")

    assert (status, json.loads(out)["objects"][0]["object"]["key"]) == (0, at["Key"])
    assert "1 object tagged" in err
    tags = {tag["Key"]: tag["Value"] for tag in site.s3.get_object_tagging(**at)["TagSet"]}
    assert tags == {"hotel": "astoria", TAG: object_id(site.deployment.bucket, f"{site.folder}/cat.jpg")}
    assert "0 objects tagged" in lookalike("decisions", "--to-delete", "--tag")[2]
    # What is uploaded later is handled, and by then nothing has come of the tags.
    site.upload("dog.jpg", DOG)
    site.wait_for_lines("dog.jpg")
    assert len(site.lines("copy.jpg")) == 1


def test_copies_of_groups_are_tagged_with_their_best_and_that_starts_nothing(
    announced: Site, lookalike: Lookalike
) -> None:
    site = announced
    site.s3.put_object_tagging(
        Bucket=site.deployment.bucket,
        Key=f"{site.folder}/copy.jpg",
        Tagging={"TagSet": [{"Key": "hotel", "Value": "astoria"}]},
    )

    status, out, err = lookalike("groups", "--tag", "--json")

    (group,) = json.loads(out)["groups"]
    best, (other,) = group["best"], group["others"]
    assert (status, "1 object tagged" in err) == (0, True)

    def tags(key: str) -> dict[str, str]:
        found = site.s3.get_object_tagging(Bucket=site.deployment.bucket, Key=key)["TagSet"]
        return {tag["Key"]: tag["Value"] for tag in found}

    assert tags(other["key"])[TAG] == object_id(site.deployment.bucket, best["key"])
    assert TAG not in tags(best["key"])
    assert tags(f"{site.folder}/copy.jpg")["hotel"] == "astoria"
    assert "0 objects tagged" in lookalike("groups", "--tag")[2]
    # What is uploaded later is handled, and by then nothing has come of the tags.
    site.upload("dog.jpg", DOG)
    site.wait_for_lines("dog.jpg")
    assert (len(site.lines("cat.jpg")), len(site.lines("copy.jpg"))) == (1, 1)


def test_what_was_overwritten_since_it_was_decided_about_is_neither_deleted_nor_tagged(
    announced: Site, lookalike: Lookalike
) -> None:
    site, one, other = announced, uri(announced, "cat.jpg"), uri(announced, "copy.jpg")
    assert lookalike("decide", one, other, "keep_one", "--keep", one)[0] == 0
    (found,) = json.loads(lookalike("decisions", "--to-delete", "--json")[1])["objects"]
    at: dict[str, Any] = {"Bucket": site.deployment.bucket, "Key": found["object"]["key"]}
    site.s3.put_object(**at, Body=DOG)

    with pytest.raises(ClientError, match=r"PreconditionFailed|412"):
        site.s3.delete_object(**at, IfMatch=f'"{found["object"]["etag"]}"')

    site.wait_for_lines("copy.jpg", 2)
    assert lookalike("decisions", "--to-delete", "--tag")[0] == 1
    site.upload("copy.jpg", COPY)
    site.wait_for_lines("copy.jpg", 3)
    (found,) = json.loads(lookalike("decisions", "--to-delete", "--json")[1])["objects"]
    site.s3.delete_object(**at, IfMatch=f'"{found["object"]["etag"]}"')
    assert site.s3.list_objects_v2(Bucket=at["Bucket"], Prefix=at["Key"])["KeyCount"] == 0


def test_rule_is_undone_whole_right_after_it(announced: Site, lookalike: Lookalike) -> None:
    for number in range(3):
        for name in (f"{number}.jpg", f"{number} again.jpg"):
            announced.upload(name, jpeg(photo(number + 10)))
            announced.wait_for_lines(name)

    decided = json.loads(lookalike("decide", "--all", "--keep", "best", "--yes", "--json")[1])
    assert lookalike("groups")[0] == 1
    assert len(json.loads(lookalike("decisions", "--batch", decided["batch"], "--json")[1])["decisions"]) == 4
    _, out, _ = lookalike("decisions", "--undo", decided["batch"])

    assert out == "4 decisions taken back\n"
    assert len(json.loads(lookalike("groups", "--json")[1])["groups"]) == 4


def test_report_shows_the_groups(announced: Site, lookalike: Lookalike, tmp_path: Path) -> None:
    page = tmp_path / "report.html"

    status, out, _ = lookalike("report", str(page))

    assert (status, out) == (0, f"1 group in {page}\n")
    text = page.read_text()
    assert text.count("<img ") == 2
    assert uri(announced, "copy.jpg") in text
    assert lookalike("report", "--kind", "alike", str(tmp_path / "none.html"))[0] == 1
    assert not (tmp_path / "none.html").exists()


def test_object_with_too_many_tags_is_named(announced: Site, lookalike: Lookalike) -> None:
    one, other = uri(announced, "cat.jpg"), uri(announced, "copy.jpg")
    tags = [{"Key": f"tag{number}", "Value": "x"} for number in range(MOST_TAGS)]
    announced.s3.put_object_tagging(
        Bucket=announced.deployment.bucket, Key=f"{announced.folder}/copy.jpg", Tagging={"TagSet": tags}
    )
    assert lookalike("decide", one, other, "keep_one", "--keep", one)[0] == 0

    _, _, err = lookalike("decisions", "--to-delete", "--tag")

    assert re.search(r"copy\.jpg is not tagged: it has 10 tags, and S3 takes no more than 10", err)
