"""What a search costs: requests, units, CPU, memory and dollars of an upload, measured, and projected further.

Uploads run in processes of their own, with the real clients and the real search, against servers on this machine that
answer from arrays and charge by AWS's rules. All sizes take ten minutes. What more pictures cost than fit on one
machine is projected from that, with buckets as unevenly filled as photographs fill them.
"""

import argparse
from pathlib import Path

from benchmarks.cost import bucket_skew, cost_tables, measured_cases, projection_tables
from benchmarks.cost.projection import Projection, fitted
from benchmarks.counts import counts
from training.printing import console


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--stored",
        type=counts,
        default="1k,100k,1M,10M",
        metavar="SIZES",
        help="how many pictures are stored (default: %(default)s; 10M takes 4 GB of memory)",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number of every upload")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw dollars against stored pictures (PNG)")


def run(options: argparse.Namespace) -> int:
    """Print the tables; write all numbers, and draw, if that is asked for."""
    measured = measured_cases.measure_all(options.stored)
    cost_tables.print_costs(measured)
    cost_tables.print_promises(measured)
    sharded = measured_cases.measure_shards()
    cost_tables.print_shards(sharded)
    if options.json:
        cost_tables.write_json([*measured.items(), *sharded.items()], options.json)
    with console.status("sampling hashes"):
        skew = bucket_skew.measure()
    speed = fitted(measured)
    projections = [Projection(pictures, skew, speed) for pictures in projection_tables.PICTURES]
    projection_tables.print_projections(projections, skew)
    if options.plot:
        from benchmarks.cost import dollars_plot  # needs matplotlib

        dollars_plot.draw(skew, speed, options.plot)
    return 0
