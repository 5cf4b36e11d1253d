"""Reviews by HTTP: groups that wait, verdicts, and taking them back."""

import base64
import json
from copy import deepcopy
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from handler.ask.request import UNKNOWN
from handler.cli.listable import of_hash
from tests.asking import Answer, Asker, url_event
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo

CAT, COPY = photo(1), near_copy(photo(1))
ONE, TWO, NEAR = ({"bucket": BUCKET, "key": key} for key in ("one.jpg", "two.jpg", "näh & er.jpg"))

ONE_AND_TWO = ONE, TWO


@pytest.fixture(scope="module")
def first_deployment() -> FakeDeployment:
    """What every test begins with, uploaded once."""
    site = FakeDeployment(generation="look1", max_looks=5)
    for named, body in ((ONE, jpeg(CAT)), (TWO, jpeg(CAT)), (NEAR, jpeg(COPY))):
        site.upload(named["key"], body)
    return site


@pytest.fixture
def deployment(first_deployment: FakeDeployment) -> FakeDeployment:
    """Two equal files and a near copy."""
    return deepcopy(first_deployment)


def groups(ask: Asker, **query: Any) -> Answer:
    return ask.url("GET", "/v1/groups", urlencode(query))


def put(ask: Asker, *decisions: dict[str, Any], **further: Any) -> Answer:
    body = json.dumps({"decisions": decisions, **further}).encode()
    return ask.url("PUT", "/v1/decisions", body=body, content_type="application/json")


def undo(ask: Asker, **query: Any) -> Answer:
    return ask.url("DELETE", "/v1/decisions", urlencode(query))


def listed(ask: Asker, path: str = "/v1/decisions", **query: Any) -> dict[str, Any]:
    answer = ask.url("GET", path, urlencode(query))
    assert answer.status == 200
    found: dict[str, Any] = answer.document
    return found


def different(one: dict[str, str], other: dict[str, str], **further: Any) -> dict[str, Any]:
    return {"objects": [one, other], "verdict": "different"} | further


def test_groups_are_told_with_their_copies(ask: Asker) -> None:
    document = groups(ask).document

    (group,) = document["groups"]
    assert (document["scope"], document["waiting"], document["cursor"]) == ("*", 1, None)
    assert group["kind"] == "near"
    members = [group["best"], *group["others"]]
    assert {member["key"] for member in members} == {named["key"] for named in (ONE, TWO, NEAR)}
    sizes = {(member["key"], member["width"], member["height"], member["format"]) for member in members}
    assert sizes == {(named["key"], *image.size, "JPEG") for named, image in ((ONE, CAT), (TWO, CAT), (NEAR, COPY))}
    assert sorted(other["kind"] for other in group["others"]) in (["exact", "near"], ["near", "near"])
    assert group["among_others"] == [[0, 1]] or group["among_others"] == [[1, 0]]


def test_verdict_is_stored_listed_and_undone(ask: Asker) -> None:
    said = put(ask, different(ONE, NEAR, note="seen both"), by="somebody", batch="b1").document["decisions"]

    (decision,) = said
    assert (decision["verdict"], decision["by"], decision["note"]) == ("different", "somebody", "seen both")
    assert listed(ask)["decisions"] == said
    assert [len(group["others"]) for group in groups(ask).document["groups"]] == [1]

    pair = {"bucket": BUCKET, "key": NEAR["key"], "other_bucket": BUCKET, "other_key": ONE["key"]}
    assert undo(ask, **pair).document["decisions"] == said
    assert undo(ask, **pair).document["decisions"] == []
    assert [len(group["others"]) for group in groups(ask).document["groups"]] == [2]


def test_what_was_decided_at_once_is_undone_at_once(ask: Asker) -> None:
    put(ask, different(ONE, NEAR), different(ONE, TWO), batch="b1")
    put(ask, different(TWO, NEAR), batch="b2")  # the same contents as before: the first one stands

    assert len(undo(ask, batch="b2").document["decisions"]) == 0
    assert len(undo(ask, batch="b1").document["decisions"]) == 2
    assert listed(ask)["decisions"] == []


