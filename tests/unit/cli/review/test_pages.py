"""What the pages of groups show, and what is stored by what is done on them."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest
from starlette.testclient import TestClient

from handler.ask.reviews import MOST_AT_ONCE
from handler.cli.errors import CommandError
from handler.cli.review.session import Session
from handler.cli.review.wording import points
from handler.cli.reviewing import all_alike
from handler.core.verdicts import Verdict
from tests.deployments import FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.cli.review.conftest import exact_pair, names, stored, waiting

Form = dict[str, Any]


def test_groups_are_shown_with_the_best_first_and_keys_escaped(browser: TestClient) -> None:
    text = browser.get("/").text

    assert len(names(text)) == 2
    assert text.count("best copy") == 2
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;\\n\\u202e.jpg" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [({"kind": "exact"}, 1), ({"kind": ["exact", "near"]}, 2), ({"agreement": "0.98"}, 2), ({"kind": "alike"}, 0)],
)
def test_groups_are_filtered(browser: TestClient, query: dict[str, Any], found: int) -> None:
    text = browser.get("/", params=query).text

    assert len(names(text)) == found
    assert ("Nothing waits here" in text) == (found == 0)


def test_next_page_shows_the_rest(browser: TestClient, deployment: FakeDeployment) -> None:
    for number in range(21):
        for copy in "ab":
            deployment.upload(f"{number}{copy}.jpg", jpeg(photo(number + 20)))

    first = browser.get("/").text
    (following,) = set(re.findall(r'href="(/\?cursor=[^"]+)"', first))
    second = browser.get(unescape(following)).text

    assert (len(names(first)), len(names(second))) == (20, 3)
    assert not set(names(first)) & set(names(second))
    assert "23 groups wait" in first


def test_group_is_decided_and_undone(browser: TestClient, session: Session) -> None:
    name = exact_pair(browser)

    answer = browser.post(f"/groups/{name}", data={"kept": "1"})

    (decision,) = stored(session)
    assert (decision["verdict"], decision["by"]) == ("keep_one", "jane")
    assert f"kept {decision['kept']['key']}" in answer.text
    assert name not in waiting(browser)
    browser.post("/undo", data={"from": "groups"})
    assert stored(session) == []
    assert name in waiting(browser)


@pytest.mark.parametrize("verdict", ["different", "keep_both"])
def test_verdict_is_of_every_pair_of_the_group(browser: TestClient, session: Session, verdict: str) -> None:
    (name,) = set(waiting(browser)) - {exact_pair(browser)}

    browser.post(f"/groups/{name}", data={"verdict": verdict})

    assert {one["verdict"] for one in stored(session)} == {verdict}
    assert name not in waiting(browser)
    assert len(waiting(browser)) == 1


def test_undo_puts_the_group_back_in_its_place(browser: TestClient) -> None:
    name = exact_pair(browser)
    browser.post(f"/groups/{name}", data={"verdict": "different"})

    answer = browser.post("/undo", data={"from": "groups"})

    assert names(answer.text) == [name]
    assert 'hx-swap-oob="true"' in answer.text
    assert "Taken back: they are different" in answer.text


def test_what_still_waits_is_counted_as_it_is_decided(browser: TestClient) -> None:
    name = exact_pair(browser)

    decided = browser.post(f"/groups/{name}", data={"verdict": "different"}).text
    undone = browser.post("/undo", data={"from": "groups"}).text

    assert re.findall(r'id="waiting"[^>]*>([^<]*)', decided) == ["1 group waits"]
    assert re.findall(r'id="waiting"[^>]*>([^<]*)', undone) == ["2 groups wait"]


@pytest.mark.parametrize(
    ("other", "stored", "said"),
    [
        ("2026-05-01T10:00:07+00:00", "2026-05-01 10:00:07", "the first is older by 7 seconds"),
        ("2026-05-01T13:00:00+00:00", "2026-05-01 13:00:00", "the first is older by 3 hours"),
        ("2026-05-03T10:00:00+00:00", "2026-05-03", "the first is older by 2 days"),
    ],
)
def test_times_of_two_are_told_apart_as_finely_as_it_takes(other: str, stored: str, said: str) -> None:
    copy = {"width": 8, "height": 8, "bytes": 64, "format": "JPEG", "modified": "2026-05-01T10:00:00+00:00"}

    (point,) = [one for one in points(copy, copy | {"modified": other}) if one.name == "Stored"]

    assert (point.other, point.says) == (stored, said)


def test_nothing_is_left_to_undo_at_first(browser: TestClient) -> None:
    assert "nothing to undo" in browser.post("/undo", data={"from": "groups"}).text


def test_two_are_compared_in_words(browser: TestClient, deployment: FakeDeployment) -> None:
    large = photo(3, (640, 480))
    deployment.upload("large.jpg", jpeg(large))
    deployment.upload("small.jpg", jpeg(large.resize((320, 240))))
    name = waiting(browser)[0]  # that with most pixels

    text = browser.get(f"/compare/{name}").text

    assert "the first has 4.0 times as many pixels" in text
    assert re.search(r"pixels agree by [01]\.\d{3}", text)
    assert {"large.jpg", "small.jpg"} <= set(re.findall(r">(\w+\.jpg)<", text))


def three(browser: TestClient) -> str:
    """The group of three."""
    (name,) = set(waiting(browser)) - {exact_pair(browser)}
    return name


def test_two_of_three_are_decided_and_the_next_two_come(browser: TestClient, session: Session) -> None:
    name = three(browser)

    answer = browser.post(f"/compare/{name}", data={"one": "0", "other": "1", "verdict": "different"})

    assert answer.headers["hx-redirect"] == f"/compare/{name}?one=0&other=2"
    assert len(stored(session)) == 1
    answer = browser.post(f"/compare/{name}", data={"one": "0", "other": "2", "kept": "0"})
    assert name not in answer.headers["hx-redirect"]
    assert "keep_one" in {one["verdict"] for one in stored(session)}


def test_decision_of_two_is_undone_where_it_was_made(browser: TestClient, session: Session) -> None:
    name = exact_pair(browser)
    browser.post(f"/compare/{name}", data={"one": "0", "other": "1", "kept": "0"})

    answer = browser.post("/undo", data={"from": "compare"})

    assert answer.headers["hx-redirect"] == f"/compare/{name}"
    assert stored(session) == []


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/groups/none", {"verdict": "different"}),
        ("/groups/{}", {}),
        ("/groups/{}", {"verdict": "same"}),
        ("/groups/{}", {"kept": "2"}),
        ("/groups/{}", {"kept": "-1"}),
        ("/compare/{}", {"one": "0", "other": "0", "verdict": "different"}),
        ("/rules/7", {}),
        ("/decisions", {"one_bucket": "b"}),
        ("/undo", {"from": "x" * 200_000}),
    ],
)
def test_what_no_page_sends_changes_nothing(browser: TestClient, session: Session, address: str, form: Form) -> None:
    answer = browser.post(address.format(exact_pair(browser)), data=form)

    assert answer.status_code == 400
    assert stored(session) == []


def test_failure_is_said_where_the_page_has_a_place_for_it(browser: TestClient, deployment: FakeDeployment) -> None:
    name = exact_pair(browser)
    ref = deployment.delete("x.jpg")
    deployment.function().removed(ref)

    answer = browser.post(f"/groups/{name}", data={"verdict": "different"}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-retarget"]) == (400, "#problem")
    assert "no-such-object" in answer.text


def test_part_that_was_stored_before_a_failure_is_undone(browser: TestClient, session: Session) -> None:
    name = exact_pair(browser)
    said = all_alike(session.group(name) or {}, Verdict.DIFFERENT) * (MOST_AT_ONCE + 1)
    ask, puts = session.ask, list[Mapping[str, Any]]()

    def failing(event: Mapping[str, Any]) -> dict[str, Any]:
        if event["method"] == "PUT":
            puts.append(event)
            if len(puts) > 1:
                raise CommandError("the connection is gone")
        return ask(event)

    session.ask = failing
    with pytest.raises(CommandError):
        session.decide(name, said, "they are different")
    assert len(stored(session)) == 1

    browser.post("/undo", data={"from": "groups"})

    assert stored(session) == []
    assert name in waiting(browser)


def test_scope_that_is_none_is_said_on_the_page(browser: TestClient) -> None:
    answer = browser.get("/", params={"scope": "<b>/"})

    assert answer.status_code == 400
    assert "wrong-value" in answer.text
    assert "<b>" not in answer.text


@pytest.mark.parametrize("address", ["/groups/{}", "/compare/{}"])
def test_note_goes_with_a_verdict_and_is_shown_with_it(browser: TestClient, session: Session, address: str) -> None:
    name = exact_pair(browser)
    note = "<i>the second</i> has a watermark"

    answer = browser.post(address.format(name), data={"verdict": "different", "note": f" {note} "})

    (decision,) = stored(session)
    assert decision["note"] == note
    for text in (answer.text or browser.get(f"/compare/{name}").text, browser.get("/decisions").text):
        assert {"jane", note} <= set(map(unescape, re.findall(r"<(?:bdi|q[^>]*)>([^<]+)<", text)))
        assert "<i>" not in text


def test_note_that_is_too_long_is_refused(browser: TestClient, session: Session) -> None:
    answer = browser.post(f"/groups/{exact_pair(browser)}", data={"verdict": "different", "note": "x" * 1_001})

    assert (answer.status_code, stored(session)) == (400, [])
