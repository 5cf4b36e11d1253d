"""Uploads to a deployment at a fixed rate, beside a function that does nothing.

Each upload shows the same thing as one picture that was stored before, so each must lead to one message. Uploads fall
due at a fixed rate, whether those before have been answered or not: a system that is too slow shows as latency and
backlog, not as fewer uploads. Latency counts from when an upload was due until its message was in the queue that is
subscribed to the topic (the queue's own SentTimestamp).

The no-op function does nothing but publish one message for each object. It has a bucket, a topic and a queue of its
own in the same emulator, so the difference is what Lookalike adds, and the rest is the emulator's and the machine's.
The emulator starts an instance for each event under way, and a start takes 1.7 s of a core: at a rate that the machine
cannot hold, starts take the time that answers need, and the backlog grows without end. So start low.

Exit status: 0, or 1 if a message is missing or an upload was refused.
"""

import argparse
import json
import math
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

from rich.console import Console
from rich.progress import Progress, TaskID

from benchmarks.drawn_photograph import drawn_photograph
from benchmarks.load.fixed_rate import Run, receive, upload_all
from benchmarks.load.no_op import Target, deploy, ours
from handler.cli.local import deployment, stack
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import LocalError
from handler.cli.local.watch import Watch
from training.printing import console, print_table, progress

MAX_UPLOADS = 5000  # as many originals are stored first, and pictures held in memory
SIDE = 64  # pixels: the load is the service's, not the decoder's (see `python -m benchmarks hashing` for that)
STORING = 4  # originals on their way at once
WINDOW_MS = 5000  # of the log that is read at once; the emulator gives at most 10,000 lines
PERCENTILES = (95, 99)
SHOWN = 3  # refused uploads


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options of this part."""
    parser.add_argument(
        "--rate", type=_positive, default=5, metavar="N", help="uploads a second (default: %(default)s)"
    )
    parser.add_argument(
        "--seconds",
        type=_positive,
        default=20,
        metavar="S",
        help=f"for so long (default: %(default)s); at most {MAX_UPLOADS} uploads",
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every number and every latency")


def run(options: argparse.Namespace) -> int:
    """Start a deployment, upload to it, and print the table."""
    uploads = _uploads(options.rate, options.seconds)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with _set_up() as started:
            runs, routes = _measure(started, options.rate, uploads)
    except LocalError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    _print(runs, routes, options.rate)
    if options.json:
        asked = {"rate": options.rate, "seconds": options.seconds, "routes": routes}
        options.json.write_text(json.dumps(asked | {one.target: _described(one) for one in runs}) + "\n")
    for one in runs:
        for why in one.refused[:SHOWN]:
            sys.stderr.write(f"{one.target} refused {why}\n")
    return 1 if any(one.missing for one in runs) else 0


def _uploads(rate: float, seconds: float) -> int:
    uploads = round(rate * seconds)
    if 1 <= uploads <= MAX_UPLOADS:
        return uploads
    raise argparse.ArgumentError(
        None,
        f"{rate:g} a second for {seconds:g} s is {uploads} uploads, want 1 to {MAX_UPLOADS}: "
        f"{'lower' if uploads else 'raise'} --rate or --seconds",
    )


def _set_up() -> Deployment:
    with Console(stderr=True).status("setting up") as status:
        return deployment.start(stack.project_root(), progress=status.update)


def _measure(started: Deployment, rate: float, uploads: int) -> tuple[list[Run], dict[str, int]]:
    noop = deploy(started)
    copies = [drawn_photograph((SIDE + 8, SIDE + 6), seed=number) for number in range(uploads)]
    with progress() as bars:
        _warm_up(started, noop)
        task = bars.add_task("storing originals", total=uploads)
        for count in _store(started, uploads):
            bars.update(task, completed=count)
        runs = []
        for target in (noop, ours(started)):
            task = bars.add_task(f"{target.name}: answered", total=uploads)
            since_ms = int(time.time() * 1000)
            runs.append(upload_all(started, target, copies, rate=rate, advance=partial(_advance, bars, task)))
        return runs, _routes(started, since_ms)


def _advance(bars: Progress, task: TaskID, answered: int) -> None:
    bars.update(task, completed=answered)


def _warm_up(started: Deployment, noop: Target) -> None:
    """Start one instance of the no-op function, as storing the originals does for the other."""
    started.client("s3").put_object(Bucket=noop.bucket, Key="warm-up", Body=b"")
    while not receive(started.client("sqs"), noop.queue_url):
        pass


def _store(started: Deployment, uploads: int) -> Iterator[int]:
    """Store an original for each upload, and yield how many are indexed."""
    s3, watch = started.client("s3"), Watch(started)
    for first in range(0, uploads, STORING):
        some = {f"stored/{number:06}.jpg": number for number in range(first, min(first + STORING, uploads))}
        for key, number in some.items():
            s3.put_object(Bucket=started.bucket, Key=key, Body=drawn_photograph((SIDE, SIDE), seed=number))
        watch.wait_for(some)
        lost = [key for key in some if key not in watch.handled or watch.handled[key].outcome != "indexed"]
        if lost or watch.messages:
            raise LocalError(f"{lost or watch.messages[0]['picture']['key']}: not indexed, or not unlike all others")
        yield first + len(some)


def _routes(started: Deployment, since_ms: int) -> dict[str, int]:
    """Return how many searches took each route, and how many objects had another outcome, from the function's log."""
    logs, now_ms = started.client("logs"), int(time.time() * 1000)
    counts: Counter[str] = Counter()
    for start in range(since_ms, now_ms, WINDOW_MS):
        window = {"startTime": start, "endTime": start + WINDOW_MS - 1}
        page = logs.filter_log_events(logGroupName=started.outputs["LogGroupName"], **window)
        for event in page["events"]:
            if event["message"].startswith('{"level"'):
                line = json.loads(event["message"])
                counts[line.get("route") or line["message"]] += 1
    return dict(counts.most_common())


