"""Schedules for people: what each delivery does, and what comes of it."""

import json
from typing import Any

from handler.aws.catalog import record_in
from handler.core.lists import entry_ref
from tests.model.checks import name, object_id
from tests.model.model import Model, Step
from tests.model.running import LIST, LISTED_NAME


def describe(model: Model, schedule: tuple[Step, ...]) -> str:
    """Return *schedule* for people: a line for each turn of a delivery, the calls of the turn one below the other."""
    lines: list[str] = []
    actor = None
    for step in schedule:
        if step.actor != actor:
            actor = step.actor
            lines.append(_actor(model, actor))
        answer = model.answers.values[step.answer]
        outcome = f" -> {_brief(model, answer)}" if answer not in ({}, None) else ""
        lines.append(f"    {_brief_call(model, step)}{outcome}")
        if step.crash:
            lines.append("    CRASH; it will be delivered again")
            actor = None
    return "\n".join(lines)


def _key_of(model: Model, wanted: str) -> str:
    keys = (key for key in model.scenario.history if object_id(key) == wanted)
    return next(keys, LISTED_NAME)


def _actor(model: Model, actor: int) -> str:
    if came := model.returned(actor):
        return f"{name(came[0])} comes again, the {came[1]}. time"
    if keys := model.decision(actor):
        return f"somebody, who says that {' and '.join(keys)} are different"
    if actor in model.listings:
        listing = model.scenario.listings[actor - model.deliveries]
        return f"listing {actor - model.deliveries + 1} ({'removal' if listing.body is None else 'addition'})"
    if actor >= model.listings.stop:
        return f"the owner of {model.changed_keys[actor - model.listings.stop]}"
    event = model.scenario.events[actor]
    kind = "removed" if model.scenario.body(event) is None else "created"
    return f"delivery {actor + 1}, of {name(event)} ({kind})"


def _brief_call(model: Model, step: Step) -> str:
    call = model.calls.values[step.call]
    cell = call.cell
    for key in model.scenario.history:
        cell = cell.replace(object_id(key), key)
    cell = cell.replace(entry_ref(LIST, LISTED_NAME).object_id, LISTED_NAME)
    what = {"put_item": "Item", "update_item": "UpdateExpression"}.get(call.operation, "")
    written = "" if "#j" in cell else call.arguments.get(what, "")
    if "#j" in cell and call.operation == "update_item":
        written = f"segment {call.arguments['Key']['sk']['S'].lstrip('0') or '0'}"
    if isinstance(written, dict):
        written = _brief_object(written) if "#o#" in cell else ""
    if call.operation in ("put_item", "delete_item", "update_item", "get_item") and "#h#" in cell:
        sk = (call.arguments.get("Item") or call.arguments["Key"])["sk"]["S"]
        sequencer, holder = sk.split("#")
        written = _key_of(model, holder) + "@" + sequencer[3:4]
    if call.operation == "publish":
        document = json.loads(call.arguments["Message"])
        written = f"{document['picture']['key']} matches {', '.join(match['key'] for match in document['matches'])}"
    return f"{call.operation} {cell.replace('*#phash1#', '').replace('*#look1#', '')} {written}".rstrip()


def _brief(model: Model, answer: Any) -> str:
    text = str(getattr(answer, "code", "")) or ("nothing" if answer == {"Items": []} else "")
    if isinstance(answer, dict) and not text:
        item = answer.get("Item") or answer.get("Attributes") or {}
        if item and "#o#" in item["pk"]["S"]:
            text = _brief_object(item)
        elif "hashes" in item:
            text = f"{len(item['hashes']['BS'])} hashes"
        elif "puts" in answer:
            text = f"the body of @{answer['puts']}"
        elif "Items" in answer:
            text = ", ".join(_brief_item(model, found) for found in answer["Items"])
        elif "collections" in answer:
            text = "a new one" if not answer["collections"] else "a warm one"
            text += f" with {answer['bytes']} bytes of memory" + (", late" if answer["late"] else "")
        elif "body" in answer:
            text = f"{len(answer['body'])} bytes"
        elif "entries" in item:
            text = f"{len(item['entries']['BS'])} entries"
        elif "likeness" in item:
            text = "announced" if "announced" in item else "not announced"
    return text or "ok"


def _brief_object(item: dict[str, Any]) -> str:
    record = record_in(item)
    return f"{record.outcome} @{record.ref.sequencer[3:4]}"


def _brief_item(model: Model, item: dict[str, Any]) -> str:
    """What a Query found: a segment of the journal, how many shards there are, or who has a hash."""
    if "entries" in item:
        return f"segment {int(item['sk']['S'])}: {len(item['entries']['BS'])} entries"
    if "count" in item:
        return f"{item['count']['N']} shards"
    if "marked" in item:
        return f"segment {int(item['sk']['S'])}: marked"
    sequencer, holder = item["sk"]["S"].split("#")
    key = _key_of(model, holder)
    return f"{key}@{sequencer[3:4]}"
