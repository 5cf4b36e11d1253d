"""`lookalike groups`, `decide` and `decisions`: what they store, and what they print."""

import json
from typing import Any

import pytest

from handler.cli.asking import Ask, Refused, document
from handler.cli.deciding import put
from handler.cli.reviewing import all_alike, keep_one, members, of_two, pages, surplus
from handler.core.verdicts import NamedObject, Verdict
from handler.review.decisions import Decisions
from handler.review.groups import Groups
from handler.review.service import Review
from handler.review.surplus import Deletable
from tests.asking import AskedSession, Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo
from tests.unit.cli.conftest import Run

EVIL = "b\n'&.jpg"


def uri(key: str) -> str:
    return f"s3://{BUCKET}/{key}"


@pytest.fixture
def deployment(monkeypatch: pytest.MonkeyPatch) -> FakeDeployment:
    """A group of three with a near copy, and a pair of equal files."""
    monkeypatch.setattr("handler.log.logger.info", lambda *_, **__: None)
    site = FakeDeployment(generation="look1", max_looks=5)
    for key, body in (
        ("a.jpg", jpeg(photo(1))),
        (EVIL, jpeg(photo(1))),
        ("near.jpg", jpeg(near_copy(photo(1)))),
        ("x.jpg", jpeg(photo(2))),
        ("y.jpg", jpeg(photo(2))),
    ):
        site.upload(key, body)
    monkeypatch.setattr("boto3.Session", lambda: AskedSession(Asker(site)))
    return site


@pytest.fixture
def ask(deployment: FakeDeployment) -> Ask:
    asker = Asker(deployment)
    return lambda event: document(asker.direct(event))


@pytest.fixture
def lookalike(deployment: FakeDeployment, run: Run) -> Run:  # noqa: ARG001 - it is what is asked
    def asked(command: str, *words: object) -> Any:
        return run(command, "--function", "f", *words)

    return asked


def test_groups_are_a_table_with_the_best_first(lookalike: Run) -> None:
    done = lookalike("groups")

    rows = [line.split("  ") for line in done.lines]
    assert done.status == 0
    assert rows[0][0] == "PICTURE"
    assert {row[0] for row in rows[1:]} == {uri(key) for key in ("a.jpg", r"b\n'&.jpg", "near.jpg", "x.jpg", "y.jpg")}
    assert sum(" best " in line for line in done.lines) == 2


@pytest.mark.parametrize(
    ("words", "found"), [(("--kind", "exact"), 1), (("--agreement", "1"), 1), ((), 2), (("--kind", "alike"), 0)]
)
def test_groups_are_filtered(lookalike: Run, words: tuple[str, ...], found: int) -> None:
    done = lookalike("groups", "--json", *words)

    assert (done.status, len(json.loads(done.lines[0])["groups"])) == (int(not found), found)


def test_more_groups_are_said_to_wait(lookalike: Run) -> None:
    done = lookalike("groups", "--limit", 1)

    assert sum(" best " in line for line in done.lines) == 1
    assert done.errors == ["lookalike: more groups wait: raise --limit"]


def test_decision_is_stored_with_who_and_why_and_undone(lookalike: Run) -> None:
    pair = uri("x.jpg"), uri("y.jpg")

    done = lookalike("decide", "--by", "jane", "--note", "the newer one", *pair, "keep_one", "--keep", pair[1])

    assert done.lines[0].startswith("1 decision stored, as batch 'decide ")
    (decision,) = json.loads(lookalike("decisions", "--json").lines[0])["decisions"]
    assert (decision["by"], decision["note"], decision["kept"]["key"]) == ("jane", "the newer one", "y.jpg")
    assert [line.split() for line in lookalike("decisions", "--to-delete").lines] == [["PICTURE", "KEPT"], [*pair]]
    assert lookalike("decisions", "--undo", *pair).lines == ["1 decision taken back"]
    assert lookalike("decisions").status == 1


def test_rule_is_shown_then_done_and_undone_at_once(lookalike: Run) -> None:
    shown = lookalike("decide", "--all", "--keep", "best", "--dry-run")
    assert shown.lines[-1].startswith("2 groups, 5 pictures: 2 to keep, 3 not (")
    assert lookalike("decisions").status == 1

    done = lookalike("decide", "--all", "--keep", "best", "--yes", "--json")

    document = json.loads(done.lines[0])
    assert {decision["verdict"] for decision in document["decisions"]} == {"keep_one"}
    assert lookalike("groups").status == 1
    assert lookalike("decisions", "--undo", document["batch"]).status == 0
    assert len(json.loads(lookalike("groups", "--json").lines[0])["groups"]) == 2


