"""What commands and page have in common that review announced pairs: groups, what is said about them, and the rest."""

import argparse
import getpass
import re
from argparse import ArgumentTypeError
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from handler.ask.reviews import MOST_AT_ONCE
from handler.cli.asking import Ask
from handler.core.groups import RANKS
from handler.core.model import MatchKind
from handler.core.verdicts import NamedObject, Verdict

Document = Mapping[str, Any]


class Filters(NamedTuple):
    """Which groups are wanted, and what makes a copy the best; what is left out is as the function has it."""

    scope: str | None = None
    kind: str | None = None  # with commas between
    agreement: str | None = None
    best_first: str | None = None
    list: str | None = None  # of which the matches are wanted, instead of those of pictures with each other

    @property
    def query(self) -> dict[str, str]:
        """The parameters of a request."""
        return {name: value for name, value in self._asdict().items() if value}


def add_filters(parser: argparse.ArgumentParser) -> None:
    """Add the options that say which groups are wanted."""
    add_scope(parser)
    parser.add_argument(
        "--kind",
        type=some_of(MatchKind),
        metavar="KIND,...",
        help="only groups all of whose others are of these kinds (default: any)",
    )
    parser.add_argument(
        "--agreement",
        type=share,
        metavar="SHARE",
        help="only groups all of whose others agree with the best by so much (default: 0)",
    )
    parser.add_argument(
        "--best-first",
        type=some_of(RANKS),
        metavar="RULE,...",
        help="what makes a copy the best (default: pixels,compression,oldest)",
    )


def add_scope(parser: argparse.ArgumentParser) -> None:
    """Add the option that says where."""
    parser.add_argument("--scope", metavar="SCOPE", help="these folders, as the stack compares within (default: *)")


def filters(options: argparse.Namespace) -> Filters:
    """Return what the options say."""
    return Filters(options.scope, options.kind, options.agreement, options.best_first)


def some_of(known: Any) -> Any:
    """Return what reads one or several of *known*, with commas between."""

    def read(text: str) -> str:
        given = text.split(",")
        if not set(given) <= set(known) or len(set(given)) < len(given):
            raise ArgumentTypeError(f"{text!r} is none of {', '.join(known)}, nor several with commas between")
        return text

    return read


def share(text: str) -> str:
    """Return *text* if it is a number from 0 to 1; else raise ArgumentTypeError."""
    if not re.fullmatch(r"0(\.\d{1,9})?|1(\.0{1,9})?", text):
        raise ArgumentTypeError(f"{text!r} is not a number from 0 to 1")
    return text


def me() -> str:
    """Return the name of whoever is logged in on this machine, or what stands for nobody."""
    try:
        return getpass.getuser()
    except (OSError, KeyError):  # no such user in the system's list
        return "unknown"


def listed(ask: Ask, path: str, query: Mapping[str, str], name: str) -> Iterator[Document]:
    """Yield all that is listed at *path*, of which *name* is the list. Raises CommandError."""
    return (one for page in pages(ask, path, query) for one in page[name])


def pages(ask: Ask, path: str, query: Mapping[str, str]) -> Iterator[Document]:
    """Yield the pages of what is listed at *path*, as large as they can be. Raises CommandError."""
    cursor: dict[str, str] = {}
    while True:
        page = ask({"method": "GET", "path": path, "query": {"limit": str(MOST_AT_ONCE), **query, **cursor}})
        yield page
        if page["cursor"] is None:
            return
        cursor = {"cursor": page["cursor"]}


def groups(ask: Ask, wanted: Filters) -> Iterator[Document]:
    """Yield all groups that wait and are *wanted*."""
    return listed(ask, "/v1/groups", wanted.query, "groups")


def members(group: Document) -> list[Document]:
    """Return the copies of a group, the best first."""
    return [group["best"], *group["others"]]


def named(copy: Document) -> NamedObject:
    """Return the name of a copy."""
    return NamedObject(copy["bucket"], copy["key"])


def uri(name: NamedObject) -> str:
    """Return the name as the AWS CLI takes it."""
    return f"s3://{name.bucket}/{name.key}"


