"""What one upload costs in requests, units and CPU, by how much is stored and by the radius."""

import os
import random
import statistics
import time
from concurrent.futures import ThreadPoolExecutor
from io import BytesIO

import boto3
from botocore.config import Config as ClientConfig
from PIL import Image

from benchmarks.canned import CannedDynamoDB
from benchmarks.report import print_table
from handler.aws.buckets import DynamoDBBuckets
from handler.aws.images import DynamoDBImages
from handler.aws.meter import Meter
from handler.core.message import Message
from handler.core.model import Content, Limits, ObjectRef, Settings, padded_sequencer
from handler.dedup import Deduplicator
from handler.wiring import CLIENT, THREADS

RADII = (6, 10, 14)
UPLOADS = 15
WARM_UP = 3
CROWD = 150  # members of every bucket: what 10 million evenly spread hashes make
STORED = {"0": (0, 0), "1 k": (1_000, 0), "100 k": (100_000, 0), f"10 M ({CROWD} a bucket)": (0, CROWD)}


def main() -> None:
    """Print the table."""
    rows = []
    for name, (count, crowd) in STORED.items():
        rng = random.Random(count)
        with CannedDynamoDB([rng.getrandbits(64) for _ in range(count)], crowd=crowd) as endpoint:
            rows += [(name, radius, *_cost(endpoint, radius)) for radius in RADII]
    print_table(
        "One upload without matches: decode, write, search",
        ("stored hashes", "radius", "reads", "writes", "RRU", "WRU", "CPU ms", "quartiles"),
        rows,
        note=f"CPU of this process, median of {UPLOADS} uploads; the server is another process. Hashes are spread "
        "evenly; among 10 million some lie near by chance, and one read each asks who has them.",
    )


def _cost(endpoint: str, radius: int) -> tuple[object, ...]:
    os.environ |= {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_EC2_METADATA_DISABLED": "true"}
    settings = CLIENT.merge(ClientConfig(proxies={}))
    client = boto3.Session(region_name="us-east-1").client("dynamodb", endpoint_url=endpoint, config=settings)
    meter = Meter()
    meter.attach(client)
    images = DynamoDBImages(client, "images")
    with ThreadPoolExecutor(THREADS) as executor:
        deduplicator = Deduplicator(
            store=_Pictures(),
            index=DynamoDBBuckets(client, "buckets", executor=executor),
            catalog=images,
            ledger=images,
            notifier=_Nobody(),
            executor=executor,
            settings=Settings("phash1", radius, max_matches=20, scope_depth=0, limits=Limits(1 << 20, 1 << 20)),
        )
        spent = []
        for number in range(WARM_UP + UPLOADS):
            meter.take()
            start = time.process_time()
            report = deduplicator.created(
                ObjectRef("pictures", f"{number}.png", padded_sequencer(f"{number + 1:016X}"))
            )
            spent.append((time.process_time() - start) * 1000)
            assert not report.matches
    counts = meter.take()
    low, median, high = statistics.quantiles(spent[WARM_UP:], n=4)
    units = (f"{counts['read_units']:g}", f"{counts['write_units']:g}")
    return counts["reads"], counts["writes"], *units, f"{median:.1f}", f"{low:.1f} to {high:.1f}"


class _Pictures:
    """A bucket of small noise pictures, so that next to nothing of the time is theirs."""

    def read(self, ref: ObjectRef) -> Content:
        pixels = random.Random(ref.key).randbytes(32 * 32)
        file = BytesIO()
        Image.frombytes("L", (32, 32), pixels).save(file, "PNG")
        return Content(file.getvalue(), etag="etag", version=None, modified="2026-01-01T00:00:00+00:00")

    def exists(self, ref: ObjectRef) -> bool:
        return bool(ref.key)


class _Nobody:
    def publish(self, message: Message) -> None:
        raise AssertionError(f"nothing is to be announced: {message.body}")
