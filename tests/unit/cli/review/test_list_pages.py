"""Matches of lists: told apart from groups, and what can be done about them."""

import re
from shlex import quote, split

import pytest
from starlette.testclient import TestClient

from handler.cli.review.export import list_script
from handler.cli.review.on_lists import commands
from handler.cli.review.session import Session
from handler.core.model import ObjectRef
from tests.deployments import BUCKET, FakeDeployment
from tests.unit.cli.review.conftest import EVIL, LISTED, names, stored, waiting


def test_matches_of_lists_are_told_apart_from_the_groups(browser: TestClient) -> None:
    groups, told = browser.get("/").text, browser.get("/lists", params={"names": "banned,stock,none"}).text

    assert "bad.jpg" not in groups
    assert 'hx-get="/lists?names=banned%2Cstock&amp;scope="' in groups
    assert re.findall(r'href="/\?list=(\w+)"', told) == ["banned", "stock"]


def test_match_of_a_list_is_shown_with_what_can_be_done(browser: TestClient) -> None:
    text = browser.get("/", params={"list": "banned"}).text

    assert "Matches of the list banned" in text
    assert f"--bucket {BUCKET} --key=bad.jpg" in text
    assert f"lookalike list remove banned s3://{BUCKET}/{LISTED}" in text
    assert "Keep best" not in text
    for key in ("bad.jpg", LISTED):
        assert browser.get("/thumbnail", params={"bucket": BUCKET, "key": key}).status_code == 200


def test_entry_without_a_picture_is_named_and_compared_with_nothing(browser: TestClient) -> None:
    text = browser.get("/", params={"list": "stock"}).text

    assert "keeps its fingerprint, and no picture" in text
    assert "near, by its fingerprint" in text
    (name,) = names(text)
    assert f"/compare/{name}" not in text
    assert browser.get(f"/compare/{name}").status_code == 400


def test_two_are_compared_of_which_one_is_on_a_list(browser: TestClient) -> None:
    (name,) = waiting(browser, list="banned")

    text = browser.get(f"/compare/{name}").text

    assert "(on the list)" in text
    assert "Score" not in text
    assert "Keep the first" not in text


@pytest.mark.parametrize("address", ["/groups/{}", "/compare/{}"])
def test_no_verdict_is_given_about_a_list(browser: TestClient, session: Session, address: str) -> None:
    (name,) = waiting(browser, list="banned")

    answer = browser.post(address.format(name), data={"verdict": "keep_both"})

    assert (answer.status_code, "no verdict silences" in answer.text) == (400, True)
    assert stored(session) == []
    browser.post("/rules", data={"verdict": "different", "list": "banned"})
    assert "2 groups, 5 pictures" in browser.get("/rules/1").text  # those that are on no list


def test_all_matches_of_a_list_are_told_as_commands(browser: TestClient, deployment: FakeDeployment) -> None:
    answer = browser.get("/export/of-list.sh", params={"list": "banned"})

    assert answer.headers["content-disposition"] == 'attachment; filename="matches-banned.sh"'
    (command,) = re.findall("^aws.*", answer.text, re.MULTILINE)
    etag = deployment.pictures.read(ObjectRef(BUCKET, "bad.jpg")).etag
    assert split(command)[:7] == ["aws", "s3api", "delete-object", "--if-match", f'"{etag}"', "--bucket", BUCKET]
    assert "Uploads that match a list" in answer.text


def test_commands_whose_names_cannot_be_shown_are_left_to_the_file() -> None:
    entry = {"bucket": "list:banned", "key": "a b.jpg"}
    uploads = [{"bucket": BUCKET, "key": EVIL, "etag": "e"}]

    assert commands({"best": entry, "others": uploads}) == [
        ("If it should not be on the list, take the entry off", "lookalike list remove banned 'a b.jpg'")
    ]
    assert quote(f"--key={EVIL}") in list_script(uploads)
