"""What tests read out of the documents: tables by the heading above them, and fenced blocks."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"

Row = tuple[str, ...]

_FENCE = re.compile(r"(?P<indent> *)```(?P<language>[a-z0-9]*)[^`]*")
_HEADING = re.compile(r"#+ +(.*?) *")
_CELL_BORDER = re.compile(r"(?<!\\)\|")
_CODE = re.compile(r"`([^`]+)`")


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """A fenced block, and the line before it, which may say something about it."""

    path: Path
    line: int  # of its fence, from 1 on
    language: str
    text: str
    before: str

    def __str__(self) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}"


def documents() -> list[Path]:
    """Return every page that people read."""
    return [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]


def blocks(path: Path) -> list[CodeBlock]:
    """Return the fenced blocks of the page."""
    found, lines = [], path.read_text().splitlines()
    at = 0
    while at < len(lines):
        if fence := _FENCE.fullmatch(lines[at]):
            start, indent = at, fence["indent"]
            while lines[at + 1] != f"{indent}```":
                at += 1
            text = "\n".join(line.removeprefix(indent) for line in lines[start + 1 : at + 1])
            before = lines[start - 1].strip() if start else ""
            found.append(CodeBlock(path, start + 1, fence["language"], text, before))
            at += 1
        at += 1
    return found


def tables(page: str, heading: str) -> list[list[Row]]:
    """Return the tables between *heading* and the next one on the reference page, without their first rows."""
    found: list[list[Row]] = []
    previous = ""
    for line in _section(page, heading):
        if line.startswith("|"):
            if not previous.startswith("|"):
                found.append([])
            cells = [cell.strip().replace("\\|", "|") for cell in _CELL_BORDER.split(line)[1:-1]]
            found[-1].append(tuple(cells))
        previous = line
    return [table[2:] for table in found]  # the header, and the line below it


def table(page: str, heading: str) -> list[Row]:
    """Return the first of the tables below *heading*."""
    return tables(page, heading)[0]


def names(rows: Sequence[Row]) -> list[str]:
    """Return what each row is about: the first code in its first cell."""
    return [code(row[0])[0] for row in rows]


def code(cell: str) -> list[str]:
    """Return every piece of code in *cell*."""
    return _CODE.findall(cell)


def _section(page: str, heading: str) -> Iterator[str]:
    inside = fenced = False
    for line in (REFERENCE / page).read_text().splitlines():
        fenced ^= _FENCE.fullmatch(line) is not None
        if not fenced and (title := _HEADING.fullmatch(line)):
            if inside:
                return
            inside = title[1] == heading
        elif inside and not fenced:
            yield line
    assert inside, f"{page} has no heading {heading!r}"
