"""The same questions by direct invocation."""

import base64
from typing import Any

import pytest

from handler.ask.problems import Kind
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)


@pytest.fixture(autouse=True)
def stored(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))


def test_object_in_a_document(ask: Asker) -> None:
    body = {"object": {"bucket": BUCKET, "key": "cat.jpg"}, "limit": 3}

    answer = ask.direct({"method": "post", "path": "/v1/searches", "body": body})

    assert answer == {"status": 200, "body": ask.document(body).document}


def test_file_in_base64_with_options_in_the_query(ask: Asker) -> None:
    body = jpeg(near_copy(CAT))
    event = {"method": "POST", "path": "/v1/searches", "query": {"limit": 3, "scope": "*"}}

    answer = ask.direct(event | {"body": base64.b64encode(body).decode()})

    assert answer == {"status": 200, "body": ask.file(body, "limit=3&scope=*").document}


def test_object_in_the_query(ask: Asker) -> None:
    answer = ask.direct({"method": "GET", "path": "/v1/pictures", "query": {"bucket": BUCKET, "key": "cat.jpg"}})

    assert answer == {"status": 200, "body": ask.picture(f"bucket={BUCKET}&key=cat.jpg").document}


@pytest.mark.parametrize(
    ("event", "kind"),
    [
        ({}, Kind.WRONG_VALUE),
        ([], Kind.WRONG_VALUE),
        ("nonsense", Kind.WRONG_VALUE),
        ({"method": "GET"}, Kind.WRONG_VALUE),
        ({"method": "GET", "path": 5}, Kind.WRONG_VALUE),
        ({"method": "GET", "path": "/v1/pictures", "query": {"key": []}}, Kind.WRONG_VALUE),
        ({"method": "GET", "path": "/v1/nothing"}, Kind.NO_SUCH_ROUTE),
        ({"method": "PUT", "path": "/v1/pictures"}, Kind.WRONG_METHOD),
        ({"method": "GET", "path": "/v1/pictures", "headers": {}}, Kind.UNKNOWN_FIELD),
        ({"lookup": {"bucket": BUCKET, "key": "cat.jpg"}}, Kind.UNKNOWN_FIELD),
        ({"requestContext": 1, "rawPath": 1}, Kind.UNKNOWN_FIELD),
        ({"requestContext": {"http": {}}, "rawPath": []}, Kind.UNKNOWN_FIELD),
        ({"method": "POST", "path": "/v1/searches", "body": {"hash": 5}}, Kind.WRONG_VALUE),
        ({"method": "POST", "path": "/v1/searches"}, Kind.WRONG_CONTENT_TYPE),
    ],
)
def test_what_cannot_be_answered_is_a_problem_and_no_error(ask: Asker, event: Any, kind: Kind) -> None:
    answer = ask.direct(event)

    assert (answer["status"], answer["body"]["type"]) == (kind.status, kind.type)


def test_parameters_in_the_path_are_told_where_they_go(ask: Asker) -> None:
    answer = ask.direct({"method": "GET", "path": f"/v1/pictures?bucket={BUCKET}&key=cat.jpg"})

    assert answer["body"]["detail"].endswith("(parameters go into query)")
