"""What was decided not to be kept, as text: nothing is deleted here."""

import json
import shlex
from collections.abc import Iterator, Sequence

from handler.cli.reviewing import Document, Surplus, named
from handler.core.verdicts import NamedObject

HEAD = """\
#!/bin/sh
# {what}; `lookalike review` wrote this, and deletes nothing.
# Read it before you run it. In a bucket without versions nothing brings an object back; in one with versions a delete
# marker hides it. An object that was overwritten since is another picture: --if-match leaves it alone. It needs
# s3:DeleteObject and s3:GetObject, and version 2 of the AWS CLI of September 2025 or later.
set -u
left=0
"""
TAIL = """\
[ "$left" = 0 ] || { echo "$left left: overwritten since, gone, or refused" >&2; exit 1; }
"""


def script(found: Sequence[Surplus]) -> str:
    """Return commands for a POSIX shell that delete the objects unless they were overwritten.

    Keys of any characters are quoted. What is not known to be what was decided about is left out.
    """
    given = [deletion(one.object, one.etag) for one in found if one.etag]
    return _script("What was decided not to be kept", given)


def list_script(uploads: Sequence[Document]) -> str:
    """Return the same for *uploads*, copies as groups have them, which match a list."""
    given = [deletion(named(copy), copy["etag"]) for copy in uploads if copy["etag"]]
    return _script("Uploads that match a list", given)


def deletion(name: NamedObject, etag: str) -> str:
    """Return the command that deletes an object, unless another one was stored under its name."""
    words = ["aws", "s3api", "delete-object", "--if-match", f'"{etag}"']
    if name.key.startswith(("file://", "fileb://")):  # by themselves these would name a file to read the key from
        words += ["--cli-input-json", json.dumps({"Bucket": name.bucket, "Key": name.key})]
    else:
        words += ["--bucket", name.bucket, f"--key={name.key}"]
    return shlex.join(words)


def _script(what: str, deletions: Sequence[str]) -> str:
    return HEAD.format(what=what) + "".join(f"{one} || left=$((left + 1))\n" for one in deletions) + TAIL


def lines(found: Sequence[Surplus]) -> Iterator[str]:
    """Yield a line of JSON for each object, with the one that stays."""
    for one in found:
        content = {"version": one.version, "etag": one.etag, "sha256": one.sha256}
        yield json.dumps({**one.object._asdict(), **content, "kept": one.stays._asdict()}) + "\n"
