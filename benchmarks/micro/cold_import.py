"""What a cold start imports, beside `import boto3` alone, which nobody can avoid."""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from training.printing import print_table

ROOT = Path(__file__).parents[2]
ROUNDS = 9
# As the template sets them: OpenBLAS would start a thread for every core.
OF_THE_FUNCTION = {"POWERTOOLS_SERVICE_NAME": "bench", "OPENBLAS_NUM_THREADS": "1"}
STATEMENTS = {"import boto3": "import boto3", "import handler.app": "import handler.app"}


def add_arguments(_: argparse.ArgumentParser) -> None:
    """Add no options: there are none."""


def run(_: argparse.Namespace) -> int:
    """Print the table."""
    with tempfile.TemporaryDirectory() as cache:
        for statement in STATEMENTS.values():
            _cpu_ms(statement, cache)  # compiles: the layer and the runtime ship byte code
        start = statistics.median(_cpu_ms("pass", cache) for _ in range(ROUNDS))
        rounds = [{name: _cpu_ms(statement, cache) for name, statement in STATEMENTS.items()} for _ in range(ROUNDS)]
    ratios = [(one["import handler.app"] - start) / (one["import boto3"] - start) for one in rounds]
    low, ratio, high = statistics.quantiles(ratios, n=4)
    rows = [(name, f"{statistics.median(one[name] for one in rounds) - start:.0f}") for name in STATEMENTS]
    print_table(
        "Cold import",
        ("statement", "CPU ms"),
        [*rows, ("ratio (hold to 2.0)", f"{ratio:.2f}"), ("quartiles of the ratio", f"{low:.2f} to {high:.2f}")],
        note=f"Medians of {ROUNDS} interleaved rounds, with byte code, less {start:.0f} ms of the interpreter itself.",
    )
    return 0


def _cpu_ms(statement: str, cache: str) -> float:
    """Return the CPU time of a fresh interpreter that runs *statement*, with byte code kept in *cache*."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(  # noqa: S603  our own interpreter and a fixed statement
        [sys.executable, "-c", statement],
        env=kept | OF_THE_FUNCTION | {"PYTHONPYCACHEPREFIX": cache, "PYTHONPATH": str(ROOT / "src")},
        check=True,
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) * 1000
