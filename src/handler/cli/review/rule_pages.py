"""Rules: what one would do about all groups that wait, and then the doing."""

from starlette.requests import Request
from starlette.responses import Response

from handler.cli.review import views
from handler.cli.review.forms import Form, WrongForm, filters_of, note_of, verdict_of
from handler.cli.review.session import Job, Session


class RulePages:
    """The form of a rule, and how far one is."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def rules(self, request: Request) -> Response:
        """Show the form of a rule."""
        return views.page("rules.html", filters=filters_of(request.query_params, self._session.scope))

    def look_at(self, _request: Request, form: Form) -> Response:
        """Begin to look at what a rule would do; answer with how far that is."""
        filters = filters_of(form, None)._replace(list=None)  # no verdict is given about those
        return views.page("rule.html", job=self._session.look_at(filters, verdict_of(form), note_of(form)))

    def rule(self, request: Request) -> Response:
        """Answer with how far a rule is."""
        return views.page("rule.html", job=self._job(request))

    def carry_out(self, request: Request, _form: Form) -> Response:
        """Begin to do what was looked at."""
        job = self._job(request)
        self._session.carry_out(job)
        return views.page("rule.html", job=job)

    def _job(self, request: Request) -> Job:
        job = self._session.job(request.path_params["name"])
        if job is None:
            raise WrongForm("there is no such rule: look at what it would do again")
        return job
