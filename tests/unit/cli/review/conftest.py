"""The page, over a deployment in this process."""

import re
from collections.abc import Mapping
from contextlib import redirect_stdout
from copy import deepcopy
from io import StringIO
from typing import Any

import pytest
from starlette.testclient import TestClient

from handler.cli.asking import Ask, document
from handler.cli.review.app import application
from handler.cli.review.invitation import Invitation
from handler.cli.review.pictures import Pictures
from handler.cli.review.session import Session
from handler.core.model import Limits
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InlineExecutor
from tests.pictures import jpeg, near_copy, photo

PORT = 8123
ORIGIN = f"http://127.0.0.1:{PORT}"
TOKEN = "the token"
LISTED = "reports/bad.jpg"  # of which there is a picture, in the bucket
EVIL = "<script>alert(1)</script>\"'&\n\u202e.jpg"


def asks(deployment: FakeDeployment) -> Ask:
    """What asks a deployment, as the command does."""
    asker = Asker(deployment)

    def ask(event: Mapping[str, Any]) -> dict[str, Any]:
        with redirect_stdout(StringIO()):  # its metrics
            return document(asker.direct(event))

    return ask


def uploaded(site: FakeDeployment) -> FakeDeployment:
    """A group of three, one with a key that would be a script, and a pair of equal files."""
    for key, body in (
        ("a.jpg", jpeg(photo(1))),
        (EVIL, jpeg(near_copy(photo(1)))),
        ("again.jpg", jpeg(photo(1))),
        ("x.jpg", jpeg(photo(2))),
        ("y.jpg", jpeg(photo(2))),
    ):
        site.upload(key, body)
    return site


@pytest.fixture(scope="session")
def first_deployment() -> FakeDeployment:
    """What every test begins with: to upload it takes longer than most tests, and a copy a hundredth of that."""
    site = FakeDeployment(generation="look1", max_looks=5, lists=("banned", "stock"))
    site.lister().add("banned", site.listed(f"s3://{BUCKET}/{LISTED}", jpeg(photo(7))))
    site.lister().add("stock", site.listed("/evidence/none.jpg", jpeg(photo(8)), list_name="stock"))
    site.put(LISTED, jpeg(photo(7)))
    for key, number in (("bad.jpg", 7), ("none.jpg", 8)):
        site.upload(key, jpeg(near_copy(photo(number))))
    return uploaded(site)


@pytest.fixture
def deployment(first_deployment: FakeDeployment, monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    monkeypatch.setattr("handler.log.logger.info", lambda *_, **__: None)
    return deepcopy(first_deployment)


@pytest.fixture
def session(deployment: FakeDeployment) -> Session:
    return Session(asks(deployment), by="jane", executor=InlineExecutor())


def reading(session: Session, deployment: FakeDeployment, invitation: Invitation | None = None) -> TestClient:
    """Somebody without the token."""
    pictures = Pictures(deployment.pictures, Limits())
    app = application(session, pictures, token=TOKEN, port=PORT, invitation=invitation)
    return TestClient(app, base_url=ORIGIN, headers={"Origin": ORIGIN}, follow_redirects=False)


def browsing(session: Session, deployment: FakeDeployment) -> TestClient:
    """Who has opened the first address."""
    client = reading(session, deployment)
    assert client.get("/", params={"token": TOKEN}).status_code == 303
    return client


@pytest.fixture
def stranger(session: Session, deployment: FakeDeployment) -> TestClient:
    return reading(session, deployment)


@pytest.fixture
def browser(session: Session, deployment: FakeDeployment) -> TestClient:
    return browsing(session, deployment)


def names(text: str) -> list[str]:
    return re.findall(r'<article id="g-(\w+)"', text)


def waiting(browser: TestClient, **query: str) -> list[str]:
    return names(browser.get("/", params=query).text)


def stored(session: Session) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = session.ask({"method": "GET", "path": "/v1/decisions", "query": {}})["decisions"]
    return found


def exact_pair(browser: TestClient) -> str:
    (name,) = waiting(browser, kind="exact")
    browser.get("/")
    return name
