"""Which uploads are measured: by how much is stored, by the radius, and by the route that their search takes."""

import multiprocessing
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import product

from rich.progress import Progress

from benchmarks.cost.array_server import ArrayServer
from benchmarks.cost.stored_pictures import Size
from benchmarks.cost.upload_cost import UploadCost, measure
from benchmarks.cost.uploader import Case
from benchmarks.counts import short_count
from handler.core.found import Route
from training.printing import progress

RADII = (6, 10, 14)
VIEW_COUNTS = (1, 9)
ORIENTATIONS = (1, 8)
SHARDS = (1, 2, 4)
SHARDED_PICTURES = 100_000
SHARDED_RADIUS = 14

Costs = dict[Case, UploadCost]


def measure_all(stored: Sequence[int]) -> Costs:
    """Return the cost of every case over collections of *stored* pictures."""
    cases: dict[Size, list[Case]] = {}
    for pictures, view_count in product(stored, VIEW_COUNTS):
        size = Size(pictures, view_count)
        cases[size] = [Case(route, size, *rest) for route, *rest in product(Route, ORIENTATIONS, RADII)]
    return _measure(cases)


def measure_shards() -> Costs:
    """Return the cost of a warm upload by the shards of its journal."""
    sizes = [Size(SHARDED_PICTURES, shards=shards) for shards in SHARDS]
    return _measure({size: [Case(Route.WARM, size, 1, SHARDED_RADIUS)] for size in sizes})


def _measure(work: Mapping[Size, Sequence[Case]]) -> Costs:
    costs: Costs = {}
    with progress() as bar:
        task = bar.add_task("", total=sum(map(len, work.values())))
        for size, cases in work.items():
            bar.update(task, description=f"storing {short_count(size.pictures)} pictures of {size.view_count} views")
            with ArrayServer(size) as endpoint:
                costs |= _measure_in_children(cases, endpoint, bar)
    return costs


def _measure_in_children(cases: Sequence[Case], endpoint: str, bar: Progress) -> Costs:
    """Measure each case in a process of its own: memory that an earlier one gave back would hide what a case takes."""
    server = multiprocessing.get_context("forkserver")  # so none begins with this process's memory, nor imports anew
    server.set_forkserver_preload(["benchmarks.cost.upload_cost"])
    costs: Costs = {}
    with ProcessPoolExecutor(1, mp_context=server, max_tasks_per_child=1) as pool:
        for case in cases:
            (task,) = bar.task_ids
            turns = "all turns" if case.orientations > 1 else "no turns"
            stored = f"{short_count(case.size.pictures)} x {case.size.view_count}"
            bar.update(task, description=f"{stored}: {case.route}, {turns}, radius {case.radius}")
            costs[case] = pool.submit(measure, case, endpoint).result()
            bar.advance(task)
    return costs
