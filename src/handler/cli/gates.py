"""Why two pictures were told of each other, or were not: what a pair has to pass, in the order of the function."""

from dataclasses import dataclass
from typing import NamedTuple

from handler.cli.output import printable
from handler.core.generations import GENERATIONS
from handler.core.look1 import CHECK_BITS
from handler.core.matches import Match, NotedPair
from handler.core.model import MatchKind, Outcome, PictureRecord, Settings
from handler.core.policy import Meeting, looks_check_radius
from handler.core.verdicts import Decision
from handler.core.words import CHECK_BYTES


class Gate(NamedTuple):
    """What a pair has to pass to be told."""

    name: str
    passed: bool
    says: str  # with the numbers


class Searched(NamedTuple):
    """What searches for both pictures answer now."""

    finds: bool  # one of them the other picture
    truncated: bool
    complete: bool


@dataclass(frozen=True, slots=True)
class Facts:
    """What is known of two pictures, each as the index has it."""

    one: PictureRecord
    other: PictureRecord
    scopes: tuple[str, str]
    found: Match | None = None  # of the two, by their pixels if anybody can look, whichever of them asks
    nearest: Meeting | None = None  # of their views, where they are no match
    decision: Decision | None = None
    noted: NotedPair | None = None
    replaced: bool = False  # an object is not the picture any more that the index has
    searched: Searched | None = None  # where nothing else says why nobody found the pair

    @property
    def told(self) -> bool | None:
        """Whether the pair was published; None if that is not known: what a picture was is not kept when it goes."""
        if self.noted is not None and self.noted.announced:
            return True
        return None if Outcome.REMOVED in (self.one.outcome, self.other.outcome) else False


def why(facts: Facts, settings: Settings) -> str:
    """Return in one sentence why the pair was told, or was not: what the first gate says that stopped it.

    What was told stays so, whatever the gates say by now.
    """
    if facts.told:
        return f"told: {_likeness(facts, settings)}"
    stopped = gates(facts, settings)[-1].says
    if facts.told is None:
        return f"not told by now: {stopped}; whether the pair was told before that is not known any more"
    return f"not told: {stopped}"


def gates(facts: Facts, settings: Settings) -> list[Gate]:
    """Return what the pair passes, and the first gate that it does not; what comes behind that was not asked."""
    passed = list[Gate]()
    for gate in (_alive, _scopes, _likeness_gate, _kind, _decided, _noted, _loud, _published):
        passed.append(gate(facts, settings))
        if not passed[-1].passed:
            break
    return passed


def _alive(facts: Facts, _: Settings) -> Gate:
    for record in (facts.one, facts.other):
        if record.outcome is not Outcome.INDEXED:
            reason = f" ({record.reason})" if record.reason else ""
            return Gate("indexed", False, printable(f"{_name(record)} is {record.outcome}{reason}"))
    if facts.replaced and facts.noted is None:
        return Gate("indexed", False, "the object of one was replaced or is gone, and its event was not handled yet")
    return Gate("indexed", True, "both are")


def _scopes(facts: Facts, _: Settings) -> Gate:
    one, other = facts.scopes
    if one != other:
        return Gate("scope", False, printable(f"they are of two scopes, {one} and {other}, and never compared"))
    return Gate("scope", True, printable("both are compared with all" if one == "*" else f"both are of {one}"))


def _likeness_gate(facts: Facts, settings: Settings) -> Gate:
    if facts.noted:
        return Gate("hashes", True, f"they differed in {facts.noted.likeness.distance} of 64 bits when they were found")
    if facts.found:
        return Gate("hashes", True, _bits(facts.found, settings))
    for record in (facts.one, facts.other):
        if record.fingerprint is not None and record.fingerprint.flat:
            return Gate("hashes", False, printable(f"{_name(record)} is nearly blank: only the same bytes match it"))
    if facts.nearest is None:
        return Gate("hashes", False, "they have no hashes that could be compared")
    distance, radius = facts.nearest.distance, settings.asked_radius
    if distance > radius:
        return Gate(
            "hashes", False, f"their nearest views differ in {distance} of 64 bits, over the radius of {radius}"
        )
    return Gate("hashes", False, _contradiction(facts.nearest, settings))


