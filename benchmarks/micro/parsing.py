"""Parsing the answers to a search of 500 buckets: botocore's own parser beside the function's."""

import argparse
import base64
import json
import random
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import botocore.session
from botocore.awsrequest import HeadersDict
from botocore.parsers import ResponseParserFactory

from handler.aws.batch import KEYS_PER_CALL
from handler.aws.parser import LeanParserFactory
from training.printing import print_table

CALLS = 5  # of 100 buckets each
MEMBERS = (0, 15, 150)  # of a bucket: 150 is what 10 million evenly spread hashes make
ROUNDS = 9
OWN = ResponseParserFactory()
SHAPE: Any = botocore.session.Session().get_service_model("dynamodb").operation_model("BatchGetItem").output_shape


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add no options: there are none."""


def run(_: argparse.Namespace) -> int:
    """Print the table."""
    print_table(
        f"Parsing {CALLS} answers of {KEYS_PER_CALL} buckets",
        ("members of a bucket", "MB", "botocore, CPU ms", "here, CPU ms", "times as fast"),
        [_row(members) for members in MEMBERS],
        note=f"Medians of {ROUNDS} interleaved rounds; both give equal values.",
    )
    return 0


def _row(members: int) -> tuple[object, ...]:
    answer = _answer(members)
    theirs, ours = (factory.create_parser("json") for factory in (OWN, LeanParserFactory(OWN)))
    assert ours.parse(answer, SHAPE) == theirs.parse(answer, SHAPE)
    rounds = [tuple(_cpu_ms(partial(parser.parse, answer, SHAPE)) for parser in (theirs, ours)) for _ in range(ROUNDS)]
    slow, fast = (statistics.median(column) for column in zip(*rounds, strict=True))
    size = CALLS * len(answer["body"]) / 1e6
    return members, f"{size:.1f}", f"{slow:.1f}", f"{fast:.1f}", f"{slow / fast:.1f}"


def _answer(members: int) -> dict[str, Any]:
    """Return an answer of DynamoDB as botocore gives it to a parser; empty buckets are absent from it."""
    rng = random.Random(members)

    def item(number: int) -> dict[str, Any]:
        hashes = [base64.b64encode(rng.randbytes(8)).decode() for _ in range(members)]
        return {"pk": {"S": f"*#phash1#b0#{number:04x}"}, "sk": {"S": "0000"}, "hashes": {"BS": hashes}}

    items = [item(number) for number in range(KEYS_PER_CALL)] if members else []
    consumed = [{"TableName": "buckets", "CapacityUnits": float(KEYS_PER_CALL)}]
    document = {"Responses": {"buckets": items}, "UnprocessedKeys": {}, "ConsumedCapacity": consumed}
    headers = HeadersDict({"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": "R"})
    return {"status_code": 200, "headers": headers, "body": json.dumps(document).encode()}


def _cpu_ms(parse: Callable[[], Any]) -> float:
    start = time.process_time()
    for _ in range(CALLS):
        parse()
    return (time.process_time() - start) * 1000
