"""What `lookalike redrive --from FILE` does: it sends what is in a file, and goes on where an earlier run ended."""

import argparse
import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from handler.cli.dropping import asked
from handler.cli.errors import FAILED
from handler.cli.failed_events import Failure
from handler.cli.failure_filter import asked_for
from handler.cli.failure_groups import grouped
from handler.cli.failure_groups import table as by_cause
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.progress import progress
from handler.cli.redrive_output import print_sent, print_waiting
from handler.cli.redriving import IN_FILE, Invoke, Pace, Tally, readable, resend
from handler.cli.rows import terminal_width
from handler.cli.saved_failures import load


class SentNotes:
    """Which events of a file were sent, noted beside it for as long as some were not: FILE.sent, an id a line."""

    def __init__(self, file: Path) -> None:
        """Read what earlier runs have noted. Errors are OSError."""
        self.path = file.with_name(f"{file.name}.sent")
        self.ids = set(self.path.read_text(encoding="utf-8").split()) if self.path.exists() else set[str]()
        self._writable = True

    def add(self, ids: Sequence[str]) -> None:
        """Note that these were sent; where that cannot be written it is said, once."""
        self.ids.update(ids)
        if not (ids and self._writable):
            return
        try:
            with self.path.open("a", encoding="utf-8") as file:
                file.write("".join(f"{one}\n" for one in ids))
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            self._writable = False
            complain(f"cannot note in {printable(str(self.path))} what was sent ({error.strerror or error})")

    def end(self, failures: Iterable[Failure]) -> None:
        """Take the note away if it has all of *failures*: from then on the file is as new."""
        if all(one.message_id in self.ids for one in failures):
            self.path.unlink(missing_ok=True)


def resend_file(options: argparse.Namespace, invoke: Invoke | None) -> int:
    """Send what is in a file, having read the whole of it, or with --dry-run show it; return the exit status.

    What an earlier run has sent is left out, until all of the file was sent. *invoke* may be None with --dry-run.
    """
    failures, notes, tally = list(load(options.from_file)), SentNotes(options.from_file), Tally()
    rest = [one for one in failures if one.message_id not in notes.ids]
    tally.before = len(failures) - len(rest)
    wanted = asked_for(options, datetime.now(UTC))
    meant = [one for one in rest if wanted.takes(one)]
    tally.left = len(rest) - len(meant)
    if tally.before:
        complain(f"{counted(tally.before, 'event')} sent before, as {printable(str(notes.path))} has it: left out")
    if options.dry_run or invoke is None:
        print_waiting(readable(meant, tally, IN_FILE)[: options.limit], wanted.now, tally, options)
        return FAILED if tally.kept else 0
    if not options.json and meant:
        print(*by_cause(grouped(meant), wanted.now, terminal_width()), sep="\n", flush=True)
    if not options.yes and not (meant and asked(f"send {counted(len(meant), 'event')} to the function again?")):
        print("nothing sent")
        return FAILED if meant else 0
    try:
        with progress("sending", lambda: len(meant)) as shown:
            pace = Pace(options.rate)
            resend(meant, invoke, tally, limit=options.limit, pace=pace, advance=shown.advance, note=notes.add)
        notes.end(one for one in failures if one.payload)
    finally:  # an interruption does not hide what was done before
        print_sent(tally, options)
    return FAILED if tally.kept else 0
