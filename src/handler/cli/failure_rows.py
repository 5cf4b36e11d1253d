"""Failed events one by one: a row each, or a document."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from handler.cli.failed_events import Failure
from handler.cli.output import printable
from handler.cli.rows import laid_out

ERROR_WIDTH = 100  # of the table's last column


def table(failures: Sequence[Failure], width: int | None = None) -> list[str]:
    """Return the lines of a table with a row for each item of each event, or lines where *width* is too little."""
    rows = list[tuple[str, ...]]()
    for failure in failures:
        error = printable(failure.error)
        error = error if len(error) <= ERROR_WIDTH else f"{error[: ERROR_WIDTH - 1]}…"
        rows += [(printable(one), failure.condition, failure.when, error) for one in failure.objects or ("(none)",)]
    return laid_out(("OBJECT", "CONDITION", "WHEN", "ERROR"), rows, width)


def described_failure(failure: Failure) -> dict[str, Any]:
    """Return what `redrive --dry-run --json` prints of *failure*."""
    known = {name: value for name, value in asdict(failure).items() if name != "payload"}
    return known | {"cause": failure.cause.name}
