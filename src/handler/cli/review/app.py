"""The pages of a review, and what can be done on them."""

from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from botocore.exceptions import BotoCoreError, ClientError
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from handler.cli.asking import Refused
from handler.cli.errors import CommandError
from handler.cli.output import one_line
from handler.cli.review import export, views
from handler.cli.review.guard import Guard
from handler.cli.review.pictures import SCREEN, CannotBeShown, Pictures, Shown
from handler.cli.review.session import Done, Listed, Session
from handler.cli.reviewing import Document, Filters, all_alike, keep_one, members, named, of_two, surplus
from handler.cli.thumbnails import MEDIA_TYPE, SIDE
from handler.core.model import ObjectRef
from handler.core.verdicts import NamedObject, Verdict

Form = Mapping[str, str]
Posted = Callable[[Request, Form], Response]
STATIC = Path(__file__).with_name("static")
MOST_FORM_BYTES = 100_000
A_PAGE = 20  # groups: few enough to be read and drawn at once
A_PAGE_OF_DECISIONS = 50


class WrongForm(Exception):
    """What came is none of what the pages send; or they are of before the command was started anew."""


def application(session: Session, pictures: Pictures, *, token: str, port: int) -> Guard:
    """Return the whole of it, which answers whoever has the *token*."""
    pages = Pages(session, pictures)
    routes = [
        Route("/", pages.groups),
        Route("/compare/{name}", pages.compare),
        Route("/rules", pages.rules),
        Route("/rules/{name}", pages.rule),
        Route("/decisions", pages.decisions),
        Route("/export", pages.export),
        Route("/export/to-delete.sh", pages.script),
        Route("/export/to-delete.jsonl", pages.lines),
        Route("/thumbnail", pages.thumbnail),
        Route("/picture", pages.picture),
        Route("/groups/{name}", _posted(pages.decide), methods=["POST"]),
        Route("/compare/{name}", _posted(pages.decide_two), methods=["POST"]),
        Route("/undo", _posted(pages.undo), methods=["POST"]),
        Route("/decisions", _posted(pages.undo_listed), methods=["POST"]),
        Route("/rules", _posted(pages.look_at), methods=["POST"]),
        Route("/rules/{name}", _posted(pages.carry_out), methods=["POST"]),
        Mount("/static", StaticFiles(directory=STATIC)),
    ]
    return Guard(
        Starlette(routes=routes, exception_handlers={CommandError: _failed, WrongForm: _wrong}), token=token, port=port
    )


