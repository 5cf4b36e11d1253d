"""Groups of pictures as pages of HTML: thumbnails side by side, in files that load nothing from elsewhere."""

from base64 import b64encode
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import NamedTuple

from handler.cli.thumbnails import MEDIA_TYPE
from handler.core.model import Box

GROUPS_A_PAGE = 200


class Tile(NamedTuple):
    """One picture of a group."""

    name: str
    facts: Sequence[str]  # its size, format, ...
    notes: Sequence[str] = ()  # what it has in common with the first
    thumbnail: bytes | None = None  # JPEG; None: it cannot be shown
    boxes: Sequence[Box] = ()  # where it differs from the first, in fractions
    link: str | None = None  # where the picture itself is


class Sheet(NamedTuple):
    """A group: what the others are compared with comes first."""

    title: str
    tiles: Sequence[Tile]


def page_names(path: Path, groups: int) -> list[Path]:
    """Return the names of the files that hold so many groups: *path*, and then others beside it with a number."""
    count = max(1, -(-groups // GROUPS_A_PAGE))
    return [path, *(path.with_name(f"{path.stem}-{number}{path.suffix}") for number in range(2, count + 1))]


def write(path: Path, title: str, summary: str, groups: int, sheets: Iterable[Sheet]) -> list[Path]:
    """Write *sheets*, of which there are as many as *groups*, and return the files. Raises OSError."""
    names, rest = page_names(path, groups), iter(sheets)
    for number, name in enumerate(names):
        with name.open("w", encoding="utf-8", errors="replace") as file:
            first = number * GROUPS_A_PAGE + 1
            navigation = _navigation(names, number)
            file.write(_HEAD.format(title=escape(title), style=_STYLE))
            file.write(f"<header><h1>{escape(title)}</h1><p>{escape(summary)}</p>{navigation}</header>\n<main>\n")
            for at, sheet in enumerate(_some(rest, GROUPS_A_PAGE), first):
                file.writelines(_section(at, sheet))
            file.write(f"</main>\n<footer>{navigation}</footer>\n</html>\n")
    return names


def _some(sheets: Iterator[Sheet], most: int) -> Iterator[Sheet]:
    for _, sheet in zip(range(most), sheets, strict=False):
        yield sheet


def _navigation(names: Sequence[Path], current: int) -> str:
    if len(names) == 1:
        return ""
    links = [
        f'<a href="{escape(_quoted(name.name))}"{" aria-current=page" if number == current else ""}>{number + 1}</a>'
        for number, name in enumerate(names)
    ]
    return f'<nav aria-label="Pages">{" ".join(links)}</nav>'


def _section(number: int, sheet: Sheet) -> Iterator[str]:
    yield f'<section aria-labelledby="g{number}"><h2 id="g{number}">{number}. {escape(sheet.title)}</h2>\n<ul>\n'
    for place, tile in enumerate(sheet.tiles):
        yield _tile(tile, first=not place)
    yield "</ul></section>\n"


def _tile(tile: Tile, *, first: bool) -> str:
    name = f"<bdi>{escape(tile.name)}</bdi>"
    if tile.link:
        name = f'<a href="{escape(tile.link)}">{name}</a>'
    marks = "".join(
        f'<i style="top:{top:.2%};left:{left:.2%};width:{right - left:.2%};height:{bottom - top:.2%}"></i>'
        for top, bottom, left, right in tile.boxes
    )
    shown = '<span class="none">cannot be shown</span>'
    if tile.thumbnail is not None:
        data = b64encode(tile.thumbnail).decode()
        shown = f'<img loading="lazy" alt="{escape(tile.name)}" src="data:{MEDIA_TYPE};base64,{data}">{marks}'
    notes = "".join(f"<li>{escape(note)}</li>" for note in tile.notes)
    facts = " · ".join(map(escape, tile.facts))
    return (
        f'<li class="{"first" if first else "copy"}"><figure><div class="frame">{shown}</div>'
        f'<figcaption>{name}<span class="facts">{facts}</span><ul class="notes">{notes}</ul></figcaption>'
        "</figure></li>\n"
    )


def _quoted(name: str) -> str:
    return Path("/", name).as_uri().removeprefix("file:///")


_HEAD = """\
<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; img-src data:; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>{title}</title>
<style>{style}</style>
</head>
"""

_STYLE = """
:root { color-scheme: light dark; --ink: #1b1f24; --dim: #57606a; --paper: #fff; --line: #d5dae0; --mark: #c8321e;
  --first: #11703c; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8eaed; --dim: #a3abb5; --paper: #15181c; --line: #363c44;
  --mark: #ff7a66; --first: #5bd08d; } }
body { margin: 0 auto; padding: 1rem; max-width: 80rem; background: var(--paper); color: var(--ink);
  font: 1rem/1.45 system-ui, sans-serif; }
h1 { font-size: 1.5rem; margin: 0; }
h2 { font-size: 1.05rem; margin: 0 0 .6rem; }
header p { color: var(--dim); margin: .2rem 0 .8rem; }
nav a { display: inline-block; padding: .3rem .6rem; border: 1px solid var(--line); border-radius: .3rem;
  color: inherit; margin: 0 .2rem .4rem 0; }
nav a[aria-current] { font-weight: 700; border-color: currentcolor; }
section { border-top: 1px solid var(--line); padding: 1rem 0; content-visibility: auto;
  contain-intrinsic-size: auto 22rem; }
ul { list-style: none; margin: 0; padding: 0; }
section > ul { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(15rem, 45%), 1fr)); gap: 1rem; }
figure { margin: 0; }
.frame { position: relative; display: inline-block; max-width: 100%; line-height: 0; }
.frame img { max-width: 100%; height: auto; outline: 1px solid var(--line); }
.first img { outline: 3px solid var(--first); }
.frame i { position: absolute; box-sizing: border-box; border: 2px solid var(--mark); }
.none { display: grid; place-items: center; width: 15rem; height: 10rem; max-width: 100%; line-height: 1.4;
  border: 1px dashed var(--line); color: var(--dim); }
figcaption { overflow-wrap: anywhere; font-size: .9rem; }
figcaption a { color: inherit; }
.facts { display: block; color: var(--dim); }
.notes li { display: inline-block; margin: .2rem .3rem 0 0; padding: 0 .4rem; border: 1px solid var(--line);
  border-radius: .3rem; }
.first .notes li { border-color: var(--first); color: var(--first); }
"""
