"""What a search costs: requests, units, CPU, memory and dollars of an upload, measured, and projected further.

Uploads run in processes of their own, with the real clients and the real search, against servers on this machine that
answer from arrays and charge by AWS's rules. All sizes take ten minutes. What more pictures cost than fit on one
machine is projected from that, with buckets as unevenly filled as photographs fill them.
"""

import argparse
from pathlib import Path

from benchmarks.cost import bucket_skew, projection, upload_costs
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
    measured = upload_costs.measure_all(options.stored)
    upload_costs.print_costs(measured)
    upload_costs.print_targets(measured)
    sharded = upload_costs.measure_shards()
    upload_costs.print_shards(sharded)
    if options.json:
        upload_costs.write_json([*measured.items(), *sharded.items()], options.json)
    with console.status("sampling hashes"):
        skew = bucket_skew.measure()
    speed = projection.fitted(measured)
    projection.print_projections(
        [projection.Projection(pictures, skew, speed) for pictures in projection.PICTURES], skew
    )
    if options.plot:
        from benchmarks.cost import dollars_plot  # needs matplotlib

        dollars_plot.draw(skew, speed, options.plot)
    return 0
