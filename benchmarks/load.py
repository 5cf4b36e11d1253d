"""`python -m benchmarks.load`: the deployed stack under load, beside a function that does nothing."""

import argparse
import json
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from rich.console import Console

from benchmarks.load_drive import Run, drive, receive
from benchmarks.load_noop import Target, deploy, ours
from benchmarks.report import print_machine, print_table, progress
from handler.cli import stack, world
from handler.cli.emulator import LocalError
from handler.cli.watch import Watch
from handler.cli.world import World
from tests.images import photo, png

MAX_UPLOADS = 5000  # as many originals are stored first, and pictures held in memory
SIDE = 64  # pixels: the load is the service's, not the decoder's (see `make bench` for that)
STORING = 4  # originals on their way at once
WINDOW_MS = 5000  # of the log that is read at once; the emulator gives at most 10,000 lines
EXIT_INTERRUPTED = 130
PERCENTILES = (95, 99)

EPILOG = f"""\
Each upload shows the same thing as one picture that was stored before, so each must lead to one notice. Uploads fall
due at a fixed rate, whether those before have been answered or not: a system that is too slow shows as latency and
backlog, not as fewer uploads. Latency counts from when an upload was due until its notice was in the queue that is
subscribed to the topic (the queue's own SentTimestamp).

The no-op function does nothing but publish one message for each object. It has a bucket, a topic and a queue of its
own in the same emulator, so the difference is what Lookalike adds, and the rest is the emulator's and the machine's.
The emulator starts an instance for each event under way; a start takes 1.7 s of a core, so a rate that the machine
cannot hold gets worse fast. Two cores hold about 20 a second.

At most {MAX_UPLOADS} uploads. Exit status: 0, or 1 if a notice is missing or an upload was refused."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _options(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        runs, routes = _measure(options.rate, options.seconds)
    except LocalError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail("interrupted; everything that was started has ended", EXIT_INTERRUPTED)
    if options.json:
        print(json.dumps({"rate": options.rate, "seconds": options.seconds, "routes": routes}
                         | {run.target: _described(run) for run in runs}))
    else:
        print_machine()
        _print(runs, routes, options.rate)
    for run in runs:
        for why in run.refused[:3]:
            print(f"load: {run.target} refused {why}", file=sys.stderr)
    return 1 if any(run.missing for run in runs) else 0


def _measure(rate: float, seconds: float) -> tuple[list[Run], dict[str, int]]:
    uploads = max(1, round(rate * seconds))
    root = stack.project_root()
    with Console(stderr=True).status("setting up") as status:
        started = world.start(root, progress=status.update)
        with_noop = None
        try:
            status.update("deploying the no-op function")
            with_noop = deploy(started)
            status.update("drawing the pictures")
            copies = [png(photo(number, (SIDE + 8, SIDE + 6))) for number in range(uploads)]
        except BaseException:
            started.stop()
            raise
    with started, progress() as bars:
        task = bars.add_task("storing originals", total=uploads)
        for count in _store(started, uploads):
            bars.update(task, completed=count)
        _warm_up(started, with_noop)
        runs = []
        for target in (with_noop, ours(started)):
            task = bars.add_task(f"{target.name}: answered", total=uploads)
            since_ms = int(time.time() * 1000)
            runs.append(
                drive(started, target, copies, rate=rate, advance=lambda count, task=task: bars.update(task, completed=count))  # type: ignore[misc]
            )
        return runs, _routes(started, since_ms)