class Pages:
    """Each method answers one route."""

    def __init__(self, session: Session, pictures: Pictures) -> None:
        self._session = session
        self._pictures = pictures

    def groups(self, request: Request) -> Response:
        """Show a page of the groups that wait."""
        filters = _filters(request.query_params, self._session.scope)
        cursor = request.query_params.get("cursor")
        query = filters.query | {"limit": str(A_PAGE)} | ({"cursor": cursor} if cursor else {})
        try:
            page = self._session.ask({"method": "GET", "path": "/v1/groups", "query": query})
        except CommandError as error:
            return views.page("groups.html", status=_status(error), filters=filters, problem=str(error))
        names = self._session.show(page["groups"], filters.scope)
        following = None
        if page["cursor"]:
            following = "/?" + urlencode(filters.query | {"cursor": page["cursor"]})
        address = "/?" + urlencode(filters.query | ({"cursor": cursor} if cursor else {}))
        self._session.listed = Listed(names, address, following)
        return views.page(
            "groups.html",
            filters=filters,
            groups=list(zip(names, page["groups"], strict=True)),
            waiting=page["waiting"],
            scope=page["scope"],
            following=following,
            first=cursor is None,
            last=self._session.last,
        )

    def decide(self, request: Request, form: Form) -> Response:
        """Store what was said of a whole group; answer with what stands in its place."""
        name, group = self._group(request)
        verdict = _verdict(form)
        copies = members(group)
        if verdict is Verdict.KEEP_ONE:
            kept = _place(form, "kept", copies)
            decisions, says = keep_one(group, kept), f"kept {copies[kept]['key']}, and not the rest"
        else:
            decisions, says = all_alike(group, verdict), views.SAID[verdict]
        done = self._session.decide(name, decisions, says)
        return views.page("decided.html", name=name, done=done, said=f"Decided: {says}.")

    def compare(self, request: Request) -> Response:
        """Show two pictures of a group in one place."""
        name, group = self._group(request)
        one, other = _two(request.query_params, members(group))
        return views.page(
            "compare.html",
            **views.compared(group, one, other),
            name=name,
            decided=self._session.decided(name),
            listed=self._session.listed,
            skip=self._next(name, group, one, other),
            last=self._session.last,
        )

    def decide_two(self, request: Request, form: Form) -> Response:
        """Store what was said of two pictures of a group; answer with where to go on."""
        name, group = self._group(request)
        copies, verdict = members(group), _verdict(form)
        one, other = _two(form, copies)
        kept = _place(form, "kept", copies) if verdict is Verdict.KEEP_ONE else None
        if kept not in (None, one, other):
            raise WrongForm("one of the two is kept")
        says = views.SAID[verdict] if kept is None else f"kept {copies[kept]['key']}, and not the other"
        done = self._session.decide(name, of_two(group, one, other, verdict, kept), says, whole=len(copies) == 2)
        return _go(self._next(name, group, one, other, done))

    def undo(self, _request: Request, form: Form) -> Response:
        """Take back what was done last; answer with the group if it is on the page, or with where to go."""
        done = self._session.undo()
        if done is None:
            return views.page("said.html", said="There is nothing to undo.")
        group = self._session.group(done.group) if done.group else None
        if form.get("from") == "compare":
            return _go(f"/compare/{done.group}" if group else "/")
        if form.get("from") != "groups" or group is None or done.group not in self._session.listed.names:
            return views.refreshed()
        return views.page("undone.html", name=done.group, group=group, said=f"Taken back: {done.says}.")

    def decisions(self, request: Request) -> Response:
        """Show what was decided, the newest first."""
        given = request.query_params
        scope = given.get("scope", self._session.scope or "")
        query = {"limit": str(A_PAGE_OF_DECISIONS)}
        query |= {name: value for name, value in (("scope", scope), ("cursor", given.get("cursor"))) if value}
        try:
            page = self._session.ask({"method": "GET", "path": "/v1/decisions", "query": query})
        except CommandError as error:
            return views.page("decisions.html", status=_status(error), scope=scope, problem=str(error))
        following = None
        if page["cursor"]:
            following = "/decisions?" + urlencode({"scope": scope, "cursor": page["cursor"]})
        return views.page("decisions.html", scope=scope, decisions=page["decisions"], following=following)

    def undo_listed(self, _request: Request, form: Form) -> Response:
        """Take back what was chosen from the list."""
        if form.get("batch"):
            self._session.undo_batch(form["batch"], form.get("scope") or None)
        else:
            pair = [
                NamedObject(_given(form, f"{which}_bucket"), _given(form, f"{which}_key")) for which in ("one", "other")
            ]
            self._session.undo_pair(*pair)
        return views.refreshed()

    def rules(self, request: Request) -> Response:
        """Show the form of a rule."""
        return views.page("rules.html", filters=_filters(request.query_params, self._session.scope))

    def look_at(self, _request: Request, form: Form) -> Response:
        """Begin to look at what a rule would do; answer with how far that is."""
        return views.page("rule.html", job=self._session.look_at(_filters(form, None), _verdict(form)))

    def rule(self, request: Request) -> Response:
        """Answer with how far a rule is."""
        return views.page("rule.html", job=self._job(request))

    def carry_out(self, request: Request, _form: Form) -> Response:
        """Begin to do what was looked at."""
        job = self._job(request)
        self._session.carry_out(job)
        return views.page("rule.html", job=job)

    def export(self, request: Request) -> Response:
        """Show what was decided not to be kept."""
        scope = request.query_params.get("scope", self._session.scope or "")
        try:
            found, contradicted = surplus(self._session.ask, scope or None)
        except CommandError as error:
            return views.page("export.html", status=_status(error), scope=scope, problem=str(error))
        return views.page("export.html", scope=scope, found=found, contradicted=contradicted)

    def script(self, request: Request) -> Response:
        """Return commands that delete it, as a file."""
        found, _ = surplus(self._session.ask, request.query_params.get("scope") or None)
        return _file(export.script(found), "to-delete.sh", "text/x-shellscript")

    def lines(self, request: Request) -> Response:
        """Return the objects as a file of JSON lines."""
        found, _ = surplus(self._session.ask, request.query_params.get("scope") or None)
        return _file("".join(export.lines(found)), "to-delete.jsonl", "application/jsonl")

    def thumbnail(self, request: Request) -> Response:
        """Return a small copy of a picture."""
        return self._copy(request, SIDE * 2)  # screens have two pixels where a page has one

    def picture(self, request: Request) -> Response:
        """Return a copy of a picture as large as a screen."""
        return self._copy(request, SCREEN)

    def _copy(self, request: Request, side: int) -> Response:
        query = request.query_params
        ref = ObjectRef(_given(query, "bucket"), _given(query, "key"))
        try:
            return Response(self._pictures.get(Shown(ref, side, query.get("at", ""))), media_type=MEDIA_TYPE)
        except CannotBeShown as error:
            return PlainTextResponse(str(error), status_code=404)
        except (BotoCoreError, ClientError) as error:
            return PlainTextResponse(one_line(error), status_code=502)

    def _group(self, request: Request) -> tuple[str, Document]:
        name = request.path_params["name"]
        group = self._session.group(name)
        if group is None:
            raise WrongForm("this page is from an earlier run of `lookalike review`: load the groups again")
        return name, group

    def _job(self, request: Request) -> Any:
        job = self._session.job(request.path_params["name"])
        if job is None:
            raise WrongForm("there is no such rule: look at what it would do again")
        return job

    def _next(self, name: str, group: Document, one: int, other: int, done: Done | None = None) -> str:
        """Return where to go on after two pictures: to the next one of the group, or the next group."""
        gone = {place for place, copy in enumerate(members(group)) if done and _goes(named(copy), done)}
        places = [place for place in range(other + 1, len(members(group))) if place not in gone]
        if places and one not in gone:
            return f"/compare/{name}?" + urlencode({"one": one, "other": places[0]})
        following = self._session.after(name)
        return f"/compare/{following}" if following else self._session.listed.following or "/"


