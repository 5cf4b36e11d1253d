"""`lookalike explain`: say what is known of one picture, and why it was told of another, or was not."""

import argparse
import json
import textwrap
from collections.abc import Iterator, Sequence
from typing import Any

from handler.cli.asking import WHERE, object_named
from handler.cli.deployed_function import opened
from handler.cli.errors import STATUSES, USAGE_ERROR, CommandError
from handler.cli.explaining import Explainer, OtherPicture
from handler.cli.gates import Facts, gates, why
from handler.cli.output import complain, printable
from handler.cli.program import ours
from handler.cli.rows import laid_out, terminal_width
from handler.cli.stacks import STACK
from handler.core.correlation import correlation_id
from handler.core.model import ObjectRef, PictureRecord, Settings
from handler.core.phash import to_hex

DESCRIPTION = f"""\
Say what a deployed stack knows of one picture: what became of it, where it is
compared, which pictures it matches, and whether each pair was told. With --of,
why it was told of that other picture, or was not: each step that a pair has to
pass, up to the one that stopped it.

It reads the tables and the pictures with your own rights, and judges them by
the function's settings. Nothing is stored or announced.

{WHERE}"""

EPILOG = f"""\
JSON fields:
  object, of      s3://bucket/key; with --of, the other one, else left out
  unknown         the names of these under which nothing is stored
  outcome         what came of the object's last event, and
  reason          why it was rejected, or is gone; or null
  correlation_id  what the log's lines about that upload have in common
  scope, generation, version, etag, sha256, sequencer, hash, views
                  as the index has them; null where it has none
  others          without --of: the pictures that it matches, each with object,
                  list, kind, agreement, distance, check_bits, told and why
  stopped_after   without --of: how many of the pairs that wait for a verdict
                  were looked through, the last ones; null: all of them
  told, why       with --of: whether the pair was published (null: nobody knows
                  any more), and the reason
  steps           with --of: what it had to pass, each with name, passed, says

exit status:
  0  the object is known
  1  nothing is stored under one of the names
  2  wrong usage, or it could not be read
{STATUSES}

examples:
  lookalike explain s3://amzn-s3-demo-bucket/uploads/holiday.jpg
  lookalike explain s3://amzn-s3-demo-bucket/a.jpg \\
      --of s3://amzn-s3-demo-bucket/b.jpg"""

