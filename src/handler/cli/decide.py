"""`lookalike decide`: say of two pictures, or of whole groups, which to keep, or that they are different."""

import argparse
import json
import shlex
import sys
from collections.abc import Sequence
from functools import partial

from handler.cli.asking import ERROR, WHERE, Ask, add_deployed, asker, object_named
from handler.cli.deciding import all_groups, new_batch, put, put_groups
from handler.cli.errors import STATUSES, CommandError
from handler.cli.measures import amount, counted
from handler.cli.output import complain, printable
from handler.cli.program import ours
from handler.cli.progress import progress
from handler.cli.reviewing import Document, add_filters, all_alike, filters, keep_one, me, said, sums
from handler.cli.stacks import STACK
from handler.core.verdicts import Verdict

NOTHING_DECIDED = 1
BEST = "best"
SHOWN = 5  # groups of a preview

DESCRIPTION = f"""\
Say what two pictures are: different, keep_both, or keep_one with --keep. Or say
it of all groups that wait and are wanted (--all): with --keep best the best
copy of each stays, else the verdict is that of all their pairs. What it would
do is shown before it is done. Nothing is deleted.

{WHERE}"""

EPILOG = f"""\
JSON fields: `batch`, by which all of it is undone, and `decisions`, each as the
reference has it (Asking, Decisions). With --dry-run: `groups`, `stays`, `goes`
(pictures) and `freed` (bytes).

exit status:
  0  it was decided, or shown
  1  there was nothing to decide, or nobody agreed
  2  wrong usage, or it could not be stored
{STATUSES}

examples:
  lookalike decide s3://b/a.jpg s3://b/c.jpg different --note "two rooms"
  lookalike decide s3://b/a.jpg s3://b/c.jpg keep_one --keep s3://b/a.jpg
  lookalike decide --all --kind exact --keep best
  lookalike decide --all --scope hotels/astoria/ --agreement 0.98 keep_both"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    parser.add_argument(
        "words", metavar="A B VERDICT", nargs="*", help="two objects (s3://BUCKET/KEY), and the verdict; or it alone"
    )
    parser.add_argument(
        "--keep", metavar="s3://BUCKET/KEY|best", help="with keep_one: which of both stays (default: none)"
    )
    parser.add_argument("--note", metavar="TEXT", help="why, for whoever reads it later (default: none)")
    parser.add_argument("--by", metavar="NAME", help="who decides (default: your name on this machine)")
    parser.add_argument("--all", action="store_true", help="decide about all groups that these options want:")
    add_filters(parser)
    parser.add_argument("--dry-run", action="store_true", help="with --all: show what it would do, and end")
    parser.add_argument("--yes", action="store_true", help="with --all: do not ask")
    add_deployed(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Store what was decided, once it was agreed to; return 0, or 1 if there was nothing."""
    if options.all:
        return _all(options)
    decision = pair(options)
    batch, stored = new_batch("decide"), list[Document]()
    for some in put(asker(options), [decision], options.by or me(), batch):
        stored += some
    return _told(batch, stored, [], options)


def pair(options: argparse.Namespace) -> Document:
    """Return what *options* say of two objects. Raises CommandError if they say nothing."""
    if wrong := next((name for name in ("scope", "kind", "agreement", "best_first") if getattr(options, name)), None):
        raise CommandError(f"--{wrong.replace('_', '-')} is for --all", status=ERROR)
    if options.dry_run or options.yes:
        raise CommandError("--dry-run and --yes are for --all", status=ERROR)
    if len(options.words) != 3:
        raise CommandError(f"want two objects and a verdict, not {counted(len(options.words), 'word')}", status=ERROR)
    one, other, word = options.words
    verdict = _verdict(word, options)
    kept = _object(options.keep) if options.keep else None
    return said(_object(one), _object(other), verdict, kept, options.note)


def _all(options: argparse.Namespace) -> int:
    verdict = _verdict_of_all(options)
    if not (options.yes or options.dry_run) and (options.json or not sys.stdin.isatty()):
        raise CommandError("nobody can be asked here: give --yes, or --dry-run to see what it would do", status=ERROR)
    ask = asker(options)
    some = all_groups(ask, filters(options))
    if options.dry_run and options.json:
        print(json.dumps(sums(some)._asdict()))
    elif not options.json:
        print(*preview(some, verdict), sep="\n")
    if not some or options.dry_run:
        return 0 if some else NOTHING_DECIDED
    if not options.yes and not _agreed(some):
        complain("nothing was decided")
        return NOTHING_DECIDED
    return _carry_out(ask, some, verdict, options)