def shown(copy: Document) -> Document:
    """Return what names a copy with the content that was shown, for a decision about it."""
    sha256 = {"sha256": copy["sha256"]} if copy.get("sha256") else {}
    return {"bucket": copy["bucket"], "key": copy["key"], **sha256}


def said(
    one: Document, other: Document, verdict: Verdict, kept: Document | None = None, note: str | None = None
) -> Document:
    """Return a decision as it is sent, about two objects as they were `shown`."""
    document: dict[str, Any] = {"objects": [one, other], "verdict": verdict.value}
    return document | ({"kept": named(kept)._asdict()} if kept else {}) | ({"note": note} if note else {})


def keep_one(group: Document, place: int = 0) -> list[Document]:
    """Return what says that of all members of *group* the one at *place* stays: the best one is at 0.

    Its pairs with each other one, and those that were announced among the others: of these the better one is named as
    kept, which goes for a better one still. So nothing of the group waits any more.
    """
    names = [shown(copy) for copy in members(group)]
    kept = names[place]
    decisions = [said(kept, name, Verdict.KEEP_ONE, kept) for name in names if name is not kept]
    for one, other in _pairs(group):
        if place not in (one, other):
            decisions.append(said(names[one], names[other], Verdict.KEEP_ONE, names[min(one, other)]))
    return decisions


def all_alike(group: Document, verdict: Verdict) -> list[Document]:
    """Return what says the same of every announced pair of *group*: that both are kept, or that they are different."""
    names = [shown(copy) for copy in members(group)]
    return [said(names[one], names[other], verdict) for one, other in _pairs(group)]


def of_two(group: Document, one: int, other: int, verdict: Verdict, kept: int | None = None) -> list[Document]:
    """Return what says something of two members of *group*, by their places.

    If one is to go that is not the best, it goes for whatever else it matches among the others, too: else it would be
    asked about again.
    """
    names = [shown(copy) for copy in members(group)]
    decisions = [said(names[one], names[other], verdict, None if kept is None else names[kept])]
    goes = None if kept is None else one if kept == other else other
    if goes:  # at 0 is the best, whose other pairs wait on
        for pair in _pairs(group):
            if goes in pair and 0 not in pair and set(pair) != {one, other}:
                stays = pair[1 - pair.index(goes)]
                decisions.append(said(names[goes], names[stays], Verdict.KEEP_ONE, names[stays]))
    return decisions


def _pairs(group: Document) -> list[tuple[int, int]]:
    """Return the places of both pictures of each announced pair."""
    with_best = [(0, place) for place in range(1, len(group["others"]) + 1)]
    return with_best + [(one + 1, other + 1) for one, other in group["among_others"]]


class Sums(NamedTuple):
    """What deciding about groups comes to."""

    groups: int
    stays: int  # pictures
    goes: int
    freed: int  # bytes of what goes, as far as it is told


def sums(some: Sequence[Document]) -> Sums:
    """Return what it comes to if of each of these groups the best copy is kept."""
    others = [other for group in some for other in group["others"]]
    goes = len(others) + sum(group.get("more", 0) for group in some)
    return Sums(len(some), len(some), goes, sum(other["bytes"] or 0 for other in others))


class Surplus(NamedTuple):
    """An object that may be deleted, and one that stays and shows the same."""

    object: NamedObject
    stays: NamedObject
    # What the first one is if it is still what was decided about; None where that is not known.
    etag: str | None = None
    version: str | None = None
    sha256: str | None = None


def surplus(ask: Ask, scope: str | None) -> tuple[list[Surplus], list[NamedObject]]:
    """Return what may be deleted, each with what stays; and what may not, since decisions contradict each other."""
    found, contradicted = list[Surplus](), list[NamedObject]()
    for page in pages(ask, "/v1/deletable", {"scope": scope} if scope else {}):
        for one in page["objects"]:
            it = one["object"]
            found.append(Surplus(named(it), named(one["kept"]), it["etag"], it["version"], it["sha256"]))
        contradicted += map(named, page["contradicted"])
    # Whoever decides while the pages are read may let go what an earlier page says stays.
    goes = {one.object for one in found}
    contradicted += [one.object for one in found if one.stays in goes]
    return [one for one in found if one.stays not in goes], contradicted
