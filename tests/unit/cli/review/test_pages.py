"""What the pages show, and what is stored by what is done on them."""

import json
import re
import subprocess
from collections.abc import Mapping
from html import unescape
from io import BytesIO
from shlex import quote, split
from typing import Any

import pytest
from PIL import Image
from starlette.testclient import TestClient

from handler.ask.reviews import MOST_AT_ONCE
from handler.cli.errors import CommandError
from handler.cli.review.export import list_script, script
from handler.cli.review.offered import Offered
from handler.cli.review.on_lists import commands
from handler.cli.review.session import Session, name_of
from handler.cli.review.wording import points
from handler.cli.reviewing import Surplus, all_alike
from handler.core.model import ObjectRef
from handler.core.verdicts import NamedObject, Verdict
from tests.deployments import BUCKET, FakeDeployment
from tests.fakes import InlineExecutor
from tests.pictures import jpeg, photo
from tests.unit.cli.review.conftest import EVIL, LISTED, TOKEN, browsing

Form = dict[str, Any]


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


def test_groups_are_shown_with_the_best_first_and_keys_escaped(browser: TestClient) -> None:
    text = browser.get("/").text

    assert len(names(text)) == 2
    assert text.count("best copy") == 2
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;&#34;&#39;&amp;\\n\\u202e.jpg" in text


@pytest.mark.parametrize(
    ("query", "found"),
    [({"kind": "exact"}, 1), ({"kind": ["exact", "near"]}, 2), ({"agreement": "0.98"}, 2), ({"kind": "alike"}, 0)],
)
def test_groups_are_filtered(browser: TestClient, query: dict[str, Any], found: int) -> None:
    text = browser.get("/", params=query).text

    assert len(names(text)) == found
    assert ("Nothing waits here" in text) == (found == 0)


def test_next_page_shows_the_rest(browser: TestClient, deployment: FakeDeployment) -> None:
    for number in range(21):
        for copy in "ab":
            deployment.upload(f"{number}{copy}.jpg", jpeg(photo(number + 20)))

    first = browser.get("/").text
    (following,) = set(re.findall(r'href="(/\?cursor=[^"]+)"', first))
    second = browser.get(unescape(following)).text

    assert (len(names(first)), len(names(second))) == (20, 3)
    assert not set(names(first)) & set(names(second))
    assert "23 groups wait" in first


def test_group_is_decided_and_undone(browser: TestClient, session: Session) -> None:
    name = exact_pair(browser)

    answer = browser.post(f"/groups/{name}", data={"kept": "1"})

    (decision,) = stored(session)
    assert (decision["verdict"], decision["by"]) == ("keep_one", "jane")
    assert f"kept {decision['kept']['key']}" in answer.text
    assert name not in waiting(browser)
    browser.post("/undo", data={"from": "groups"})
    assert stored(session) == []
    assert name in waiting(browser)


@pytest.mark.parametrize("verdict", ["different", "keep_both"])
def test_verdict_is_of_every_pair_of_the_group(browser: TestClient, session: Session, verdict: str) -> None:
    (name,) = set(waiting(browser)) - {exact_pair(browser)}

    browser.post(f"/groups/{name}", data={"verdict": verdict})

    assert {one["verdict"] for one in stored(session)} == {verdict}
    assert name not in waiting(browser)
    assert len(waiting(browser)) == 1


def test_undo_puts_the_group_back_in_its_place(browser: TestClient) -> None:
    name = exact_pair(browser)
    browser.post(f"/groups/{name}", data={"verdict": "different"})

    answer = browser.post("/undo", data={"from": "groups"})

    assert names(answer.text) == [name]
    assert 'hx-swap-oob="true"' in answer.text
    assert "Taken back: they are different" in answer.text


def test_what_still_waits_is_counted_as_it_is_decided(browser: TestClient) -> None:
    name = exact_pair(browser)

    decided = browser.post(f"/groups/{name}", data={"verdict": "different"}).text
    undone = browser.post("/undo", data={"from": "groups"}).text

    assert re.findall(r'id="waiting"[^>]*>([^<]*)', decided) == ["1 group waits"]
    assert re.findall(r'id="waiting"[^>]*>([^<]*)', undone) == ["2 groups wait"]