def test_what_is_not_kept_may_be_deleted(ask: Asker) -> None:
    kept = put(ask, {"objects": [TWO, ONE], "verdict": "keep_one", "kept": TWO}).document["decisions"][0]["kept"]

    assert kept == TWO
    found = listed(ask, "/v1/deletable")
    assert [(named(one["object"]), named(one["kept"])) for one in found["objects"]] == [(ONE, TWO)]
    assert found["objects"][0]["object"]["sha256"] == contents(ask)["one.jpg"]
    assert (found["contradicted"], found["cursor"]) == ([], None)


def test_what_runs_in_a_circle_is_told_apart(ask: Asker, deployment: FakeDeployment) -> None:
    deployment.upload("three.jpg", jpeg(CAT))
    three = {"bucket": BUCKET, "key": "three.jpg"}
    for kept, goes in ((ONE, TWO), (TWO, three), (three, ONE)):
        put(ask, {"objects": [kept, goes], "verdict": "keep_one", "kept": kept})

    found = listed(ask, "/v1/deletable")

    assert (found["objects"], len(found["contradicted"])) == ([], 3)


def named(stored: dict[str, Any]) -> dict[str, str]:
    return {"bucket": stored["bucket"], "key": stored["key"]}


def contents(ask: Asker) -> dict[str, str]:
    """What the groups say that their pictures are, by key."""
    copies = [copy for group in groups(ask).document["groups"] for copy in (group["best"], *group["others"])]
    return {copy["key"]: copy["sha256"] for copy in copies}


def test_decision_about_what_was_overwritten_since_it_was_shown_says_what_differs(
    ask: Asker, deployment: FakeDeployment
) -> None:
    one, near = (what | {"sha256": contents(ask)[what["key"]]} for what in (ONE, NEAR))
    deployment.upload(NEAR["key"], jpeg(photo(5)))

    refused = put(ask, different(one, TWO), different(one, near))

    assert (refused.status, refused.document["type"]) == (409, "urn:lookalike:problem:changed")
    now = ask.picture(urlencode(NEAR)).document["sha256"]
    assert refused.document["changed"] == [near | {"now": now}]
    assert listed(ask)["decisions"] == []
    assert put(ask, different(one, TWO)).status == 200


def test_decision_about_what_is_gone_says_which(ask: Asker, deployment: FakeDeployment) -> None:
    deployment.function().removed(deployment.delete(NEAR["key"]))

    refused = put(ask, different(ONE, TWO), different(ONE, NEAR))

    assert (refused.status, refused.document["missing"]) == (404, [NEAR])
    assert listed(ask)["decisions"] == []


def test_decision_is_taken_back_by_its_subject(ask: Asker, deployment: FakeDeployment) -> None:
    (decision,) = put(ask, different(ONE, NEAR)).document["decisions"]
    deployment.function().removed(deployment.delete(NEAR["key"]))
    subject, other_subject = decision["subject"]

    assert undo(ask, subject=other_subject, other_subject=subject).document["decisions"] == [decision]
    assert undo(ask, subject=subject, other_subject=other_subject).document["decisions"] == []


def test_batch_is_listed_and_undone_part_by_part(deployment: FakeDeployment, ask: Asker) -> None:
    keys = [f"{number}.jpg" for number in range(12)]
    for key in keys:
        deployment.upload(key, jpeg(photo(30)))
    pairs = [
        different({"bucket": BUCKET, "key": one}, {"bucket": BUCKET, "key": other})
        for number, one in enumerate(keys)
        for other in keys[number + 1 :]
    ]
    for some in (pairs[:1], pairs[1:]):  # each request notes what it stores
        put(ask, *some, batch="b")
    put(ask, different(*ONE_AND_TWO), batch="another")

    found, parts, cursor = list[Any](), 0, dict[str, str]()
    while True:
        document = listed(ask, batch="b", limit=40, **cursor)
        found, parts = found + document["decisions"], parts + 1
        if document["cursor"] is None:
            break
        cursor = {"cursor": document["cursor"]}
    assert (len(found), parts, {one["batch"] for one in found}) == (66, 2, {"b"})

    undone = undo(ask, batch="b").document
    assert (len(undone["decisions"]), undone["cursor"]) == (66, None)
    assert [one["batch"] for one in listed(ask)["decisions"]] == ["another"]


