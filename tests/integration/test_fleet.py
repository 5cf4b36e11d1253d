"""Thousands of uploads by parallel writers, while instances of the function are killed and pictures are deleted.

S3's own events carry them, all in one folder, so that every picture is compared with every other.
"""

import random
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import combinations, cycle

import numpy as np
import pytest
from PIL import Image

from handler.aws.catalog import object_key
from handler.cli.album import Album
from handler.config import Config
from handler.core.asker import Asker
from handler.core.fingerprint import examine
from handler.core.judging import judged
from handler.core.model import Limits, ObjectRef, Outcome, PictureRecord, object_id
from handler.core.seen import Seen
from tests.conftest import Stack
from tests.integration.conftest import Site
from tests.integration.fleet import Fleet, FleetStep
from tests.integration.test_redrive import waiting
from tests.pictures import png

pytestmark = pytest.mark.emulator

SIZES = (1, 2, 1, 3, 1, 4, 1, 5)  # of families, in turn
DELETED_FIRST = 10  # of every so many families the first member is deleted before the others are uploaded
DELETED_MEANWHILE = 15

SIDE = 32  # pixels
CELLS = 10  # across: light and dark as coarse as what is hashed
NOISE = 3.0  # grey levels, between members of a family

Pair = frozenset[str]


@dataclass
class Plan:
    """What to do, and what must come of it."""

    steps: list[FleetStep] = field(default_factory=list)
    bodies: dict[str, bytes] = field(default_factory=dict)
    required: set[Pair] = field(default_factory=set)  # look-alikes that are alive in the end
    optional: set[Pair] = field(default_factory=set)  # one of them is deleted at any time
    forbidden: set[Pair] = field(default_factory=set)  # one of them was deleted before the other was there


