"""What a request to review asks for, or says: which groups or decisions, a verdict, or what to take back."""

import base64
import binascii
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from handler.ask.questions import document_of, parameters, refuse_others, wrong
from handler.core.fields import Field, WrongField
from handler.core.filed import Copy
from handler.core.groups import BEST_FIRST, RANKS, GroupFilter, Place, place
from handler.core.model import LIST_NAME, MatchKind
from handler.core.verdicts import BatchPlace, NamedObject, Placed, Subject, Verdict
from handler.review.decisions import Judged, Said, ShownObject

MOST_AT_ONCE = 100  # groups or decisions of one page, and decisions of one request
USUALLY_AT_ONCE = 50
_GREATEST = 1e300  # in a cursor
MOST_TEXT = 1_000  # characters of what people write
GROUP_PARAMETERS = ("scope", "limit", "cursor", "kind", "agreement", "list", "best_first")
LIST_PARAMETERS = ("scope", "limit", "cursor", "batch")
PAIR_PARAMETERS = ("bucket", "key", "other_bucket", "other_key")
SUBJECT_PARAMETERS = ("subject", "other_subject")
BATCH_PARAMETERS = ("batch", "cursor")
SUBJECT = "[0-9a-f]{32}|[0-9a-f]{64}"  # an object id, or a SHA-256
SHA256 = "[0-9a-f]{64}"
NOTHING, NOWHERE = Copy("", "", None, 1, 1, "", 1, ""), Placed("", "", "")  # of the types that cursors have
IN_A_BATCH, A_NAME = BatchPlace("", 0), NamedObject("", "")  # likewise
DECISION_FIELDS = ("objects", "verdict", "kept", "note")
NAMES = ("bucket", "key")


class PartAsked(NamedTuple):
    """Which part of what there is in a scope is asked for."""

    scope: str | None
    limit: int
    cursor: Place | None  # as it was given out; None: from the beginning
    batch: str | None = None

    @property
    def before(self) -> Placed | None:
        """The place of the last decision that was given out."""
        return None if self.cursor is None else Placed(*map(str, self.cursor))

    @property
    def after(self) -> BatchPlace | None:
        """The place of the last one of its batch that was given out."""
        return None if self.cursor is None else BatchPlace(str(self.cursor[0]), int(self.cursor[1]))

    @property
    def behind(self) -> NamedObject | None:
        """The last object that was given out."""
        return None if self.cursor is None else NamedObject(*map(str, self.cursor))


class GroupsAsked(NamedTuple):
    """Which groups are asked for."""

    part: PartAsked
    wanted: GroupFilter
    best_first: tuple[str, ...]
    list: str | None = None  # those of its matches, instead of those of pictures with each other


class SubjectAsked(NamedTuple):
    """What a decision is to be taken back of, by content."""

    scope: str | None
    subject: Subject


def groups_asked(query: str) -> GroupsAsked:
    """Return what a *query* for groups asks for. Raises Problem."""
    given = _checked(query, GROUP_PARAMETERS)
    best_first = _choices(given, "best_first", RANKS) or BEST_FIRST
    kinds = _choices(given, "kind", tuple(MatchKind)) or tuple(MatchKind)
    agreement = given.get("agreement", "0")
    if not re.fullmatch(r"0(\.\d{1,9})?|1(\.0{1,9})?", agreement):
        raise wrong(f"query.agreement is {json.dumps(agreement)}, want a number from 0 to 1")
    if not re.fullmatch(LIST_NAME, given.get("list", "any")):
        raise wrong(f"query.list is {json.dumps(given['list'])}, want the name of a list: {LIST_NAME}")
    wanted = GroupFilter(frozenset(map(MatchKind, kinds)), float(agreement))
    return GroupsAsked(_part(given, place(NOTHING, best_first)), wanted, best_first, given.get("list"))


def decisions_asked(query: str) -> PartAsked:
    """Return what a *query* for decisions asks for, of one batch or all. Raises Problem."""
    given = _checked(query, LIST_PARAMETERS)
    return _part(given, IN_A_BATCH if "batch" in given else NOWHERE)


def deletable_asked(query: str) -> PartAsked:
    """Return what a *query* for what may be deleted asks for. Raises Problem."""
    return _part(_checked(query, LIST_PARAMETERS[:-1]), A_NAME)