@pytest.mark.parametrize(
    ("other", "stored", "said"),
    [
        ("2026-05-01T10:00:07+00:00", "2026-05-01 10:00:07", "the first is older by 7 seconds"),
        ("2026-05-01T13:00:00+00:00", "2026-05-01 13:00:00", "the first is older by 3 hours"),
        ("2026-05-03T10:00:00+00:00", "2026-05-03", "the first is older by 2 days"),
    ],
)
def test_times_of_two_are_told_apart_as_finely_as_it_takes(other: str, stored: str, said: str) -> None:
    copy = {"width": 8, "height": 8, "bytes": 64, "format": "JPEG", "modified": "2026-05-01T10:00:00+00:00"}

    (point,) = [one for one in points(copy, copy | {"modified": other}) if one.name == "Stored"]

    assert (point.other, point.says) == (stored, said)


def test_nothing_is_left_to_undo_at_first(browser: TestClient) -> None:
    assert "nothing to undo" in browser.post("/undo", data={"from": "groups"}).text


def test_two_are_compared_in_words(browser: TestClient, deployment: FakeDeployment) -> None:
    large = photo(3, (640, 480))
    deployment.upload("large.jpg", jpeg(large))
    deployment.upload("small.jpg", jpeg(large.resize((320, 240))))
    name = waiting(browser)[0]  # that with most pixels

    text = browser.get(f"/compare/{name}").text

    assert "the first has 4.0 times as many pixels" in text
    assert re.search(r"pixels agree by [01]\.\d{3}", text)
    assert {"large.jpg", "small.jpg"} <= set(re.findall(r">(\w+\.jpg)<", text))


def three(browser: TestClient) -> str:
    """The group of three."""
    (name,) = set(waiting(browser)) - {exact_pair(browser)}
    return name


def test_two_of_three_are_decided_and_the_next_two_come(browser: TestClient, session: Session) -> None:
    name = three(browser)

    answer = browser.post(f"/compare/{name}", data={"one": "0", "other": "1", "verdict": "different"})

    assert answer.headers["hx-redirect"] == f"/compare/{name}?one=0&other=2"
    assert len(stored(session)) == 1
    answer = browser.post(f"/compare/{name}", data={"one": "0", "other": "2", "kept": "0"})
    assert name not in answer.headers["hx-redirect"]
    assert "keep_one" in {one["verdict"] for one in stored(session)}


def test_decision_of_two_is_undone_where_it_was_made(browser: TestClient, session: Session) -> None:
    name = exact_pair(browser)
    browser.post(f"/compare/{name}", data={"one": "0", "other": "1", "kept": "0"})

    answer = browser.post("/undo", data={"from": "compare"})

    assert answer.headers["hx-redirect"] == f"/compare/{name}"
    assert stored(session) == []


@pytest.mark.parametrize(
    ("address", "form"),
    [
        ("/groups/none", {"verdict": "different"}),
        ("/groups/{}", {}),
        ("/groups/{}", {"verdict": "same"}),
        ("/groups/{}", {"kept": "2"}),
        ("/groups/{}", {"kept": "-1"}),
        ("/compare/{}", {"one": "0", "other": "0", "verdict": "different"}),
        ("/rules/7", {}),
        ("/decisions", {"one_bucket": "b"}),
        ("/undo", {"from": "x" * 200_000}),
    ],
)
def test_what_no_page_sends_changes_nothing(browser: TestClient, session: Session, address: str, form: Form) -> None:
    answer = browser.post(address.format(exact_pair(browser)), data=form)

    assert answer.status_code == 400
    assert stored(session) == []


def test_failure_is_said_where_the_page_has_a_place_for_it(browser: TestClient, deployment: FakeDeployment) -> None:
    name = exact_pair(browser)
    ref = deployment.delete("x.jpg")
    deployment.function().removed(ref)

    answer = browser.post(f"/groups/{name}", data={"verdict": "different"}, headers={"HX-Request": "true"})

    assert (answer.status_code, answer.headers["hx-retarget"]) == (400, "#problem")
    assert "no-such-object" in answer.text


