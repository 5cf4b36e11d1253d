"""What is shown of groups and decisions: the templates, and what they are filled with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from handler.ask.reviews import MOST_TEXT
from handler.cli.asking import Refused
from handler.cli.errors import CommandError
from handler.cli.measures import amount, counted
from handler.cli.output import printable
from handler.cli.review.on_lists import commands, list_of, pictured
from handler.cli.review.wording import facts, likeness, points, score
from handler.cli.reviewing import members, named, sums, uri
from handler.core.model import MatchKind
from handler.core.verdicts import Verdict

Document = Mapping[str, Any]
SAID = {
    Verdict.DIFFERENT: "they are different",
    Verdict.KEEP_BOTH: "all are kept",
    Verdict.KEEP_ONE: "the best is kept",
}
BEST_FIRST = {  # what a copy is the best by, as the function takes it: in short, and in full
    "": ("most pixels", "most pixels, then least compressed, then oldest"),
    "largest,pixels": ("largest file", "largest file, then most pixels"),
    "compression,pixels": ("least compressed", "least compressed, then most pixels"),
    "oldest,pixels": ("oldest", "oldest, then most pixels"),
    "key": ("first by name", "first by name"),
}
AGREEMENTS = ("0.8", "0.9", "0.95", "0.98", "0.99")


def page(template: str, *, status: int = 200, **shown: Any) -> Response:
    """Return what *template* makes of all that is *shown*."""
    return HTMLResponse(_TEMPLATES.get_template(template).render(shown), status_code=status)


def problem(says: str, status: int, *, in_place: bool) -> Response:
    """Return what went wrong: as a page, or for the place that a page has for it."""
    if not in_place:
        return page("problem.html", status=status, problem=says)
    headers = {"HX-Retarget": "#problem", "HX-Reswap": "innerHTML"}
    return HTMLResponse(_TEMPLATES.get_template("trouble.html").render(problem=says), status, headers)


def refreshed() -> Response:
    """Return what makes the page load itself again."""
    return Response(headers={"HX-Refresh": "true"})


def going(where: str) -> Response:
    """Return what makes the page go on to another address."""
    return Response(headers={"HX-Redirect": where})


def file(text: str, name: str, media_type: str) -> Response:
    """Return *text* as a file to be stored under *name*."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(text.encode("utf-8", "surrogateescape"), media_type=media_type, headers=headers)


def status_of(error: CommandError) -> int:
    """Return by what status *error* is told: whether the question was wrong, or nobody could answer."""
    return 400 if isinstance(error, Refused) else 502


def compared(group: Document, one: int, other: int) -> dict[str, Any]:
    """Return what the large view shows of two members of *group*, by their places."""
    copies = members(group)
    first, second = copies[one], copies[other]
    told = points(first, second)
    if list_of(first):  # of an upload that matches a list nothing is kept for being better
        told = [point._replace(better=None) for point in told]
    match = second if one == 0 else None  # how two others match is not told
    return {
        "group": group,
        "copies": copies,
        "places": (one, other),
        "pair": (first, second),
        "points": told,
        "score": score(told),
        "likeness": likeness(match) if match else [],
        "boxes": [boxes_of(match, which) for which in ("best", "other")] if match else [[], []],
    }


def boxes_of(match: Document, which: str) -> list[Document]:
    """Return the boxes that are to be drawn on the best copy, or on the *other* one."""
    return list(match["differs"]) if match.get("differs_in") == which else []


def best_rule(best_first: str | None) -> str:
    """Return in words what makes a copy the best."""
    known = BEST_FIRST.get(best_first or "")
    return known[1] if known else (best_first or "").replace(",", ", then ")


def source(copy: Document, large: str | None = None) -> str:
    """Return the address of a copy of a picture."""
    name = pictured(copy) or named(copy)
    path = "/picture" if large else "/thumbnail"
    return f"{path}?" + urlencode({**name._asdict(), "at": copy.get("modified") or ""})


def breakable(name: str) -> Markup:
    """Return a key as it is shown, which may be broken after each slash."""
    return Markup("/<wbr>").join(escape(part) for part in printable(name).split("/"))


def _environment() -> Environment:
    made = Environment(
        loader=FileSystemLoader(Path(__file__).with_name("templates")),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {
        "printable": printable,
        "breakable": breakable,
        "facts": facts,
        "likeness": likeness,
        "amount": amount,
        "source": source,
    }
    made.globals |= {
        "counted": counted,
        "members": members,
        "named": named,
        "uri": uri,
        "sums": sums,
        "boxes_of": boxes_of,
        "KINDS": tuple(kind.value for kind in MatchKind),
        "AGREEMENTS": AGREEMENTS,
        "BEST_FIRST": BEST_FIRST,
        "best_rule": best_rule,
        "MOST_TEXT": MOST_TEXT,
        "list_of": list_of,
        "pictured": pictured,
        "commands": commands,
        "lists": (),
        "VERDICTS": Verdict,
        "said": None,
        "problem": None,
        "last": None,
    }
    return made


_TEMPLATES = _environment()
