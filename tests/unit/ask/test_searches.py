"""`POST /v1/searches`: a file, an object or a hash, and what of the deployment shows the same."""

from base64 import b64encode
from copy import deepcopy
from typing import Any

import pytest

from handler.core.fingerprint import fingerprint
from handler.core.model import Limits
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, DOG = photo(1), photo(2)


def found(document: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(match["key"], match["kind"]) for match in document["matches"]]


@pytest.fixture
def stored(deployment: FakeDeployment) -> str:
    """The hash of the one picture that is stored as cat.jpg, beside another one."""
    record = deployment.upload("cat.jpg", jpeg(CAT)).record
    deployment.upload("dog.jpg", jpeg(DOG))
    assert record is not None
    assert record.hash is not None
    return f"{record.hash:016x}"


@pytest.mark.usefixtures("stored")
def test_file_is_answered_with_its_matches_and_what_is_known_of_it(ask: Asker) -> None:
    answer = ask.file(jpeg(near_copy(CAT)))

    assert (answer.status, found(answer.document)) == (200, [("cat.jpg", "near")])
    assert answer.document["confirmed"] is True
    assert answer.document["matches"][0]["agreement"] > 0.9
    picture = answer.document["picture"]
    assert (picture["bucket"], picture["key"], picture["modified"], picture["format"]) == (None, None, None, "JPEG")
    assert picture["sha256"] is not None


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize("content_type", ["image/png", "application/octet-stream", "IMAGE/JPEG; charset=x"])
def test_file_may_be_of_any_type_that_means_bytes(ask: Asker, content_type: str) -> None:
    assert found(ask.file(jpeg(CAT), content_type=content_type).document) == [("cat.jpg", "exact")]


def kept(deployment: FakeDeployment) -> list[dict[str, Any]]:
    """All that is stored."""
    parts = deployment.catalog, deployment.pairs, deployment.verdicts, deployment.buckets, deployment.journal
    return [vars(part) for part in parts]


def test_asking_leaves_no_trace(deployment: FakeDeployment, ask: Asker, stored: str) -> None:
    deployment.put("question.jpg", jpeg(near_copy(CAT)))
    before = deepcopy(kept(deployment))

    ask.file(jpeg(CAT))
    ask.document({"object": {"bucket": BUCKET, "key": "question.jpg"}})
    ask.document({"hash": stored, "generation": "look1"})
    ask.picture(f"bucket={BUCKET}&key=question.jpg")

    assert kept(deployment) == before