def test_rule_decides_only_about_what_is_wanted(lookalike: Run) -> None:
    lookalike("decide", "--all", "--kind", "exact", "different", "--yes", "--note", "a rule")

    decisions = json.loads(lookalike("decisions", "--json").lines[0])["decisions"]
    assert [(one["verdict"], one["note"]) for one in decisions] == [("different", "a rule")]
    assert {named["key"] for named in decisions[0]["objects"]} == {"x.jpg", "y.jpg"}


def test_nobody_is_asked_where_there_is_no_terminal(lookalike: Run) -> None:
    done = lookalike("decide", "--all", "--keep", "best")

    assert (done.status, done.lines) == (2, [])
    assert "give --yes" in done.errors[0]
    assert lookalike("decisions").status == 1


@pytest.mark.parametrize(("answer", "status", "left"), [("y\n", 0, 0), ("\n", 1, 2)])
def test_somebody_at_a_terminal_is_asked(
    lookalike: Run, monkeypatch: pytest.MonkeyPatch, answer: str, status: int, left: int
) -> None:
    class Terminal:
        def isatty(self) -> bool:
            return True

        def readline(self) -> str:
            return answer

    monkeypatch.setattr("sys.stdin", Terminal())

    assert lookalike("decide", "--all", "--keep", "best").status == status
    assert len(json.loads(lookalike("groups", "--json").lines[0])["groups"]) == left


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["decide", "a", "b", "different"], "a: want s3://BUCKET/KEY"),
        (["decide", uri("x.jpg"), uri("y.jpg")], "want two objects and a verdict, not 2 words"),
        (["decide", uri("x.jpg"), uri("y.jpg"), "same"], "'same' is no verdict"),
        (["decide", uri("x.jpg"), uri("y.jpg"), "keep_one"], "go together"),
        (["decide", uri("x.jpg"), uri("y.jpg"), "different", "--keep", uri("x.jpg")], "go together"),
        (["decide", uri("x.jpg"), uri("y.jpg"), "different", "--kind", "near"], "--kind is for --all"),
        (["decide", uri("x.jpg"), uri("y.jpg"), "different", "--yes"], "are for --all"),
        (["decide", uri("x.jpg"), uri("none.jpg"), "different"], "no-such-object: s3://pictures/none.jpg"),
        (["decide", "--all", "--yes"], "want --keep best, or one verdict"),
        (["decide", "--all", "--yes", "--keep", uri("x.jpg")], "only the best can be kept"),
        (["decisions", "--undo", "a", "b"], "two objects as s3"),
        (["decisions", "--undo", uri("x.jpg"), uri("y.jpg"), uri("a.jpg")], "a batch, or two objects"),
        (["groups", "--scope", "a/"], "wrong-value: "),
    ],
)
def test_what_cannot_be_done_is_one_line(lookalike: Run, words: list[str], said: str) -> None:
    done = lookalike(*words)

    assert (done.status, done.lines, len(done.errors)) == (2, [], 1)
    assert said in done.errors[0]


# --- what is said of a group ---


def copy(key: str) -> dict[str, Any]:
    return {"bucket": BUCKET, "key": key}


GROUP = {"best": copy("0"), "others": [copy("1"), copy("2"), copy("3")], "among_others": [[0, 1], [1, 2]]}


def told(decisions: Any) -> list[tuple[str | None, ...]]:
    return [
        (*(one["key"] for one in decision["objects"]), decision["verdict"], decision.get("kept", {}).get("key"))
        for decision in decisions
    ]


def test_best_is_kept_and_no_pair_waits_on() -> None:
    assert told(keep_one(GROUP)) == [
        *(("0", key, "keep_one", "0") for key in "123"),
        ("1", "2", "keep_one", "1"),
        ("2", "3", "keep_one", "2"),
    ]


def test_another_one_is_kept_of_all() -> None:
    decisions = told(keep_one(GROUP, 2))

    assert decisions[:3] == [("2", key, "keep_one", "2") for key in "013"]
    assert {frozenset(one[:2]) for one in decisions[3:]} == {frozenset("01"), frozenset("03")}


def test_same_is_said_of_every_pair() -> None:
    pairs = [("0", "1"), ("0", "2"), ("0", "3"), ("1", "2"), ("2", "3")]
    assert told(all_alike(GROUP, Verdict.DIFFERENT)) == [(*pair, "different", None) for pair in pairs]


def test_what_goes_goes_for_the_others_too() -> None:
    decisions = told(of_two(GROUP, 0, 2, Verdict.KEEP_ONE, kept=0))

    assert decisions == [("0", "2", "keep_one", "0"), ("2", "1", "keep_one", "1"), ("2", "3", "keep_one", "3")]
    assert len(of_two(GROUP, 0, 2, Verdict.KEEP_ONE, kept=2)) == len(of_two(GROUP, 0, 2, Verdict.KEEP_BOTH)) == 1


