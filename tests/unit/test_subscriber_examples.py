"""What the examples of subscribers decide, without AWS; tests/integration deploys them."""

import json
import sqlite3
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.model import object_id
from tests.docs.markdown import ROOT, blocks
from tests.integration.subscribers import EXAMPLES, load

QUARANTINE, BLOCK, DENY = (
    load("quarantine", "quarantine"),
    load("block-banned", "block_banned"),
    load("block-banned", "deny_reading"),
)
EXACT: dict[str, Any] = json.loads((EXAMPLES / "messages" / "exact.json").read_text())

pictures = st.fixed_dictionaries(
    {
        "modified": st.sampled_from(
            ["2026-01-01T00:00:00+00:00", "2026-01-01T01:00:00+01:00", "2026-01-01T00:00:01+00:00"]
        ),
        "bucket": st.sampled_from("ab"),
        "key": st.sampled_from(["a/b", "b", "é"]),
    }
)


@given(st.lists(pictures, min_size=2, max_size=4, unique_by=lambda one: (one["bucket"], one["key"])), st.randoms())
def test_whoever_asks_names_the_same_picture_as_the_later(given_pictures: list[dict[str, Any]], random: Any) -> None:
    shuffled = list(given_pictures)
    random.shuffle(shuffled)

    assert sorted(shuffled, key=QUARANTINE.age) == sorted(given_pictures, key=QUARANTINE.age)


def test_time_counts_before_the_name() -> None:
    later = {"modified": "2026-01-01T00:00:01+00:00", "bucket": "a", "key": "a"}
    earlier = {"modified": "2026-01-01T01:00:00+01:00", "bucket": "b", "key": "b"}

    assert sorted((later, earlier), key=QUARANTINE.age) == [earlier, later]


@given(st.text(min_size=1), st.text(min_size=1))
def test_object_id_is_that_of_lookalike(bucket: str, key: str) -> None:
    assert QUARANTINE.object_id(bucket, key) == object_id(bucket, key)


def test_matches_of_other_bytes_are_never_moved() -> None:
    message = json.loads(json.dumps(EXACT))
    message["matches"][0]["sha256"] = "0" * 64

    assert list(QUARANTINE.handle(None, message)) == []  # no S3 was asked


def test_match_of_a_list_keeps_no_object_that_could_stay() -> None:
    message = json.loads(json.dumps(EXACT))
    message["matches"][0]["list"] = "stock"

    assert list(QUARANTINE.handle(None, message)) == []


@pytest.mark.parametrize("kind", ["exact", "near", "altered"])
def test_same_picture_of_the_list_is_banned(kind: str) -> None:
    assert BLOCK.is_banned({"list": "banned", "kind": kind})
    assert not BLOCK.is_banned({"list": "stock", "kind": kind})
    assert not BLOCK.is_banned({"list": None, "kind": kind})
    assert not BLOCK.is_banned({"kind": kind})


def test_tags_that_are_there_are_kept_and_an_eleventh_is_an_error() -> None:
    """S3 refuses an eleventh tag; the emulator would take it."""
    tags = [{"Key": f"{number}", "Value": ""} for number in range(10)]

    class FullS3:
        def head_object(self, **_: str) -> dict[str, str]:
            return {"ETag": f'"{EXACT["picture"]["etag"]}"'}

        def get_object_tagging(self, **_: str) -> dict[str, Any]:
            return {"TagSet": tags}

        def put_object_tagging(self, *, Tagging: dict[str, Any], **_: str) -> None:  # noqa: N803  boto3's name
            assert Tagging["TagSet"][:10] == tags
            raise OverflowError(len(Tagging["TagSet"]))

    with pytest.raises(OverflowError, match="11"):
        BLOCK.block(FullS3(), EXACT["picture"])


def test_tag_that_others_have_put_theirs_over_is_put_again() -> None:
    """`lookalike groups --tag` reads the tags before, and puts its own after."""

    class SharedS3:
        tags: tuple[str, ...] = ("hotel",)
        overwrites = 1

        def head_object(self, **_: str) -> dict[str, str]:
            return {"ETag": f'"{EXACT["picture"]["etag"]}"'}

        def get_object_tagging(self, **_: str) -> dict[str, Any]:
            return {"TagSet": [{"Key": name, "Value": "banned"} for name in self.tags]}

        def put_object_tagging(self, *, Tagging: dict[str, Any], **_: str) -> None:  # noqa: N803  boto3's name
            self.tags = tuple(tag["Key"] for tag in Tagging["TagSet"])
            if self.overwrites:
                self.tags, self.overwrites = ("hotel", "lookalike:duplicate-of"), self.overwrites - 1

    s3 = SharedS3()

    assert BLOCK.block(s3, EXACT["picture"]) == "blocked"
    assert set(s3.tags) == {"hotel", "lookalike:duplicate-of", "lookalike:blocked"}
    assert BLOCK.block(s3, EXACT["picture"]) == "blocked already"
    s3.overwrites = 100
    s3.tags = ()
    with pytest.raises(RuntimeError, match="times over"):
        BLOCK.block(s3, EXACT["picture"])


def test_everybody_is_denied_where_no_reader_is_named() -> None:
    assert DENY.statement("pictures", [])["Condition"] == {
        "StringEquals": {"s3:ExistingObjectTag/lookalike:blocked": "banned"}
    }


def test_page_shows_the_statement_that_is_put() -> None:
    (shown,) = [
        json.loads(block.text)
        for block in blocks(ROOT / "docs" / "how-to" / "subscribe.md")
        if block.language == "json" and '"Sid"' in block.text
    ]

    assert shown == DENY.statement("amzn-s3-demo-bucket", ["arn:aws:iam::111122223333:role/moderators"])


@pytest.mark.parametrize(
    ("script", "words", "said"),
    [
        ("block-banned/deny_reading.py", [], "usage: deny_reading.py BUCKET ROLE_ARN..."),
        ("block-banned/deny_reading.py", ["pictures"], "usage: deny_reading.py BUCKET ROLE_ARN..."),
        ("block-banned/deny_reading.py", ["pictures", "None"], "'None' is not the ARN of a role or user"),
        ("consumer/consumer.py", [], "usage: consumer.py QUEUE_URL FILE.sqlite"),
        ("consumer/consumer.py", ["http://127.0.0.1:9/1/q", "/no/such/folder/x"], "unable to open database file"),
    ],
)
def test_scripts_refuse_in_one_line_what_they_cannot_use(script: str, words: list[str], said: str) -> None:
    done = subprocess.run(  # noqa: S603 - our own example
        [sys.executable, EXAMPLES / script, *words], capture_output=True, text=True, check=False
    )

    assert done.returncode == 1
    assert said in done.stderr
    assert done.stderr.count("\n") == 1


def test_entry_of_a_list_is_not_kept_as_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(str(EXAMPLES / "consumer"))
    consumer = load("consumer", "consumer")
    database = sqlite3.connect(":memory:")
    database.executescript(consumer.TABLES)
    message = json.loads(json.dumps(EXACT))
    message["matches"][0] |= {"list": "banned", "bucket": "list:banned", "key": "/evidence/a.jpg"}

    consumer.handle(database, message)

    assert database.execute("SELECT of FROM duplicates").fetchall() == [("list:banned//evidence/a.jpg",)]
    database.close()
