"""What is wrong with a question: each kind of problem, its status and what it says."""

import json
from io import StringIO
from typing import Any

import pytest

from handler.ask.problems import Kind
from handler.ask.request import MAX_BODY_BYTES
from handler.core.model import ReadDenied
from tests.asking import Answer, Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT = photo(1)
HASH = {"hash": "00ff00ff00ff00ff", "generation": "look1"}
OBJECT = {"object": {"bucket": BUCKET, "key": "cat.jpg"}}


def assert_problem(answer: Answer, kind: Kind, *said: str) -> None:
    document = answer.document
    assert (document["type"], document["status"], answer.status) == (kind.type, kind.status, kind.status)
    assert [words for words in said if words not in document["detail"]] == []


@pytest.mark.parametrize(
    ("asked", "unknown"),
    [
        (HASH | {"rotate": 1}, ["rotate"]),
        (HASH | {"effort": "quick"}, ["effort"]),
        ({"object": OBJECT["object"] | {"etag": "1"}}, ["etag"]),
    ],
)
def test_unknown_field(ask: Asker, asked: dict[str, Any], unknown: list[str]) -> None:
    answer = ask.document(asked)

    assert_problem(answer, Kind.UNKNOWN_FIELD, *unknown, "accepted are")
    assert answer.document["unknown"] == unknown


@pytest.mark.parametrize("query", ["rotate=1", "limit=1&list=banned"])
def test_unknown_parameter_of_a_file(ask: Asker, query: str) -> None:
    assert_problem(ask.file(jpeg(CAT), query), Kind.UNKNOWN_FIELD, "query has")


def test_query_beside_a_document(ask: Asker) -> None:
    assert_problem(ask.document(HASH, "limit=1"), Kind.UNKNOWN_FIELD, "options are in the body")


def test_parameter_of_the_description(ask: Asker) -> None:
    assert_problem(ask.url("GET", "/v1/openapi.json", "format=yaml"), Kind.UNKNOWN_FIELD, "none are accepted")


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({}, "neither object nor hash"),
        (OBJECT | HASH, "both object and hash"),
        ([], "body is a list, want an object"),
        ({"hash": "00FF00FF00FF00FF", "generation": "look1"}, "16 lower-case hex digits"),
        ({"hash": "00ff"}, "16 lower-case hex digits"),
        ({"hash": HASH["hash"]}, "body.generation is missing"),
        (HASH | {"generation": "dhash"}, "want one of look1, phash1"),
        (HASH | {"generation": "phash1"}, "compares hashes of look1"),
        (HASH | {"radius": 17}, "from 0 to 16"),
        (HASH | {"radius": True}, "body.radius is true, want a whole number from 0 to 16"),
        (HASH | {"limit": "5"}, 'body.limit is "5", want a whole number from 1 to 100'),
        (HASH | {"radius": 1.5}, "want a whole number from 0 to 16"),
        (HASH | {"limit": 0}, "from 1 to 100"),
        (HASH | {"orientations": "upside-down"}, "none, mirror, all"),
        (HASH | {"scope": "hotels/"}, "one scope"),
        (OBJECT | {"effort": "great"}, "quick, thorough"),
        (OBJECT | {"tell": "exact"}, "near, altered, alike"),
        ({"object": "s3://b/k"}, "body.object is \"s3://b/k\", want an object"),
        ({"object": {"bucket": "b ad", "key": "k"}}, "want the name of a bucket"),
        ({"object": {"bucket": BUCKET, "key": ""}}, "body.object.key"),
        (HASH | {"lists": "banned"}, "body.lists is \"banned\", want a list"),
        (HASH | {"lists": ["ok", "Banned"]}, "body.lists[1] is \"Banned\", want the name of a list"),
        (HASH | {"lists": [1]}, "body.lists[0]"),
        (HASH | {"lists": ["a"] * 9}, "body.lists has 9 names, want up to 8"),
        ({"object": {"bucket": BUCKET, "key": "\ud800"}}, "body.object.key"),
        ({"object": {"bucket": BUCKET, "key": "é" * 513}}, "want at most 1024 bytes, not 1026"),
        ({"object": {"bucket": BUCKET, "key": "k", "version": "v" * 1025}}, "body.object.version"),
    ],
)  # fmt: skip
def test_wrong_value(ask: Asker, asked: Any, said: str) -> None:
    assert_problem(ask.document(asked), Kind.WRONG_VALUE, said)


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("key=a", "query.bucket is missing"),
        (f"bucket={BUCKET}", "query.key is missing"),
        (f"bucket={BUCKET}&key=a&key=b", "'key' more than once"),
        (f"bucket={BUCKET}&key=%FF", "cannot be read"),
        ("bucket=..&key=a", "want the name of a bucket"),
        (f"bucket={BUCKET}&key={'a' * 1025}", "want at most 1024 bytes, not 1025"),
    ],
)
def test_wrong_parameter(ask: Asker, query: str, said: str) -> None:
    assert_problem(ask.picture(query), Kind.WRONG_VALUE, said)