def test_part_that_was_stored_before_a_failure_is_undone(browser: TestClient, session: Session) -> None:
    name = exact_pair(browser)
    said = all_alike(session.group(name) or {}, Verdict.DIFFERENT) * (MOST_AT_ONCE + 1)
    ask, puts = session.ask, list[Mapping[str, Any]]()

    def failing(event: Mapping[str, Any]) -> dict[str, Any]:
        if event["method"] == "PUT":
            puts.append(event)
            if len(puts) > 1:
                raise CommandError("the connection is gone")
        return ask(event)

    session.ask = failing
    with pytest.raises(CommandError):
        session.decide(name, said, "they are different")
    assert len(stored(session)) == 1

    browser.post("/undo", data={"from": "groups"})

    assert stored(session) == []
    assert name in waiting(browser)


def test_scope_that_is_none_is_said_on_the_page(browser: TestClient) -> None:
    answer = browser.get("/", params={"scope": "<b>/"})

    assert answer.status_code == 400
    assert "wrong-value" in answer.text
    assert "<b>" not in answer.text


# --- rules ---


def test_rule_is_shown_then_done_and_undone_at_once(browser: TestClient, session: Session) -> None:
    browser.post("/rules", data={"verdict": "keep_one"})
    shown = browser.get("/rules/1").text
    assert "2 groups, 5 pictures" in shown
    assert re.search("<strong>2 pictures</strong> to keep, <strong>3 pictures</strong> not", shown)
    assert stored(session) == []

    browser.post("/rules/1")

    assert "stored, about 2 groups" in browser.get("/rules/1").text
    assert len({one["batch"] for one in stored(session)}) == 1
    assert waiting(browser) == []
    browser.post("/undo", data={"from": "rules"})
    assert stored(session) == []
    assert len(waiting(browser)) == 2


def test_rule_decides_about_what_was_shown_and_no_more(
    browser: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    browser.post("/rules", data={"verdict": "different", "kind": "exact"})
    for key in ("p.jpg", "q.jpg"):
        deployment.upload(key, jpeg(photo(9)))

    asked, ask = list[str](), session.ask
    session.ask = lambda event: asked.append(event["method"]) or ask(event)  # type: ignore[func-returns-value]  # None
    browser.post("/rules/1")
    browser.post("/rules/1")  # once more does nothing

    assert asked == ["PUT"]
    (decision,) = stored(session)
    assert {named["key"] for named in decision["objects"]} == {"x.jpg", "y.jpg"}


def test_rule_says_what_it_left_out_since_a_picture_was_overwritten(
    browser: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    pair = exact_pair(browser)
    browser.post("/rules", data={"verdict": "different", "kind": "exact"})
    group = session.group(pair)
    assert group
    deployment.upload(group["best"]["key"], jpeg(photo(9)))

    browser.post("/rules/1")

    text = browser.get("/rules/1").text
    assert ("0 decisions stored" in text, "1 decision left out" in text) == (True, True)
    assert stored(session) == []


def test_rule_that_fails_says_so(browser: TestClient) -> None:
    browser.post("/rules", data={"verdict": "different", "scope": "a/"})

    assert "wrong-value" in browser.get("/rules/1").text


def test_group_of_other_contents_has_another_name() -> None:
    """Else what one page shows would be decided with the contents that another page was shown later."""

    def group(content: str) -> dict[str, Any]:
        copies = [{"bucket": BUCKET, "key": key, "sha256": content * 64} for key in ("a.jpg", "b.jpg")]
        return {"best": copies[0], "others": copies[1:], "among_others": []}

    assert name_of(group("0")) == name_of(group("0")) != name_of(group("1"))


# --- decisions, export, pictures ---


def test_listed_decisions_are_undone_alone_or_with_their_batch(browser: TestClient, session: Session) -> None:
    (group,) = set(waiting(browser)) - {exact_pair(browser)}
    browser.post(f"/groups/{group}", data={"verdict": "different"})
    decisions = stored(session)
    assert browser.get("/decisions").text.count("<strong>Different</strong>") == len(decisions)

    form = {
        f"{which}_{name}": named[name]
        for which, named in zip(("one", "other"), decisions[0]["objects"], strict=True)
        for name in ("bucket", "key")
    }
    assert browser.post("/decisions", data=form).headers["hx-refresh"] == "true"
    assert len(stored(session)) == len(decisions) - 1
    browser.post("/decisions", data={"batch": decisions[0]["batch"], "scope": ""})
    assert stored(session) == []


def test_export_is_text_that_quotes_every_key(browser: TestClient) -> None:
    (group,) = set(waiting(browser)) - {exact_pair(browser)}
    text = browser.get("/").text
    keys = [unescape(key) for key in re.findall(r'alt="([^"]+)"', text[text.index(group) :])][:3]
    browser.post(f"/groups/{group}", data={"kept": str([EVIL in key or "script" in key for key in keys].index(False))})

    page, commands = browser.get("/export"), browser.get("/export/to-delete.sh")
    lines = browser.get("/export/to-delete.jsonl")

    assert "2 pictures" in page.text
    assert "<script>alert" not in page.text
    assert commands.headers["content-disposition"] == 'attachment; filename="to-delete.sh"'
    assert commands.text.count("aws s3api delete-object --if-match ") == lines.text.count("\n") == 2


def test_commands_delete_the_objects_as_they_were_decided_about_and_run_nothing_else() -> None:
    keys = [EVIL, "$(touch x)", "a b", "'; echo no; '", "-r", "ä"]
    found = [Surplus(NamedObject(BUCKET, key), NamedObject(BUCKET, "stays"), etag='e"$(x)') for key in keys]
    unknown = Surplus(NamedObject(BUCKET, "unknown"), NamedObject(BUCKET, "stays"))
    program = "aws() { printf '%s\\0' \"$@\"; }\n" + script([*found, unknown])

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=True)  # noqa: S603 - what is tested

    head = ("s3api", "delete-object", "--if-match", '"e"$(x)"', "--bucket", BUCKET)
    assert done.stdout.decode().split("\0")[:-1] == [word for key in keys for word in (*head, f"--key={key}")]


def test_key_that_the_aws_cli_would_take_for_a_file_is_given_as_json() -> None:
    commands = script([Surplus(NamedObject(BUCKET, "file:///x'y"), NamedObject(BUCKET, "stays"), etag="e")])
    program = "aws() { printf '%s\\0' \"$@\"; }\n" + commands

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=True)  # noqa: S603 - what is tested

    *_, option, given = done.stdout.decode().split("\0")[:-1]
    assert (option, json.loads(given)) == ("--cli-input-json", {"Bucket": BUCKET, "Key": "file:///x'y"})


