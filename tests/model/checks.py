"""What has to hold of every schedule."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

from handler.core.fingerprint import fingerprint
from handler.core.lists import entry_ref, list_collection
from handler.core.model import LOWEST_SEQUENCER, ObjectRef
from handler.core.phash import hamming
from tests.model.model import LIST, LISTED_NAME, RADIUS, SETTINGS, Model, State, Step, Violation, entry_of
from tests.model.scenarios import ARCHIVED, Event
from tests.model.services import Call


class Paired(NamedTuple):
    """One object of a pair: in a message, or in a pair item."""

    object_id: str
    content: str  # its sequencer, or its SHA-256 where it has none


@cache
def hash_of(body: bytes) -> int:
    return fingerprint(body, SETTINGS.generation, SETTINGS.limits).hash


def check_step(model: Model, state: State, step: Step) -> None:
    """Check what is announced at the moment it is, and that all who write one pack write the same.

    No object is a match of itself; and nothing announces an object whose later event (a removal, or another picture
    under its key) was completely handled before the announcing delivery began.
    """
    call = model.calls.values[step.call]
    if call.operation == "put_pack":
        _check_pack(model, state, call)
    if call.operation != "publish":
        return
    document = json.loads(call.arguments["Message"])
    picture, matches = document["picture"], document["matches"]
    if any(match["key"] == picture["key"] for match in matches):
        raise Violation(f"{picture['key']} is announced as a match of itself")
    handled = model.locals[state.locals[step.actor]].handled_before
    if handled.issuperset(model.listings) and not _is_listed(model, state) and any(one["list"] for one in matches):
        raise Violation(f"{picture['key']} is told to be on the list, from which all was removed before")
    for other in handled - set(model.listings):
        if keys := model.decision(other):
            _check_silence(model, document, keys)
            continue
        event = model.scenario.events[other]
        if not event.sequenced:  # it is behind whatever is stored, since nothing says that it came later
            continue
        for one in (picture, *matches):
            if one["key"] == event.key and int(one["etag"]) < event.number:
                raise Violation(f"{event.key} is announced as it was before {name(event)}, which was handled before")


def _check_silence(model: Model, document: dict[str, Any], keys: tuple[str, str]) -> None:
    """What was decided before an upload began is not told by it, whatever objects have that content now."""
    contents = {hashlib.sha256(model.scenario.history[key][0] or b"").hexdigest() for key in keys}
    picture, *matches = (one["sha256"] for one in (document["picture"], *document["matches"]))
    if any({picture, match} == contents for match in matches):
        raise Violation(f"{' and '.join(keys)} are announced, which were said to be different before")


def _check_pack(model: Model, state: State, call: Call) -> None:
    number = model.cell_names.number(call.cell)
    before = model.cells.values[state.cells[number]] if number < len(state.cells) else {}
    if before not in ({}, {"body": call.arguments["Body"]}):
        raise Violation("a pack is written again with other entries")


def check_end(model: Model, state: State) -> None:
    """Check what is left when all events are acknowledged."""
    cells = {model.cell_names.values[n]: model.cells.values[value] for n, value in enumerate(state.cells)}
    bodies: list[str] = cells.get("topic", {}).get("bodies", [])
    items = {item["key"]["S"]: item for name, cell in cells.items() if "#o#" in name for item in cell.values()}
    latest = [event for event in model.scenario.events if event.number == len(model.scenario.history[event.key])]
    announced = {frozenset((picture, match)) for picture, matches in map(_paired, bodies) for match in matches}
    _check_objects(model, items, latest)
    noted = list(_pair_items(cells))
    _check_pairs_are_announced(model, items, announced, noted)
    _check_pair_items(noted, announced)
    _check_listed(model, state, latest, announced)
    _check_ids(bodies)


def _check_objects(model: Model, items: dict[str, Any], latest: list[Event]) -> None:
    """Every object item says what the bucket holds."""
    for event in latest:
        body, item = model.scenario.body(event), items.get(event.key)
        alive = item is not None and item["outcome"]["S"] == "indexed"
        stored = int(item["hash"]["S"], 16) if item and alive else None
        if stored != (None if body is None else hash_of(body)):
            raise Violation(f"{event.key} is not stored as {name(event)} left it: {item and item['outcome']['S']}")


def _check_pairs_are_announced(
    model: Model, items: dict[str, Any], announced: set[frozenset[Paired]], noted: list[frozenset[Paired]]
) -> None:
    """Every pair; where the pixels may be gone before anybody looked, every one that somebody has noted."""
    bodies = {key: history[-1] for key, history in model.scenario.history.items()}
    live = [(key, hash_of(body)) for key, body in bodies.items() if body is not None]
    for (one, its_hash), (other, other_hash) in combinations(live, 2):
        pair = frozenset(_stored(items[key]) for key in (one, other))
        due = pair in noted or ARCHIVED not in model.scenario.trouble
        due &= (one, other) not in model.scenario.decided
        if hamming(its_hash, other_hash) <= RADIUS and due and pair not in announced:
            raise Violation(f"{one} and {other} are near-duplicates, and that was never announced")


def _check_listed(model: Model, state: State, latest: list[Event], announced: set[frozenset[Paired]]) -> None:
    """Whatever was on the list before the delivery of a near-duplicate began was announced with it."""
    if not _is_listed(model, state):
        return
    (body,) = {listing.body for listing in model.scenario.listings if listing.body is not None}
    entry = Paired(entry_of(body).ref.object_id, str(entry_of(body).content))
    for event in latest:
        uploaded = model.scenario.body(event)
        before = model.locals[state.locals[model.scenario.events.index(event)]].handled_before
        if (
            uploaded is None
            or not before.issuperset(model.listings)
            or hamming(hash_of(uploaded), hash_of(body)) > RADIUS
        ):
            continue
        if frozenset((Paired(_object_id(event.key), event.ref.sequencer), entry)) not in announced:
            raise Violation(f"{event.key} is a near-duplicate of what was on the list, and that was never announced")


def _is_listed(model: Model, state: State) -> bool:
    """Whether the picture is on the list at that moment."""
    items = [
        item
        for number, value in enumerate(state.cells)
        if model.cell_names.values[number].startswith(f"catalog/{list_collection(LIST, SETTINGS.generation)}#o#")
        for item in model.cells.values[value].values()
    ]
    return any(item["outcome"]["S"] == "indexed" for item in items)


def _stored(item: dict[str, Any]) -> Paired:
    sequencer = item["sequencer"]["S"]
    content = item["sha256"]["S"] if sequencer == LOWEST_SEQUENCER else sequencer
    return Paired(_object_id(item["key"]["S"]), content)


def _check_pair_items(noted: list[frozenset[Paired]], announced: set[frozenset[Paired]]) -> None:
    """Exactly one item for each announced pair, and never two for one pair."""
    if len(noted) != len(set(noted)):
        raise Violation("a pair has two items")
    if not announced <= set(noted):
        raise Violation("a pair was announced that has no item")


def _pair_items(cells: dict[str, Any]) -> Iterator[frozenset[Paired]]:
    for cell_name, cell in cells.items():
        for sk in cell if "#p#" in cell_name else ():
            content, other_id, other_content = sk.split("#")
            yield frozenset((Paired(cell_name.split("#p#")[1], content), Paired(other_id, other_content)))


def _check_ids(bodies: list[str]) -> None:
    pairs: dict[str, set[frozenset[Paired]]] = {}
    for body in bodies:
        picture, matches = _paired(body)
        announced = {frozenset((picture, match)) for match in matches}
        if pairs.setdefault(json.loads(body)["id"], announced) != announced:
            raise Violation("two messages about different pairs have one id")


@cache
def _paired(body: str) -> tuple[Paired, tuple[Paired, ...]]:
    """The picture and the matches of a message."""
    document = json.loads(body)
    picture, *matches = (
        Paired(
            ObjectRef(one["bucket"], one["key"]).object_id,
            one["sha256"] if one["sequencer"] == LOWEST_SEQUENCER else one["sequencer"],
        )
        for one in (document["picture"], *document["matches"])
    )
    return picture, tuple(matches)


def _object_id(key: str) -> str:
    return ObjectRef(Event(key, 1).ref.bucket, key).object_id


def name(event: Event) -> str:
    return f"{event.key}@{event.number}"


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


def _key_of(model: Model, object_id: str) -> str:
    keys = (key for key in model.scenario.history if _object_id(key) == object_id)
    return next(keys, LISTED_NAME)


def _actor(model: Model, actor: int) -> str:
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
        cell = cell.replace(_object_id(key), key)
    cell = cell.replace(entry_ref(LIST, LISTED_NAME).object_id, LISTED_NAME)
    what = {"put_item": "Item", "update_item": "UpdateExpression"}.get(call.operation, "")
    written = "" if "#j" in cell else call.arguments.get(what, "")
    if "#j" in cell and call.operation == "update_item":
        written = f"segment {call.arguments['Key']['sk']['S'].lstrip('0') or '0'}"
    if isinstance(written, dict):
        written = " ".join(
            str(*written[part].values()).lstrip("0") for part in ("outcome", "sequencer", "hash") if part in written
        )
    if call.operation in ("put_item", "delete_item", "update_item", "get_item") and "#h#" in cell:
        sk = (call.arguments.get("Item") or call.arguments["Key"])["sk"]["S"]
        sequencer, object_id = sk.split("#")
        written = _key_of(model, object_id) + "@" + sequencer[3:4]
    if call.operation == "publish":
        document = json.loads(call.arguments["Message"])
        written = f"{document['picture']['key']} matches {', '.join(match['key'] for match in document['matches'])}"
    return f"{call.operation} {cell.replace('*#phash1#', '')} {written}".rstrip()


def _brief(model: Model, answer: Any) -> str:
    text = str(getattr(answer, "code", "")) or ("nothing" if answer == {"Items": []} else "")
    if isinstance(answer, dict) and not text:
        item = answer.get("Item") or answer.get("Attributes") or {}
        if "outcome" in item:
            text = f"{item['outcome']['S']} @{item['sequencer']['S'][3:4]}"
        elif "hashes" in item:
            text = f"{len(item['hashes']['BS'])} hashes"
        elif "puts" in answer:
            text = f"the body of @{answer['puts']}"
        elif "Items" in answer:
            text = ", ".join(_brief_item(model, found) for found in answer["Items"])
        elif "collections" in answer:
            text = "a new one" if not answer["collections"] else "a warm one"
            text += f" with {answer['bytes']} bytes of memory"
        elif "body" in answer:
            text = f"{len(answer['body'])} bytes"
        elif "entries" in item:
            text = f"{len(item['entries']['BS'])} entries"
        elif "likeness" in item:
            text = "announced" if "announced" in item else "not announced"
    return text or "ok"


def _brief_item(model: Model, item: dict[str, Any]) -> str:
    """What a Query found: a segment of the journal, how many shards there are, or who has a hash."""
    if "entries" in item:
        return f"segment {int(item['sk']['S'])}: {len(item['entries']['BS'])} entries"
    if "count" in item:
        return f"{item['count']['N']} shards"
    sequencer, object_id = item["sk"]["S"].split("#")
    key = _key_of(model, object_id)
    return f"{key}@{sequencer[3:4]}"
