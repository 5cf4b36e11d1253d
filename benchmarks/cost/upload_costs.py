"""What one upload costs, by how much is stored, by the radius, and by the way that its search takes."""

import json
import multiprocessing
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict
from itertools import product
from pathlib import Path

from rich.progress import Progress

from benchmarks.cost.array_servers import Canned
from benchmarks.cost.stored_pictures import Size
from benchmarks.cost.upload import Case, Cost, measure
from benchmarks.counts import short_count
from training.printing import console, print_table, progress

RADII = (6, 10, 14)
VIEWS = (1, 9)
ORIENTATIONS = (1, 8)
SHARDS = (1, 2, 4)
SHARDED_PICTURES = 100_000
PATHS = {"warm": "Warm", "load": "Cold, loads the journal", "probe": "Reads the buckets"}
TARGET_RADIUS = 14
COLUMNS = ("stored", "radius", "requests", "trips", "RRU", "WRU", "GETs", "KB in", "CPU ms", "scan", "MB", "$/million")
NOTE = (
    "Requests, units, KB received and dollars are means, times are medians of up to 12 uploads that match nothing. "
    "Hashes are random: some lie near by chance, and the object item of each is read. Trips: requests that had to "
    "follow one another, seen with answers held for 40 ms. CPU is the client's; scan is the part that compares hashes. "
    "MB: growth of memory. Dollars: units, GETs, and the function while it computes; waiting for answers, the picture "
    "itself and SNS come on top."
)

Costs = dict[Case, Cost]


def measure_all(stored: Sequence[int]) -> Costs:
    """Return the cost of every case over collections of *stored* pictures."""
    sizes = [Size(pictures, views) for pictures, views in product(stored, VIEWS)]
    return _measure(
        {size: [Case(path, size, *rest) for path, *rest in product(PATHS, ORIENTATIONS, RADII)] for size in sizes}
    )


def measure_shards() -> Costs:
    """Return the cost of a warm upload by the shards of its journal."""
    sizes = [Size(SHARDED_PICTURES, shards=shards) for shards in SHARDS]
    return _measure({size: [Case("warm", size, 1, TARGET_RADIUS)] for size in sizes})


def print_costs(costs: Costs) -> None:
    """Print a table for each path, number of views and number of orientations."""
    tables: dict[tuple[str, int, int], list[Case]] = {}
    for case in costs:
        tables.setdefault((case.path, case.size.views, case.orientations), []).append(case)
    for path, views, orientations in sorted(tables, key=lambda table: (list(PATHS).index(table[0]), *table[1:])):
        what = f"{views} view{'s' if views > 1 else ''}, {'all' if orientations > 1 else 'no'} turns and flips"
        print_table(
            f"{PATHS[path]}: {what}, {views * orientations} question{'s' if views * orientations > 1 else ''}",
            COLUMNS,
            [
                (short_count(case.size.pictures), case.radius, *_cells(costs[case]))
                for case in tables[path, views, orientations]
            ],
        )
    console.print(NOTE)


def print_shards(costs: Costs) -> None:
    """Print what each further shard costs."""
    print_table(
        f"Shards: warm, 1 view, {short_count(SHARDED_PICTURES)} stored, radius {TARGET_RADIUS}",
        ("shards", *COLUMNS[2:]),
        [(case.size.shards, *_cells(cost)) for case, cost in costs.items()],
    )


def print_targets(costs: Costs) -> None:
    """Print what the design promises beside what was measured."""
    rows: list[Sequence[object]] = []
    for case, cost in costs.items():
        if (case.size.views, case.orientations, case.radius) != (1, 1, TARGET_RADIUS):
            continue
        where = f"{short_count(case.size.pictures)}, {case.path}"
        if (case.path, case.size.pictures) == ("warm", 10**6):
            rows += [
                (f"{where}: requests", "8", f"{cost.requests:.1f}"),
                (f"{where}: sequential round trips", "2", cost.round_trips),
                (f"{where}: read units", "1", f"{cost.read_units:.1f}, {cost.candidates:.1f} of them for candidates"),
                (f"{where}: write units", "7", f"{cost.write_units:.1f}"),
                (f"{where}: CPU beside the scan, ms", "25", f"{cost.cpu_ms - cost.scan_ms:.1f}"),
                (f"{where}: CPU of the scan, ms", "", f"{cost.scan_ms:.1f}"),
            ]
        if case.path == "load" and case.size.pictures >= 10**6:
            rows += [
                (f"{where}: CPU s", "2" if case.size.pictures == 10**6 else "", f"{cost.cpu_ms / 1000:.2f}"),
                (f"{where}: wall s, servers on this machine", "60", f"{cost.wall_ms / 1000:.2f}"),
                (f"{where}: S3 GETs / read units", "", f"{cost.s3_gets:.0f} / {cost.read_units:.0f}"),
                (f"{where}: MB received", "", f"{cost.received / 1e6:.0f}"),
                (f"{where}: peak memory over imports, MB", "512", f"{cost.peak_mb:.0f}"),
            ]
    if rows:
        print_table(f"What is promised: one view, radius {TARGET_RADIUS}", ("", "at most", "measured"), rows)


def write_json(costs: Iterable[tuple[Case, Cost]], path: Path) -> None:
    """Write every number of every case to *path*."""
    rows = [asdict(case) | asdict(cost) | {"dollars": cost.dollars} for case, cost in costs]
    path.write_text(json.dumps(rows, indent=1) + "\n")


def _measure(work: Mapping[Size, Sequence[Case]]) -> Costs:
    costs: Costs = {}
    with progress() as bar:
        task = bar.add_task("", total=sum(map(len, work.values())))
        for size, cases in work.items():
            bar.update(task, description=f"storing {short_count(size.pictures)} pictures of {size.views} views")
            with Canned(size) as endpoint:
                costs |= _measure_in_children(cases, endpoint, bar)
    return costs


def _measure_in_children(cases: Sequence[Case], endpoint: str, bar: Progress) -> Costs:
    """Measure each case in a process of its own: memory that an earlier one gave back would hide what a case takes."""
    server = multiprocessing.get_context("forkserver")  # so none begins with this process's memory, nor imports anew
    server.set_forkserver_preload(["benchmarks.cost.upload"])
    costs: Costs = {}
    with ProcessPoolExecutor(1, mp_context=server, max_tasks_per_child=1) as pool:
        for case in cases:
            (task,) = bar.task_ids
            turns = "all turns" if case.orientations > 1 else "no turns"
            what = f"{short_count(case.size.pictures)} x {case.size.views}: {case.path}, {turns}, radius {case.radius}"
            bar.update(task, description=what)
            costs[case] = pool.submit(measure, case, endpoint).result()
            bar.advance(task)
    return costs


def _cells(cost: Cost) -> tuple[str, ...]:
    return (
        f"{cost.requests:,.0f}",
        f"{cost.round_trips:,}",
        _short(cost.read_units),
        _short(cost.write_units),
        f"{cost.s3_gets:,.0f}",
        f"{cost.received / 1000:,.0f}",
        f"{cost.cpu_ms:,.0f}",
        _short(cost.scan_ms),
        f"{max(0.0, cost.grown_mb):,.0f}",
        f"{cost.dollars:,.2f}",
    )


def _short(number: float) -> str:
    return f"{number:,.0f}" if number >= 100 or number == round(number) else f"{number:.1f}"
