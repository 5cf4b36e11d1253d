"""Who may ask the page for anything."""

import re

import pytest
from starlette.testclient import TestClient

from tests.unit.cli.review.conftest import ORIGIN, PORT, TOKEN

ADDRESSES = ["/", "/rules", "/decisions", "/export", "/export/to-delete.sh", "/static/page.js", "/thumbnail", "/none"]


@pytest.mark.parametrize("address", ADDRESSES)
def test_nothing_is_told_without_the_token(stranger: TestClient, address: str) -> None:
    answer = stranger.get(address)

    assert (answer.status_code, "open the address" in answer.text) == (403, True)


@pytest.mark.parametrize("token", ["", "the toke", "the token ", "ä"])
def test_another_token_opens_nothing(stranger: TestClient, token: str) -> None:
    answer = stranger.get("/", params={"token": token})

    assert (answer.status_code, answer.headers.get("set-cookie")) == (403, None)


def test_token_is_taken_out_of_sight_for_a_cookie_that_stays_here(stranger: TestClient) -> None:
    answer = stranger.get("/", params={"token": TOKEN})

    assert (answer.status_code, answer.headers["location"]) == (303, "/")
    cookie = answer.headers["set-cookie"]
    assert cookie.startswith(f"lookalike-review-{PORT}=")
    assert {"HttpOnly", "SameSite=strict", "Path=/"} <= set(cookie.split("; "))


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1", f"127.0.0.1:{PORT + 1}", f"evil.example:{PORT}", f"localhost.evil:{PORT}"]
)
def test_other_names_of_this_machine_are_refused(browser: TestClient, host: str) -> None:
    for query in ({}, {"token": TOKEN}):
        answer = browser.get("/", params=query, headers={"Host": host})
        assert (answer.status_code, "set-cookie" in answer.headers) == (403, False)


@pytest.mark.parametrize(
    "origin", [None, "null", "http://evil.example", "http://127.0.0.1:1", f"https://127.0.0.1:{PORT}"]
)
@pytest.mark.parametrize("address", ["/undo", "/decisions", "/rules"])
def test_what_writes_comes_from_the_page_itself(browser: TestClient, address: str, origin: str | None) -> None:
    del browser.headers["Origin"]

    answer = browser.post(address, headers={"Origin": origin} if origin else {})

    assert answer.status_code == 403


def test_page_itself_may_write(browser: TestClient) -> None:
    assert browser.post("/undo", headers={"Origin": ORIGIN}).status_code == 200


@pytest.mark.parametrize("address", ["/", "/none", "/static/style.css", "/picture?bucket=b&key=none"])
def test_every_answer_says_what_a_browser_may_do_with_it(browser: TestClient, address: str) -> None:
    headers = browser.get(address).headers

    policy = dict(part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";"))
    assert policy["default-src"] == "'none'"
    assert {policy[f"{what}-src"] for what in ("script", "style", "img", "connect")} == {"'self'"}
    assert (policy["frame-ancestors"], policy["base-uri"], policy["form-action"]) == ("'none'", "'none'", "'self'")
    assert (headers["cache-control"], headers["x-content-type-options"]) == ("no-store", "nosniff")


@pytest.mark.parametrize("address", ["/", "/rules", "/decisions", "/export"])
def test_pages_have_nothing_inline(browser: TestClient, address: str) -> None:
    text = browser.get(address).text

    assert "<style" not in text
    assert " style=" not in text
    assert re.search(r"\son\w+=", text) is None
    assert all("src=" in tag for tag in text.split("<script")[1:])
