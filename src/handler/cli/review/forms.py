"""What requests of the pages hold, read and checked."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from handler.ask.reviews import MOST_TEXT
from handler.cli.reviewing import Document, Filters
from handler.core.verdicts import Verdict

Form = Mapping[str, str]
Posted = Callable[[Request, Form], Response]
MOST_BYTES = 100_000


class WrongForm(Exception):
    """What came is none of what the pages send; or they are of before the command was started anew."""


def posted(answer: Posted) -> Callable[[Request], Awaitable[Response]]:
    """Return what reads a form and has it answered in a thread: asking takes its time."""

    async def read(request: Request) -> Response:
        return await run_in_threadpool(answer, request, await form_in(request))

    return read


async def form_in(request: Request) -> Form:
    """Return the fields of a form; boxes that are ticked, of one name, with commas between. Raises WrongForm."""
    form, body = dict[str, str](), b""
    async for some in request.stream():
        body += some
        if len(body) > MOST_BYTES:
            raise WrongForm("it is too long")
    for name, value in parse_qsl(body.decode("utf-8", "replace"), max_num_fields=100):
        form[name] = f"{form[name]},{value}" if name in form else value
    return form


def filters_of(given: Mapping[str, Any], scope: str | None) -> Filters:
    """Return which groups are wanted: in *scope*, unless another one is given."""
    kinds = given.getlist("kind") if hasattr(given, "getlist") else [given["kind"]] if given.get("kind") else []
    return Filters(
        given.get("scope", scope or "") or None,
        ",".join(kinds) or None,
        given.get("agreement") or None,
        given.get("best_first") or None,
        given.get("list") or None,
    )


def verdict_of(form: Form) -> Verdict:
    """Return the verdict: to keep one where it says which. Raises WrongForm."""
    if "kept" in form:
        return Verdict.KEEP_ONE
    if form.get("verdict") not in tuple(Verdict):
        raise WrongForm(f"want a verdict, one of {', '.join(Verdict)}")
    return Verdict(form["verdict"])


def note_of(form: Form) -> str | None:
    """Return the note that goes with a verdict, if there is one. Raises WrongForm."""
    note = form.get("note", "").strip()
    if len(note) > MOST_TEXT:
        raise WrongForm(f"the note has {len(note):,} characters, over {MOST_TEXT:,}")
    return note or None


def place_of(given: Mapping[str, str], name: str, copies: list[Document], default: str = "") -> int:
    """Return which of *copies* the field *name* says. Raises WrongForm."""
    text = given.get(name, default)
    if not (text.isdecimal() and len(text) < 6 and int(text) < len(copies)):
        raise WrongForm(f"want the number of a picture as {name}")
    return int(text)


def two_places_of(given: Mapping[str, str], copies: list[Document]) -> tuple[int, int]:
    """Return which two of *copies* are compared, the better one first. Raises WrongForm."""
    one, other = sorted((place_of(given, "one", copies, "0"), place_of(given, "other", copies, "1")))
    if one == other:
        raise WrongForm("want two pictures")
    return one, other


def given_in(given: Mapping[str, str], name: str) -> str:
    """Return the field *name*. Raises WrongForm if it is missing."""
    if not given.get(name):
        raise WrongForm(f"{name} is missing")
    return given[name]
