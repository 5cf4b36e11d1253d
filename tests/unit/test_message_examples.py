"""The examples of messages in examples/messages, and the Python types of examples/consumer."""

import importlib.util
import json
from dataclasses import replace
from pathlib import Path
from typing import Any, get_type_hints

import pytest

from handler.core.matches import Likeness, Match
from handler.core.message import compose
from handler.core.model import Collection, Fingerprint, MatchKind, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import padded_sequencer as padded
from tests.schema import SCHEMA, valid_message

ROOT = Path(__file__).parents[2]
EXAMPLES = ROOT / "examples" / "messages"
TYPES = ROOT / "examples" / "consumer" / "lookalike_message.py"

PHOTO = PictureRecord(
    ref=ObjectRef("amzn-s3-demo-bucket", "photos/rocket.jpg", padded("006610E0D351441")),
    generation="look1",
    outcome=Outcome.INDEXED,
    fingerprint=Fingerprint(0x00CB275CA3445D91, "look1", width=640, height=427, format="JPEG"),
    etag="511130d2072cc744a1fa5015bc23557a",
    digest="c2dd0de7c538df8d111e479619b129464d0269d0ae5fd18ca91d33a7fdfea95c",
    bytes=112525,
    modified="2026-11-24T23:27:30+00:00",
)
CROP = replace(
    PHOTO,
    ref=ObjectRef("amzn-s3-demo-bucket", "edited/rocket cropped 10 %.jpg", padded("006610E0D35144A")),
    fingerprint=Fingerprint(0x4EC1398CE75D4948, "look1", width=576, height=384, format="JPEG"),
    etag="a28c07de903995b5a93a807fa2de34e1",
    digest="f2adfbf053c06480a3335a316ee82d13f56f9043de76c2c7a186866eb52890cf",
    bytes=40289,
    modified="2026-11-24T23:27:38+00:00",
)
COPY = replace(PHOTO, ref=ObjectRef("amzn-s3-demo-bucket", "again/rocket.jpg", padded("006610E0D35144B")))
SIGNED = replace(CROP, ref=ObjectRef("amzn-s3-demo-bucket", "edited/rocket signed.jpg", padded("006610E0D35144C")))
SECOND = replace(CROP, ref=ObjectRef("amzn-s3-demo-bucket", "photos/rocket 2.jpg", padded("006610E0D35144D")))
MESSAGES = {
    "exact": (COPY, Match(PHOTO, Likeness(MatchKind.EXACT, 0), taken_apart_s=0.0)),
    "near": (CROP, Match(PHOTO, Likeness(MatchKind.NEAR, 1, 0.98682, 0.9897), view_pair=(0, 13))),
    "altered": (
        SIGNED,
        Match(PHOTO, Likeness(MatchKind.ALTERED, 4, 0.91057, 0.98801, ((0.8333, 1.0, 0.0833, 0.9167),))),
    ),
    "alike": (SECOND, Match(PHOTO, Likeness(MatchKind.ALIKE, 8, 0.42187, 0.96544), taken_apart_s=1.5)),
}


def lookalike_message() -> Any:
    spec = importlib.util.spec_from_file_location("lookalike_message", TYPES)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_there_is_an_example_of_each_kind() -> None:
    assert {path.stem for path in EXAMPLES.iterdir()} == {kind.value for kind in MatchKind} == set(MESSAGES)


@pytest.mark.parametrize("kind", MESSAGES)
def test_example_is_what_the_function_publishes(kind: str) -> None:
    picture, match = MESSAGES[kind]

    message = compose(Collection("*", "look1"), picture, [match], radius=12, truncated=False)

    assert json.loads((EXAMPLES / f"{kind}.json").read_text()) == valid_message(message.body)


@pytest.mark.parametrize("kind", MESSAGES)
def test_types_name_every_field_of_the_schema(kind: str) -> None:
    types, schema = lookalike_message(), json.loads(SCHEMA.read_text())

    message = types.parse((EXAMPLES / f"{kind}.json").read_text())

    described = schema["properties"]["matches"]["items"]["properties"]
    assert get_type_hints(types.Message).keys() == schema["properties"].keys() == message.keys()
    assert get_type_hints(types.Picture).keys() == schema["$defs"]["picture"]["properties"].keys()
    assert get_type_hints(types.Match).keys() == described.keys() | get_type_hints(types.Picture).keys()


@pytest.mark.parametrize("body", ["no JSON", "[]", '{"schema": "lookalike.match/2"}'])
def test_types_refuse_what_is_of_another_schema(body: str) -> None:
    with pytest.raises(ValueError, match=r"schema|Expecting"):
        lookalike_message().parse(body)
