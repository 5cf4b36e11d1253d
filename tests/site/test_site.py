"""The built site loads nothing from another host, and its search works without a server."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
LINKS_THAT_LOAD_NOTHING = {"canonical", "next", "prev", "alternate"}
LOADING = {"src", "srcset", "data", "poster"}  # attributes, of whatever tag
STYLED = re.compile(r"""url\(\s*['"]?([^'")]+)|@import\s+['"]([^'"]+)""")
ELSEWHERE = re.compile(r"(?!data:)([a-z][a-z0-9+.-]*:|//)", re.I)


class Loads(HTMLParser):
    """What a page loads by itself: scripts, styles, pictures, fonts, frames."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self._in_style = False
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = {name: value or "" for name, value in attrs}
        self.found += [value for name, value in named.items() if name in LOADING]
        self.found += of_style(named.get("style", ""))
        if tag == "link" and not set(named.get("rel", "").split()) <= LINKS_THAT_LOAD_NOTHING:
            self.found.append(named.get("href", ""))
        if tag in ("image", "use"):  # of an SVG
            self.found += [value for name, value in named.items() if name in ("href", "xlink:href")]
        self._in_style = tag == "style"

    def handle_endtag(self, tag: str) -> None:
        self._in_style = self._in_style and tag != "style"

    def handle_data(self, data: str) -> None:
        if self._in_style:
            self.found += of_style(data)


def of_style(text: str) -> list[str]:
    return [one or other for one, other in STYLED.findall(text)]


def elsewhere(loaded: list[str]) -> list[str]:
    return [url for url in loaded if ELSEWHERE.match(url.strip())]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    if find_spec("material") is None:
        pytest.skip("MkDocs is not installed: make docs")
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet: with it MkDocs hears no warnings, so that --strict stops at nothing.
    build = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    done = subprocess.run(build, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    assert done.returncode == 0, done.stderr
    return folder


def files(site: Path, *suffixes: str) -> Iterator[Path]:
    return (path for path in sorted(site.rglob("*")) if path.suffix in suffixes)


def test_pages_and_diagrams_load_nothing_from_another_host(site: Path) -> None:
    pages = {path: elsewhere(Loads(path.read_text()).found) for path in files(site, ".html", ".svg")}

    assert len(pages) > 20
    assert {str(path): found for path, found in pages.items() if found} == {}


def test_styles_load_nothing_from_another_host(site: Path) -> None:
    styles = {path: elsewhere(of_style(path.read_text())) for path in files(site, ".css")}

    assert styles
    assert {str(path): found for path, found in styles.items() if found} == {}


def test_no_page_has_a_diagram_that_a_script_of_another_host_would_draw(site: Path) -> None:
    assert [path for path in files(site, ".html") if re.search(r'class="[^"]*\bmermaid\b', path.read_text())] == []


def test_search_has_every_page_and_needs_no_server(site: Path) -> None:
    script = (site / "search" / "search_index.js").read_text()

    found = {entry["location"].partition("#")[0] for entry in json.loads(script.removeprefix("var __index = "))["docs"]}

    pages = {str(path.relative_to(ROOT / "docs").with_suffix(".html")) for path in (ROOT / "docs").rglob("*.md")}
    assert found == pages
    assert "iframe-worker" in (site / "index.html").read_text()


@pytest.mark.parametrize(
    "page",
    [
        '<script src="https://cdn.example/a.js"></script>',
        '<link rel="stylesheet" href="//fonts.example/css">',
        '<link rel="preconnect" href="https://fonts.example">',
        '<img src="a.png" srcset="https://cdn.example/b.png 2x">',
        '<p style="background: url(https://cdn.example/c.png)">',
        "<style>@import 'https://cdn.example/d.css'</style>",
        '<svg><image href="https://cdn.example/e.png"/></svg>',
    ],
)
def test_what_comes_from_another_host_is_seen(page: str) -> None:
    assert len(elsewhere(Loads(page).found)) == 1


def test_links_to_other_hosts_are_no_loads() -> None:
    page = '<a href="https://docs.example">more</a><link rel="next" href="b.html"><img src="data:image/png;base64,AA">'

    assert elsewhere(Loads(page).found) == []