def test_commands_say_how_many_objects_were_left() -> None:
    found = [Surplus(NamedObject(BUCKET, key), NamedObject(BUCKET, "stays"), etag="e") for key in "abc"]
    program = "aws() { case $* in *--key=b*) return 254;; esac; }\n" + script(found)

    done = subprocess.run(["/bin/sh", "-c", program], capture_output=True, check=False)  # noqa: S603 - what is tested

    assert (done.returncode, done.stderr.decode()[:7]) == (1, "1 left:")


def test_last_decision_is_taken_back_though_its_picture_is_gone(
    browser: TestClient, session: Session, deployment: FakeDeployment
) -> None:
    group = exact_pair(browser)
    browser.post(f"/groups/{group}", data={"verdict": "different"})
    gone = stored(session)[0]["objects"][0]["key"]
    deployment.function().removed(deployment.delete(gone))

    assert browser.post("/undo", data={"from": "groups"}).status_code == 200
    assert (stored(session), session.last) == ([], None)


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


# --- the rule of the best copy, and notes ---


def test_best_copy_is_chosen_by_another_rule(browser: TestClient, deployment: FakeDeployment) -> None:
    large = photo(3, (640, 480))
    deployment.upload("b.jpg", jpeg(large))
    deployment.upload("a.jpg/small.jpg", jpeg(large.resize((320, 240))))

    pages = {rule: browser.get("/", params={"best_first": rule}).text for rule in ("", "key", "oldest,key")}

    assert [pages[rule].index('alt="b.jpg"') < pages[rule].index('alt="a.jpg/small.jpg"') for rule in ("", "key")] == [
        True,
        False,
    ]
    assert "Best copy: most pixels, then least compressed, then oldest" in pages[""]
    assert '<option value="key" selected>first by name' in pages["key"]
    assert "Best copy: oldest, then key" in pages["oldest,key"]


def test_rule_keeps_what_is_the_best_by_the_chosen_rule(browser: TestClient, session: Session) -> None:
    browser.post("/rules", data={"verdict": "keep_one", "kind": "exact", "best_first": "key", "note": "by name"})
    browser.post("/rules/1")

    (decision,) = stored(session)
    assert (decision["kept"]["key"], decision["note"]) == ("x.jpg", "by name")


