"""As much of CloudWatch Logs Insights as the template's saved queries and widgets need, by its documentation.

Commands: `fields`, `filter`, `parse` by a glob, `stats ... by ...`, `sort` and `limit`. A field that a line lacks is
None; a line on which a filter has nothing to compare does not pass, and one that `parse` does not fit lacks the fields.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

Line = Mapping[str, Any]
Filter = Callable[[Line], bool]

_COMPARISON = re.compile(r'([@\w]+) *(=|>) *("([^"]*)"|[\d.]+)')
_GIVEN = re.compile(r"\bas (\w+(?:, \w+(?=\s*(?:,|\||$)))*)", re.MULTILINE)
_KEYWORDS = {"fields", "filter", "parse", "stats", "sort", "limit", "by", "as", "asc", "desc", "m"}
_PRESENT = re.compile(r"ispresent\((\w+)\)")
_PARSE = re.compile(r'parse (\w+) "([^"]+)" as (.+)')
_AGGREGATE = re.compile(r"(count|sum|max|pct)\(([^)]*)\)(?: as (\w+))?")


def run(query: str, lines: Sequence[Line]) -> list[dict[str, Any]]:
    """Return the rows that *query* finds in *lines*; raise ValueError for what is not known here."""
    rows = [dict(line) | {"@timestamp": line.get("timestamp")} for line in lines]
    shown: list[str] | None = None
    for command in (part.strip() for part in query.split("|")):
        word, _, rest = command.partition(" ")
        match word:
            case "SOURCE":
                pass
            case "fields":
                shown = [name.strip() for name in rest.split(",")]
            case "filter":
                passes = _filter(rest)
                rows = [row for row in rows if passes(row)]
            case "parse":
                rows = [row | _parsed(command, row) for row in rows]
            case "stats":
                rows, shown = _grouped(rest, rows), None
            case "sort":
                rows = _sorted(rest, rows)
            case "limit":
                rows = rows[: int(rest)]
            case _:
                raise ValueError(f"unknown command: {command}")
    return rows if shown is None else [{name: row.get(name) for name in shown} for row in rows]


def named(query: str) -> set[str]:
    """Return the fields of lines that *query* names: all its words but commands, functions and names that it gives."""
    given = {name for names in _GIVEN.findall(query) for name in re.findall(r"\w+", names)}
    bare = re.sub(r'"[^"]*"|SOURCE \S+|\w+(?=\()', " ", query)
    return set(re.findall(r"@?\b[a-z_]+\b", bare)) - given - _KEYWORDS


def _filter(text: str) -> Filter:
    if present := _PRESENT.fullmatch(text):
        there = present[1]
        return lambda line: line.get(there) is not None
    if not (found := _COMPARISON.fullmatch(text)):
        raise ValueError(f"unknown filter: {text}")
    name, compares, value = found[1], found[2], found[4] if found[4] is not None else float(found[3])
    if compares == "=":
        return lambda line: bool(line.get(name) == value)
    return lambda line: line.get(name) is not None and bool(line[name] > value)


def _parsed(command: str, row: Line) -> dict[str, str]:
    found = _PARSE.fullmatch(command)
    if not found:
        raise ValueError(f"unknown: {command}")
    names = [name.strip() for name in found[3].split(",")]
    pattern = "(.*?)".join(map(re.escape, found[2].split("*")))
    matched = re.fullmatch(pattern.removesuffix("(.*?)") + "(.*)", str(row.get(found[1]) or ""), re.DOTALL)
    return dict(zip(names, matched.groups(), strict=True)) if matched else {}


def _grouped(text: str, rows: Sequence[Line]) -> list[dict[str, Any]]:
    wanted, _, by = text.partition(" by ")
    names = [name.strip() for name in by.split(",") if name and not name.strip().startswith("bin(")]
    groups: defaultdict[tuple[Any, ...], list[Line]] = defaultdict(list)
    for row in rows:
        groups[tuple(row.get(name) for name in names)].append(row)
    found = _AGGREGATE.findall(wanted)
    if _AGGREGATE.sub("", wanted).replace(",", "").strip() or not found:
        raise ValueError(f"unknown aggregates: {wanted}")
    return [
        dict(zip(names, key, strict=True))
        | {name or f"{function}({of})": _aggregate(function, of, group) for function, of, name in found}
        for key, group in groups.items()
    ]


def _aggregate(function: str, of: str, group: Sequence[Line]) -> float | None:
    if (function, of) == ("count", "*"):
        return len(group)
    name, _, percentile = of.partition(",")
    values = [line[name] for line in group if line.get(name) is not None]
    if function == "count":
        return len(values)
    if not values:
        return None
    match function:
        case "sum":
            return float(sum(values))
        case "max":
            return float(max(values))
        case "pct":
            return float(np.percentile(values, float(percentile)))
    raise ValueError(f"unknown aggregate: {function}({of})")


def _sorted(text: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    name, _, order = text.partition(" ")
    there = [row for row in rows if row.get(name) is not None]
    return sorted(there, key=lambda row: row[name], reverse=order == "desc") + [r for r in rows if r.get(name) is None]