@pytest.mark.usefixtures("stored")
def test_object_needs_not_be_indexed(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.put("new/question.jpg", jpeg(near_copy(CAT)))

    answer = ask.document({"object": {"bucket": BUCKET, "key": "new/question.jpg", "version": None}})

    assert (answer.document["picture"]["key"], found(answer.document)) == ("new/question.jpg", [("cat.jpg", "near")])


def test_hash_finds_candidates_that_nothing_confirms(ask: Asker, stored: str) -> None:
    near = f"{int(stored, 16) ^ 0b1111:016x}"
    far = f"{int(stored, 16) ^ 0x1FF:016x}"  # 9 bits

    answer = ask.document({"hash": near, "generation": "look1"})
    beyond = ask.document({"hash": far, "generation": "look1"})
    wider = ask.document({"hash": far, "generation": "look1", "radius": 9})

    assert (answer.document["confirmed"], answer.document["radius"]) == (False, 8)
    assert [(match["key"], match["distance"]) for match in answer.document["matches"]] == [("cat.jpg", 4)]
    assert answer.document["matches"][0]["agreement"] is None
    assert answer.document["picture"]["width"] is None
    assert (found(beyond.document), found(wider.document)) == ([], [("cat.jpg", "near")])


@pytest.mark.parametrize("hash", ["0" * 16, "f" * 16, "8000000000000000"])
def test_any_hash_is_answered(ask: Asker, stored: str, hash: str) -> None:
    assert stored != hash

    for orientations in ("none", "all"):
        answer = ask.document({"hash": hash, "generation": "look1", "orientations": orientations, "radius": 16})

        assert answer.status == 200


@pytest.mark.parametrize("generation", ["look1", "phash1"])
def test_hash_is_answered_by_the_buckets_too(generation: str) -> None:
    deployment = FakeDeployment(generation=generation, memory_bytes=0)
    record = deployment.upload("cat.jpg", jpeg(CAT)).record
    assert record is not None

    answer = Asker(deployment).document({"hash": f"{record.hash:016x}", "generation": generation})

    assert (answer.status, [match["key"] for match in answer.document["matches"]]) == (200, ["cat.jpg"])


def test_options_of_a_file_are_in_the_query(deployment: FakeDeployment, ask: Asker) -> None:
    for number in range(3):
        deployment.upload(f"{number}.jpg", jpeg(CAT))

    answer = ask.file(jpeg(CAT), "limit=2&radius=4&orientations=all&effort=quick&tell=near&scope=*")

    assert (len(answer.document["matches"]), answer.document["truncated"], answer.document["radius"]) == (2, True, 4)


def test_options_of_an_object_are_in_the_document(deployment: FakeDeployment, ask: Asker) -> None:
    for number in range(3):
        deployment.upload(f"{number}.jpg", jpeg(CAT))

    answer = ask.document({"object": {"bucket": BUCKET, "key": "0.jpg"}, "limit": 1, "radius": None, "effort": "quick"})

    assert (len(answer.document["matches"]), answer.document["truncated"]) == (1, True)


def test_scope_says_where_to_search(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.scope_depth = 1
    deployment.upload("one/cat.jpg", jpeg(CAT))
    deployment.upload("two/cat.jpg", jpeg(CAT))

    here = ask.document({"object": {"bucket": BUCKET, "key": "one/cat.jpg"}})
    there = ask.document({"object": {"bucket": BUCKET, "key": "one/cat.jpg"}, "scope": "two/"})
    file = ask.file(jpeg(CAT), "scope=one%2F")

    assert [found(one.document) for one in (here, there, file)] == [
        [],
        [("two/cat.jpg", "exact")],
        [("one/cat.jpg", "exact")],
    ]
    assert [one.document["scope"] for one in (here, there, file)] == ["one/", "two/", "one/"]


@pytest.fixture
def listed(deployment: FakeDeployment) -> FakeDeployment:
    """A deployment that compares uploads with the list banned; stock and emptied are further ones."""
    deployment.lists = ("banned", "unused")
    for name in ("banned", "stock", "emptied"):
        deployment.lister().add(name, deployment.listed("cat.jpg", jpeg(CAT), list_name=name))
    deployment.lister().remove("emptied", "cat.jpg")
    return deployment


def lists_of(document: dict[str, Any]) -> list[str]:
    return [match["list"] for match in document["matches"]]


@pytest.mark.parametrize(
    ("given", "query", "expected"),
    [
        ({}, "", ["banned"]),
        ({"lists": None}, "", ["banned"]),
        ({"lists": []}, "lists=", []),
        ({"lists": ["stock"]}, "lists=stock", ["stock"]),
        ({"lists": ["stock", "banned", "stock"]}, "lists=stock,banned,stock", ["stock", "banned"]),
        ({"lists": ["emptied", "unused"]}, "lists=emptied%2Cunused", []),
    ],
)
def test_lists_says_which_are_asked(
    listed: FakeDeployment, ask: Asker, given: dict[str, Any], query: str, expected: list[str]
) -> None:
    object_there = {"object": {"bucket": BUCKET, "key": "question.jpg"}}
    hash_alone = {"hash": f"{fingerprint(jpeg(CAT), 'look1', Limits()).hash:016x}", "generation": "look1"}
    listed.put("question.jpg", jpeg(CAT))

    answers = ask.file(jpeg(CAT), query), ask.document(object_there | given), ask.document(hash_alone | given)

    assert [(answer.status, lists_of(answer.document)) for answer in answers] == [(200, expected)] * 3


@pytest.mark.usefixtures("listed")
def test_direct_question_names_lists_as_well(ask: Asker) -> None:
    body = b64encode(jpeg(CAT)).decode()

    answer = ask.direct({"method": "POST", "path": "/v1/searches", "query": {"lists": "stock"}, "body": body})

    assert lists_of(answer["body"]) == ["stock"]
