from dataclasses import replace
from itertools import cycle
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import ValidationError

from handler.core.formats import FORMATS
from handler.core.matches import Likeness, Match
from handler.core.message import MAX_BODY_BYTES, compose
from handler.core.model import MAX_LISTS, Collection, Fingerprint, MatchKind, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import padded_sequencer
from tests.schema import valid_message

COLLECTION = Collection("*", "phash1")
SNS_LIMIT = 256 * 1024


def record(key: str, *, hash: int = 0, sequencer: str = "A") -> PictureRecord:
    return PictureRecord(
        ref=ObjectRef("pictures", key, padded_sequencer(sequencer)),
        generation="phash1",
        outcome=Outcome.INDEXED,
        fingerprint=Fingerprint(hash=hash, generation="phash1", width=640, height=480, format="JPEG"),
        etag="0" * 32,
        digest="0" * 64,
        bytes=1000,
        modified="2026-01-01T00:00:00+00:00",
    )


def near(key: str, distance: int = 3, kind: MatchKind = MatchKind.NEAR) -> Match:
    return Match(record(key, hash=(1 << distance) - 1), Likeness(kind, distance))


def test_message_is_what_the_schema_promises() -> None:
    message = compose(COLLECTION, record("a.jpg"), [near("b.jpg")], radius=10, truncated=False)

    document = valid_message(message.body)
    assert document["picture"]["key"] == "a.jpg"
    assert document["matches"][0]["hash"] == "0000000000000007"


@pytest.mark.parametrize("format_", FORMATS)
def test_picture_of_every_accepted_format_is_in_the_schema(format_: str) -> None:
    picture = record("a")
    assert picture.fingerprint is not None
    picture = replace(picture, fingerprint=replace(picture.fingerprint, format=format_))

    assert valid_message(compose(COLLECTION, picture, [near("b.jpg")], radius=10, truncated=False).body)


def test_message_in_the_documents_is_what_the_schema_promises() -> None:
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "subscribe.md").read_text()

    document = valid_message(page.partition("The whole message")[2].partition("```json\n")[2].partition("```")[0])

    assert document["matches"]


def test_schema_refuses_what_is_no_message() -> None:
    body = compose(COLLECTION, record("a.jpg"), [near("b.jpg")], radius=10, truncated=False).body

    with pytest.raises(ValidationError):
        valid_message(body.replace('"kind":"near"', '"kind":"close"'))


def test_attributes_serve_filter_policies() -> None:
    matches = [near("b.jpg", 0, MatchKind.EXACT), near("c.jpg", 8)]

    message = compose(COLLECTION, record("a.jpg"), matches, radius=10, truncated=False)

    assert message.attributes == {
        "bucket": "pictures",
        "complete": "true",
        "kind": "exact",
        "origin": "upload",
        "scope": "*",
        "similarity": 1.0,
        "taken_apart": "false",
    }


def test_attributes_tell_the_best_of_what_was_looked_at() -> None:
    matches = [
        Match(record("b.jpg"), Likeness(MatchKind.ALTERED, 2, agreement=0.912345), taken_apart_s=2.0),
        Match(record("c.jpg"), Likeness(MatchKind.ALIKE, 1, agreement=0.4), taken_apart_s=0.5),
    ]

    message = compose(COLLECTION, record("a.jpg"), matches, radius=10, truncated=False)

    told = {name: message.attributes[name] for name in ("kind", "agreement", "taken_apart")}
    assert told == {"kind": "altered", "agreement": 0.91234, "taken_apart": "true"}
    valid_message(message.body)


def test_repeated_message_has_the_same_id_and_other_pairs_another() -> None:
    a, b, c = record("a.jpg"), near("b.jpg"), near("c.jpg")

    def message_id(picture: PictureRecord, *matches: Match) -> str:
        return str(valid_message(compose(COLLECTION, picture, matches, radius=10, truncated=False).body)["id"])

    assert message_id(a, b, c) == message_id(a, b, c)
    assert message_id(a, b) != message_id(a, b, c)
    assert message_id(a, b) == message_id(
        b.record, Match(a, Likeness(MatchKind.NEAR, 3))
    )  # the other upload announces the same pair
    assert message_id(record("a.jpg", sequencer="B"), b) != message_id(a, b)


@given(st.integers(1, 100), st.text(min_size=1, max_size=1))
def test_message_is_cut_to_what_sns_takes_and_says_so(count: int, letter: str) -> None:
    letter = letter if letter.isprintable() else "\x01"  # JSON needs six bytes for a control character
    key = letter * (1024 // len(letter.encode("utf-8", "replace")))
    matches = [near(f"{n:03d}{key}"[:1024]) for n in range(count)]

    message = compose(replace(COLLECTION, scope=key), record(key), matches, radius=10, truncated=False)

    document = valid_message(message.body)
    assert document["picture"]["key"] == key
    attributes = sum(len(name) + len(str(value).encode()) + 20 for name, value in message.attributes.items())
    assert len(message.body.encode()) + attributes <= SNS_LIMIT
    assert len(document["matches"]) == len(message.matches)
    assert document["truncated"] is (len(message.matches) < count)
    assert list(message.matches) == matches[: len(message.matches)]


# Any text that a key of S3 may have, cut to so many bytes: JSON has up to six for one.
LETTERS = st.characters(exclude_categories=["Cs"])
KEYS = st.tuples(st.text(LETTERS, min_size=1, max_size=20), st.integers(1, 1024))
LISTS = [*(f"{'x' * 31}{number}" for number in range(MAX_LISTS)), None]
BOXES = tuple((number / 72, 0.123457, 0.123457, 0.987654) for number in range(72))  # every other one of 144 blocks


def long_key(text: str, most_bytes: int) -> str:
    return (text * 1024).encode()[:most_bytes].decode(errors="ignore") or "k"


@given(st.lists(KEYS, min_size=1, max_size=6), st.lists(st.integers(0, 100), min_size=9, max_size=9))
def test_nothing_crowds_out_the_best_of_a_list_or_of_the_scope(keys: list[tuple[str, int]], counts: list[int]) -> None:
    one = replace(near("b.jpg"), likeness=Likeness(MatchKind.ALTERED, 3, 0.123456789, 0.123456789, BOXES))
    named = cycle(ObjectRef("b" * 63, long_key(*key), version="v" * 1024) for key in keys)
    matches = [
        replace(one, record=replace(one.record, ref=next(named)), list=name)
        for name, count in zip(LISTS, counts, strict=True)
        for _ in range(count)
    ]
    if not matches:
        return
    asking, scope = record(long_key(*keys[0])), long_key(*keys[-1])

    message = compose(replace(COLLECTION, scope=scope), asking, matches, radius=10, truncated=False)

    assert len(message.body) <= MAX_BODY_BYTES
    kept = [id(match) for match in message.matches]
    assert {id(next(one for one in matches if one.list == name)) for name in {one.list for one in matches}} <= set(kept)
    assert kept == [id(match) for match in matches if id(match) in set(kept)]
    assert ('"truncated":true' in message.body) is (len(kept) < len(matches))
