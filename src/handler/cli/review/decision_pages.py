"""What was decided, and what may be deleted after that."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from handler.cli.errors import CommandError
from handler.cli.review import export, views
from handler.cli.review.forms import Form, filters_of, given_in
from handler.cli.review.session import Session
from handler.cli.reviewing import groups, named, surplus
from handler.core.verdicts import NamedObject

A_PAGE = 50


class DecisionPages:
    """The pages that come after deciding."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def decisions(self, request: Request) -> Response:
        """Show what was decided, the newest first."""
        given = request.query_params
        scope = given.get("scope", self._session.scope or "")
        query = {"limit": str(A_PAGE)}
        query |= {name: value for name, value in (("scope", scope), ("cursor", given.get("cursor"))) if value}
        try:
            page = self._session.ask({"method": "GET", "path": "/v1/decisions", "query": query})
        except CommandError as error:
            return views.page("decisions.html", status=views.status_of(error), scope=scope, problem=str(error))
        self._session.offered.add(named(one) for decision in page["decisions"] for one in decision["objects"])
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
                NamedObject(given_in(form, f"{which}_bucket"), given_in(form, f"{which}_key"))
                for which in ("one", "other")
            ]
            self._session.undo_pair(*pair, scope=form.get("scope") or None)
        return views.refreshed()

    def export(self, request: Request) -> Response:
        """Show what was decided not to be kept."""
        scope = request.query_params.get("scope", self._session.scope or "")
        try:
            found, contradicted = surplus(self._session.ask, scope or None)
        except CommandError as error:
            return views.page("export.html", status=views.status_of(error), scope=scope, problem=str(error))
        return views.page("export.html", scope=scope, found=found, contradicted=contradicted)

    def script(self, request: Request) -> Response:
        """Return commands that delete it, as a file."""
        found, _ = surplus(self._session.ask, request.query_params.get("scope") or None)
        return views.file(export.script(found), "to-delete.sh", "text/x-shellscript")

    def lines(self, request: Request) -> Response:
        """Return the objects as a file of JSON lines."""
        found, _ = surplus(self._session.ask, request.query_params.get("scope") or None)
        return views.file("".join(export.lines(found)), "to-delete.jsonl", "application/jsonl")

    def of_list(self, request: Request) -> Response:
        """Return commands that delete the uploads that match a list, as a file."""
        wanted = filters_of(request.query_params, None)._replace(list=given_in(request.query_params, "list"))
        uploads = {named(copy): copy for group in groups(self._session.ask, wanted) for copy in group["others"]}
        return views.file(export.list_script(list(uploads.values())), f"matches-{wanted.list}.sh", "text/x-shellscript")
