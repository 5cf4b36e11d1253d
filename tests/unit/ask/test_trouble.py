"""Questions that AWS does not answer now, or not as they are: problems that say when to ask again, or how."""

import json
from collections.abc import Sequence
from dataclasses import replace
from io import StringIO
from itertools import product

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from handler.ask.problems import Kind
from handler.aws.batch import Throttled
from handler.core.journal import Shape
from handler.core.lists import entry_ref
from handler.core.model import Collection, PictureRecord
from tests.asking import Asker
from tests.deployments import BUCKET, FakeDeployment
from tests.docs.function import NoPacks
from tests.fakes import InMemoryCatalog, InMemoryJournal, InMemoryPacks
from tests.pictures import jpeg, photo
from tests.unit.ask.test_problems import OBJECT, assert_problem

CAT = photo(1)
LISTS = tuple("abcdefgh")


def throttled(operation: str) -> ClientError:
    code, message = "ProvisionedThroughputExceededException", "secret-table is over its limit"
    return ClientError({"Error": {"Code": code, "Message": message}}, operation)


@pytest.mark.parametrize(
    "error",
    [
        throttled("BatchGetItem"),
        Throttled("table: 3 of 100 keys unprocessed after 9 rounds"),
        EndpointConnectionError(endpoint_url="https://secret-host"),
    ],
)
def test_what_aws_does_not_do_now_is_worth_asking_again(
    deployment: FakeDeployment, ask: Asker, logged: StringIO, error: Exception
) -> None:
    deployment.put("cat.jpg", jpeg(CAT))
    deployment.pictures.errors["cat.jpg"] = error

    answers = ask.document(OBJECT), ask.picture(f"bucket={BUCKET}&key=cat.jpg")

    for answer in answers:
        assert_problem(answer, Kind.BUSY, type(error).__name__, "ask again in 5 seconds")
        assert answer.headers["Retry-After"] == "5"
        assert "secret" not in json.dumps(answer.document)
    counting = [line for line in map(json.loads, logged.getvalue().splitlines()) if "_aws" in line]
    assert [(line["message"], line["Troubles"]) for line in counting] == [("failed", 1)] * 2


@pytest.mark.parametrize(
    ("memory_bytes", "packs", "counts"), [(1 << 20, InMemoryPacks, 0), (0, InMemoryPacks, 1), (1 << 20, NoPacks, 1)]
)
def test_question_is_counted_whose_search_is_partial_or_lacks_packs(
    logged: StringIO, memory_bytes: int, packs: type[InMemoryPacks], counts: int
) -> None:
    shape = Shape(segment_bytes=1, pack_sizes=(1,))  # every entry fills a pack
    there = FakeDeployment(
        generation="look1", memory_bytes=memory_bytes, journal=InMemoryJournal(shape=shape), shape=shape
    )
    for number in range(2):
        there.upload(f"{number}.jpg", jpeg(photo(number)))
    there.packs = packs()
    logged.truncate(0)
    logged.seek(0)

    Asker(there).file(jpeg(CAT))

    (line,) = map(json.loads, logged.getvalue().splitlines())
    assert (line["message"], line.get("Troubles", 0), "_aws" in line) == ("asked", counts, counts > 0)


class LimitedCatalog(InMemoryCatalog):
    """A table whose keys may be no longer than DynamoDB's."""

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        if len(str(collection)) > 2048:
            said = "One or more parameter values were invalid: Size of hashkey has exceeded the maximum size limit"
            raise ClientError({"Error": {"Code": "ValidationException", "Message": said}}, "BatchGetItem")
        return super().get(collection, object_ids)


def test_name_that_dynamodb_finds_too_long_is_a_wrong_value() -> None:
    ask = Asker(FakeDeployment(generation="look1", scope_depth=1, catalog=LimitedCatalog()))
    objects = [{"bucket": BUCKET, "key": f"{'a' * 3000}/{name}"} for name in "ab"]
    body = json.dumps({"decisions": [{"objects": objects, "verdict": "different"}]}).encode()

    answer = ask.url("PUT", "/v1/decisions", body=body, content_type="application/json")

    assert_problem(answer, Kind.WRONG_VALUE, "longer than 1024 bytes")


def test_answer_that_lambda_would_not_take_is_refused(deployment: FakeDeployment, ask: Asker) -> None:
    deployment.max_matches = 100
    lister, record = deployment.lister(), deployment.listed("any", jpeg(CAT))
    for number, name in product(range(100), LISTS):
        key = f"{number:03d}" + "\x01" * 1021  # in JSON, within JSON, 7 bytes each
        lister.add(name, replace(record, ref=entry_ref(name, key)))
    deployment.lists = LISTS

    refused, answered = ask.file(jpeg(CAT)), ask.file(jpeg(CAT), "limit=10")

    assert_problem(refused, Kind.ANSWER_TOO_LARGE, "ask with a smaller limit")
    assert (answered.status, len(answered.document["matches"])) == (200, 80)
