"""`lookalike list`: keep named sets of pictures that every upload is compared with."""

import argparse
from collections.abc import Callable
from typing import NamedTuple

from handler.cli import list_verbs
from handler.cli.arguments import list_name
from handler.cli.errors import STATUSES
from handler.cli.stacks import STACK
from handler.core.generations import GENERATIONS

DESCRIPTION = """\
Keep lists: named sets of pictures that every upload is compared with, beside
its scope. The deployment asks those that its parameter Lists names. A list
keeps fingerprints and no pictures. Adding to it announces nothing: uploads that
come later are told.

Region, credentials and endpoint come from where the AWS CLI takes them
(AWS_DEFAULT_REGION, AWS_PROFILE, AWS_ENDPOINT_URL, ...)."""

WHAT = """\
What is listed may be a picture file, a folder (all files below it, but for
hidden ones), an object (s3://bucket/key), all objects below a prefix that ends
in a slash (s3://bucket/prefix/), or a bare hash with its generation
(look1:00cb275ca3445d91), which nothing confirms: it matches within 8 bits, and
its matches say so."""

ADD = f"""\
Put pictures on the list NAME. What is there already stays as it is, so it is
safe to repeat.

{WHAT} Hashes of other software are refused."""

REMOVE = """\
Take entries off the list NAME, by the names under which they were added. A
folder means every entry whose name begins with it."""

SHOW = """\
Show what is on the list NAME, by name: all of it, or what is named."""

EXPORT = """\
Print every entry of the list NAME, whole: one JSON object a line, sorted by
name. `lookalike list import` takes it, into another deployment of the same
generation."""

IMPORT = """\
Put on the list NAME what `lookalike list export` has printed."""

DONE_FIELDS = """\
  added    the names of the entries that are new
  present  of those that were there already
  refused  name and reason of what cannot be listed"""
ENTRY_FIELDS = """\
  schema         lookalike.fingerprint/1
  name           under which it was added
  generation     the hash algorithm
  hashes         of all views, the whole picture's first
  checks         the check bits of all views
  bare           no more is known than a hash
  flat           too little content: only the same bytes match it
  quality        how much content the picture has; null if not measured
  width, height  in pixels; 0 of a bare hash
  format         JPEG, PNG, ...; empty of a bare hash
  taken          when, by the camera's clock; null if the file does not say
  frames         or pages in the file
  notes          what was ignored in the file
  bytes          of the file; null of a bare hash
  sha256         of its bytes; null of a bare hash
  etag, version  of an object of S3; null of anything else
  listed         when it was added"""


class Verb(NamedTuple):
    """One verb of the table below."""

    summary: str
    description: str
    epilog: str
    configure: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts of the command, and its verbs."""
    parser.description = DESCRIPTION
    parser.epilog = "Run `lookalike list VERB --help` for the options of a verb, with an example."
    verbs = parser.add_subparsers(title="verbs", metavar="VERB", required=True)
    for name, verb in VERBS.items():
        added = verbs.add_parser(name, help=verb.summary, formatter_class=argparse.RawDescriptionHelpFormatter)
        added.description, added.epilog = verb.description, verb.epilog
        added.add_argument("name", type=list_name, metavar="NAME", help="of the list")
        verb.configure(added)
        added.add_argument("--stack", default=STACK, metavar="NAME", help="the deployed stack (default: %(default)s)")
        added.add_argument(
            "--generation", choices=tuple(GENERATIONS), help="hash algorithm (default: that of the stack)"
        )
        added.set_defaults(run=verb.run)


def _epilog(fields: str, well: str, ill: str, *examples: str) -> str:
    """Return the end of a verb's help."""
    return "\n".join(
        (
            "JSON fields:",
            fields,
            "",
            "exit status:",
            f"  0  {well}",
            f"  1  {ill}AWS could not be asked",
            "  2  wrong usage",
            STATUSES,
            "",
            "examples:",
            *(f"  lookalike list {example}" for example in examples),
        )
    )


def _add_what(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="+", metavar="WHAT", help="a file, a folder, s3://BUCKET/KEY or GENERATION:HASH")
    _add_json(parser, "one JSON object")


def _add_some(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("what", nargs="*", metavar="WHAT", help="names of entries, or folders (default: all)")
    _add_json(parser, "one JSON object per entry")


def _add_file(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("file", metavar="FILE", help="of JSON lines; - is standard input")
    _add_json(parser, "one JSON object")


def _add_json(parser: argparse.ArgumentParser, what: str) -> None:
    parser.add_argument("--json", action="store_true", help=f"print {what} instead")


VERBS = {
    "add": Verb(
        "put pictures on a list",
        ADD,
        _epilog(
            DONE_FIELDS,
            "all of it is on the list",
            "at least one was refused, or ",
            "add banned ~/evidence",
            "add banned s3://my-pictures/reported/ look1:00cb275ca3445d91",
        ),
        _add_what,
        list_verbs.add,
    ),
    "remove": Verb(
        "take entries off a list",
        REMOVE,
        _epilog(
            "  removed  the names of the entries that are gone\n  missing  what is not on the list",
            "all of it was on the list, and is no more",
            "at least one was not on it, or ",
            "remove banned ~/evidence/mistake.jpg",
        ),
        _add_what,
        list_verbs.remove,
    ),
    "show": Verb(
        "show what is on a list",
        SHOW,
        _epilog(ENTRY_FIELDS, "it was shown", "at least one was not on it, or ", "show banned --json | jq -r .name"),
        _add_some,
        list_verbs.show,
    ),
    "export": Verb(
        "print the whole entries of a list",
        EXPORT,
        _epilog(ENTRY_FIELDS, "it was printed", "", "export banned > banned.jsonl"),
        lambda _: None,
        list_verbs.export,
    ),
    "import": Verb(
        "put on a list what was exported",
        IMPORT,
        _epilog(DONE_FIELDS, "all of it is on the list", "at least one was refused, or ", "import banned banned.jsonl"),
        _add_file,
        list_verbs.import_lines,
    ),
}