def _goes(name: NamedObject, done: Done) -> bool:
    return any(one["kept"] and name in map(named, one["objects"]) and named(one["kept"]) != name for one in done.stored)


def _posted(answer: Posted) -> Callable[[Request], Awaitable[Response]]:
    """Return what reads a form and answers it in a thread: asking takes its time."""

    async def posted(request: Request) -> Response:
        body = b""
        async for some in request.stream():
            body += some
            if len(body) > MOST_FORM_BYTES:
                raise WrongForm("it is too long")
        return await run_in_threadpool(answer, request, _form(body))

    return posted


def _form(body: bytes) -> Form:
    form: dict[str, str] = {}
    for name, value in parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100):
        form[name] = f"{form[name]},{value}" if name in form else value  # boxes that are ticked
    return form


def _filters(given: Mapping[str, str], scope: str | None) -> Filters:
    kinds = given.getlist("kind") if hasattr(given, "getlist") else [given["kind"]] if given.get("kind") else []
    return Filters(given.get("scope", scope or "") or None, ",".join(kinds) or None, given.get("agreement") or None)


def _verdict(form: Form) -> Verdict:
    if "kept" in form:
        return Verdict.KEEP_ONE
    if form.get("verdict") not in tuple(Verdict):
        raise WrongForm(f"want a verdict, one of {', '.join(Verdict)}")
    return Verdict(form["verdict"])


def _place(given: Mapping[str, str], name: str, copies: list[Document], default: str = "") -> int:
    text = given.get(name, default)
    if not (text.isdecimal() and len(text) < 6 and int(text) < len(copies)):
        raise WrongForm(f"want the number of a picture as {name}")
    return int(text)


def _two(given: Mapping[str, str], copies: list[Document]) -> tuple[int, int]:
    one, other = sorted((_place(given, "one", copies, "0"), _place(given, "other", copies, "1")))
    if one == other:
        raise WrongForm("want two pictures")
    return one, other


def _given(given: Mapping[str, str], name: str) -> str:
    if not given.get(name):
        raise WrongForm(f"{name} is missing")
    return given[name]


def _file(text: str, name: str, media_type: str) -> Response:
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode("utf-8", "surrogateescape"), media_type=media_type, headers=headers)


def _go(where: str) -> Response:
    return Response(headers={"HX-Redirect": where})


def _status(error: CommandError) -> int:
    return 400 if isinstance(error, Refused) else 502


def _failed(request: Request, error: Exception) -> Response:
    status = _status(error) if isinstance(error, CommandError) else 500
    return views.problem(str(error), status, in_place="hx-request" in request.headers)


def _wrong(request: Request, error: Exception) -> Response:
    return views.problem(str(error), 400, in_place="hx-request" in request.headers)
