"""`lookalike find` and `lookalike show`: what they ask, and what they print."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest

from handler.ask.request import MAX_BODY_BYTES
from handler.cli.find import event, table
from handler.cli.main import main, parser
from handler.cli.show import lines
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.pictures import jpeg, near_copy, photo


def question(*words: str) -> dict[str, Any]:
    return event(parser(["find"]).parse_args(["find", *words]))


@pytest.fixture
def ask() -> Asker:
    """A deployment with one picture."""
    deployment = FakeDeployment(generation="look1", max_looks=5)
    deployment.upload("cat.jpg", jpeg(photo(1)))
    return Asker(deployment)


def test_file_is_sent_with_its_options(tmp_path: Path, ask: Asker) -> None:
    path = tmp_path / "copy.jpg"
    path.write_bytes(jpeg(near_copy(photo(1))))

    asked = question("--limit", "3", "--effort", "quick", str(path))

    assert base64.b64decode(asked["body"]) == path.read_bytes()
    assert asked["query"] == {"limit": 3, "effort": "quick"}
    answer = ask.direct(asked)
    assert (answer["status"], [one["key"] for one in answer["body"]["matches"]]) == (200, ["cat.jpg"])


def test_lists_are_named_as_each_question_wants_them(tmp_path: Path, ask: Asker) -> None:
    path = tmp_path / "copy.jpg"
    path.write_bytes(jpeg(photo(1)))

    file, none = question("--lists", "banned,stock", str(path)), question("--lists", "", str(path))
    hash = question("--lists", "banned,stock", "00ff00ff00ff00ff")

    assert (file["query"], none["query"]) == ({"lists": "banned,stock"}, {"lists": ""})
    assert hash["body"]["lists"] == ["banned", "stock"]
    answers = [ask.direct(one) for one in (file, none, hash)]
    assert [answer["status"] for answer in answers] == [400, 200, 400]
    assert "'banned', 'stock': nothing was ever put" in answers[0]["body"]["detail"]


def test_object_and_hash_are_named(ask: Asker) -> None:
    named = question("--tell", "near", f"s3://{BUCKET}/a/b.jpg")
    hash = question("--radius", "0", "00ff00ff00ff00ff")

    assert named["body"] == {"object": {"bucket": BUCKET, "key": "a/b.jpg"}, "tell": "near"}
    assert hash["body"] == {"hash": "00ff00ff00ff00ff", "generation": "look1", "radius": 0}
    assert [ask.direct(one)["status"] for one in (named, hash)] == [404, 200]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["missing.jpg"], "missing.jpg: No such file"),
        (["."], ".: "),
        (["s3://bucket"], "want s3://BUCKET/KEY"),
        (["s3:///key"], "want s3://BUCKET/KEY"),
        (["--tell", "near", "0" * 16], "--tell says nothing about a bare hash"),
        (["--generation", "phash1", "a.jpg"], "--generation is that of a hash"),
        (["--limit", "0", "a.jpg"], "--limit"),
        (["--lists", "banned,", "a.jpg"], "no name of a list"),
    ],
)
def test_what_cannot_be_asked_is_one_line(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        status = main(["find", *words])
    except SystemExit as ended:  # argparse's own
        status = int(str(ended.code))

    printed = capsys.readouterr()
    assert (status, printed.out, printed.err.count("\n"), said in printed.err) == (2, "", 1, True), printed.err


def test_file_that_is_too_large_is_told_where_to_put_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(bytes(MAX_BODY_BYTES + 1))

    assert main(["find", str(path)]) == 2
    assert "put it into a bucket and name the object" in capsys.readouterr().err


def test_table_has_a_printable_row_for_each_match(ask: Asker) -> None:
    (match,) = ask.file(jpeg(photo(1))).document["matches"]

    printed = table([match, match | {"key": "b\n.jpg", "agreement": 0.9}])

    assert [line.split() for line in printed] == [
        ["PICTURE", "KIND", "DISTANCE", "AGREEMENT", "VIEWS"],
        [f"s3://{BUCKET}/cat.jpg", "exact", "0", "-", "whole"],
        [f"s3://{BUCKET}/b\\n.jpg", "exact", "0", "0.900", "whole"],
    ]


def test_lines_tell_what_is_known_and_leave_out_what_is_not(ask: Asker) -> None:
    known = ask.picture(f"bucket={BUCKET}&key=cat.jpg").document

    printed = dict(line.split("  ", 1) for line in lines(known))
    told = {name.strip(): value.strip() for name, value in printed.items()}

    assert told["view whole"] == told["hash"] == known["hash"]
    assert (told["flat"], told["phash"], told["outcome"]) == ("no", known["phash"], "indexed")
    assert not {"reason", "taken", "notes", "version"} & told.keys()


def test_show_says_what_is_not_indexed(ask: Asker) -> None:
    known = ask.picture(f"bucket={BUCKET}&key=cat.jpg").document

    assert not any("not indexed" in line for line in lines(known))
    told = lines(known | {"from": "object", "outcome": None, "key": "a b.jpg"}, "mine")[-1]
    assert told.startswith("It is not indexed")
    assert told.endswith(f"lookalike explain 's3://{BUCKET}/a b.jpg' --stack mine")


@pytest.mark.parametrize("words", [["bucket/key"], ["s3://bucket"]])
def test_show_wants_an_object(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", *words]) == 2
    assert "want s3://BUCKET/KEY" in capsys.readouterr().err


def test_hash_in_capitals_is_no_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["find", "00FF00FF00FF00FF"]) == 2
    assert "a hash is written in lower case" in capsys.readouterr().err


def test_entry_of_a_list_is_not_told_as_an_object() -> None:
    match = {"kind": "near", "distance": 0, "agreement": None, "views": ["whole"], "key": "/evidence/a.jpg"}

    _, entry, picture = table(
        [match | {"bucket": "list:banned", "list": "banned"}, match | {"bucket": "b", "list": None}]
    )

    assert entry.startswith("list:banned//evidence/a.jpg ")
    assert picture.startswith("s3://b//evidence/a.jpg ")


NO_OBJECT = {"type": "urn:lookalike:problem:no-such-object", "detail": "b/k\nis"}


class Answers:
    """A session of boto3 whose function answers *answer*."""

    region_name = "eu-west-1"

    def __init__(self, answer: dict[str, Any], **invoked: str) -> None:
        self._answer, self._invoked = answer, invoked

    def client(self, *_: object, **__: object) -> "Answers":
        return self

    def invoke(self, **_: object) -> dict[str, Any]:
        return {"Payload": self, **self._invoked}

    def read(self) -> str:
        return json.dumps(self._answer)


@pytest.mark.parametrize(
    ("answer", "invoked", "said"),
    [
        ({"status": 404, "body": NO_OBJECT}, {}, "no-such-object: b/k is"),
        ({"errorMessage": "Task timed out"}, {"FunctionError": "Unhandled"}, "the function failed: Task timed out"),
        ({"outcomes": ["ignored"]}, {}, "f does not answer questions: --function takes the output AskFunctionName"),
    ],
)  # fmt: skip
def test_what_is_no_answer_is_one_line(
    answer: dict[str, Any],
    invoked: dict[str, str],
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("boto3.Session", lambda: Answers(answer, **invoked))

    assert main(["show", "--function", "f", "s3://b/k"]) == 2
    assert capsys.readouterr().err.startswith(f"lookalike: {said}")


@pytest.mark.parametrize(("found", "status"), [(True, 0), (False, 1)])
def test_exit_status_says_whether_anything_was_found(
    found: bool, status: int, ask: Asker, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answer = ask.document({"hash": "0" * 16, "generation": "look1"}).document
    if found:
        answer |= {"matches": ask.file(jpeg(photo(1))).document["matches"]}
    monkeypatch.setattr("boto3.Session", lambda: Answers({"status": 200, "body": answer}))
    capsys.readouterr()

    assert main(["find", "--function", "f", "0" * 16]) == status

    printed = capsys.readouterr()
    assert (printed.out.count("cat.jpg"), "nothing confirms these" in printed.err) == (int(found), found)


def test_json_is_the_answer(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], ask: Asker) -> None:
    answer = ask.document({"hash": "0" * 16, "generation": "look1"}).document
    monkeypatch.setattr("boto3.Session", lambda: Answers({"status": 200, "body": answer}))
    capsys.readouterr()

    main(["find", "--json", "--function", "f", "0" * 16])

    assert json.loads(capsys.readouterr().out) == answer
