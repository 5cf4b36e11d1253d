"""`python -m benchmarks.load.uploads`: the deployed stack under load, beside a function that does nothing."""

import argparse
import json
import math
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from functools import partial
from types import FrameType
from typing import Any, NoReturn

from rich.console import Console
from rich.progress import Progress, TaskID

from benchmarks.load.drive import Run, drive, receive
from benchmarks.load.no_op import Target, deploy, ours
from handler.cli.local import deployment, stack
from handler.cli.local.deployment import Deployment
from handler.cli.local.emulator import LocalError
from handler.cli.local.watch import Watch
from tests.pictures import photo, png
from training.printing import console, print_machine, print_table, progress

MAX_UPLOADS = 5000  # as many originals are stored first, and pictures held in memory
SIDE = 64  # pixels: the load is the service's, not the decoder's (see `make bench` for that)
STORING = 4  # originals on their way at once
WINDOW_MS = 5000  # of the log that is read at once; the emulator gives at most 10,000 lines
EXIT_INTERRUPTED = 130
PERCENTILES = (95, 99)
TOLD = 3  # refused uploads

EPILOG = f"""\
Each upload shows the same thing as one picture that was stored before, so each must lead to one notice. Uploads fall
due at a fixed rate, whether those before have been answered or not: a system that is too slow shows as latency and
backlog, not as fewer uploads. Latency counts from when an upload was due until its notice was in the queue that is
subscribed to the topic (the queue's own SentTimestamp).

The no-op function does nothing but publish one message for each object. It has a bucket, a topic and a queue of its
own in the same emulator, so the difference is what Lookalike adds, and the rest is the emulator's and the machine's.
The emulator starts an instance for each event under way, and a start takes 1.7 s of a core: at a rate that the machine
cannot hold, starts take the time that answers need, and the backlog grows without end. So begin low.

At most {MAX_UPLOADS} uploads. Exit status: 0, or 1 if a notice is missing or an upload was refused."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    options = _options(argv)
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        with _set_up() as started:
            runs, routes = _measure(started, options.rate, round(options.rate * options.seconds))
    except LocalError as error:
        return _fail(str(error), 1)
    except KeyboardInterrupt:
        return _fail("interrupted; everything that was started has ended", EXIT_INTERRUPTED)
    if options.json:
        asked = {"rate": options.rate, "seconds": options.seconds, "routes": routes}
        sys.stdout.write(json.dumps(asked | {run.target: _described(run) for run in runs}) + "\n")
    else:
        print_machine()
        _print(runs, routes, options.rate)
    for run in runs:
        for why in run.refused[:TOLD]:
            _fail(f"{run.target} did not take {why}", 1)
    return 1 if any(run.missing for run in runs) else 0


def _set_up() -> Deployment:
    with Console(stderr=True).status("setting up") as status:
        return deployment.start(stack.project_root(), progress=status.update)


def _measure(started: Deployment, rate: float, uploads: int) -> tuple[list[Run], dict[str, int]]:
    noop = deploy(started)
    copies = [png(photo(number, (SIDE + 8, SIDE + 6))) for number in range(uploads)]
    with progress() as bars:
        _warm_up(started, noop)
        task = bars.add_task("storing originals", total=uploads)
        for count in _store(started, uploads):
            bars.update(task, completed=count)
        runs = []
        for target in (noop, ours(started)):
            task = bars.add_task(f"{target.name}: answered", total=uploads)
            since_ms = int(time.time() * 1000)
            runs.append(drive(started, target, copies, rate=rate, advance=partial(_advance, bars, task)))
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
        some = {f"stored/{number:06}.png": number for number in range(first, min(first + STORING, uploads))}
        for key, number in some.items():
            s3.put_object(Bucket=started.bucket, Key=key, Body=png(photo(number, (SIDE, SIDE))))
        watch.wait_for(some)
        lost = [key for key in some if key not in watch.handled or watch.handled[key].outcome != "indexed"]
        if lost or watch.messages:
            raise LocalError(f"{lost or watch.messages[0]['picture']['key']}: not indexed, or not unlike all others")
        yield first + len(some)


def _routes(started: Deployment, since_ms: int) -> dict[str, int]:
    """Return which ways the searches took, by route, and other outcomes than `indexed`, from the function's log."""
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
        ("uploads without a notice", *(run.missing for run in runs), ""),
        ("notices repeated", *(run.repeated for run in runs), ""),
    ]
    taken = ", ".join(f"{count} {route}" for route, count in routes.items())
    late_ms = max(run.late_s for run in runs) * 1000
    note = f"searches: {taken or 'none logged'}; an upload began at most {late_ms:.0f} ms after it was due"
    title = f"{rate:g} uploads a second for {own.end_s + 1 / rate:.0f} s, from the upload to the notice"
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


def _options(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = _Parser(
        prog="python -m benchmarks.load.uploads",
        description="Upload at a fixed rate to the deployed stack, in an emulator on loopback, and time the notices.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--rate", type=_positive, default=5, metavar="N", help="uploads a second (default: 5)")
    parser.add_argument("--seconds", type=_positive, default=20, metavar="S", help="for so long (default: 20)")
    parser.add_argument("--json", action="store_true", help="print one JSON object, with every latency")
    options = parser.parse_args(argv)
    uploads = round(options.rate * options.seconds)
    if not 1 <= uploads <= MAX_UPLOADS:
        parser.error(
            f"{options.rate:g} a second for {options.seconds:g} s is {uploads} uploads, want 1 to {MAX_UPLOADS}: "
            f"{'lower' if uploads else 'raise'} --rate or --seconds"
        )
    return options


class _Parser(argparse.ArgumentParser):
    """Says what is wrong in one line, where argparse would print the usage before it."""

    def error(self, message: str) -> NoReturn:
        self.exit(_fail(f"{message} (see --help)", 2))


def _positive(text: str) -> float:
    try:
        number = float(text)
    except ValueError:
        number = 0.0
    if not 0 < number < math.inf:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive number")
    return number


def _fail(message: str, status: int) -> int:
    sys.stderr.write(f"load: {message}\n")
    return status


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