KNOWN, NOT_KNOWN = 0, 1
OF_ONE = (  # the fields of a picture
    *("object", "unknown", "outcome", "reason", "correlation_id", "scope", "generation", "version", "etag", "sha256"),
    *("sequencer", "hash", "views"),
)


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument("object", metavar="s3://BUCKET/KEY", help="the object")
    parser.add_argument("--of", metavar="s3://BUCKET/KEY", help="another one (default: all that it matches)")
    parser.add_argument("--stack", metavar="NAME", help=f"the deployed stack (default: {STACK})")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead")
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Print what is known; return the exit status."""
    refs = [_ref(one) for one in (options.object, options.of) if one is not None]
    if len(refs) == 2 and refs[0] == refs[1]:
        raise CommandError("both name the same object: want two", status=USAGE_ERROR)
    with opened(options) as service:
        explainer = Explainer(service)
        records = [explainer.record(ref) for ref in refs]
        for ref, record in zip(refs, records, strict=True):
            if record is None:
                complain(_unknown(ref, options.stack or STACK))
        said = about(explainer, refs, records)
    if options.json:
        print(json.dumps(said))
    elif not said["unknown"]:
        print("\n".join(lines(said, terminal_width())))
    return NOT_KNOWN if said["unknown"] else KNOWN


def about(explainer: Explainer, refs: Sequence[ObjectRef], records: Sequence[PictureRecord | None]) -> dict[str, Any]:
    """Return what is known of the first of one or two pictures: with all that it matches, or with the other alone.

    *records* are what the index has of *refs*; None where it has nothing.
    """
    unknown = [_name(ref) for ref, record in zip(refs, records, strict=True) if record is None]
    one, *others = records
    said = dict.fromkeys(OF_ONE) if one is None else _one(explainer, one)
    said |= {"object": _name(refs[0]), "unknown": unknown}
    match one, others:
        case PictureRecord(), []:
            return said | _all(explainer, one)
        case PictureRecord(), [PictureRecord() as other]:
            return said | _two(explainer, one, other)
        case _, []:
            return said | {"others": [], "stopped_after": None}
    why = f"nothing is stored under {' and '.join(unknown)}"
    return said | {"of": _name(refs[1]), "told": None, "why": why, "steps": []}


def _ref(text: str) -> ObjectRef:
    named = object_named(text)
    if named is None:
        raise CommandError(f"{printable(text)}: want s3://BUCKET/KEY", status=USAGE_ERROR)
    return ObjectRef(**named)


def _unknown(ref: ObjectRef, stack: str) -> str:
    return printable(
        f"{_name(ref)}: nothing is stored under this name. Does the function fail ({ours('status', stack)})? Does its "
        f"event wait ({ours('failures', stack)})? Does the bucket tell the stack "
        f"({ours(f'connect s3://{ref.bucket} --check', stack)})? Is it in the bucket (aws s3 ls)? What was there "
        f"before: {ours(f'backfill s3://{ref.bucket}', stack)}"
    )


def _one(explainer: Explainer, record: PictureRecord) -> dict[str, Any]:
    """What is known of the picture itself."""
    ref, computed, collection = record.ref, record.fingerprint, explainer.collection(record.ref)
    return {
        "object": _name(ref),
        "unknown": [],
        "outcome": record.outcome.value,
        "reason": record.reason,
        "correlation_id": correlation_id(ref),
        "scope": collection.scope,
        "generation": collection.generation,
        "version": ref.version,
        "etag": record.etag,
        "sha256": record.digest,
        "sequencer": ref.sequencer,
        "hash": None if computed is None else to_hex(computed.hash),
        "views": None if computed is None else len(computed.hashes),
    }


def _two(explainer: Explainer, one: PictureRecord, other: PictureRecord) -> dict[str, Any]:
    facts = explainer.pair(one, other)
    steps = [gate._asdict() for gate in gates(facts, explainer.settings)]
    return {
        "of": _name(other.ref),
        "told": facts.told,
        "why": why(facts, explainer.settings),
        "steps": steps,
    }


def _all(explainer: Explainer, one: PictureRecord) -> dict[str, Any]:
    others, stopped_after = explainer.others(one) if one.alive else ([], None)
    return {"others": [_other(each, explainer.settings) for each in others], "stopped_after": stopped_after}


def _other(other: OtherPicture, settings: Settings) -> dict[str, Any]:
    facts: Facts = other.facts
    likeness = facts.noted.likeness if facts.noted else facts.found.likeness if facts.found else None
    return {
        "object": _name(facts.other.ref),
        "list": other.list,
        "kind": None if likeness is None else likeness.kind.value,
        "agreement": None if likeness is None else likeness.agreement,
        "distance": None if likeness is None else likeness.distance,
        "check_bits": facts.found.check_bits if facts.found else None,
        "told": facts.told,
        "why": why(facts, settings),
    }


def lines(said: dict[str, Any], width: int | None) -> Iterator[str]:
    """Yield what `about` returned for people, a sentence first."""
    yield printable(f"{said['object']}: {_summary(said)}")
    yield ""
    left_out = ("object", "unknown", "others", "stopped_after", "told", "why", "steps")
    shown = {name: value for name, value in said.items() if name not in left_out}
    rows = [(name.replace("_", " "), printable(str(value))) for name, value in shown.items() if value is not None]
    names = max(len(name) for name, _ in rows)
    yield from (f"{name:<{names}}  {value}" for name, value in rows)
    if said.get("others"):
        yield ""
        yield from laid_out(("OTHER", "KIND", "AGREEMENT", "BITS", "WHY"), [_row(one) for one in said["others"]], width)
    if (stopped_after := said.get("stopped_after")) is not None:
        more = f"over {stopped_after:,} pairs wait: an older one that it matches no more may be missing; ask by --of"
        yield ""
        yield from _wrapped("", more, width)
    if "steps" in said:
        yield ""
        for step in said["steps"]:
            head = f"{'passed' if step['passed'] else 'STOPPED':8} {step['name']:10} "
            yield from _wrapped(head, printable(step["says"]), width)


def _wrapped(head: str, text: str, width: int | None) -> list[str]:
    """Return *text* behind *head*, broken between words to stay in its column."""
    room = width and max(20, width - len(head))
    parts = textwrap.wrap(text, room, break_long_words=False, break_on_hyphens=False) if room else [text]
    return [f"{head if number == 0 else ' ' * len(head)}{part}" for number, part in enumerate(parts)]


def _row(other: dict[str, Any]) -> Sequence[str]:
    agreement = "" if other["agreement"] is None else f"{other['agreement']:.2f}"
    bits = "" if other["distance"] is None else str(other["distance"])
    return printable(other["object"]), other["kind"] or "", agreement, bits, printable(other["why"])


def _summary(said: dict[str, Any]) -> str:
    """In one sentence, what came of it."""
    if "why" in said:
        return f"{said['why']} ({said['of']})"
    if said["outcome"] != "indexed":
        reason = f" ({said['reason']})" if said["reason"] else ""
        return f"{said['outcome']}{reason}"
    others = said["others"]
    told = sum(one["told"] is True for one in others)
    if not others:
        return "indexed; it matches nothing that is stored"
    rest = f", {len(others) - told} more not" if len(others) > told else ""
    return f"indexed; told of {told} of what it matches{rest}" if told else f"indexed; told of none of {len(others)}"


def _name(ref: ObjectRef) -> str:
    return f"s3://{ref.bucket}/{ref.key}"
