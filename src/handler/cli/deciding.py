"""How commands and page store what is decided about announced pairs, and take it back: in parts, whatever it is."""

import secrets
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from handler.ask.reviews import MOST_AT_ONCE
from handler.cli.asking import Ask, Refused
from handler.cli.progress import progress
from handler.cli.reviewing import Document, Filters, groups, listed, members, named, pages
from handler.core.verdicts import NamedObject

DECISIONS = "/v1/decisions"


def all_groups(ask: Ask, wanted: Filters) -> list[Document]:
    """Return all groups that wait and are *wanted*, and show how many are read. Raises CommandError."""
    every = pages(ask, "/v1/groups", wanted.query)
    first = next(every)
    found = list(first["groups"])
    with progress("reading groups", lambda: int(first["waiting"])) as shown:
        shown.advance(len(found))
        for page in every:
            found += page["groups"]
            shown.advance(len(page["groups"]))
    return found


def new_batch(what: str) -> str:
    """Return a name for what is decided at once, unlike any other."""
    return f"{what} {datetime.now(UTC):%Y-%m-%d %H:%M:%S} {secrets.token_hex(3)}"


def put(
    ask: Ask, decisions: Sequence[Document], by: str, batch: str, left_out: list[Document] | None = None
) -> Iterator[list[Document]]:
    """Store *decisions* under one name, as many in a request as it takes; yield what each stored. Raises CommandError.

    To repeat what failed half-way is safe: what is stored already stays as it is. What is about objects that are gone,
    or overwritten since they were shown, is added to *left_out*; if that is None, it is refused.
    """
    rest = iter(decisions)
    while some := list(islice(rest, MOST_AT_ONCE)):
        yield _put(ask, some, {"by": by, "batch": batch}, left_out)


def put_groups(
    ask: Ask,
    wanted: Filters,
    some: Sequence[Document],
    say: Callable[[Document], Sequence[Document]],
    *,
    by: str,
    batch: str,
    left_out: list[Document],
) -> Iterator[list[Document]]:
    """Store what *say* returns of each group of *some*, which are all that were *wanted*; yield as `put` does.

    Of a group whose copies are not all told it goes on with those that are told next, to the last.
    """
    rest = _Rest()
    while some:
        stored = 0
        for part in put(ask, [one for group in some for one in say(group)], by, batch, left_out):
            stored += len(part)
            yield part
        rest.add(some)
        more = groups(ask, wanted) if rest.bests and stored else iter(())
        some = list(filter(rest.has, more))


class _Rest:
    """What is left of groups of which not all copies are told: further ones of theirs, then pairs among all of them."""

    def __init__(self) -> None:
        self.bests = set[tuple[str, ...]]()
        self._members = set[tuple[str, ...]]()

    def add(self, some: Sequence[Document]) -> None:
        """Note those of *some*, which are decided about, that have more copies."""
        for group in some:
            if group["more"] or self.has(group):
                self.bests.add(_content(group["best"]))
                self._members.update(map(_content, members(group)))

    def has(self, group: Document) -> bool:
        """Whether the group is some of what is left."""
        return _content(group["best"]) in self.bests or self._members.issuperset(map(_content, members(group)))


def _content(copy: Document) -> tuple[str, ...]:
    return copy["bucket"], copy["key"], copy["sha256"]


def undo_pair(ask: Ask, one: NamedObject, other: NamedObject, scope: str | None = None) -> list[Document]:
    """Take back what was decided of two objects; return it, or nothing. Raises CommandError.

    If one of them is gone, or another picture by now, it is looked for among all decisions of *scope*.
    """
    query = {"bucket": one.bucket, "key": one.key, "other_bucket": other.bucket, "other_key": other.key}
    try:
        if undone := _undone(ask, query)["decisions"]:
            return list(undone)
    except Refused as error:
        if error.kind != "no-such-object":
            raise
    where = {"scope": scope} if scope else {}
    for decision in listed(ask, DECISIONS, where, "decisions"):
        if set(map(named, decision["objects"])) == {one, other}:
            subject, other_subject = decision["subject"]
            return list(_undone(ask, where | {"subject": subject, "other_subject": other_subject})["decisions"])
    return []


def undo_batch(ask: Ask, batch: str, scope: str | None) -> Iterator[list[Document]]:
    """Take back what was decided at once, part by part; yield what each took back. Raises CommandError."""
    query = {"batch": batch} | ({"scope": scope} if scope else {})
    cursor: dict[str, str] = {}
    while True:
        part = _undone(ask, query | cursor)
        yield list(part["decisions"])
        if part["cursor"] is None:
            return
        cursor = {"cursor": part["cursor"]}


def _put(ask: Ask, some: Sequence[Document], head: dict[str, Any], left_out: list[Document] | None) -> list[Document]:
    while some:
        try:
            answer = ask({"method": "PUT", "path": DECISIONS, "body": {"decisions": list(some), **head}})
        except Refused as error:
            refused = {named(one) for name in ("changed", "missing") for one in error.problem.get(name, ())}
            if left_out is None or not refused:
                raise
            left_out += [one for one in some if _is_about(one, refused)]
            some = [one for one in some if not _is_about(one, refused)]
        else:
            return list(answer["decisions"])
    return []


def _is_about(decision: Document, objects: set[NamedObject]) -> bool:
    return not objects.isdisjoint(map(named, decision["objects"]))


def _undone(ask: Ask, query: dict[str, str]) -> dict[str, Any]:
    return ask({"method": "DELETE", "path": DECISIONS, "query": query})
