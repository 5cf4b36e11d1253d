"""Prints what uploads cost, and beside it what is promised."""

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from benchmarks.cost.measured_cases import SHARDED_PICTURES, SHARDED_RADIUS, Costs
from benchmarks.cost.upload_cost import UploadCost
from benchmarks.cost.uploader import Case
from benchmarks.counts import short_count
from handler.core.found import Route
from training.printing import console, print_table

ROUTES = {Route.WARM: "Warm", Route.LOADED: "Cold, loads the journal", Route.PROBED: "Reads the buckets"}
PROMISED_RADIUS = 14
COLUMNS = ("stored", "radius", "requests", "trips", "RRU", "WRU", "GETs", "KB in", "CPU ms", "scan", "MB", "$/million")
NOTE = (
    "Requests, units, KB received and dollars are means, times are medians of up to 12 uploads that match nothing. "
    "Hashes are random: some lie near by chance, and the object item of each is read. Trips: requests that had to "
    "follow one another, seen with answers held for 40 ms. CPU is the client's; scan is the part that compares hashes. "
    "MB: growth of memory. Dollars: units, GETs, and the function while it computes; waiting for answers, the picture "
    "itself and SNS come on top."
)


def print_costs(costs: Costs) -> None:
    """Print a table for each route, number of views and number of orientations."""
    tables: dict[tuple[Route, int, int], list[Case]] = {}
    for case in costs:
        tables.setdefault((case.route, case.size.view_count, case.orientations), []).append(case)
    for table in sorted(tables, key=lambda table: (list(ROUTES).index(table[0]), *table[1:])):
        print_table(
            _title(*table),
            COLUMNS,
            [(short_count(case.size.pictures), case.radius, *_cells(costs[case])) for case in tables[table]],
        )
    console.print(NOTE)


def _title(route: Route, view_count: int, orientations: int) -> str:
    questions = view_count * orientations
    return (
        f"{ROUTES[route]}: {view_count} view{'s' * (view_count > 1)}, "
        f"{'all' if orientations > 1 else 'no'} turns and flips, {questions} question{'s' * (questions > 1)}"
    )


def print_shards(costs: Costs) -> None:
    """Print what each further shard costs."""
    print_table(
        f"Shards: warm, 1 view, {short_count(SHARDED_PICTURES)} stored, radius {SHARDED_RADIUS}",
        ("shards", *COLUMNS[2:]),
        [(case.size.shards, *_cells(cost)) for case, cost in costs.items()],
    )


def print_promises(costs: Costs) -> None:
    """Print what the design promises beside what was measured."""
    rows = [
        row
        for case, cost in costs.items()
        if (case.size.view_count, case.orientations, case.radius) == (1, 1, PROMISED_RADIUS)
        for row in _promises(case, cost)
    ]
    if rows:
        print_table(f"What is promised: one view, radius {PROMISED_RADIUS}", ("", "at most", "measured"), rows)


def _promises(case: Case, cost: UploadCost) -> list[tuple[object, ...]]:
    """Return the lines of a case, if there are any: what is measured, how much it may be, how much it was."""
    where = f"{short_count(case.size.pictures)}, {case.route}"
    if (case.route, case.size.pictures) == (Route.WARM, 10**6):
        return [
            (f"{where}: requests", "8", f"{cost.requests:.1f}"),
            (f"{where}: sequential round trips", "2", cost.round_trips),
            (f"{where}: read units", "1", f"{cost.read_units:.1f}, {cost.candidates:.1f} of them for candidates"),
            (f"{where}: write units", "7", f"{cost.write_units:.1f}"),
            (f"{where}: CPU beside the scan, ms", "25", f"{cost.cpu_ms - cost.scan_ms:.1f}"),
            (f"{where}: CPU of the scan, ms", "", f"{cost.scan_ms:.1f}"),
        ]
    if case.route is Route.LOADED and case.size.pictures >= 10**6:
        return [
            (f"{where}: CPU s", "2" if case.size.pictures == 10**6 else "", f"{cost.cpu_ms / 1000:.2f}"),
            (f"{where}: wall s, servers on this machine", "60", f"{cost.wall_ms / 1000:.2f}"),
            (f"{where}: S3 GETs / read units", "", f"{cost.s3_gets:.0f} / {cost.read_units:.0f}"),
            (f"{where}: MB received", "", f"{cost.received / 1e6:.0f}"),
            (f"{where}: peak memory over imports, MB", "512", f"{cost.peak_mb:.0f}"),
        ]
    return []


def write_json(costs: Iterable[tuple[Case, UploadCost]], path: Path) -> None:
    """Write every number of every case to *path*."""
    rows = [asdict(case) | asdict(cost) | {"dollars": cost.dollars} for case, cost in costs]
    path.write_text(json.dumps(rows, indent=1) + "\n")


def _cells(cost: UploadCost) -> tuple[str, ...]:
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
