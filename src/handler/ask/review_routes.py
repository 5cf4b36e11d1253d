"""The routes by which people review: groups, decisions, and what may be deleted.

Each takes what makes the service (only once the request was understood), the request, and what its log line says.
"""

from collections.abc import Callable
from itertools import islice
from typing import Any

from handler.ask import reviews
from handler.ask.problems import Kind, Problem
from handler.ask.questions import Options, refuse_parameters
from handler.ask.request import Request
from handler.ask.review_answers import describe_decisions, describe_deletable, describe_page
from handler.core.lists import list_scope
from handler.review.decisions import ContentChanged, Decisions, NotThere
from handler.wiring import AskService

Make = Callable[[], AskService]
Fields = dict[str, Any]


def groups(make: Make, request: Request, fields: Fields) -> dict[str, Any]:
    """Return groups of announced pairs that wait for a verdict."""
    asked, made = reviews.groups_asked(request.query), make()
    part, within = asked.part, None
    if asked.list:
        scope, within = list_scope(asked.list), Options(part.scope).scope_within(made.settings)
    else:
        scope = _scope(made, part.scope, fields)
    page = made.review.groups.page(
        scope, limit=part.limit, after=part.cursor, wanted=asked.wanted, best_first=asked.best_first, within=within
    )
    fields |= {"groups": len(page.groups), "waiting": page.waiting}
    return describe_page(asked, within or scope, page, lists=made.settings.lists)


def decisions(make: Make, request: Request, fields: Fields) -> dict[str, Any]:
    """Return what people decided."""
    part, made = reviews.decisions_asked(request.query), make()
    scope = _scope(made, part.scope, fields)
    if part.batch is not None:
        return describe_decisions(*made.review.decisions.of_batch(scope, part.batch, part.after, limit=part.limit))
    found = made.review.decisions.listed(scope, part.before)
    some = list(islice(found, part.limit))
    return describe_decisions(some, some[-1].filed if next(found, None) else None)


def decide(make: Make, request: Request, fields: Fields) -> dict[str, Any]:
    """Store what somebody says about pairs."""
    refuse_parameters(request.query)
    said, made = reviews.said(request.body, request.caller), make()
    fields["decisions"] = len(said)
    try:
        return describe_decisions(made.review.decisions.decide(said))
    except NotThere as error:
        raise _not_there(error) from error
    except ContentChanged as error:
        changed = [shown._asdict() | {"now": now} for shown, now in error.objects]
        raise Problem(Kind.CHANGED, str(error), changed=changed) from error
    except ValueError as error:
        raise Problem(Kind.WRONG_VALUE, str(error)) from error


def undo(make: Make, request: Request, fields: Fields) -> dict[str, Any]:
    """Take back what somebody said about a pair, or some of what was said at once."""
    asked, made = reviews.what_to_undo(request.query), make()
    decided: Decisions = made.review.decisions
    try:
        match asked:
            case reviews.PartAsked(given, _, _, batch):
                undone, after = decided.undo_batch(_scope(made, given, fields), batch or "", asked.after)
            case reviews.SubjectAsked(given, subject):
                undone, after = decided.undo(_scope(made, given, fields), [subject]), None
            case one, other:
                undone, after = decided.undo_named(one, other), None
    except NotThere as error:
        raise _not_there(error) from error
    except ValueError as error:
        raise Problem(Kind.WRONG_VALUE, str(error)) from error
    fields["decisions"] = len(undone)
    return describe_decisions(undone, after)


def deletable(make: Make, request: Request, fields: Fields) -> dict[str, Any]:
    """Return the objects that were decided not to be kept."""
    part, made = reviews.deletable_asked(request.query), make()
    scope = _scope(made, part.scope, fields)
    return describe_deletable(made.review.deletable.page(scope, limit=part.limit, after=part.behind))


def _scope(made: AskService, given: str | None, fields: Fields) -> str:
    scope = Options(given).needed_scope(made.settings)
    fields["scope"] = scope
    return scope


def _not_there(error: NotThere) -> Problem:
    return Problem(Kind.NO_SUCH_OBJECT, str(error), missing=[named._asdict() for named in error.objects])