def _contradiction(nearest: Meeting, settings: Settings) -> str:
    """Why views within the radius are no candidates."""
    met = f"their nearest views differ in {nearest.distance} of 64 bits, but"
    if not nearest.possible or nearest.check_bits is None:
        return f"{met} too many of the first {8 * CHECK_BYTES} check bits differ"
    generation = GENERATIONS[settings.generation]
    limit = looks_check_radius(generation, nearest.distance) if settings.max_looks else generation.check_radius
    return f"{met} so do {nearest.check_bits} of {CHECK_BITS} check bits, over the limit of {limit}"


def _bits(found: Match, settings: Settings) -> str:
    if found.kind is MatchKind.EXACT:
        return "their bytes are the same"
    names = GENERATIONS[found.record.generation].asking_names
    mine, theirs = (names[view] for view in found.view_pair)
    check = "" if found.check_bits is None else f", and {found.check_bits} of {CHECK_BITS} check bits"
    return f"{mine} and {theirs} differ in {found.distance} of 64 bits (radius {settings.asked_radius}){check}"


def _kind(facts: Facts, settings: Settings) -> Gate:
    found = facts.found
    if facts.noted or found is None or found.counts(settings.tell):  # what was noted stands
        return Gate("look", True, _likeness(facts, settings))
    if found.likeness.agreement is None:
        return Gate("look", False, "nobody could look at their pixels, and by their hashes alone they only look alike")
    return Gate("look", False, f"{_likeness(facts, settings)}; told is what is {settings.tell} or better")


def _likeness(facts: Facts, _: Settings) -> str:
    likeness = facts.noted.likeness if facts.noted else facts.found.likeness if facts.found else None
    if likeness is None:
        return "they match"
    looked = "nobody looked" if likeness.agreement is None else f"their pixels agree by {likeness.agreement:.2f}"
    return "they are exact copies" if likeness.kind is MatchKind.EXACT else f"they are {likeness.kind}: {looked}"


def _decided(facts: Facts, _: Settings) -> Gate:
    if (decision := facts.decision) is None:
        return Gate("decision", True, "nobody has decided about them")
    note = f": {decision.note}" if decision.note else ""
    what = f"{decision.by} decided {decision.verdict.replace('_', ' ')} on {decision.at}{note}"
    return Gate("decision", facts.told is True, printable(what))  # of what was told by then it is the answer


def _noted(facts: Facts, settings: Settings) -> Gate:
    if facts.noted is None:
        return Gate("found", False, f"no upload has found the pair: {_unfound(facts.searched, settings)}")
    return Gate("found", True, "the pair was found")


def _unfound(searched: Searched | None, settings: Settings) -> str:
    """Why nobody has found a pair that passed all before: by what a search finds now."""
    match searched:
        case Searched(finds=False, truncated=True):
            return f"there are more matches than MaxMatches ({settings.max_matches}), and others come first"
        case Searched(finds=False, complete=False):
            return "the function has too little memory to compare all views"
        case _:
            return "one is under way, its search was partial, or settings changed since"


def _loud(facts: Facts, _: Settings) -> Gate:
    if facts.noted and facts.noted.quiet and not facts.noted.announced:
        return Gate("not quiet", False, "a backfill found the pair, and had to keep quiet about it")
    return Gate("not quiet", True, "whoever found it had to tell it")


def _published(facts: Facts, _: Settings) -> Gate:
    if facts.told:
        return Gate("published", True, "the message was accepted by the topic")
    return Gate(
        "published",
        False,
        "the pair was found, and its message not published: the event is under way, or waits in the failure queue",
    )


def _name(record: PictureRecord) -> str:
    return f"s3://{record.ref.bucket}/{record.ref.key}"
