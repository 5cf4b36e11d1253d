"""Groups of a list: an entry and the uploads that match it, about which no verdict is given."""

import shlex
from collections.abc import Mapping
from typing import Any

from handler.cli.output import printable
from handler.cli.program import ours
from handler.cli.review.export import deletion
from handler.cli.reviewing import members, named
from handler.core.lists import source_of
from handler.core.model import LIST_MARK, ObjectRef
from handler.core.verdicts import NamedObject

Document = Mapping[str, Any]


def list_of(copy: Document) -> str | None:
    """Return the list that *copy* is an entry of; None if it is an upload."""
    bucket: str = copy["bucket"]
    return bucket.removeprefix(LIST_MARK) if bucket.startswith(LIST_MARK) else None


def pictured(copy: Document) -> NamedObject | None:
    """Return the object that shows *copy*: of an entry the one that it was made of; None if it was made of none."""
    source = source_of(ObjectRef(*named(copy)))
    return NamedObject(source.bucket, source.key) if source else None


def take_off(entry: Document) -> str:
    """Return the command that takes *entry* off its list."""
    return ours(f"list remove {list_of(entry)} {shlex.quote(entry['key'])}")


def commands(group: Document) -> list[tuple[str, str]]:
    """Return what can be done about a group of a list: in words, and as commands for a shell.

    A command whose name has characters that cannot be shown is left out: on a page it could pass for another one.
    """
    entry, *uploads = members(group)
    told = [deletion(named(copy), copy["etag"]) for copy in uploads if copy["etag"]]
    down = [command for command in told if printable(command) == command]
    one, few = "Take the upload down", f"Take {len(uploads)} uploads down"
    found = [(one if len(uploads) == 1 else few, "\n".join(down))] if len(down) == len(uploads) else []
    off = take_off(entry)
    return found + ([("If it should not be on the list, take the entry off", off)] if printable(off) == off else [])