@pytest.mark.parametrize("radius", ["1e1", "-1", "17"])
def test_number_of_a_file_that_is_none(ask: Asker, radius: str) -> None:
    answer = ask.file(jpeg(CAT), f"radius={radius}")

    assert_problem(answer, Kind.WRONG_VALUE, "query.radius is", "want a whole number from 0 to 16")


@pytest.mark.parametrize("query", ["lists=,", "lists=banned,", "lists=Banned", f"lists={'a' * 33}"])
def test_lists_of_a_file_that_cannot_be(ask: Asker, query: str) -> None:
    assert_problem(ask.file(jpeg(CAT), query), Kind.WRONG_VALUE, "query.lists[", "want the name of a list")


def test_list_on_which_nothing_was_ever_put_is_taken_for_a_mistake(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.lists = ("banned",)

    for answer in (ask.file(jpeg(CAT), "lists=baned,banned"), ask.document(HASH | {"lists": ["baned"]})):
        assert_problem(answer, Kind.WRONG_VALUE, "lists has 'baned':", "Lists are banned")


def test_scope_that_is_longer_than_any_key(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.scope_depth = 1

    assert_problem(ask.document(HASH | {"scope": "é" * 512 + "/"}), Kind.WRONG_VALUE, "scope has 1025 bytes")


@pytest.mark.parametrize("scope", ["*", "one", "one/two/", "//"])
def test_scope_that_no_key_can_have(deployment: FakeDeployment, ask: Asker, scope: str) -> None:
    deployment.scope_depth = 1

    assert_problem(ask.document(HASH | {"scope": scope}), Kind.WRONG_VALUE, "scope is")


def test_file_and_hash_need_a_scope_where_there_are_several(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.scope_depth = 1

    for answer in (ask.file(jpeg(CAT)), ask.document(HASH)):
        assert_problem(answer, Kind.WRONG_VALUE, "scope is missing", "(at most 1), with a slash after each, or '/'")


def test_turned_pictures_where_the_generation_cannot_tell(ask: Asker, deployment: FakeDeployment) -> None:
    deployment.generation, deployment.max_looks = "phash1", 0

    assert_problem(ask.file(jpeg(CAT), "orientations=all"), Kind.WRONG_VALUE, "phash1")


@pytest.mark.parametrize("body", [b"{", b"nonsense", b"", b"[" * 100_000])
def test_body_that_is_not_json(ask: Asker, body: bytes) -> None:
    assert_problem(ask.url("POST", "/v1/searches", "", body, "application/json"), Kind.NOT_JSON, "not JSON")


@pytest.mark.parametrize("method_and_path", [("POST", "/v1/searches"), ("PUT", "/v1/decisions")])
@pytest.mark.parametrize("body", [b"[" * 100_000, b'{"limit": ' + b"9" * 5_000 + b"}"], ids=["deep", "long"])
def test_body_beyond_the_decoder_is_told_without_its_words(
    ask: Asker, body: bytes, method_and_path: tuple[str, str]
) -> None:
    answer = ask.url(*method_and_path, "", body, "application/json")

    assert_problem(answer, Kind.NOT_JSON, "nested too deeply, or a number of it has too many digits")


def test_base64_that_is_none(ask: Asker) -> None:
    event = {"method": "POST", "path": "/v1/searches", "body": "no base64!"}

    problem = ask.direct(event)["body"]

    assert problem["type"] == Kind.WRONG_VALUE.type
    assert problem["detail"].endswith("want a picture file in base64, or a JSON document that is no string")


def test_object_that_does_not_exist(ask: Asker) -> None:
    answers = ask.document(OBJECT), ask.picture(f"bucket={BUCKET}&key=cat.jpg")

    for answer in answers:
        assert_problem(answer, Kind.NO_SUCH_OBJECT, f"{BUCKET}/cat.jpg does not exist")


def test_object_that_may_not_be_read(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.put("cat.jpg", jpeg(CAT))
    deployment.pictures.errors["cat.jpg"] = ReadDenied("grant s3:GetObject on other/cat.jpg")

    for answer in (ask.document(OBJECT), ask.picture(f"bucket={BUCKET}&key=cat.jpg")):
        assert_problem(answer, Kind.READ_DENIED, "grant s3:GetObject")


@pytest.mark.parametrize("path", ["/", "/v1/search", "/v1/pictures/"])
def test_path_that_there_is_not(ask: Asker, path: str) -> None:
    assert_problem(ask.url("GET", path), Kind.NO_SUCH_ROUTE, path, "/v1/searches")


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/v1/searches", "POST"), ("POST", "/v1/pictures", "GET"), ("DELETE", "/v1/openapi.json", "GET")],
)
def test_method_that_the_path_does_not_take(ask: Asker, method: str, path: str, allow: str) -> None:
    answer = ask.url(method, path)

    assert_problem(answer, Kind.WRONG_METHOD, allow)
    assert answer.headers["Allow"] == allow


def test_body_that_is_too_large_is_told_where_to_put_it(ask: Asker) -> None:
    answer = ask.file(bytes(MAX_BODY_BYTES + 1))

    assert_problem(answer, Kind.TOO_LARGE, "put the picture into a bucket and name the object")
    assert answer.document["limit_bytes"] == MAX_BODY_BYTES


def test_largest_body_that_fits_is_read(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.max_bytes = MAX_BODY_BYTES
    body = jpeg(CAT)

    answer = ask.file(body + bytes(MAX_BODY_BYTES - len(body)))

    assert (answer.status, answer.document["picture"]["bytes"]) == (200, MAX_BODY_BYTES)


@pytest.mark.parametrize("content_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_body_of_a_type_that_is_not_taken(ask: Asker, content_type: str | None) -> None:
    answer = ask.url("POST", "/v1/searches", "", b"body", content_type)

    assert_problem(answer, Kind.WRONG_CONTENT_TYPE, content_type or "of no type", "image/*")


@pytest.mark.parametrize(
    ("body", "code"), [(b"no picture", "unsupported"), (b"", "empty"), (jpeg(CAT)[:99], "corrupt")]
)
def test_file_that_is_no_picture(ask: Asker, body: bytes, code: str) -> None:
    answer = ask.file(body)

    assert_problem(answer, Kind.PICTURE_REJECTED, f"{answer.document['code']}: ")
    assert answer.document["code"] in (code, "truncated")


def test_object_that_is_no_picture(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.put("cat.jpg", b"no picture")

    for answer in (ask.document(OBJECT), ask.picture(f"bucket={BUCKET}&key=cat.jpg")):
        assert_problem(answer, Kind.PICTURE_REJECTED, "unsupported: ")


def test_search_that_has_no_time_left(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.outgrow()
    deployment.upload("other.jpg", jpeg(near_copy(CAT)))
    ask.remaining_ms = 0

    assert_problem(ask.file(jpeg(CAT)), Kind.OUT_OF_TIME, "MaxLooks")


def test_failure_is_logged_and_tells_nothing_of_the_inside(
    deployment: FakeDeployment, ask: Asker, logged: StringIO
) -> None:
    deployment.put("cat.jpg", jpeg(CAT))
    deployment.pictures.errors["cat.jpg"] = ConnectionError("secret-host:443")

    answer = ask.document(OBJECT)

    assert_problem(answer, Kind.FAILED, "log")
    assert "secret-host" not in json.dumps(answer.document)
    assert '"Troubles":1' in logged.getvalue()


@pytest.mark.parametrize(
    "event",
    [
        {"requestContext": {"http": {}}, "rawPath": "/v1/groups"},
        {"requestContext": {"http": {"method": 1}}, "rawPath": "/v1/groups"},
        {"requestContext": {"http": None}, "rawPath": "/v1/groups"},
        {"requestContext": {"http": {"method": "GET"}}, "rawPath": None},
    ],
)
def test_event_that_is_half_a_request_is_no_question(ask: Asker, event: dict[str, Any]) -> None:
    answer = ask.direct(event)

    assert (answer["status"], answer["body"]["type"]) == (400, Kind.UNKNOWN_FIELD.type)


def test_decision_about_another_content(ask: Asker, deployment: FakeDeployment) -> None:
    for key in ("a.jpg", "b.jpg"):
        deployment.upload(key, jpeg(CAT))
    objects = [{"bucket": BUCKET, "key": "a.jpg"}, {"bucket": BUCKET, "key": "b.jpg", "sha256": "0" * 64}]
    body = json.dumps({"decisions": [{"objects": objects, "verdict": "different"}]}).encode()

    answer = ask.url("PUT", "/v1/decisions", body=body, content_type="application/json")

    assert_problem(answer, Kind.CHANGED, "s3://pictures/b.jpg was overwritten", "look at them again")


def test_every_kind_of_problem_has_a_test(request: pytest.FixtureRequest) -> None:
    source = "".join(path.read_text() for path in request.path.parent.glob("test_*.py"))

    assert [kind.name for kind in Kind if f"Kind.{kind.name}" not in source] == []
