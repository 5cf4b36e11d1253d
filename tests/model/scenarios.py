"""The events whose every order is tried, and what has to hold of each."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache

import numpy as np
from PIL import Image

from handler.aws.buckets import PAGE_MEMBERS
from handler.core.model import ObjectRef
from handler.core.sequencers import padded_sequencer
from tests.pictures import photo, png

BUCKET = "pictures"
SIDE = 32  # pixels
THROTTLED, ARCHIVED = "SlowDown", "InvalidObjectState"


@cache
def picture(scene: int, grain: int = 0) -> bytes:
    """Return a small picture of *scene*; see `CAT` for what another *grain* does to its hash."""
    levels = np.asarray(photo(scene, (SIDE, SIDE)).convert("L")).astype(np.float64)
    noise = np.random.default_rng(grain).normal(0, 6, levels.shape)
    return png(Image.fromarray(np.clip(levels + noise, 0, 255).astype(np.uint8)))


# Each 2 bits from each other, the bits in two different bands: so every two of them share just two buckets.
CATS = picture(1, 0), picture(1, 1), picture(1, 8)
CAT, COPY, _ = CATS
DOG = picture(2)


@cache
def view(share: float) -> bytes:
    """Return that share of each side of a picture, around its middle."""
    whole = photo(2, (160, 160))
    rim = round(whole.width * (1 - share) / 2)
    return png(whole.crop((rim, rim, whole.width - rim, whole.height - rim)))


# The buckets, which know nothing but whole pictures, do not bring a picture and its middle together.
BIRD, MIDDLE = view(1.0), view(0.8)


@dataclass(frozen=True, slots=True)
class Event:
    """The n-th thing that happened to a key, counted from 1."""

    key: str
    number: int
    sequenced: bool = True  # a backfill has no sequencer, and an expiry may have none
    quiet: bool = False  # a backfill that has to keep quiet about what was there before

    @property
    def ref(self) -> ObjectRef:
        return ObjectRef(BUCKET, self.key, padded_sequencer(f"{self.number:04X}" if self.sequenced else None))


@dataclass(frozen=True, slots=True)
class Listing:
    """Somebody adds a picture to the list, under one name, or takes it off (None)."""

    body: bytes | None
    after: int | None = None  # the listing that it waits for


@dataclass(frozen=True, slots=True)
class Scenario:
    """What people do to each key, in order (None: it is deleted), and the deliveries that come of it.

    Every change has one event, without a sequencer if it is in *unsequenced*; the *further* ones are delivered besides.
    """

    name: str
    history: Mapping[str, Sequence[bytes | None]]
    further: Sequence[Event] = ()
    unsequenced: Collection[tuple[str, int]] = ()
    quiet: Collection[tuple[str, int]] = ()  # those of them that are backfilled quietly
    began: int = 1  # the number of changes of each key after which the quiet backfill began
    page_members: int = PAGE_MEMBERS
    segment_entries: int = 1  # of the journal
    pack_sizes: tuple[int, ...] = (2,)  # segments
    looks: bool = False  # the hashes alone are not near enough
    comes_again: int = 0  # so often: pictures have views that the journal alone compares
    outgrows: bool = False  # the journal outgrows the memory of some instances: pictures are filed late
    outgrown: Collection[str] = ()  # keys whose events meet none but such, where new ones load
    filed_at_once: int = 1  # segments of a backlog
    hangs: str = ""  # the key whose object item is not written before others, but the last ones, are handled
    last: Collection[str] = ()  # keys whose events wait until those of all others are handled
    trouble: Sequence[str] = ()  # the errors that reading a picture for a look may end in
    packs_trouble: Sequence[str] = ()  # likewise of packs
    decided: Sequence[tuple[str, str]] = ()  # pairs of keys that somebody says are different, at any time
    listings: Sequence[Listing] = ()
    listed_first: bool = False  # no delivery begins before
    shards: Sequence[int] = (1,)  # of the journal, by number of the change: a deployment may raise them
    events: tuple[Event, ...] = field(init=False)

    def __post_init__(self) -> None:
        changes = [(key, n) for key, bodies in self.history.items() for n in range(1, len(bodies) + 1)]
        events = [
            Event(*change, sequenced=change not in {*self.unsequenced, *self.quiet}, quiet=change in self.quiet)
            for change in changes
        ]
        object.__setattr__(self, "events", (*events, *self.further))

    def body(self, event: Event) -> bytes | None:
        """Return what the change left under the key."""
        return self.history[event.key][event.number - 1]


ONE = Scenario("one upload", {"a": [CAT]})
PAIR = Scenario("two near-duplicates", {"a": [CAT], "b": [COPY]})
ONE_HASH = Scenario("two objects with one hash", {"a": [CAT], "b": [CAT]})
FULL_PAGES = Scenario("two near-duplicates, pages of one member", {"a": [CAT], "b": [COPY]}, page_members=1)
TWICE = Scenario("one event twice", {"a": [CAT]}, [Event("a", 1)])
OVERWRITTEN = Scenario("overwritten by another picture", {"a": [CAT, DOG]})
OVERWRITTEN_NEAR = Scenario("overwritten by a near-duplicate", {"a": [CAT, COPY]})
DELETED = Scenario("deleted", {"a": [CAT, None]})
PUT_AGAIN = Scenario("deleted and put again", {"a": [CAT, None, CAT]})
PAIR_TWICE = Scenario("two near-duplicates, one event twice", {"a": [CAT], "b": [COPY]}, [Event("a", 1)])
PAIR_UNDONE = Scenario("two near-duplicates, one overwritten", {"a": [CAT, DOG], "b": [COPY]})
PAIR_MADE = Scenario("near-duplicates by overwriting", {"a": [DOG, CAT], "b": [COPY]})
PAIR_DELETED = Scenario("two near-duplicates, one deleted", {"a": [CAT, None], "b": [COPY]})
ONE_HASH_DELETED = Scenario("one hash, one deleted", {"a": [CAT, None], "b": [CAT]})
ONE_HASH_AGAIN = Scenario("one hash, one put twice", {"a": [CAT, CAT], "b": [CAT]})
PAIR_PUT_AGAIN = Scenario("two near-duplicates, one deleted and put again", {"a": [CAT, None, CAT], "b": [COPY]})
THREE = Scenario("three near-duplicates", dict(zip("abc", [[cat] for cat in CATS], strict=True)))
BACKFILLED = Scenario("two near-duplicates, one backfilled", {"a": [CAT], "b": [COPY]}, unsequenced={("a", 1)})
BACKFILLED_TOO = Scenario(
    "two near-duplicates, one also backfilled", {"a": [CAT], "b": [COPY]}, [Event("a", 1, sequenced=False)]
)
BACKFILLED_DELETED = Scenario("backfilled and deleted", {"a": [CAT, None]}, [Event("a", 1, sequenced=False)])
BACKFILLED_AGAIN = Scenario(
    "deleted, put again, also backfilled", {"a": [CAT, None, CAT], "b": [COPY]}, [Event("a", 3, sequenced=False)]
)
# Of one shard each, so that a search has to read the shard that the other one's entry is in; and a deployment that had
# one shard before: its instances go on for a while beside those that know of two.
SHARDS = Scenario("two near-duplicates, two shards", {"a": [CAT], "d": [COPY]}, shards=(2,))
MORE_SHARDS = Scenario("one shard before, two now", {"a": [CAT], "d": [DOG, COPY]}, shards=(2, 1))
ROOM = Scenario("near-duplicates by overwriting, segments of two entries", PAIR_MADE.history, segment_entries=2)
# A pack of two segments is made of packs of one, whoever is about to make those.
MERGED = Scenario("near-duplicates by overwriting, packs of packs", PAIR_MADE.history, pack_sizes=(1, 2))

# A look that is throttled is taken again; where the pixels cannot be had any more, whoever looked before decides.
LOOKS = Scenario("two near-duplicates by a look", PAIR.history, looks=True)
LOOKS_REPLACED = Scenario("near-duplicates by a look, one overwritten", {"a": [CAT], "b": [COPY, DOG]}, looks=True)
LOOKS_MADE = Scenario("near-duplicates by overwriting, by a look", {"a": [CAT], "b": [DOG, COPY]}, looks=True)
LOOKS_THROTTLED = Scenario("two near-duplicates by a throttled look", PAIR.history, looks=True, trouble=[THROTTLED])
LOOKS_ARCHIVED = Scenario("pixels that go", PAIR.history, looks=True, trouble=[ARCHIVED])

DECIDED = Scenario("two near-duplicates, said to be different", PAIR.history, decided=[("a", "b")])
DECIDED_LATER = Scenario("said to be different, put again", {"a": [CAT], "b": [COPY, COPY]}, decided=[("a", "b")])
DECIDED_OF_THREE = Scenario("three near-duplicates, two said to be different", THREE.history, decided=[("a", "b")])

# Of a list: what was on it before an upload began is told, and what was off it is not, whoever changes it meanwhile.
LISTED = Scenario("listed", {"a": [COPY]}, listings=[Listing(CAT)])
LISTED_BESIDE = Scenario("listed, two near-duplicates", PAIR.history, listings=[Listing(CATS[2])])
UNLISTED = Scenario("listed and taken off", {"a": [COPY]}, listings=[Listing(CAT), Listing(None, after=0)])
LISTED_AGAIN = Scenario(
    "listed, taken off and listed again at once",
    {"a": [COPY]},
    listings=[Listing(CAT), Listing(None, after=0), Listing(CAT, after=0)],
    listed_first=True,
)
LISTED_TWICE = Scenario(
    "listed by two at once", {"a": [COPY]}, listings=[Listing(CAT), Listing(CAT)], listed_first=True
)

# Of views that the journal alone compares: told by whoever has it, or once the picture comes again.
CROP = Scenario("a picture and its middle", {"a": [BIRD], "b": [MIDDLE]}, comes_again=2)
CROP_ONCE = Scenario("a picture and its middle, in time at last", CROP.history, comes_again=1)
CROP_TWICE = Scenario("a picture and its middle, one event twice", CROP.history, [Event("b", 1)], comes_again=2)
CROP_REPLACED = Scenario("a picture, its middle overwritten", {"a": [BIRD], "b": [MIDDLE, DOG]}, comes_again=2)
CROP_MADE = Scenario("a middle by overwriting", {"a": [BIRD], "b": [DOG, MIDDLE]}, comes_again=2)
CROP_DELETED = Scenario("a picture that is deleted, and its middle", {"a": [BIRD, None], "b": [MIDDLE]}, comes_again=2)
CROPS = Scenario("a picture, its middle, and that again", {"a": [BIRD], "b": [MIDDLE], "c": [MIDDLE]}, comes_again=2)
WITH_CROPS = (CROP, CROP_ONCE, CROP_TWICE, CROP_REPLACED, CROP_MADE, CROP_DELETED, CROPS)
# On instances that know the journal already: answers to appends tell them what others appended.
KNOWN = Scenario("two near-duplicates, after another picture", {"a": [CAT], "b": [COPY], "c": [DOG]}, last=("a", "b"))
KNOWN_LONG_AGO = Scenario(
    "two near-duplicates, others between", {"a": [CAT], "b": [COPY], "c": [DOG], "d": [DOG]}, last=("a",)
)
KNOWN_AGAIN = Scenario(
    "overwritten and put again, segments of two entries", {"a": [CAT, DOG, CAT], "b": [COPY]}, segment_entries=2
)
# Of whole pictures, some of which instances find in the journal, and others in the buckets, where they are filed late.
OUTGROWN = Scenario("an outgrown journal", PAIR.history, comes_again=2, outgrows=True)
OUTGROWN_ROOM = Scenario(
    "the same, segments of two entries", PAIR.history, segment_entries=2, comes_again=2, outgrows=True
)
OUTGROWN_MADE = Scenario("the same, by overwriting", PAIR_MADE.history, comes_again=2, outgrows=True)
OUTGROWN_DELETED = Scenario("the same, one deleted", PAIR_DELETED.history, comes_again=2, outgrows=True)
OUTGROWN_AGAIN = Scenario(
    "the same, one deleted and put again", PAIR_PUT_AGAIN.history, segment_entries=2, comes_again=2, outgrows=True
)
OUTGROWN_SHARDS = Scenario(
    "the same, one shard before, two now", MORE_SHARDS.history, shards=(2, 1), comes_again=2, outgrows=True
)
# Who files late may do so for somebody else: the two that meet need not.
OUTGROWN_BESIDE = Scenario(
    "the same, beside another picture",
    {"a": [CAT], "b": [COPY], "c": [DOG]},
    comes_again=1,
    outgrows=True,
    outgrown=("b", "c"),
    last=("b",),
)
OUTGROWN_HANGING = Scenario(
    "the same, an object item that is long in coming",
    OUTGROWN_BESIDE.history,
    comes_again=1,
    outgrows=True,
    outgrown=("b", "c"),
    last=("b",),
    hangs="a",
)
OUTGROWN_AFTER = Scenario(
    "the same, after the first one",
    OUTGROWN_BESIDE.history,
    comes_again=1,
    outgrows=True,
    outgrown=("b", "c"),
    last=("b", "c"),
    filed_at_once=3,
)
OUTGROWN_WHILE = Scenario(
    "the same, while another one files",
    {"a": [DOG, CAT], "b": [COPY], "c": [DOG]},
    comes_again=1,
    outgrows=True,
    outgrown=("b", "c"),
    last=("b", "c"),
)
OUTGROWN_LONG_AGO = Scenario(
    "the same, others between",
    {"a": [CAT], "b": [COPY], "c": [DOG], "d": [DOG, DOG]},
    comes_again=1,
    outgrows=True,
    outgrown=("b", "c"),
    last=("b",),
)
OUTGROWN_BY_THREE = Scenario("the same, three near-duplicates", THREE.history, comes_again=2, outgrows=True)
OUTGROWN_BY_ALL = (
    OUTGROWN, OUTGROWN_ROOM, OUTGROWN_MADE, OUTGROWN_DELETED, OUTGROWN_AGAIN, OUTGROWN_SHARDS, OUTGROWN_BESIDE,
    OUTGROWN_HANGING, OUTGROWN_AFTER, OUTGROWN_WHILE, OUTGROWN_LONG_AGO, OUTGROWN_BY_THREE,
)  # fmt: skip
# Where packs cannot be had, or only now and then, the journal itself is read: nothing comes again for that.
PACKS_FAIL = Scenario(
    "near-duplicates by overwriting, packs that fail", PAIR_MADE.history, comes_again=1, packs_trouble=[THROTTLED]
)
# Of two that were there before the job nobody is told, but people find them; of what was uploaded meanwhile, all.
QUIET = Scenario("two near-duplicates, backfilled quietly", PAIR.history, quiet={("a", 1), ("b", 1)})
QUIET_MEANWHILE = Scenario(
    "backfilled quietly, the other one uploaded meanwhile", PAIR.history, quiet={("a", 1)}, began=0
)
QUIET_BEFORE = Scenario("backfilled quietly, the other one uploaded before", PAIR.history, quiet={("a", 1)}, began=2)
QUIET_BEFORE_TWICE = Scenario("the same, its event twice", PAIR.history, [Event("b", 1)], quiet={("a", 1)}, began=2)

SCENARIOS = (
    ONE, PAIR, ONE_HASH, FULL_PAGES, TWICE, OVERWRITTEN, OVERWRITTEN_NEAR, DELETED, PUT_AGAIN, PAIR_TWICE, PAIR_UNDONE,
    PAIR_MADE, PAIR_DELETED, ONE_HASH_DELETED, ONE_HASH_AGAIN, PAIR_PUT_AGAIN, THREE, BACKFILLED,
    BACKFILLED_TOO, BACKFILLED_DELETED, BACKFILLED_AGAIN, SHARDS, MORE_SHARDS, ROOM, MERGED,
    LOOKS, LOOKS_REPLACED, LOOKS_MADE, LOOKS_THROTTLED, LOOKS_ARCHIVED, DECIDED, DECIDED_LATER, DECIDED_OF_THREE,
    QUIET, QUIET_MEANWHILE, QUIET_BEFORE, QUIET_BEFORE_TWICE,
    LISTED, LISTED_BESIDE, UNLISTED, LISTED_AGAIN, LISTED_TWICE, KNOWN, KNOWN_LONG_AGO, KNOWN_AGAIN,
)  # fmt: skip

# What is known not to hold: without a sequencer the order of two events of one key cannot be known afterwards.
EXPIRED = Scenario("expired without a sequencer", {"a": [CAT, None]}, unsequenced={("a", 2)})
ONLY_BACKFILLED_AGAIN = Scenario("deleted, put again, only backfilled", {"a": [CAT, None, CAT]}, unsequenced={("a", 3)})