def test_whoever_signed_the_request_decided_unless_somebody_is_named(ask: Asker) -> None:
    event = url_event("PUT", "/v1/decisions", "", json.dumps({"decisions": [different(ONE, TWO)]}).encode(), {})
    event["requestContext"]["authorizer"] = {"iam": {"userArn": "arn:aws:iam::123456789012:user/reviewer"}}

    ask.raw(event)
    put(ask, different(ONE, NEAR))

    assert {decision["by"] for decision in listed(ask)["decisions"]} == {
        "arn:aws:iam::123456789012:user/reviewer",
        UNKNOWN,
    }


def test_one_object_filed_twice_at_different_times_is_told(deployment: FakeDeployment, ask: Asker) -> None:
    """A backfilled object has one name among pairs, whatever S3 said of it when each pair was filed."""
    (key, filed), *_ = list(deployment.pairs._filed.items())
    moved = filed.copies[0]._replace(modified="2020-01-01T00:00:00+00:00")
    deployment.pairs._filed[key] = filed._replace(copies=(moved, filed.copies[1]))

    assert groups(ask).status == 200


def test_pages_are_all_groups(deployment: FakeDeployment, ask: Asker) -> None:
    for number in range(5):
        for copy in "ab":
            deployment.upload(f"{number}{copy}.jpg", jpeg(photo(number + 20)))

    found: list[str] = []
    cursor: dict[str, str] = {}
    while True:
        document = groups(ask, limit=2, kind="exact,near", best_first="oldest", **cursor).document
        assert document["waiting"] == 6
        found += [group["best"]["key"] for group in document["groups"]]
        if document["cursor"] is None:
            break
        cursor = {"cursor": document["cursor"]}

    assert len(found) == len(set(found)) == 6
    assert len(groups(ask, kind="exact").document["groups"]) == 5


def test_pages_of_decisions_are_all_of_them(deployment: FakeDeployment, ask: Asker) -> None:
    keys = [f"{number}.jpg" for number in range(7)]
    for key in keys:
        deployment.upload(key, jpeg(photo(30)))
    put(ask, *(different({"bucket": BUCKET, "key": keys[0]}, {"bucket": BUCKET, "key": key}) for key in keys[1:]))

    first = listed(ask, limit=4)
    second = listed(ask, limit=4, cursor=first["cursor"])

    assert (len(first["decisions"]), len(second["decisions"]), second["cursor"]) == (4, 2, None)
    assert first["decisions"] + second["decisions"] == listed(ask)["decisions"]


def cursor(place: list[Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place).encode()).decode().rstrip("=")


WRONG_BODIES: list[tuple[Any, str, str]] = [
    ({}, "wrong-value", "body.decisions is missing"),
    ({"decisions": []}, "wrong-value", "body.decisions has 0, want 1 to 100"),
    ({"decisions": [{}]}, "wrong-value", "body.decisions[0].objects is missing"),
    ({"decisions": [different(ONE, TWO)], "who": "me"}, "unknown-field", "'who'"),
    ({"decisions": [different(ONE, TWO, why="x")]}, "unknown-field", "'why'"),
    ({"decisions": [different(ONE, {"bucket": BUCKET, "key": "none.jpg"})]}, "no-such-object", "none.jpg"),
    ({"decisions": [different(ONE, ONE)]}, "wrong-value", f"s3://{BUCKET}/{ONE['key']} is named twice: want two"),
    ({"decisions": [{"objects": [ONE], "verdict": "different"}]}, "wrong-value", "objects has 1, want two"),
    ({"decisions": [{"objects": [ONE, TWO], "verdict": "same"}]}, "wrong-value", "want one of different"),
    ({"decisions": [{"objects": [ONE, TWO], "verdict": "keep_one"}]}, "wrong-value", "want one of the two"),
    ({"decisions": [different(ONE, TWO | {"sha256": "abc"})]}, "wrong-value", "want 64 hex digits"),
    ({"decisions": [different(ONE, TWO | {"etag": "abc"})]}, "unknown-field", "'etag'"),
    ({"decisions": [different(ONE, TWO, note="x" * 1001)]}, "wrong-value", "at most 1000 characters"),
]


