"""What the caller of a look-up gets."""

import pytest

from tests.deployments import BUCKET, FakeDeployment
from tests.events import look_up
from tests.pictures import jpeg, near_copy, photo
from tests.unit.app.conftest import Invoke

CAT = photo(1)


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment()


def test_answer_is_the_picture_and_its_matches(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.upload("cat.jpg", jpeg(CAT))
    asked = deployment.put("question.jpg", jpeg(near_copy(CAT)))

    answer = invoke(look_up(asked), deployment.service).reply

    described = {name: answer[name] for name in answer if name not in ("picture", "matches")}
    assert described == {
        "schema": "lookalike.search/1",
        "outcome": "looked_up",
        "reason": None,
        "scope": "*",
        "generation": "phash1",
        "radius": 10,
        "confirmed": True,
        "truncated": False,
        "complete": True,
    }
    assert (answer["picture"]["bucket"], answer["picture"]["key"]) == (BUCKET, "question.jpg")
    assert [(match["key"], match["kind"]) for match in answer["matches"]] == [("cat.jpg", "near")]
    assert deployment.topic.messages == []


def test_answer_says_that_matches_were_cut(deployment: FakeDeployment, invoke: Invoke) -> None:
    deployment.max_matches = 1
    for key in ("a.jpg", "b.jpg"):
        deployment.upload(key, jpeg(CAT))

    answer = invoke(look_up(deployment.put("question.jpg", jpeg(CAT))), deployment.service).reply

    assert ([match["key"] for match in answer["matches"]], answer["truncated"]) == (["a.jpg"], True)


def test_answer_of_what_is_no_picture_is_the_reason(deployment: FakeDeployment, invoke: Invoke) -> None:
    bad, gone = deployment.put("bad.jpg", b""), deployment.event("gone.jpg")

    answers = [invoke(look_up(ref), deployment.service).reply for ref in (bad, gone)]

    assert [(answer["outcome"], answer["reason"]) for answer in answers] == [
        ("rejected", "empty: the file has 0 bytes"),
        ("gone", "pictures/gone.jpg does not exist"),
    ]
    assert [(answer["picture"], answer["matches"], answer["truncated"]) for answer in answers] == [
        (None, [], False)
    ] * 2
