"""What `lookalike redrive` prints: what would be sent, and what became of it."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime
from typing import Any

from handler.cli.failed_events import Failure
from handler.cli.failure_groups import grouped
from handler.cli.failure_groups import table as by_cause
from handler.cli.failure_rows import described_failure, table
from handler.cli.output import complain
from handler.cli.redriving import Tally
from handler.cli.rows import terminal_width

NAMED = 20  # messages that stay, each with its reason


def print_waiting(failures: Sequence[Failure], now: datetime, tally: Tally, options: argparse.Namespace) -> None:
    """Print each of *failures*, which would be sent, and all by cause."""
    if failures and not options.json:
        width = terminal_width()
        print(*table(failures, width), "", *by_cause(grouped(failures), now, width), sep="\n")
    listed = [described_failure(one) for one in failures]
    print_end(tally, f"{len(failures)} to send", {"waiting": listed}, options)


def print_sent(tally: Tally, options: argparse.Namespace) -> None:
    """Print what became of what was to be sent."""
    print_end(tally, f"{tally.sent} sent", {"sent": tally.sent}, options)


def print_end(tally: Tally, count: str, described: dict[str, Any], options: argparse.Namespace) -> None:
    """Print the end of the output: what was kept and why, and how much there was of each."""
    if options.json:
        stays = [asdict(kept) for kept in tally.kept]
        print(json.dumps(described | {"kept": stays, "left": tally.left, "before": tally.before}))
        return
    for kept in tally.kept[:NAMED]:
        complain(f"kept {kept.message_id}: {kept.reason}")
    if len(tally.kept) > NAMED:
        complain(f"kept {len(tally.kept) - NAMED:,} more: --json names them all")
    left = f", {tally.left} left by the filter" if tally.left else ""
    before = f", {tally.before} sent before" if tally.before else ""
    print(f"{count}, {len(tally.kept)} kept{left}{before}")
