"""What is answered to those who review: groups, decisions, and what may be deleted."""

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from handler.ask.reviews import GroupsAsked
from handler.core.filed import Copy
from handler.core.groups import OpenGroup
from handler.core.message import describe_box
from handler.core.model import PictureRecord
from handler.core.phash import similarity
from handler.core.verdicts import Decision
from handler.review.groups import Page
from handler.review.surplus import SurplusPage

GROUPS_SCHEMA, DECISIONS_SCHEMA = "lookalike.groups/1", "lookalike.decisions/1"
DELETABLE_SCHEMA = "lookalike.deletable/1"
Document = dict[str, Any]


def describe_page(asked: GroupsAsked, scope: str, page: Page, *, lists: Sequence[str]) -> Document:
    """Return the answer to a query for groups, of a deployment that compares with *lists*."""
    return {
        "schema": GROUPS_SCHEMA,
        "scope": scope,
        "list": asked.list,
        "lists": list(lists),
        "best_first": list(asked.best_first),
        "groups": [_group(group, page.records) for group in page.groups],
        "waiting": page.waiting,
        "cursor": cursor_of(page.after),
    }


def describe_decisions(decisions: Sequence[Decision], after: Sequence[float | str] | None = None) -> Document:
    """Return the answer that holds *decisions*; more follow behind *after*."""
    return {
        "schema": DECISIONS_SCHEMA,
        "decisions": [_decision(one) for one in decisions],
        "cursor": cursor_of(after),
    }


def describe_deletable(page: SurplusPage) -> Document:
    """Return the answer that holds what is not kept, each with what is."""
    return {
        "schema": DELETABLE_SCHEMA,
        "objects": [{"object": one.object._asdict(), "kept": one.stays._asdict()} for one in page.found],
        "contradicted": [name._asdict() for name in page.contradicted],
        "cursor": cursor_of(page.after),
    }


def cursor_of(place: Sequence[float | str] | None) -> str | None:
    """Return what stands for a place, so that the next request begins behind it."""
    if place is None:
        return None
    return base64.urlsafe_b64encode(json.dumps(place, separators=(",", ":")).encode()).decode().rstrip("=")


def _group(group: OpenGroup, records: Mapping[str, PictureRecord]) -> Document:
    place = {name: number for number, name in enumerate(group.names)}
    return {
        "kind": group.kind.value,
        "agreement": group.agreement,
        "best": _copy(group.best, records),
        "others": [
            _copy(copy, records)
            | {
                "kind": filed.likeness.kind.value,
                "distance": filed.likeness.distance,
                "similarity": similarity(filed.likeness.distance),
                "agreement": filed.likeness.agreement,
                "colours": filed.likeness.colours,
                "differs": [describe_box(box) for box in filed.likeness.differs or ()],
                "differs_in": "best" if place.get(filed.finder) == 0 else "other",
                "announced": filed.at,
                "unconfirmed": group.best.is_bare,
            }
            for copy, filed in zip(group.others, group.with_best, strict=True)
        ],
        "among_others": [[place[name] - 1 for name in filed.pair] for filed in group.pairs[len(group.others) :]],
        "more": group.more,
    }


MAY_BE_UNKNOWN = ("width", "height", "format", "bytes", "modified")  # of an imported hash


def _copy(copy: Copy, records: Mapping[str, PictureRecord]) -> Document:
    """What a pair has of the picture, and by what its content is told: the pair is of that content."""
    record = records[copy.object_id]
    known = copy._asdict() | {"etag": record.etag, "sha256": record.digest}
    return known | {name: known[name] or None for name in MAY_BE_UNKNOWN}


def _decision(decision: Decision) -> Document:
    kept = None if decision.kept is None else decision.objects[decision.subject.index(decision.kept)]._asdict()
    return {
        "objects": [named._asdict() for named in decision.objects],
        "subject": list(decision.subject),
        "verdict": decision.verdict.value,
        "kept": kept,
        "by": decision.by,
        "at": decision.at,
        "note": decision.note,
        "batch": decision.batch,
    }
