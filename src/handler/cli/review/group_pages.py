"""The groups that wait, and what is said about whole ones."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from handler.cli.errors import CommandError
from handler.cli.review import views
from handler.cli.review.forms import Form, WrongForm, filters_of, note_of, place_of, verdict_of
from handler.cli.review.on_lists import list_of
from handler.cli.review.session import Listed, Session
from handler.cli.reviewing import Document, Filters, all_alike, keep_one, members
from handler.core.verdicts import Verdict

A_PAGE = 20  # groups: few enough to be read and drawn at once


class GroupPages:
    """The pages that list groups."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def groups(self, request: Request) -> Response:
        """Show a page of the groups that wait."""
        filters = filters_of(request.query_params, self._session.scope)
        cursor = request.query_params.get("cursor")
        place = {"cursor": cursor} if cursor else {}
        query = filters.query | {"limit": str(A_PAGE)} | place
        try:
            page = self._session.ask({"method": "GET", "path": "/v1/groups", "query": query})
        except CommandError as error:
            return views.page("groups.html", status=views.status_of(error), filters=filters, problem=str(error))
        names = self._session.show(page["groups"], filters.scope)
        following = None
        if page["cursor"]:
            following = "/?" + urlencode(filters.query | {"cursor": page["cursor"]})
        here = "/?" + urlencode(filters.query | place)
        self._session.listed = Listed(names, here, following, page["waiting"], filters.scope)
        return views.page(
            "groups.html",
            filters=filters,
            groups=list(zip(names, page["groups"], strict=True)),
            waiting=page["waiting"],
            scope=page["scope"],
            following=following,
            first=cursor is None,
            lists=page.get("lists", ()),
            last=self._session.last,
        )

    def lists(self, request: Request) -> Response:
        """Answer with how much matches each list."""
        filters, found = filters_of(request.query_params, self._session.scope), []
        for name in filter(None, request.query_params.get("names", "").split(",")):
            wanted = Filters(scope=filters.scope, list=name)
            page = self._session.ask({"method": "GET", "path": "/v1/groups", "query": wanted.query | {"limit": "1"}})
            if page["waiting"]:
                found.append((name, page["waiting"], "/?" + urlencode(wanted.query)))
        return views.page("lists.html", found=found)

    def decide(self, request: Request, form: Form) -> Response:
        """Store what was said of a whole group; answer with what stands in its place."""
        name, group = judged_group_of(self._session, request)
        verdict = verdict_of(form)
        copies = members(group)
        if verdict is Verdict.KEEP_ONE:
            kept = place_of(form, "kept", copies)
            decisions, says = keep_one(group, kept), f"kept {copies[kept]['key']}, and not the rest"
        else:
            decisions, says = all_alike(group, verdict), views.SAID[verdict]
        done = self._session.decide(name, decisions, says, note=note_of(form))
        still, scope = self._session.waiting, self._session.listed.scope
        return views.page("decided.html", name=name, done=done, said=f"Decided: {says}.", waiting=still, scope=scope)

    def undo(self, _request: Request, form: Form) -> Response:
        """Take back what was done last; answer with the group if it is on the page, or with where to go."""
        done = self._session.undo()
        if done is None:
            return views.page("said.html", said="There is nothing to undo.")
        group = self._session.group(done.group) if done.group else None
        if form.get("from") == "compare":
            return views.going(f"/compare/{done.group}" if group else "/")
        if form.get("from") != "groups" or group is None or done.group not in self._session.listed.names:
            return views.refreshed()
        still, scope = self._session.waiting, self._session.listed.scope
        return views.page(
            "undone.html", name=done.group, group=group, said=f"Taken back: {done.says}.", waiting=still, scope=scope
        )


def group_of(session: Session, request: Request) -> tuple[str, Document]:
    """Return name and group that the address of *request* names. Raises WrongForm if it was not shown."""
    name = request.path_params["name"]
    group = session.group(name)
    if group is None:
        raise WrongForm("this page is from an earlier run of `lookalike review`: load the groups again")
    return name, group


def judged_group_of(session: Session, request: Request) -> tuple[str, Document]:
    """Return the same, if verdicts can be given about it. Raises WrongForm."""
    name, group = group_of(session, request)
    if list_of(group["best"]):
        raise WrongForm("no verdict silences what is on a list: delete the upload, or take the entry off the list")
    return name, group
