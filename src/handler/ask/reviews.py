"""Reviews by HTTP: the groups that wait, verdicts about their pairs, and taking them back."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from handler.ask.problems import Kind, Problem
from handler.ask.questions import parameters, refuse_others, wrong
from handler.core.fields import Field, WrongField
from handler.core.filed import Copy
from handler.core.groups import BEST_FIRST, RANKS, Group, Place, Wanted, place
from handler.core.message import describe_box
from handler.core.model import MatchKind
from handler.core.phash import similarity
from handler.core.verdicts import Decision, NamedObject, Placed, Verdict
from handler.review import Judged, Page

GROUPS_SCHEMA, DECISIONS_SCHEMA = "lookalike.groups/1", "lookalike.decisions/1"
DELETABLE_SCHEMA = "lookalike.deletable/1"
MOST_AT_ONCE = 100  # groups or decisions of one page, and decisions of one request
USUALLY_AT_ONCE = 50
_GREATEST = 1e300  # in a cursor
MOST_TEXT = 1_000  # characters of what people write
GROUP_PARAMETERS = ("scope", "limit", "cursor", "kind", "agreement", "best_first")
LIST_PARAMETERS = ("scope", "limit", "cursor", "batch")
PAIR_PARAMETERS = ("bucket", "key", "other_bucket", "other_key")
NOTHING, NOWHERE = Copy("", "", None, 1, 1, "", 1, ""), Placed("", "", "")  # of the types that cursors have
DECISION_FIELDS = ("objects", "verdict", "kept", "note")
NAMES = ("bucket", "key")


class Listing(NamedTuple):
    """Which part of what there is in a scope is asked for."""

    scope: str | None
    limit: int
    cursor: Place | None  # as it was given out; None: from the beginning
    batch: str | None = None

    @property
    def before(self) -> Placed | None:
        """The place of the last decision that was given out."""
        return None if self.cursor is None else Placed(*map(str, self.cursor))


class GroupListing(NamedTuple):
    """Which groups are asked for."""

    listing: Listing
    wanted: Wanted
    best_first: tuple[str, ...]


class Said(NamedTuple):
    """What is said about two objects."""

    one: NamedObject
    other: NamedObject
    judged: Judged


def group_listing(query: str) -> GroupListing:
    """Return what a *query* for groups asks for. Raises Problem."""
    given = _checked(query, GROUP_PARAMETERS)
    best_first = _choices(given, "best_first", RANKS) or BEST_FIRST
    kinds = _choices(given, "kind", tuple(MatchKind)) or tuple(MatchKind)
    agreement = given.get("agreement", "0")
    if not re.fullmatch(r"0(\.\d{1,9})?|1(\.0{1,9})?", agreement):
        raise wrong(f"query.agreement is {json.dumps(agreement)}, want a number from 0 to 1")
    wanted = Wanted(frozenset(map(MatchKind, kinds)), float(agreement))
    return GroupListing(_listing(given, place(NOTHING, best_first)), wanted, best_first)


def listing(query: str, *, batches: bool = True) -> Listing:
    """Return what a *query* for decisions asks for, of one batch if it may. Raises Problem."""
    return _listing(_checked(query, LIST_PARAMETERS if batches else LIST_PARAMETERS[:-1]), NOWHERE)


def what_to_undo(query: str) -> Listing | tuple[NamedObject, NamedObject]:
    """Return what is to be taken back: what was decided of two objects, or at once. Raises Problem."""
    given = parameters(query)
    if "batch" in given:
        refuse_others(Field(given, "query"), ("scope", "batch"))
        return _listing(given, NOWHERE)
    refuse_others(Field(given, "query"), (*PAIR_PARAMETERS, "batch", "scope"))
    if missing := [name for name in PAIR_PARAMETERS if name not in given]:
        raise wrong(f"query.{missing[0]} is missing: want {', '.join(PAIR_PARAMETERS)}, or batch")
    return NamedObject(given["bucket"], given["key"]), NamedObject(given["other_bucket"], given["other_key"])


def said(body: bytes, caller: str) -> list[Said]:
    """Return what the document *body* says about pairs; *caller* says it unless it names somebody. Raises Problem."""
    try:
        document = Field(json.loads(body), "body")
    except (ValueError, RecursionError) as error:
        raise Problem(Kind.NOT_JSON, f"the body is not JSON: {' '.join(str(error).split())}") from error
    try:
        refuse_others(document, ("decisions", "by", "batch"))
        by, batch = _text(document, "by") or caller, _text(document, "batch")
        each = document["decisions"].each()
        if not 1 <= len(each) <= MOST_AT_ONCE:
            raise document["decisions"].wrong(f"want 1 to {MOST_AT_ONCE}, not {len(each)}")
        return [_said(one, by, batch) for one in each]
    except WrongField as error:
        raise wrong(str(error)) from error


def describe_page(asked: GroupListing, scope: str, page: Page) -> dict[str, Any]:
    """Return the answer to a query for groups."""
    return {
        "schema": GROUPS_SCHEMA,
        "scope": scope,
        "best_first": list(asked.best_first),
        "groups": [_group(group) for group in page.groups],
        "waiting": page.waiting,
        "cursor": None if page.after is None else _cursor(page.after),
    }


def describe_decisions(decisions: Sequence[Decision], after: Placed | None = None) -> dict[str, Any]:
    """Return the answer that holds *decisions*; more follow behind *after*."""
    return {
        "schema": DECISIONS_SCHEMA,
        "decisions": [_decision(one) for one in decisions],
        "cursor": None if after is None else _cursor(after),
    }


def describe_deletable(
    found: Sequence[tuple[Placed, NamedObject, NamedObject]], after: Placed | None = None
) -> dict[str, Any]:
    """Return the answer that holds what is not kept, each with what is; more follow behind *after*."""
    return {
        "schema": DELETABLE_SCHEMA,
        "objects": [{"object": one._asdict(), "kept": kept._asdict()} for _, one, kept in found],
        "cursor": None if after is None else _cursor(after),
    }


def _said(one: Field, by: str, batch: str | None) -> Said:
    refuse_others(one, DECISION_FIELDS)
    objects = [_object(each) for each in one["objects"].each()]
    if len(objects) != 2:
        raise one["objects"].wrong(f"want two, not {len(objects)}")
    verdict = one["verdict"].text()
    if verdict not in tuple(Verdict):
        raise one["verdict"].wrong(f"want one of {', '.join(Verdict)}")
    kept = one.get("kept")
    judged = Judged(Verdict(verdict), by, _object(kept) if kept else None, _text(one, "note"), batch)
    return Said(objects[0], objects[1], judged)


def _object(named: Field) -> NamedObject:
    refuse_others(named, NAMES)
    return NamedObject(named["bucket"].name(), named["key"].name())


def _text(place: Field, name: str) -> str | None:
    given = place.get(name)
    if given and len(given.name()) > MOST_TEXT:
        raise given.wrong(f"want at most {MOST_TEXT} characters, not {len(given.name())}")
    return given.name() if given else None


def _checked(query: str, known: Sequence[str]) -> Mapping[str, str]:
    given = parameters(query)
    refuse_others(Field(given, "query"), known)
    return given


def _listing(given: Mapping[str, str], like: Place) -> Listing:
    """Return which part is asked for; its cursor names a place of the types of *like*."""
    limit = given.get("limit", str(USUALLY_AT_ONCE))
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= MOST_AT_ONCE:
        raise wrong(f"query.limit is {json.dumps(limit)}, want a whole number from 1 to {MOST_AT_ONCE}")
    cursor = _place(given["cursor"], like) if "cursor" in given else None
    return Listing(given.get("scope"), int(limit), cursor, given.get("batch"))


def _choices(given: Mapping[str, str], name: str, known: Sequence[str] | Mapping[str, Any]) -> tuple[str, ...]:
    if name not in given:
        return ()
    chosen = tuple(given[name].split(","))
    if not set(chosen) <= set(known) or len(set(chosen)) < len(chosen):
        raise wrong(f"query.{name} is {json.dumps(given[name])}, want some of {', '.join(known)}, with commas between")
    return chosen


def _cursor(place: Sequence[float | str]) -> str:
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def _place(cursor: str, like: Place) -> Place:
    """Return the place that a cursor names: the inverse of `_cursor`."""
    try:
        found = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError):
        found = None
    if not isinstance(found, list) or list(map(_is_text, found)) != list(map(_is_text, like)):
        raise wrong(f"query.cursor is {json.dumps(cursor[:60])}, want one that an answer to the same query gave")
    return tuple(found)


def _is_text(value: Any) -> bool | None:
    """Whether *value* is a string; None if it is no number either."""
    if isinstance(value, str):
        return True
    return False if isinstance(value, int | float) and abs(value) <= _GREATEST else None


def _group(group: Group) -> dict[str, Any]:
    place = {name: number for number, name in enumerate(group.names)}
    return {
        "kind": group.kind.value,
        "agreement": group.agreement,
        "best": _copy(group.best),
        "others": [
            _copy(copy)
            | {
                "kind": filed.likeness.kind.value,
                "distance": filed.likeness.distance,
                "similarity": similarity(filed.likeness.distance),
                "agreement": filed.likeness.agreement,
                "colours": filed.likeness.colours,
                "differs": [describe_box(box) for box in filed.likeness.differs or ()],
                "differs_in": "best" if place.get(filed.finder) == 0 else "other",
                "announced": filed.at,
            }
            for copy, filed in zip(group.others, group.with_best, strict=True)
        ],
        "among_others": [[place[name] - 1 for name in filed.pair] for filed in group.pairs[len(group.others) :]],
    }


def _copy(copy: Copy) -> dict[str, Any]:
    return copy._asdict() | {"modified": copy.modified or None}


def _decision(decision: Decision) -> dict[str, Any]:
    kept = None if decision.kept is None else decision.objects[decision.subject.index(decision.kept)]._asdict()
    return {
        "objects": [named._asdict() for named in decision.objects],
        "verdict": decision.verdict.value,
        "kept": kept,
        "by": decision.by,
        "at": decision.at,
        "note": decision.note,
        "batch": decision.batch,
    }
