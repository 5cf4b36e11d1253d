"""The page as an application: which address is answered by what."""

from pathlib import Path

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.staticfiles import StaticFiles

from handler.cli.errors import CommandError
from handler.cli.review import views
from handler.cli.review.compare_pages import ComparePages
from handler.cli.review.decision_pages import DecisionPages
from handler.cli.review.forms import WrongForm, posted
from handler.cli.review.group_pages import GroupPages
from handler.cli.review.guard import Guard
from handler.cli.review.invitation import Invitation
from handler.cli.review.picture_pages import PicturePages
from handler.cli.review.pictures import Pictures
from handler.cli.review.rule_pages import RulePages
from handler.cli.review.session import Session

STATIC = Path(__file__).with_name("static")


def application(
    session: Session, pictures: Pictures, *, token: str, port: int, invitation: Invitation | None = None
) -> Guard:
    """Return the whole of it, which answers whoever has the *token*, or comes first with the *invitation*."""
    routes = [*_reading(session, pictures), *_writing(session), Mount("/static", StaticFiles(directory=STATIC))]
    handlers = {CommandError: _failed, WrongForm: _wrong}
    return Guard(Starlette(routes=routes, exception_handlers=handlers), token=token, port=port, invitation=invitation)


def _reading(session: Session, pictures: Pictures) -> list[BaseRoute]:
    after, rules, copies = DecisionPages(session), RulePages(session), PicturePages(pictures, session.offered)
    return [
        Route("/", GroupPages(session).groups),
        Route("/lists", GroupPages(session).lists),
        Route("/compare/{name}", ComparePages(session).compare),
        Route("/rules", rules.rules),
        Route("/rules/{name}", rules.rule),
        Route("/decisions", after.decisions),
        Route("/export", after.export),
        Route("/export/to-delete.sh", after.script),
        Route("/export/to-delete.jsonl", after.lines),
        Route("/export/of-list.sh", after.of_list),
        Route("/thumbnail", copies.thumbnail),
        Route("/picture", copies.picture),
    ]


def _writing(session: Session) -> list[BaseRoute]:
    groups, rules = GroupPages(session), RulePages(session)
    return [
        Route("/groups/{name}", posted(groups.decide), methods=["POST"]),
        Route("/compare/{name}", posted(ComparePages(session).decide_two), methods=["POST"]),
        Route("/undo", posted(groups.undo), methods=["POST"]),
        Route("/decisions", posted(DecisionPages(session).undo_listed), methods=["POST"]),
        Route("/rules", posted(rules.look_at), methods=["POST"]),
        Route("/rules/{name}", posted(rules.carry_out), methods=["POST"]),
    ]


def _failed(request: Request, error: Exception) -> Response:
    status = views.status_of(error) if isinstance(error, CommandError) else 500
    return views.problem(str(error), status, in_place="hx-request" in request.headers)


def _wrong(request: Request, error: Exception) -> Response:
    return views.problem(str(error), 400, in_place="hx-request" in request.headers)
