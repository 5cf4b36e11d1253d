"""What a search costs: measured, against what others do in memory, and reckoned for more than fits on one machine."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.cost import bucket_skew, dollars_plot, projection, upload_costs
from benchmarks.micro import in_memory
from training.printing import console

STORED = (1_000, 100_000, 10**6, 10**7)


def main(stored: Sequence[int] = STORED, *, json: Path | None = None, picture: Path | None = None) -> None:
    """Print the tables; write all numbers to *json* and the plot to *picture*."""
    measured = upload_costs.measure_all(stored)
    upload_costs.print_costs(measured)
    upload_costs.print_targets(measured)
    sharded = upload_costs.measure_shards()
    upload_costs.print_shards(sharded)
    if json:
        upload_costs.write_json([*measured.items(), *sharded.items()], json)
    in_memory.print_costs(in_memory.measure_all(stored))
    with console.status("sampling hashes"):
        unevenness = bucket_skew.measure()
    speed = projection.fitted(measured)
    projection.print_projections(
        [projection.Projection(pictures, unevenness, speed) for pictures in projection.PICTURES], unevenness
    )
    if picture:
        dollars_plot.draw(unevenness, speed, picture)
