"""What has to hold of every schedule."""

import hashlib
import json
from collections.abc import Iterator
from functools import cache
from itertools import combinations
from typing import Any, NamedTuple

from handler.aws.catalog import record_in
from handler.core.fingerprint import fingerprint
from handler.core.lists import list_collection
from handler.core.model import ObjectRef, Outcome, PictureRecord
from handler.core.phash import hamming
from handler.core.sequencers import LOWEST_SEQUENCER
from tests.model.model import Model, State, Step, Violation
from tests.model.running import LIST, RADIUS, SETTINGS, entry_of
from tests.model.scenarios import ARCHIVED, Event
from tests.model.services import Call


class Paired(NamedTuple):
    """One object of a pair: in a message, or in a pair item."""

    object_id: str
    content: str  # its sequencer, or its SHA-256 where it has none


@cache
def hashes_of(body: bytes, generation: str = SETTINGS.generation) -> tuple[int, ...]:
    """Return the hash of the picture, then those of its further views."""
    return fingerprint(body, generation, SETTINGS.limits).hashes


def hash_of(body: bytes, generation: str = SETTINGS.generation) -> int:
    return hashes_of(body, generation)[0]


def near(one: bytes, other: bytes, generation: str) -> bool:
    """Whether one picture is within the radius of a view of the other."""
    return any(
        hamming(hash_of(whole, generation), view) <= RADIUS
        for whole, parts in ((one, other), (other, one))
        for view in hashes_of(parts, generation)
    )


def check_step(model: Model, state: State, step: Step) -> None:
    """Check what is announced at the moment it is, and that all who write one pack write the same.

    No object is a match of itself; and nothing announces an object whose later event (a removal, or another picture
    under its key) was completely handled before the announcing delivery began.
    """
    call = model.calls.values[step.call]
    if call.operation == "put_pack":
        _check_pack(model, state, call)
    if "#p#" in call.cell:
        _check_note(model, state, step)
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


def _check_note(model: Model, state: State, step: Step) -> None:
    """What was noted to be told is never made quiet, nor what is quiet to be told."""
    number = model.cell_names.number(model.calls.values[step.call].cell)
    before, after = (
        model.cells.values[cells[number]] if number < len(cells) else {} for cells in (state.cells, step.state.cells)
    )
    for sk, item in before.items():
        if _is_quiet(item) != _is_quiet(after[sk]):
            raise Violation("a pair that was noted to be told is quiet, or the other way around")


def _is_quiet(item: dict[str, Any]) -> bool:
    return "quiet" in item.get("likeness", {}).get("M", {})


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
    stored = [record_in(item) for name, cell in cells.items() if "#o#" in name for item in cell.values()]
    records = {record.ref.key: record for record in stored}
    latest = [event for event in model.scenario.events if event.number == len(model.scenario.history[event.key])]
    announced = {frozenset((picture, match)) for picture, matches in map(_paired, bodies) for match in matches}
    _check_objects(model, records, latest)
    noted = [pair for pair, _ in _pair_items(cells)]
    quiet = _check_quiet_pairs(model, cells, announced)
    _check_pairs_are_announced(model, records, announced, noted, quiet)
    _check_pair_items(noted, announced)
    _check_listed(model, state, latest, announced)
    _check_ids(bodies)


def _check_objects(model: Model, records: dict[str, PictureRecord], latest: list[Event]) -> None:
    """Every object item says what the bucket holds."""
    for event in latest:
        body, record = model.scenario.body(event), records.get(event.key)
        stored = record.hash if record and record.alive else None
        if stored != (None if body is None else hash_of(body, model.running.settings.generation)):
            raise Violation(f"{event.key} is not stored as {name(event)} left it: {record and record.outcome}")


def _check_pairs_are_announced(
    model: Model,
    records: dict[str, PictureRecord],
    announced: set[frozenset[Paired]],
    noted: list[frozenset[Paired]],
    quiet: set[frozenset[Paired]],
) -> None:
    """Every pair that is not quiet; where the pixels may be gone before anybody looked, every one that is noted."""
    bodies = {key: history[-1] for key, history in model.scenario.history.items()}
    live = [(key, body) for key, body in bodies.items() if body is not None]
    for (one, its_body), (other, other_body) in combinations(live, 2):
        pair = frozenset(_stored(records[key]) for key in (one, other))
        due = pair in noted or ARCHIVED not in model.scenario.trouble
        due &= (one, other) not in model.scenario.decided
        due &= pair not in quiet
        if near(its_body, other_body, model.running.settings.generation) and due and pair not in announced:
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
        if frozenset((Paired(object_id(event.key), event.ref.sequencer), entry)) not in announced:
            raise Violation(f"{event.key} is a near-duplicate of what was on the list, and that was never announced")


def _is_listed(model: Model, state: State) -> bool:
    """Whether the picture is on the list at that moment."""
    items = [
        item
        for number, value in enumerate(state.cells)
        if model.cell_names.values[number].startswith(f"catalog/{list_collection(LIST, SETTINGS.generation)}#o#")
        for item in model.cells.values[value].values()
    ]
    return any(record_in(item).outcome is Outcome.INDEXED for item in items)


def _stored(record: PictureRecord) -> Paired:
    content = record.digest or "" if record.ref.sequencer == LOWEST_SEQUENCER else record.ref.sequencer
    return Paired(object_id(record.ref.key), content)


def _check_pair_items(noted: list[frozenset[Paired]], announced: set[frozenset[Paired]]) -> None:
    """Exactly one item for each announced pair, and never two for one pair."""
    if len(noted) != len(set(noted)):
        raise Violation("a pair has two items")
    if not announced <= set(noted):
        raise Violation("a pair was announced that has no item")


def _check_quiet_pairs(
    model: Model, cells: dict[str, Any], announced: set[frozenset[Paired]]
) -> set[frozenset[Paired]]:
    """Return the pairs that nobody is told of: people find them, and only a quiet backfill makes such ones.

    Not of what was uploaded since it began.
    """
    quiet = {pair: item for pair, item in _pair_items(cells) if _is_quiet(item)}
    for pair, item in quiet.items():
        if pair in announced:
            raise Violation("a quiet pair is announced")
        if "review" not in item:
            raise Violation("a quiet pair is not there for people")
        if not model.scenario.quiet or model.scenario.began < 1:
            raise Violation("a pair is quiet that was to be told")
    return set(quiet)


def _pair_items(cells: dict[str, Any]) -> Iterator[tuple[frozenset[Paired], dict[str, Any]]]:
    for cell_name, cell in cells.items():
        for sk, item in cell.items() if "#p#" in cell_name else ():
            content, other_id, other_content = sk.split("#")
            yield frozenset((Paired(cell_name.split("#p#")[1], content), Paired(other_id, other_content))), item


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


def object_id(key: str) -> str:
    return ObjectRef(Event(key, 1).ref.bucket, key).object_id


def name(event: Event) -> str:
    return f"{event.key}@{event.number}"