def _print(runs: Sequence[Run], routes: dict[str, int], rate: float) -> None:
    noop, own = runs
    rows = [
        ("uploads", *(len(run.due) for run in runs), ""),
        ("answered a second", *(f"{run.throughput:.1f}" for run in runs), ""),
        *(
            (name, f"{one:,.0f}", f"{other:,.0f}", f"{other - one:+,.0f} ({other / one:.1f} times)")
            for name, one, other in [
                ("latency ms, median", noop.median_ms, own.median_ms),
                *((f"latency ms, p{at}", noop.percentile_ms(at), own.percentile_ms(at)) for at in PERCENTILES),
            ]
        ),
        ("backlog, peak", *(run.peak_backlog for run in runs), ""),
        ("backlog when the last was due", *(run.backlog(run.end_s) for run in runs), ""),
        ("uploads refused by S3", *(len(run.refused) for run in runs), ""),
        ("events in the failure queue", *(run.failure_queue for run in runs), ""),
        ("uploads without a message", *(run.missing for run in runs), ""),
        ("messages repeated", *(run.repeated for run in runs), ""),
    ]
    taken = ", ".join(f"{count} {route}" for route, count in routes.items())
    late_ms = max(run.late_s for run in runs) * 1000
    note = f"searches: {taken or 'none logged'}; an upload began at most {late_ms:.0f} ms after it was due"
    title = f"{rate:g} uploads a second for {own.end_s + 1 / rate:.0f} s, from the upload to the message"
    print_table(title, ("", *(run.target for run in runs), "what Lookalike adds"), rows, note=note)
    for run in runs:
        backlog = " ".join(str(run.backlog(second)) for second in range(math.ceil(run.end_s) + 1))
        console.print(f"backlog of {run.target} each second: {backlog}")


def _described(run: Run) -> dict[str, Any]:
    return {
        "uploads": len(run.due),
        "answered": len(run.answered),
        "missing": run.missing,
        "repeated": run.repeated,
        "refused": run.refused,
        "failure_queue": run.failure_queue,
        "throughput": round(run.throughput, 2),
        "late_ms": round(run.late_s * 1000, 1),
        "median_ms": round(run.median_ms, 1) if run.answered else None,
        **{f"p{at}_ms": round(run.percentile_ms(at), 1) if run.answered else None for at in PERCENTILES},
        "backlog_peak": run.peak_backlog,
        "backlog_end": run.backlog(run.end_s),
        "backlog": [run.backlog(second) for second in range(math.ceil(run.end_s) + 1)],
        "latencies_ms": [round(latency, 1) for latency in run.latencies_ms],
    }


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
