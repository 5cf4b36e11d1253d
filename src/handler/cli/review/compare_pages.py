"""Two pictures of a group in one place, and what is said about them."""

from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from handler.cli.review import views
from handler.cli.review.forms import Form, WrongForm, note_of, place_of, two_places_of, verdict_of
from handler.cli.review.group_pages import group_of, judged_group_of
from handler.cli.review.on_lists import list_of, pictured
from handler.cli.review.session import Done, Session
from handler.cli.reviewing import Document, members, named, of_two
from handler.core.verdicts import NamedObject, Verdict


class ComparePages:
    """The large view."""

    def __init__(self, session: Session) -> None:
        self._session = session

    def compare(self, request: Request) -> Response:
        """Show two pictures of a group in one place."""
        name, group = group_of(self._session, request)
        one, other = two_places_of(request.query_params, members(group))
        if list_of(group["best"]) and (one or not pictured(group["best"])):
            raise WrongForm("uploads are compared with what is on the list, if there is a picture of that")
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
        name, group = judged_group_of(self._session, request)
        copies, verdict = members(group), verdict_of(form)
        one, other = two_places_of(form, copies)
        kept = place_of(form, "kept", copies) if verdict is Verdict.KEEP_ONE else None
        if kept not in (None, one, other):
            raise WrongForm("one of the two is kept")
        says = views.SAID[verdict] if kept is None else f"kept {copies[kept]['key']}, and not the other"
        done = self._session.decide(
            name, of_two(group, one, other, verdict, kept), says, whole=len(copies) == 2, note=note_of(form)
        )
        return views.going(self._next(name, group, one, other, done))

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