def preview(some: Sequence[Document], verdict: Verdict) -> list[str]:
    """Return lines that say what deciding about these groups comes to."""
    found = sums(some)
    lines = []
    for group in some[:SHOWN]:
        best, *others = [
            printable(f"s3://{copy['bucket']}/{copy['key']}") for copy in (group["best"], *group["others"])
        ]
        lines += [
            f"{'keep' if verdict is Verdict.KEEP_ONE else verdict}  {best}",
            *(f"      {name}" for name in others),
        ]
    if len(some) > SHOWN:
        lines.append(f"and {counted(len(some) - SHOWN, 'group')} more")
    total = f"{counted(found.groups, 'group')}, {counted(found.stays + found.goes, 'picture')}"
    if verdict is Verdict.KEEP_ONE:
        total += f": {found.stays:,} to keep, {found.goes:,} not ({amount(found.freed)})"
    return [*lines, total]


def _agreed(some: Sequence[Document]) -> bool:
    print(f"decide so about {counted(len(some), 'group')}? [y/N] ", end="", file=sys.stderr, flush=True)
    return sys.stdin.readline().strip().lower() in ("y", "yes")


def _carry_out(ask: Ask, some: Sequence[Document], verdict: Verdict, options: argparse.Namespace) -> int:
    batch, stored, left_out = new_batch("decide"), list[Document](), list[Document]()
    say = partial(_of, verdict=verdict, note=options.note)
    parts = put_groups(ask, filters(options), some, say, by=options.by or me(), batch=batch, left_out=left_out)
    try:
        with progress("deciding", lambda: sum(len(say(group)) for group in some)) as shown:
            for part in parts:
                stored += part
                shown.advance(len(part))
    except CommandError as error:
        if not stored:
            raise
        raise CommandError(_stopped(error, batch, stored, options), status=ERROR) from error
    return _told(batch, stored, left_out, options)


def _of(group: Document, verdict: Verdict, note: str | None) -> list[Document]:
    decisions = keep_one(group) if verdict is Verdict.KEEP_ONE else all_alike(group, verdict)
    return [{**one, "note": note} for one in decisions] if note else decisions


def _stopped(error: CommandError, batch: str, stored: Sequence[Document], options: argparse.Namespace) -> str:
    where = f" --scope {shlex.quote(options.scope)}" if options.scope else ""
    undoes = ours(f"decisions{where} --undo {shlex.quote(batch)}", options.stack or STACK)
    how = f"`{undoes}` takes back all, the same command does the rest"
    return f"{error}: {counted(len(stored), 'decision')} or more were stored: {how}"


def _told(batch: str, stored: Sequence[Document], left_out: Sequence[Document], options: argparse.Namespace) -> int:
    if left_out:
        what = counted(len(left_out), "decision")
        complain(f"{what} left out: a picture was overwritten since, or is gone: look again")
    if options.json:
        print(json.dumps({"batch": batch, "decisions": stored}))
    elif stored:
        print(f"{counted(len(stored), 'decision')} stored, as batch '{batch}'")
    return 0 if stored else NOTHING_DECIDED


def _verdict(word: str, options: argparse.Namespace) -> Verdict:
    if word not in tuple(Verdict):
        raise CommandError(f"{printable(word)!r} is no verdict: want one of {', '.join(Verdict)}", status=ERROR)
    verdict = Verdict(word)
    if (verdict is Verdict.KEEP_ONE) != (options.keep is not None):
        raise CommandError(f"{Verdict.KEEP_ONE} and --keep go together: want both or neither", status=ERROR)
    return verdict


def _verdict_of_all(options: argparse.Namespace) -> Verdict:
    if options.keep is not None and options.keep != BEST:
        raise CommandError(f"with --all only the best can be kept: --keep {BEST}", status=ERROR)
    words = options.words or ([Verdict.KEEP_ONE.value] if options.keep else [])
    if len(words) != 1:
        raise CommandError(f"with --all want --keep {BEST}, or one verdict", status=ERROR)
    return _verdict(words[0], options)


def _object(text: str) -> Document:
    found = object_named(text)
    if found is None:
        raise CommandError(f"{printable(text)}: want s3://BUCKET/KEY", status=ERROR)
    return found
