"""`lookalike import`: have a deployed stack know pictures by hashes that other software has computed."""

import argparse
import csv
import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import boto3

from handler.cli.errors import FAILED, STATUSES, CommandError
from handler.cli.jobs import (
    FIELDS,
    REPORT,
    Deployed,
    add_job,
    check_job,
    end,
    explained,
    job_files,
    opened,
    report,
    run_job,
)
from handler.cli.manifest import ListedObject
from handler.cli.measures import counted
from handler.cli.output import complain, printable
from handler.cli.stacks import DeployedStack
from handler.core.filed import Copy
from handler.core.generations import IMPORTED
from handler.core.names import may_be_a_bucket

DESCRIPTION = f"""\
Have a deployed stack know pictures by their pHash values, as ImageHash and
services compute them, without reading a picture. FILE has a line for each:
bucket, key and the hash as 16 hex digits; a first line that names the columns
may say their order.

The pictures search, and are found, by their hashes alone, in a stack whose
Generation is {IMPORTED}. What is not known of them is null. What an event told of
an object, or a backfill, stays as it is. --tell is that of lookalike backfill;
the report ({REPORT}) has the groups with a picture that was
imported, whenever that was.

It may be stopped at any time. The same command goes on where it was.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

EPILOG = f"""\
JSON fields:
{FIELDS}

exit status:
  0  all is done with, whatever came of it
  1  a line was refused, an object failed, or AWS could not be asked
  2  wrong usage
{STATUSES}

examples:
  lookalike import hashes.csv
  lookalike import hashes.csv --tell report --stack archive"""

COLUMNS = ("bucket", "key", "hash")
REFUSED = "refused"
_HASH = re.compile("(?:0[xX])?([0-9a-fA-F]{16})")
MOST_TOLD = 20  # lines that are refused


@dataclass(slots=True)
class RefusedLines:
    """The lines that could not be taken."""

    count: int = 0

    def add(self, line: int, why: str) -> None:
        """Count one, and say why; not of thousands."""
        self.count += 1
        if self.count <= MOST_TOLD:
            complain(f"line {line} is refused: {printable(why)}")


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("file", type=Path, metavar="FILE", help="bucket, key and hash of each picture, as CSV")
    add_job(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Import the hashes; return 0 if nothing was refused or failed, else 1."""
    check_job(options)
    session, refused = boto3.Session(), RefusedLines()
    digest = _digest(options.file)
    with explained(options.stack, session):
        deployed = Deployed(session, options.stack)
        _check_searched(deployed.stack)
        with job_files(options, deployed.stack, "import", digest) as files:
            began = deployed.intake.now().isoformat(timespec="seconds")
            job = opened(options, files, lambda: (began, listed(options.file, refused)))
            if refused.count:
                job.outcomes[REFUSED] = refused.count
                files.save(job)
            run_job(deployed, job, files, options.rate)
            status = end(options, job, report(options, deployed, files, _is_imported))
            files.drop()
    return FAILED if job.outcomes.get(REFUSED) else status


def listed(path: Path, refused: RefusedLines) -> Iterator[ListedObject]:
    """Yield what the lines of the file *path* name. Raises CommandError if it cannot be read."""
    order: tuple[str, ...] = COLUMNS
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            for number, row in enumerate(csv.reader(file), 1):
                names = tuple(cell.strip().lower() for cell in row)
                if number == 1 and sorted(names) == sorted(COLUMNS):
                    order = names
                elif any(row):
                    yield from _one(dict(zip(order, row, strict=False)), len(row), number, refused)
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise CommandError(f"{printable(str(path))} cannot be read: {error}") from error
    if refused.count > MOST_TOLD:
        complain(f"{counted(refused.count - MOST_TOLD, 'further line')} refused")


def _one(row: dict[str, str], cells: int, number: int, refused: RefusedLines) -> Iterator[ListedObject]:
    if cells != len(COLUMNS):
        refused.add(number, f"it has {counted(cells, 'column')}, want {', '.join(COLUMNS)}")
        return
    hash = _HASH.fullmatch(row["hash"].strip())
    if not may_be_a_bucket(row["bucket"]):
        refused.add(number, f"{row['bucket']!r} is no name of a bucket")
    elif not 0 < len(row["key"].encode()) <= 1024:
        refused.add(number, "its key is empty, or longer than 1,024 bytes")
    elif hash is None:
        refused.add(number, f"{row['hash']!r} is no hash of 16 hex digits")
    else:
        yield ListedObject(row["bucket"], row["key"], hash[1].lower())


def _digest(path: Path) -> str:
    """Return what tells a file from others by its content, so that the same one goes on."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise CommandError(f"{printable(str(path))} cannot be read: {error.strerror or error}") from error


def _check_searched(stack: DeployedStack) -> None:
    generation = stack.parameter("Generation")
    if generation != IMPORTED:
        raise CommandError(
            f"stack {stack.name!r} searches {generation}, and hashes of other software are {IMPORTED}: "
            f"deploy another stack with Generation={IMPORTED} and Radius=10, and name it with --stack; "
            "or have this one read the pictures, with lookalike backfill"
        )


def _is_imported(copy: Copy) -> bool:
    return not copy.width
