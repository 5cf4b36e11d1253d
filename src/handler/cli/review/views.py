"""What is shown of groups and decisions: the templates, and what they are filled with."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup, escape
from starlette.responses import HTMLResponse, Response

from handler.cli.measures import amount, counted
from handler.cli.output import printable
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


def compared(group: Document, one: int, other: int) -> dict[str, Any]:
    """Return what the large view shows of two members of *group*, by their places."""
    copies = members(group)
    first, second = copies[one], copies[other]
    told = points(first, second)
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


def source(copy: Document, large: str | None = None) -> str:
    """Return the address of a copy of a picture."""
    at = copy.get("modified") or ""
    path = "/picture" if large else "/thumbnail"
    return f"{path}?" + urlencode({"bucket": copy["bucket"], "key": copy["key"], "at": at})


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
        "VERDICTS": Verdict,
        "said": None,
        "problem": None,
        "last": None,
    }
    return made


_TEMPLATES = _environment()
