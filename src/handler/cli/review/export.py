"""What was decided not to be kept, as text: nothing is deleted here."""

import json
import shlex
from collections.abc import Iterator, Sequence

from handler.cli.reviewing import Surplus, uri

HEAD = """\
#!/bin/sh
# What was decided not to be kept; `lookalike review` wrote this, and deletes nothing.
# Read it before you run it. In a bucket without versions nothing brings an object back.
set -eu
"""


def script(found: Sequence[Surplus]) -> str:
    """Return commands for a POSIX shell that delete the objects; keys of any characters are quoted."""
    return HEAD + "".join(f"aws s3 rm {shlex.quote(uri(one.object))}\n" for one in found)


def lines(found: Sequence[Surplus]) -> Iterator[str]:
    """Yield a line of JSON for each object, with the one that stays."""
    for one in found:
        yield json.dumps({**one.object._asdict(), "kept": one.stays._asdict()}) + "\n"