def deletable(*pairs: str, contradicted: str = "") -> Any:
    """A function that answers that of each pair the first may be deleted, and the second stays: a page for each."""
    pages = iter(range(len(pairs)))

    def answer(_event: Any) -> Any:
        number = next(pages)
        goes, kept = (copy(key) | {"etag": "e", "version": None, "sha256": "0"} for key in pairs[number])
        return {
            "objects": [{"object": goes, "kept": kept}],
            "contradicted": [copy(key) for key in contradicted] if number == 0 else [],
            "cursor": None if number + 1 == len(pairs) else "further",
        }

    return answer


def test_what_may_be_deleted_names_what_is_left() -> None:
    found, contradicted = surplus(deletable("ba", "ca", contradicted="xy"), None)

    assert [(one.object.key, one.stays.key, one.etag) for one in found] == [("b", "a", "e"), ("c", "a", "e")]
    assert contradicted == [NamedObject(BUCKET, key) for key in "xy"]


def test_what_is_to_stay_by_one_page_and_to_go_by_the_next_lets_nothing_go() -> None:
    found, contradicted = surplus(deletable("ba", "ac", "de"), None)

    assert [(one.object.key, one.stays.key) for one in found] == [("a", "c"), ("d", "e")]
    assert contradicted == [NamedObject(BUCKET, "b")]


def shown(ask: Ask) -> Any:
    return [group for page in pages(ask, "/v1/groups", {}) for group in page["groups"]]


def test_decisions_name_the_contents_that_were_shown(ask: Ask) -> None:
    for group in shown(ask):
        contents = {one["key"]: one["sha256"] for one in members(group)}
        for decision in (
            *keep_one(group),
            *all_alike(group, Verdict.DIFFERENT),
            *of_two(group, 0, 1, Verdict.KEEP_BOTH),
        ):
            assert {one["key"]: one["sha256"] for one in decision["objects"]}.items() <= contents.items()


def test_rule_leaves_out_what_was_overwritten_or_is_gone_since_it_was_shown(
    ask: Ask, deployment: FakeDeployment
) -> None:
    decisions = [one for group in shown(ask) for one in keep_one(group)]
    assert len(decisions) == 4
    deployment.upload("x.jpg", jpeg(photo(9)))
    deployment.function().removed(deployment.delete("near.jpg"))
    left_out: list[Any] = []

    stored = [one for some in put(ask, decisions, "me", "rule", left_out) for one in some]

    about = [{one["key"] for one in decision["objects"]} for decision in stored]
    assert about == [{"a.jpg", EVIL}]
    assert len(left_out) == 3
    with pytest.raises(Refused, match=r"changed: s3://pictures/x\.jpg was overwritten"):
        list(put(ask, [one for one in decisions if "x.jpg" in str(one)], "me", "rule"))


def test_decision_about_what_is_gone_is_found_by_its_names(lookalike: Run, deployment: FakeDeployment) -> None:
    pair = uri("a.jpg"), uri("near.jpg")
    lookalike("decide", *pair, "different")
    lookalike("decide", uri("x.jpg"), uri("y.jpg"), "different")
    deployment.function().removed(deployment.delete("near.jpg"))

    assert lookalike("decisions", "--undo", *pair).lines == ["1 decision taken back"]
    assert lookalike("decisions", "--undo", *pair).status == 1
    assert len(json.loads(lookalike("decisions", "--json").lines[0])["decisions"]) == 1


def test_rule_goes_on_with_the_copies_that_a_group_has_left_out(
    lookalike: Run, deployment: FakeDeployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(9):
        deployment.upload(f"{number}.jpg", jpeg(photo(7)))
    known = deployment.known()
    review = Review(Groups(known, most_copies=4), Decisions(known), Deletable(known), known)
    small = deployment.asking()._replace(review=review)
    monkeypatch.setattr("boto3.Session", lambda: AskedSession(Asker(deployment, lambda: small)))
    preview = lookalike("decide", "--all", "--keep", "best", "--dry-run").lines

    done = lookalike("decide", "--all", "--keep", "best", "--yes", "--json")

    assert preview[-1].startswith("3 groups, 14 pictures: 3 to keep, 11 not (")
    assert lookalike("groups").status == 1
    batch = json.loads(done.lines[0])["batch"]
    assert len(json.loads(lookalike("decisions", "--to-delete", "--json").lines[0])["objects"]) == 11
    lookalike("decisions", "--undo", batch)
    assert lookalike("decisions", "--to-delete").status == 1
