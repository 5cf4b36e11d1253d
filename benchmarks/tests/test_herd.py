"""The simulation of a burst: that its cloud throttles as it says, and that the real code comes through."""

from collections import Counter
from dataclasses import replace

import pytest
from botocore.exceptions import ClientError

from benchmarks.cost.packs import load
from benchmarks.load.burst import Herd
from benchmarks.load.herd import APART, NOW, outcome, sharded
from benchmarks.load.throttled_client import GETS_PER_S, Client
from benchmarks.load.throttled_cloud import PARTITIONS, READS_PER_S, WRITES_PER_S, Before, Cloud, partition_of
from benchmarks.load.virtual_time import Group, World
from handler.core.journal import Shape
from handler.core.model import Collection

COLLECTION = Collection("*", "look1")


def succeeding(world: World, cloud: Cloud, operation: str, asked: dict[str, object]) -> int:
    """How many of 6,000 calls at the same moment succeed, if none is made again."""
    codes: Counter[str] = Counter()

    def call() -> None:
        try:
            getattr(Client(cloud, lambda _: None), operation)(**asked)
        except ClientError as error:
            codes[error.response["Error"]["Code"]] += 1

    for _ in range(6_000):
        world.spawn(Group(), call)
    world.run()
    assert len(codes) == 1
    return 6_000 - codes.total()


@pytest.mark.parametrize(
    ("operation", "asked", "most"),
    [
        ("get_item", {"TableName": "t", "Key": {"pk": {"S": "a"}, "sk": {"S": "b"}}}, READS_PER_S),
        ("put_item", {"TableName": "t", "Item": {"pk": {"S": "a"}, "sk": {"S": "b"}}}, WRITES_PER_S),
        ("get_object", {"Bucket": "packs", "Key": "digest/0/128-00000000"}, GETS_PER_S),
    ],
)
def test_partition_and_prefix_give_what_aws_gives(operation: str, asked: dict[str, object], most: int) -> None:
    world = World()
    cloud = Cloud(world, Before(COLLECTION, 1000, 28, 1), Shape(), {})

    assert succeeding(world, cloud, operation, asked) == pytest.approx(most, rel=0.05)


def test_burst_is_told_and_whole_and_reads_a_short_tail() -> None:
    herd = Herd(NOW[0], 26)

    herd.run()

    told = outcome(herd)
    assert (told.whole, told.pairs) == (len(herd.cloud.pictures), told.of_pairs)
    assert (herd.lost, herd.attempts) == (0, len(herd.cloud.pictures))
    assert herd.cloud.counts["tail units"] <= 33 * herd.attempts


def test_burst_is_told_and_whole_where_the_journal_is_spread_over_shards() -> None:
    herd = Herd(sharded(NOW[0], 4, placement=0), 26)

    herd.run()

    told = outcome(herd)
    assert (told.whole, told.pairs, herd.lost) == (len(herd.cloud.pictures), told.of_pairs, 0)


def test_every_placement_is_another_draw_of_partitions() -> None:
    draws = {tuple(partition_of(f"*#look1#j{shard}", placement) for shard in range(4)) for placement in range(20)}

    assert len(draws) > 10
    assert len({partition_of(f"*#look1#j{shard}", APART) for shard in range(4)}) == 4
    assert {partition for draw in draws for partition in draw} == set(range(PARTITIONS))


def test_instance_that_runs_out_of_time_is_ended_and_its_event_comes_again_twice() -> None:
    herd = Herd(replace(NOW[0], timeout_s=0), 1)

    herd.run()

    events = len(herd.cloud.pictures)
    assert (herd.attempts, herd.lost, herd.done) == (3 * events, events, {})
    assert herd.instances == 3 * events
    assert herd.world.now > 180


def test_new_instance_reads_little_of_the_table() -> None:
    assert all(load(pictures, Shape()).most_units == 32 for pictures in (10_000, 10_000_000))
    assert load(10_000_000, Shape()).gets < 450
