"""`reference/asking.md` is what the function that answers questions takes, answers, logs and counts."""

import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from handler import log
from handler.ask import app
from handler.ask.known import INDEX, OBJECT
from handler.ask.problems import PREFIX, Kind
from handler.ask.questions import HASH_OPTIONS, MAX_LIMIT, OPTIONS
from handler.ask.request import BYTES, JSON, MAX_BODY_BYTES
from handler.ask.reviews import DECISION_FIELDS, GROUP_PARAMETERS, MOST_AT_ONCE, MOST_TEXT, USUALLY_AT_ONCE
from handler.core.buckets import MAX_RADIUS
from handler.core.groups import BEST_FIRST, RANKS
from handler.core.journal import Shape
from handler.core.lists import BARE_RADIUS
from handler.core.model import EFFORTS, ORIENTATIONS, TELLS, MatchKind
from handler.core.verdicts import Verdict
from tests.asking import Asker, described
from tests.deployments import BUCKET, FakeDeployment
from tests.docs.function import NoPacks
from tests.docs.markdown import REFERENCE, blocks, code, names, table, tables
from tests.fakes import InMemoryJournal
from tests.pictures import jpeg, photo

PAGE = "asking.md"


@pytest.fixture
def deployment() -> FakeDeployment:
    return FakeDeployment(generation="look1", max_looks=5)


