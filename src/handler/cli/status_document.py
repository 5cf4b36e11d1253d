"""The health of a stack as programs read it. Pure."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from handler.cli.facts import StackFacts
from handler.cli.healthiness import health, untold
from handler.cli.remarks import remarks
from handler.cli.troubles import troubles


def document(facts: StackFacts) -> dict[str, Any]:
    """Return the JSON document of `--json`: moments are ISO 8601, null is what is not known."""
    stack = facts.stack
    told: dict[str, Any] = {
        "health": health(facts).name.lower(),
        "at": facts.at,
        "stack": {
            "name": stack.name,
            "region": facts.region,
            "status": stack.status,
            "reason": stack.reason,
            "changed": stack.changed,
            "generation": stack.parameters.get("Generation"),
        },
        "troubles": [one._asdict() for one in troubles(facts)],
        "unknown": [asdict(one) for one in untold(facts)],
        "remarks": remarks(facts),
        "functions": [asdict(one) for one in facts.functions],
        "rights": [asdict(one) for one in facts.rights],
        "resources": [asdict(one) for one in facts.resources],
        "sources": [asdict(one) for one in facts.sources],
        "subscribers": [asdict(one) for one in facts.subscribers],
        "collections": [asdict(one) for one in facts.collections],
        "further_scopes": facts.further_scopes,
        "queues": [asdict(one) for one in facts.queues],
        "mappings": [asdict(one) for one in facts.mappings],
        "lately": None if facts.counted is None else [asdict(one) for one in facts.counted],
        "logged": None if facts.logged is None else [asdict(one) for one in facts.logged],
        "alarms": None if facts.alarms is None else [asdict(one) for one in facts.alarms],
        "failures": None if facts.failures is None else asdict(facts.failures),
    }
    return {name: _plain(value) for name, value in told.items()}


def _plain(value: Any) -> Any:
    """Return *value* with every moment as text."""
    match value:
        case datetime():
            return value.isoformat(timespec="seconds")
        case dict():
            return {name: _plain(one) for name, one in value.items()}
        case list() | tuple():
            return [_plain(one) for one in value]
    return value