def test_pair_of_two_scopes_is_refused_by_their_names(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.scope_depth = 1
    other = {"bucket": BUCKET, "key": "b/two.jpg"}
    body = json.dumps({"decisions": [different({"bucket": BUCKET, "key": "a/one.jpg"}, other)]})

    answer = ask.url("PUT", "/v1/decisions", body=body.encode(), content_type="application/json")

    said = f"s3://{BUCKET}/a/one.jpg and s3://{BUCKET}/b/two.jpg are of the scopes a/ and b/: want two of one"
    assert answer.document["detail"] == said


@pytest.mark.parametrize(("body", "kind", "detail"), WRONG_BODIES)
def test_wrong_decisions_are_refused_by_name(ask: Asker, body: Any, kind: str, detail: str) -> None:
    answer = ask.url("PUT", "/v1/decisions", body=json.dumps(body).encode(), content_type="application/json")

    assert answer.document["type"] == f"urn:lookalike:problem:{kind}"
    assert detail in answer.document["detail"]
    assert listed(ask)["decisions"] == []


@pytest.mark.parametrize(
    ("method", "path", "query", "detail"),
    [
        ("GET", "/v1/groups", "limit=0", "query.limit"),
        ("GET", "/v1/groups", "kind=near,near", "query.kind"),
        ("GET", "/v1/groups", "best_first=prettiest", "query.best_first"),
        ("GET", "/v1/groups", "agreement=1.5", "query.agreement"),
        ("GET", "/v1/groups", "cursor=abc", "query.cursor"),
        ("GET", "/v1/groups", f"cursor={quote('W251bGxd')}", "query.cursor"),
        ("GET", "/v1/groups", f"cursor={cursor([10**400, 0.5, '', '', ''])}", "query.cursor"),
        ("GET", "/v1/groups", "scope=a/", "scope is"),
        ("GET", "/v1/groups", "colour=red", "'colour'"),
        ("GET", "/v1/decisions", "cursor=WzEsMiwzXQ", "query.cursor"),
        ("GET", "/v1/deletable", "batch=b", "'batch'"),
        ("DELETE", "/v1/decisions", "bucket=pictures", "query.key is missing"),
        ("DELETE", "/v1/decisions", "batch=b&bucket=pictures", "'bucket'"),
        ("DELETE", "/v1/decisions", "batch=b&cursor=WzEsMiwzXQ", "query.cursor"),
        ("DELETE", "/v1/decisions", f"subject={'0' * 32}", "query.other_subject is null"),
        ("DELETE", "/v1/decisions", f"subject={'0' * 31}&other_subject={'0' * 32}", "query.subject"),
        ("GET", "/v1/decisions", "batch=b&cursor=WyJhIiwiYiIsImMiXQ", "query.cursor"),
        ("GET", "/v1/deletable", "cursor=WyJhIiwiYiIsImMiXQ", "query.cursor"),
    ],
)
def test_wrong_parameters_are_refused_by_name(ask: Asker, method: str, path: str, query: str, detail: str) -> None:
    answer = ask.url(method, path, query)

    assert answer.status == 400
    assert detail in answer.document["detail"]


def test_cursor_of_another_order_is_refused(deployment: FakeDeployment, ask: Asker) -> None:
    for copy in "ab":
        deployment.upload(f"{copy}.jpg", jpeg(photo(20)))
    cursor = groups(ask, limit=1).document["cursor"]

    assert groups(ask, limit=1, best_first="oldest", cursor=cursor).status == 400


# --- lists ---


@pytest.fixture
def moderated() -> FakeDeployment:
    """Two copies of what is banned, of which one is filed under a scope of its own, and a picture that is stock."""
    site = FakeDeployment(generation="look1", scope_depth=1, max_looks=5, lists=("banned", "stock"))
    site.lister().add("banned", site.listed("bad.jpg", jpeg(CAT)))
    site.lister().add("stock", site.listed("s3://shop/dog.jpg", jpeg(photo(2)), list_name="stock"))
    for key, body in (("a/one.jpg", jpeg(COPY)), ("b/two.jpg", jpeg(COPY)), ("b/dog.jpg", jpeg(photo(2)))):
        site.upload(key, body)
    return site


def told(site: FakeDeployment, **query: str) -> dict[str, list[str]]:
    """The uploads that match a list, by its entries."""
    document = groups(Asker(site), **query).document
    return {group["best"]["key"]: sorted(other["key"] for other in group["others"]) for group in document["groups"]}


def test_matches_of_a_list_wait_with_their_entry(moderated: FakeDeployment) -> None:
    document = groups(Asker(moderated), list="banned").document

    (group,) = document["groups"]
    assert (document["list"], document["lists"], document["waiting"]) == ("banned", ["banned", "stock"], 1)
    assert (group["best"]["bucket"], group["best"]["key"]) == ("list:banned", "bad.jpg")
    assert {other["unconfirmed"] for other in group["others"]} == {False}
    assert told(moderated, list="banned") == {"bad.jpg": ["a/one.jpg", "b/two.jpg"]}
    assert told(moderated, list="banned", best_first="key") == told(moderated, list="banned")  # by key it is the last
    assert told(moderated, list="stock") == {"s3://shop/dog.jpg": ["b/dog.jpg"]}
    assert told(moderated, list="other") == {}


def test_matches_of_a_list_are_told_of_one_scope(moderated: FakeDeployment) -> None:
    assert told(moderated, list="banned", scope="a/") == {"bad.jpg": ["a/one.jpg"]}
    assert told(moderated, list="stock", scope="a/") == {}
    assert groups(Asker(moderated), scope="a/").document["groups"] == []


def test_no_verdict_silences_a_list_and_what_is_gone_leaves_it(moderated: FakeDeployment) -> None:
    moderated.upload("a/again.jpg", jpeg(COPY))
    pair = [{"bucket": BUCKET, "key": key} for key in ("a/one.jpg", "a/again.jpg")]
    assert put(Asker(moderated), different(*pair)).status == 200
    assert told(moderated, list="banned") == {"bad.jpg": ["a/again.jpg", "a/one.jpg", "b/two.jpg"]}

    moderated.function().removed(moderated.delete("a/one.jpg"))
    assert told(moderated, list="banned") == {"bad.jpg": ["a/again.jpg", "b/two.jpg"]}
    moderated.lister().remove("banned", "bad.jpg")
    assert told(moderated, list="banned") == {}


def test_match_of_a_bare_hash_is_unconfirmed(moderated: FakeDeployment) -> None:
    hash = moderated.listed("any", jpeg(photo(3))).hash
    assert hash is not None
    entry = of_hash(f"look1:{hash:016x}", list_name="stock", generation="look1").record
    assert entry
    moderated.lister().add("stock", entry)
    moderated.upload("a/three.jpg", jpeg(photo(3)))

    (group,) = groups(Asker(moderated), list="stock", scope="a/").document["groups"]

    assert [group["best"][name] for name in ("width", "height", "format")] == [None, None, None]
    assert group["others"][0]["unconfirmed"] is True


def test_name_that_no_list_can_have_is_refused(ask: Asker) -> None:
    assert groups(ask, list="Bad/").document["type"] == "urn:lookalike:problem:wrong-value"
