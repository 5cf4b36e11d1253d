"""`--parameter Name=Value`: values for the template's parameters, held to what the template says of them."""

import argparse
import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from samtranslator.yaml_helper import yaml_parse

from handler.cli.errors import USAGE_ERROR
from handler.cli.local.emulator import LocalError

OWN = {"EndpointUrl": "is the emulator's address", "Architecture": "is this machine's"}  # set by every local run
WHOLE_NUMBER = re.compile(r"-?[0-9]{1,18}")


def given(root: Path, options: argparse.Namespace) -> dict[str, str]:
    """Return the parameters among *options*. Raises LocalError for what the template under *root* does not allow."""
    return checked(_template(root), options.parameter) if options.parameter else {}


def given_with_a_bucket(root: Path, options: argparse.Namespace) -> dict[str, str]:
    """Return the same for a run that uploads to the stack's own bucket. Raises LocalError if it would have none."""
    found = given(root, options)
    if buckets := found.get("ExistingBuckets"):
        raise _wrong(f"ExistingBuckets={buckets}", "this uploads to the stack's own bucket, which it has none of then")
    return found


def checked(template: Mapping[str, Any], words: Sequence[str]) -> dict[str, str]:
    """Return the parameters that *words* give as `Name=Value`. Raises LocalError for what *template* does not allow."""
    found = dict[str, str]()
    for word in words:
        name, sign, value = word.partition("=")
        if not sign:
            raise _wrong(word, "want Name=Value, such as ScopeDepth=2")
        if found.setdefault(name, value) != value:
            raise _wrong(word, f"{name} is {found[name]!r} already: give each parameter once")
        if problem := _problem(template["Parameters"], name, value):
            raise _wrong(word, problem)
    for assertion in _broken_rules(template, found):
        raise _wrong(" ".join(words), assertion)
    return found


def defaults(root: Path) -> dict[str, str]:
    """Return what each parameter of the template under *root* is where nothing is given."""
    return _defaults(_template(root))


def _template(root: Path) -> dict[str, Any]:
    template: dict[str, Any] = yaml_parse((root / "template.yaml").read_text())
    return template


def _wrong(word: str, problem: str) -> LocalError:
    return LocalError(f"--parameter {word}: {problem}", status=USAGE_ERROR)


def _defaults(template: Mapping[str, Any]) -> dict[str, str]:
    return {name: str(parameter.get("Default", "")) for name, parameter in template["Parameters"].items()}


def _problem(parameters: Mapping[str, Any], name: str, value: str) -> str | None:
    """Why the parameter *name* cannot have *value*, if so, and what it can have."""
    if name not in parameters:
        near = difflib.get_close_matches(name, parameters, n=1, cutoff=0.5)
        return f"the template has no parameter {name!r}: " + (
            f"did you mean {near[0]}?" if near else f"want one of {', '.join(sorted(parameters))}"
        )
    if name in OWN:
        return f"{name} {OWN[name]} in local runs, and cannot be given"
    limits = parameters[name]
    if allowed := [str(one) for one in limits.get("AllowedValues", [])]:
        return None if value in allowed else f"want one of {', '.join(one or 'nothing' for one in allowed)}"
    if limits["Type"] == "Number":
        least, most = limits["MinValue"], limits["MaxValue"]
        fits = WHOLE_NUMBER.fullmatch(value) and least <= int(value) <= most
        return None if fits else f"want a whole number from {least} to {most}"
    if (pattern := limits.get("AllowedPattern")) and not re.fullmatch(pattern, value):
        return str(limits.get("ConstraintDescription", f"want {pattern}"))
    return None


def _broken_rules(template: Mapping[str, Any], given: Mapping[str, str]) -> list[str]:
    """What the template's rules have against the values together."""
    values = _defaults(template) | dict(given)
    rules = [rule for rule in template.get("Rules", {}).values() if _value(rule.get("RuleCondition", True), values)]
    assertions = [assertion for rule in rules for assertion in rule["Assertions"]]
    return [one["AssertDescription"] for one in assertions if not _value(one["Assert"], values)]


def _value(expression: Any, values: Mapping[str, str]) -> Any:
    """What an expression of a rule comes to."""
    match expression:
        case {"Ref": name}:
            return values[name]
        case {"Fn::Equals": [one, other]}:
            return str(_value(one, values)) == str(_value(other, values))
        case {"Fn::Not": [one]}:
            return not _value(one, values)
        case {"Fn::And": each}:
            return all(_value(one, values) for one in each)
        case {"Fn::Or": each}:
            return any(_value(one, values) for one in each)
        case {"Fn::Contains": [some, one]}:
            return str(_value(one, values)) in map(str, some)
    return expression
