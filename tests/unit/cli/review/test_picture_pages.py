"""Pictures: those alone that a page has shown, no larger than needed, and why one cannot be shown."""

from io import BytesIO

import pytest
from PIL import Image
from starlette.testclient import TestClient

from handler.cli.review.offered import Offered
from handler.cli.review.session import Session
from handler.core.verdicts import NamedObject
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InlineExecutor
from tests.pictures import jpeg, photo
from tests.unit.cli.review.conftest import TOKEN, browsing


@pytest.mark.parametrize(("address", "side"), [("/thumbnail", 480), ("/picture", 640)])
def test_pictures_are_shown_no_larger_than_they_need_to_be(
    browser: TestClient, deployment: FakeDeployment, address: str, side: int
) -> None:
    for key in ("large.jpg", "larger.jpg"):
        deployment.upload(key, jpeg(photo(3, (640, 480))))
    browser.get("/")

    answer = browser.get(address, params={"bucket": BUCKET, "key": "large.jpg"})

    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/jpeg")
    assert max(Image.open(BytesIO(answer.content)).size) == side


@pytest.mark.parametrize(("body", "why"), [(None, "it is gone"), (b"nothing", "no picture")])
def test_picture_that_cannot_be_shown_says_why(
    browser: TestClient, deployment: FakeDeployment, body: bytes | None, why: str
) -> None:
    browser.get("/")
    del deployment.pictures.objects[BUCKET, "x.jpg"]
    if body:
        deployment.put("x.jpg", body)

    answer = browser.get("/thumbnail", params={"bucket": BUCKET, "key": "x.jpg"})

    assert (answer.status_code, why in answer.text) == (404, True)


PICTURE = {"bucket": BUCKET, "key": "x.jpg"}


@pytest.mark.parametrize("address", ["/thumbnail", "/picture"])
def test_no_picture_is_served_that_no_page_has_shown(
    browser: TestClient, deployment: FakeDeployment, address: str
) -> None:
    deployment.put("private.jpg", jpeg(photo(5)))

    before = browser.get(address, params=PICTURE)
    browser.get("/", params={"kind": "exact"})

    assert before.status_code == 403
    assert browser.get(address, params=PICTURE).status_code == 200
    for other in ("private.jpg", "a.jpg"):  # the second one waits, but was not asked for
        assert browser.get(address, params=PICTURE | {"key": other}).status_code == 403


def test_pictures_of_decisions_and_rules_are_served_once_they_are_shown(
    stranger: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    stranger.get("/", params={"token": TOKEN})
    stranger.post("/rules", data={"verdict": "keep_one", "kind": "exact"})
    assert stranger.get("/thumbnail", params=PICTURE).status_code == 200
    stranger.post("/rules/1")

    fresh = Session(session.ask, by="joe", executor=InlineExecutor())
    other = browsing(fresh, deployment)
    assert other.get("/thumbnail", params=PICTURE).status_code == 403
    other.get("/decisions")
    assert other.get("/thumbnail", params=PICTURE).status_code == 200


def test_only_the_latest_that_were_shown_are_remembered() -> None:
    offered = Offered(most=2)

    for key in ("a", "b", "a", "c"):
        offered.add([NamedObject(BUCKET, key)])

    assert [NamedObject(BUCKET, key) in offered for key in "abc"] == [True, False, True]