@pytest.mark.parametrize("address", ["/groups/{}", "/compare/{}"])
def test_note_goes_with_a_verdict_and_is_shown_with_it(browser: TestClient, session: Session, address: str) -> None:
    name = exact_pair(browser)
    note = "<i>the second</i> has a watermark"

    answer = browser.post(address.format(name), data={"verdict": "different", "note": f" {note} "})

    (decision,) = stored(session)
    assert decision["note"] == note
    for text in (answer.text or browser.get(f"/compare/{name}").text, browser.get("/decisions").text):
        assert {"jane", note} <= set(map(unescape, re.findall(r"<(?:bdi|q[^>]*)>([^<]+)<", text)))
        assert "<i>" not in text


def test_note_that_is_too_long_is_refused(browser: TestClient, session: Session) -> None:
    answer = browser.post(f"/groups/{exact_pair(browser)}", data={"verdict": "different", "note": "x" * 1_001})

    assert (answer.status_code, stored(session)) == (400, [])


# --- lists ---


def test_matches_of_lists_are_told_apart_from_the_groups(browser: TestClient) -> None:
    groups, told = browser.get("/").text, browser.get("/lists", params={"names": "banned,stock,none"}).text

    assert "bad.jpg" not in groups
    assert 'hx-get="/lists?names=banned%2Cstock&amp;scope="' in groups
    assert re.findall(r'href="/\?list=(\w+)"', told) == ["banned", "stock"]


def test_match_of_a_list_is_shown_with_what_can_be_done(browser: TestClient) -> None:
    text = browser.get("/", params={"list": "banned"}).text

    assert "Matches of the list banned" in text
    assert f"--bucket {BUCKET} --key=bad.jpg" in text
    assert f"lookalike list remove banned s3://{BUCKET}/{LISTED}" in text
    assert "Keep best" not in text
    for key in ("bad.jpg", LISTED):
        assert browser.get("/thumbnail", params={"bucket": BUCKET, "key": key}).status_code == 200


def test_entry_without_a_picture_is_named_and_compared_with_nothing(browser: TestClient) -> None:
    text = browser.get("/", params={"list": "stock"}).text

    assert "keeps its fingerprint, and no picture" in text
    assert "near, by its fingerprint" in text
    (name,) = names(text)
    assert f"/compare/{name}" not in text
    assert browser.get(f"/compare/{name}").status_code == 400


def test_two_are_compared_of_which_one_is_on_a_list(browser: TestClient) -> None:
    (name,) = waiting(browser, list="banned")

    text = browser.get(f"/compare/{name}").text

    assert "(on the list)" in text
    assert "Score" not in text
    assert "Keep the first" not in text


@pytest.mark.parametrize("address", ["/groups/{}", "/compare/{}"])
def test_no_verdict_is_given_about_a_list(browser: TestClient, session: Session, address: str) -> None:
    (name,) = waiting(browser, list="banned")

    answer = browser.post(address.format(name), data={"verdict": "keep_both"})

    assert (answer.status_code, "no verdict silences" in answer.text) == (400, True)
    assert stored(session) == []
    browser.post("/rules", data={"verdict": "different", "list": "banned"})
    assert "2 groups, 5 pictures" in browser.get("/rules/1").text  # those that are on no list


def test_all_matches_of_a_list_are_told_as_commands(browser: TestClient, deployment: FakeDeployment) -> None:
    answer = browser.get("/export/of-list.sh", params={"list": "banned"})

    assert answer.headers["content-disposition"] == 'attachment; filename="matches-banned.sh"'
    (command,) = re.findall("^aws.*", answer.text, re.MULTILINE)
    etag = deployment.pictures.read(ObjectRef(BUCKET, "bad.jpg")).etag
    assert split(command)[:7] == ["aws", "s3api", "delete-object", "--if-match", f'"{etag}"', "--bucket", BUCKET]
    assert "Uploads that match a list" in answer.text


def test_commands_whose_names_cannot_be_shown_are_left_to_the_file() -> None:
    entry = {"bucket": "list:banned", "key": "a b.jpg"}
    uploads = [{"bucket": BUCKET, "key": EVIL, "etag": "e"}]

    assert commands({"best": entry, "others": uploads}) == [
        ("If it should not be on the list, take the entry off", "lookalike list remove banned 'a b.jpg'")
    ]
    assert quote(f"--key={EVIL}") in list_script(uploads)
