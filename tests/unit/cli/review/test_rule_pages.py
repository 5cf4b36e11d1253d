"""Rules: shown, then done at once, and undone; and by which rule a copy is the best."""

import re
from typing import Any

from starlette.testclient import TestClient

from handler.cli.review.session import Session, name_of
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, photo
from tests.unit.cli.review.conftest import exact_pair, stored, waiting


def test_rule_is_shown_then_done_and_undone_at_once(browser: TestClient, session: Session) -> None:
    browser.post("/rules", data={"verdict": "keep_one"})
    shown = browser.get("/rules/1").text
    assert "2 groups, 5 pictures" in shown
    assert re.search("<strong>2 pictures</strong> to keep, <strong>3 pictures</strong> not", shown)
    assert stored(session) == []

    browser.post("/rules/1")

    assert "stored, about 2 groups" in browser.get("/rules/1").text
    assert len({one["batch"] for one in stored(session)}) == 1
    assert waiting(browser) == []
    browser.post("/undo", data={"from": "rules"})
    assert stored(session) == []
    assert len(waiting(browser)) == 2


def test_rule_decides_about_what_was_shown_and_no_more(
    browser: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    browser.post("/rules", data={"verdict": "different", "kind": "exact"})
    for key in ("p.jpg", "q.jpg"):
        deployment.upload(key, jpeg(photo(9)))

    asked, ask = list[str](), session.ask
    session.ask = lambda event: asked.append(event["method"]) or ask(event)  # type: ignore[func-returns-value]  # None
    browser.post("/rules/1")
    browser.post("/rules/1")  # once more does nothing

    assert asked == ["PUT"]
    (decision,) = stored(session)
    assert {named["key"] for named in decision["objects"]} == {"x.jpg", "y.jpg"}


def test_rule_says_what_it_left_out_since_a_picture_was_overwritten(
    browser: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    pair = exact_pair(browser)
    browser.post("/rules", data={"verdict": "different", "kind": "exact"})
    group = session.group(pair)
    assert group
    deployment.upload(group["best"]["key"], jpeg(photo(9)))

    browser.post("/rules/1")

    text = browser.get("/rules/1").text
    assert ("0 decisions stored" in text, "1 decision left out" in text) == (True, True)
    assert stored(session) == []


def test_rule_that_fails_says_so(browser: TestClient) -> None:
    browser.post("/rules", data={"verdict": "different", "scope": "a/"})

    assert "wrong-value" in browser.get("/rules/1").text


def test_group_of_other_contents_has_another_name() -> None:
    """Else what one page shows would be decided with the contents that another page was shown later."""

    def group(content: str) -> dict[str, Any]:
        copies = [{"bucket": BUCKET, "key": key, "sha256": content * 64} for key in ("a.jpg", "b.jpg")]
        return {"best": copies[0], "others": copies[1:], "among_others": []}

    assert name_of(group("0")) == name_of(group("0")) != name_of(group("1"))


def test_best_copy_is_chosen_by_another_rule(browser: TestClient, deployment: FakeDeployment) -> None:
    large = photo(3, (640, 480))
    deployment.upload("b.jpg", jpeg(large))
    deployment.upload("a.jpg/small.jpg", jpeg(large.resize((320, 240))))

    pages = {rule: browser.get("/", params={"best_first": rule}).text for rule in ("", "key", "oldest,key")}

    assert [pages[rule].index('alt="b.jpg"') < pages[rule].index('alt="a.jpg/small.jpg"') for rule in ("", "key")] == [
        True,
        False,
    ]
    assert "Best copy: most pixels, then least compressed, then oldest" in pages[""]
    assert '<option value="key" selected>first by name' in pages["key"]
    assert "Best copy: oldest, then key" in pages["oldest,key"]


def test_rule_keeps_what_is_the_best_by_the_chosen_rule(browser: TestClient, session: Session) -> None:
    browser.post("/rules", data={"verdict": "keep_one", "kind": "exact", "best_first": "key", "note": "by name"})
    browser.post("/rules/1")

    (decision,) = stored(session)
    assert (decision["kept"]["key"], decision["note"]) == ("x.jpg", "by name")
