"""Prints what searches cost in projections of several sizes, and what limits them."""

from collections.abc import Sequence

from benchmarks.cost.bucket_skew import BucketSkew
from benchmarks.cost.projection import ENTRY_BYTES, LOADING_BYTES_PER_S, MEMORIES_MB, Projection, room
from benchmarks.counts import short_count
from handler.core import prices
from handler.core.buckets import PREFIX_BITS, probe_count
from handler.core.journal import MAX_SHARDS
from handler.finding import CANDIDATES_AT_ONCE
from training.printing import print_table

RADII = (6, 10, 14)
PICTURES = (10**6, 10**7, 10**8, 10**9)

# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-partition-key-design.html
PARTITION_READS_PER_S = 3000
PARTITION_WRITES_PER_S = 1000


def print_projections(projections: Sequence[Projection], skew: BucketSkew) -> None:
    """Print what the searches cost in projections of several sizes, and what limits them."""
    _print_probing(projections)
    _print_journal(projections)
    _print_shards()
    _print_busiest_buckets(projections, skew)


def _print_probing(projections: Sequence[Projection]) -> None:
    print_table(
        "Probing, with the skew of photographs: one search",
        ("pictures", "radius", "pages a bucket", "RRU", "$/million searches", "strangers", "$/million uploads"),
        [
            (
                short_count(int(projection.pictures)),
                radius,
                f"{projection.probing_units(radius) / probe_count(radius):.2f}",
                f"{projection.probing_units(radius):,.0f}",
                f"{1e6 * prices.reading(read_units=projection.probing_units(radius)):,.2f}",
                _few(projection.strangers(radius)),
                f"{1e6 * projection.by_probing(radius):,.2f}",
            )
            for projection in projections
            for radius in RADII
        ],
        note="Strangers: unrelated pictures within the radius (0: none among the sampled pairs); object "
        f"and holder of at most {CANDIDATES_AT_ONCE} of them are read, which is more than a message lists.",
    )


def _print_journal(projections: Sequence[Projection]) -> None:
    print_table(
        f"Journal, one view, {ENTRY_BYTES} bytes a picture",
        ("pictures", "WRU an upload", "memory MB", "load s", *(f"$/million, radius {radius}" for radius in RADII)),
        [
            (
                short_count(int(projection.pictures)),
                f"{projection.write_units:.1f}",
                f"{projection.entry_mb:,.0f}",
                f"{projection.loading_s:,.1f}",
                *(f"{1e6 * projection.by_journal(radius):,.2f}" for radius in RADII),
            )
            for projection in projections
            if projection.entry_mb <= MEMORIES_MB[-1]
        ],
        note=f"Load: at {LOADING_BYTES_PER_S / 1e6:.0f} MB/s. More than {MEMORIES_MB[0]} MB is paid for as MemorySize. "
        + "".join(f"A JournalMemory of {size} MB is full at {room(size) / 1e6:.0f} million. " for size in MEMORIES_MB)
        + "Then the buckets answer.",
    )


def _print_shards() -> None:
    print_table(
        "Most uploads a second into one scope: a partition takes 1,000 write and 3,000 read units a second",
        ("shards", "appends", "reads", "uploads", "RRU an upload"),
        [
            (
                shards,
                f"{PARTITION_WRITES_PER_S * shards:,}",
                f"{PARTITION_READS_PER_S:,}",
                f"{min(PARTITION_WRITES_PER_S * shards, PARTITION_READS_PER_S):,}",
                shards,
            )
            for shards in (1 << power for power in range(MAX_SHARDS.bit_length()))
        ],
        note="By the journal alone, if no append is refused: one that meets a full segment costs a unit as well.",
    )


def _print_busiest_buckets(projections: Sequence[Projection], skew: BucketSkew) -> None:
    print_table(
        "Most uploads a second into one scope, by its busiest bucket",
        ("pictures", "writes", *(f"probes, radius {radius}" for radius in RADII)),
        [
            (
                short_count(int(projection.pictures)),
                f"{PARTITION_WRITES_PER_S / projection.hottest_write_units():,.0f}",
                *(f"{PARTITION_READS_PER_S / projection.hottest_read_units(radius):,.0f}" for radius in RADII),
            )
            for projection in projections
        ],
        note="The most popular prefix of each band has "
        + ", ".join(f"{share:.4%}" for share in skew.shares.max(1))
        + f" of all hashes; {1 / (1 << PREFIX_BITS):.4%} if they were spread evenly. Pairs within 10, 12, 14 bits: "
        + ", ".join(f"{skew.near[radius]:.1e}" for radius in (10, 12, 14))
        + " of unrelated ones by the model, "
        + ", ".join(f"{skew.near_windows[radius]:.1e}" for radius in (10, 12, 14))
        + " of windows of different photographs.",
    )


def _few(number: float) -> str:
    return f"{number:,.0f}" if number >= 10 else f"{number:.2g}"
