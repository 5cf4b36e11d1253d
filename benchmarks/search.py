"""What a search costs: measured, against what others do in memory, and reckoned for more than fits on one machine."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks import costs, peers, plot, scale, skew
from benchmarks.report import console

STORED = (1_000, 100_000, 10**6, 10**7)


def main(stored: Sequence[int] = STORED, *, json: Path | None = None, picture: Path | None = None) -> None:
    """Print the tables; write all numbers to *json* and the plot to *picture*."""
    measured = costs.measure_all(stored)
    costs.print_costs(measured)
    costs.print_targets(measured)
    sharded = costs.measure_shards()
    costs.print_shards(sharded)
    if json:
        costs.write_json([*measured.items(), *sharded.items()], json)
    peers.print_costs(peers.measure_all(stored))
    with console.status("sampling hashes"):
        unevenness = skew.measure()
    speed = scale.fitted(measured)
    scale.print_projections([scale.Projection(pictures, unevenness, speed) for pictures in scale.PICTURES], unevenness)
    if picture:
        plot.draw(unevenness, speed, picture)