def what_to_undo(query: str) -> PartAsked | SubjectAsked | tuple[NamedObject, NamedObject]:
    """Return what is to be taken back: at once, or of two contents or objects. Raises Problem."""
    given = parameters(query)
    if "batch" in given:
        refuse_others(Field(given, "query"), ("scope", *BATCH_PARAMETERS))
        return _part(given, IN_A_BATCH)
    if SUBJECT_PARAMETERS[0] in given:
        refuse_others(Field(given, "query"), ("scope", *SUBJECT_PARAMETERS))
        return SubjectAsked(given.get("scope"), Subject(*sorted(_subject(given, name) for name in SUBJECT_PARAMETERS)))
    refuse_others(Field(given, "query"), (*PAIR_PARAMETERS, *SUBJECT_PARAMETERS, *BATCH_PARAMETERS, "scope"))
    if missing := [name for name in PAIR_PARAMETERS if name not in given]:
        raise wrong(f"query.{missing[0]} is missing: want {', '.join(PAIR_PARAMETERS)}, or a subject, or a batch")
    return NamedObject(given["bucket"], given["key"]), NamedObject(given["other_bucket"], given["other_key"])


def said(body: bytes, caller: str) -> list[Said]:
    """Return what the document *body* says about pairs; *caller* says it unless it names somebody. Raises Problem."""
    document = document_of(body)
    try:
        refuse_others(document, ("decisions", "by", "batch"))
        by, batch = _text(document, "by") or caller, _text(document, "batch")
        return [_said(one, by, batch) for one in _counted(document["decisions"])]
    except WrongField as error:
        raise wrong(str(error)) from error


def _counted(decisions: Field) -> list[Field]:
    each = decisions.each()
    if not 1 <= len(each) <= MOST_AT_ONCE:
        raise WrongField(f"{decisions.path} has {len(each)}, want 1 to {MOST_AT_ONCE}")
    return each


def _said(one: Field, by: str, batch: str | None) -> Said:
    refuse_others(one, DECISION_FIELDS)
    objects = [_shown(each) for each in one["objects"].each()]
    if len(objects) != 2:
        raise WrongField(f"{one['objects'].path} has {len(objects)}, want two")
    verdict = one["verdict"].text()
    if verdict not in tuple(Verdict):
        raise one["verdict"].wrong(f"want one of {', '.join(Verdict)}")
    kept = one.get("kept")
    judged = Judged(Verdict(verdict), by, _object(kept) if kept else None, _text(one, "note"), batch)
    return Said(objects[0], objects[1], judged)


def _shown(named: Field) -> ShownObject:
    refuse_others(named, (*NAMES, "sha256"))
    shown = named.get("sha256")
    if shown and not re.fullmatch(SHA256, shown.text()):
        raise shown.wrong("want 64 hex digits")
    return ShownObject(named["bucket"].name(), named["key"].name(), shown.text() if shown else None)


def _subject(given: Mapping[str, str], name: str) -> str:
    if not re.fullmatch(SUBJECT, given.get(name, "")):
        raise wrong(f"query.{name} is {json.dumps(given.get(name))}, want what an answer gave: 32 or 64 hex digits")
    return given[name]


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


def _part(given: Mapping[str, str], like: Place) -> PartAsked:
    """Return which part is asked for; its cursor names a place of the types of *like*."""
    limit = given.get("limit", str(USUALLY_AT_ONCE))
    if not re.fullmatch("[0-9]{1,4}", limit) or not 1 <= int(limit) <= MOST_AT_ONCE:
        raise wrong(f"query.limit is {json.dumps(limit)}, want a whole number from 1 to {MOST_AT_ONCE}")
    cursor = _place(given["cursor"], like) if "cursor" in given else None
    return PartAsked(given.get("scope"), int(limit), cursor, given.get("batch"))


def _choices(given: Mapping[str, str], name: str, known: Sequence[str] | Mapping[str, Any]) -> tuple[str, ...]:
    if name not in given:
        return ()
    chosen = tuple(given[name].split(","))
    if not set(chosen) <= set(known) or len(set(chosen)) < len(chosen):
        raise wrong(f"query.{name} is {json.dumps(given[name])}, want some of {', '.join(known)}, with commas between")
    return chosen


def _place(cursor: str, like: Place) -> Place:
    """Return the place that a cursor names: the inverse of `review_answers.cursor_of`."""
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