@pytest.fixture
def printed(
    deployment: FakeDeployment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> list[dict[str, Any]]:
    """What questions of every kind log and count."""
    deployment.upload("cat.jpg", jpeg(photo(1)))
    deployment.put("broken.jpg", jpeg(photo(1)))
    deployment.pictures.errors["broken.jpg"] = ConnectionError("no answer")
    shape = Shape(segment_bytes=1, pack_sizes=(1,))  # every entry fills a pack
    troubled = FakeDeployment(generation="look1", packs=NoPacks(), journal=InMemoryJournal(shape=shape), shape=shape)
    for number in range(2):
        troubled.upload(f"{number}.jpg", jpeg(photo(number)))
    troubled.journal.lose_an_entry(troubled.collection, segment=0)
    capsys.readouterr()
    with monkeypatch.context() as patched:
        for handler in log.logger.handlers:
            patched.setattr(handler, "stream", Stdout())
        ask = Asker(deployment)
        ask.file(jpeg(photo(1)))
        ask.picture(f"bucket={BUCKET}&key=cat.jpg")
        ask.document({"object": {"bucket": BUCKET, "key": "broken.jpg"}})
        ask.document({"hash": "0" * 16, "generation": "look1"})
        ask.url("GET", "/v1/groups")
        ask.url("PUT", "/v1/decisions", body=b'{"decisions": [{}]}', content_type=JSON)
        ask.url("DELETE", "/v1/decisions", "batch=b")
        Asker(troubled).file(jpeg(photo(1)))
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class Stdout:
    """Standard output as it is now."""

    def write(self, text: str) -> None:
        print(text, end="")  # noqa: T201 - what a handler of the log does

    def flush(self) -> None:
        """Nothing is kept back."""


def test_routes() -> None:
    documented = {(code(method)[0], code(path)[0]) for method, path, _ in table(PAGE, "Routes")}

    assert documented == {(method, path) for path, methods in app.ROUTES.items() for method in methods}


def test_bodies() -> None:
    rows = table(PAGE, "Searches")

    assert [code(row[0]) for row in rows] == [["image/*", BYTES], [JSON], [JSON]]
    assert f"{MAX_BODY_BYTES:,} bytes" in rows[0][1]


def test_options() -> None:
    rows = {code(row[0])[0]: row[1] for row in tables(PAGE, "Searches")[1]}

    assert list(rows) == list(OPTIONS)
    assert [name for name in OPTIONS if "not for a hash" not in rows[name]] == list(HASH_OPTIONS)
    assert (f"0 to {MAX_RADIUS}" in rows["radius"], f"1 to {MAX_LIMIT}" in rows["limit"]) == (True, True)
    for name, values in {"orientations": ORIENTATIONS, "effort": EFFORTS, "tell": TELLS}.items():
        assert code(rows[name]) == list(values)
    assert f"is {BARE_RADIUS} bits unless" in " ".join((REFERENCE / PAGE).read_text().split())


def test_fields_of_a_picture(deployment: FakeDeployment) -> None:
    deployment.upload("cat.jpg", jpeg(photo(1)))
    deployment.upload("text.jpg", b"text")

    cat, text = (Asker(deployment).picture(f"bucket={BUCKET}&key={key}").document for key in ("cat.jpg", "text.jpg"))

    documented = table(PAGE, "Pictures")
    assert names(documented) == list(cat) == list(described()["components"]["schemas"]["known"]["properties"])
    assert names(documented) == list(text)
    (source,) = [code(row[1]) for row in documented if code(row[0]) == ["from"]]
    assert source == [INDEX, OBJECT]
    after = names(documented)[names(documented).index("hash") :]
    assert {name for name in after if text[name] is not None} == {"bytes", "modified", "etag"}


def test_problems_and_their_statuses() -> None:
    documented = {code(name)[0]: int(status) for name, status, _ in table(PAGE, "Problems")}

    assert documented == {kind.type.removeprefix(PREFIX): kind.status for kind in Kind}
    assert f"`{PREFIX}`" in (REFERENCE / PAGE).read_text()


def test_example_of_a_direct_question(deployment: FakeDeployment) -> None:
    _, example = [json.loads(block.text) for block in blocks(REFERENCE / PAGE) if block.language == "json"]
    named = example["body"]["object"]
    deployment.pictures.objects[named["bucket"], named["key"]] = jpeg(photo(1))

    assert Asker(deployment).direct(example)["status"] == 200


def test_example_of_decisions(deployment: FakeDeployment) -> None:
    example, _ = [json.loads(block.text) for block in blocks(REFERENCE / PAGE) if block.language == "json"]
    for decision in example["decisions"]:
        for named in decision["objects"]:
            deployment.pictures.objects[named["bucket"], named["key"]] = jpeg(photo(1))
            deployment.function().created(replace(deployment.event(named["key"]), bucket=named["bucket"]))

    ask = Asker(deployment)
    refused = ask.url("PUT", "/v1/decisions", body=json.dumps(example).encode(), content_type=JSON)
    (changed,) = refused.document["changed"]  # the example's SHA-256 is none of this picture
    example["decisions"][0]["objects"][0]["sha256"] = changed["now"]
    answer = ask.url("PUT", "/v1/decisions", body=json.dumps(example).encode(), content_type=JSON)

    (decision,) = answer.document["decisions"]
    assert decision["kept"] == example["decisions"][0]["kept"]


def test_reviews() -> None:
    parameters, fields = table(PAGE, "Groups"), table(PAGE, "Decisions")

    assert names(parameters) == list(GROUP_PARAMETERS)
    assert code(parameters[-1][1]) == list(RANKS)
    assert parameters[-1][2] == f"`{','.join(BEST_FIRST)}`"
    assert code(parameters[3][1]) == list(MatchKind)
    assert (f"1 to {MOST_AT_ONCE}" in parameters[1][1], parameters[1][2]) == (True, str(USUALLY_AT_ONCE))
    assert names(fields) == list(DECISION_FIELDS)
    assert set(code(fields[1][1])) == set(Verdict)
    assert f"{MOST_TEXT:,} characters" in fields[3][1]


def fields(lines: list[dict[str, Any]]) -> Iterator[tuple[str, set[str]]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for line in lines:
        if "message" in line:
            for name in line:
                found[name].add(line["message"])
    yield from found.items()


def test_fields_of_the_log(printed: list[dict[str, Any]]) -> None:
    found = dict(fields(printed))

    documented = {
        code(name)[0]: found["message"] if where == "all" else set(code(where))
        for name, where, _ in table(PAGE, "What is logged")
    }
    assert documented == found


def test_metrics(printed: list[dict[str, Any]]) -> None:
    counted = {
        metric["Name"]: metric["Unit"]
        for document in printed
        for directive in document.get("_aws", {}).get("CloudWatchMetrics", ())
        for metric in directive["Metrics"]
    }

    assert {code(name)[0]: unit for name, unit, _ in table(PAGE, "What is counted")} == counted