@pytest.fixture
def log_group(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Let the function reach the emulator without the slow proxy, and log where no other test has to read it all."""
    functions, logs = stack.client("lambda"), stack.client("logs")
    name, group = stack.deployment.outputs["FunctionName"], "fleet"
    before = functions.get_function_configuration(FunctionName=name)
    # Lists are another test's: two more reads of each upload would take it longer.
    variables = before["Environment"]["Variables"] | {"ENDPOINT_URL": stack.deployment.endpoint, "LISTS": ""}
    for variable, value in stack.deployment.environment.items():  # `lookalike redrive` reads them
        monkeypatch.setenv(variable, value)
    logs.create_log_group(logGroupName=group)
    functions.update_function_configuration(
        FunctionName=name, Environment={"Variables": variables}, LoggingConfig={"LogGroup": group}
    )
    yield group
    functions.update_function_configuration(
        FunctionName=name, Environment=before["Environment"], LoggingConfig=before["LoggingConfig"]
    )
    logs.delete_log_group(logGroupName=group)


@pytest.mark.parametrize("uploads", [600, pytest.param(2000, marks=pytest.mark.slow)])
def test_no_pair_of_many_uploads_is_lost_whatever_is_killed(site: Site, log_group: str, uploads: int) -> None:
    rng = random.Random(uploads)
    plan = planned(uploads, rng)
    assert near(plan.bodies, site) == plan.required | plan.optional | plan.forbidden
    fleet = Fleet(site, log_group, rng)

    fleet.run(plan.steps, lambda: plan.required <= pairs_told(site) and waiting(site) == 0)

    announced = pairs_told(site)
    assert shown(plan.required - announced) == "0", f"of {len(plan.required)} pairs never announced"
    assert shown(announced - plan.required - plan.optional) == "0", "announced although deleted before, or unlike"
    items = pair_items(site, plan.bodies)
    assert set(items) == announced
    assert set(items.values()) == {1}
    assert set(fleet.acknowledged.values()) == {1}
    assert fleet.interrupted > 0, "no instance was killed at work: this run has proved nothing"
    assert waiting(site) == 0


def pairs_told(site: Site) -> set[Pair]:
    return {frozenset((picture, match)) for picture, matches in site.messages_so_far() for match in matches}


def shown(pairs: set[Pair]) -> str:
    """Return how many there are, and the first of them."""
    return " ".join([str(len(pairs)), *(" = ".join(pair) for pair in sorted(map(sorted, pairs))[:5])])


def planned(uploads: int, rng: random.Random) -> Plan:
    """Return *uploads* pictures in families; of half of these the members come at the same moment."""
    plan, together, scattered = Plan(), list[FleetStep](), list[FleetStep]()
    sizes = cycle(SIZES)
    number = 0
    while len(plan.bodies) < uploads:
        size = min(next(sizes), uploads - len(plan.bodies))
        bodies = {f"{number}-{member}.png": body for member, body in enumerate(family(number, size))}
        plan.bodies |= bodies
        first, *others = [FleetStep(name, body) for name, body in bodies.items()]
        number += 1
        steps, pairs = [first, *others], plan.required
        if number % DELETED_FIRST == 0:
            steps, pairs = (
                [FleetStep(first.name, first.body, (FleetStep(first.name, None, tuple(others)),))],
                plan.forbidden,
            )
        elif number % DELETED_MEANWHILE == 0:
            steps, pairs = [FleetStep(first.name, first.body, (FleetStep(first.name, None),)), *others], plan.optional
        pairs |= {frozenset((first.name, other.name)) for other in others}
        plan.required |= {frozenset((one.name, other.name)) for one, other in combinations(others, 2)}
        if number % 2:
            together += steps
        else:
            scattered += steps
    rng.shuffle(scattered)
    plan.steps = scattered[: len(scattered) // 2] + together + scattered[len(scattered) // 2 :]
    return plan


def family(number: int, size: int) -> list[bytes]:
    """Return *size* pictures of one random scene that differ by a little grain."""
    rng = np.random.default_rng([number, 0xF1EE7])
    cells = Image.fromarray(rng.normal(128.0, 50.0, (CELLS, CELLS)).astype(np.float32))
    scene = np.asarray(cells.resize((SIDE, SIDE), Image.Resampling.BICUBIC))
    grains = rng.normal(0.0, NOISE, (size, SIDE, SIDE))
    return [png(Image.fromarray(np.clip(scene + grain, 0, 255).astype(np.uint8))) for grain in grains]


def near(bodies: dict[str, bytes], site: Site) -> set[Pair]:
    """Return all pairs that look alike by the settings of the function, each picture compared with each."""
    name = site.deployment.outputs["FunctionName"]
    variables = site.client("lambda").get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    settings = Config.from_env(variables).settings
    album, found, pictures = Album(settings), set[Pair](), dict[str, Seen]()
    for key, body in bodies.items():
        computed, seen = examine(body, site.collection.generation, Limits())
        record = PictureRecord(ObjectRef("", key), site.collection.generation, Outcome.INDEXED, fingerprint=computed)
        asker = Asker.at_hand(record, seen)
        assert seen is not None
        pictures[key] = seen
        for one in album.add_and_match([asker]):
            if judged(one.match, seen, pictures[one.b.ref.key]).kind.rank <= settings.tell.rank:
                found.add(frozenset((key, one.b.ref.key)))
    return found


def pair_items(site: Site, names: dict[str, bytes]) -> Counter[Pair]:
    """Return how often each pair is in the table; all of them are marked announced."""
    name_of = {object_id(site.deployment.bucket, f"{site.folder}/{name}"): name for name in names}
    prefix = object_key(site.collection, "")["pk"]["S"].replace("#o#", "#p#")
    pages = (
        site.client("dynamodb")
        .get_paginator("scan")
        .paginate(
            TableName=site.deployment.outputs["PictureTableName"],
            FilterExpression="begins_with(pk, :prefix)",
            ExpressionAttributeValues={":prefix": {"S": prefix}},
            ConsistentRead=True,
        )
    )
    items = [item for page in pages for item in page["Items"]]
    assert all(item["announced"]["BOOL"] for item in items)
    ids = [(item["pk"]["S"].removeprefix(prefix), item["sk"]["S"].split("#")[1]) for item in items]
    return Counter(frozenset((name_of[one], name_of[other])) for one, other in ids)
