import pytest

from tests.model import scenarios, variants
from tests.model.explore import explore, wander
from tests.model.instances import Instances
from tests.model.model import Model
from tests.model.scenarios import SCENARIOS, Scenario
from tests.model.schedules import describe
from tests.model.variants import REAL, Variant

MAX_STATES = 30_000  # so that a change which makes many more of them is noticed here and not by a test that hangs
GONE = "a is announced as it was before a@2, which was handled before"
REPACKED = "a pack is written again with other entries"
TOLD = "{} and {} are announced, which were said to be different before"
UNLISTED = "a is told to be on the list, from which all was removed before"
UNTOLD = "a is a near-duplicate of what was on the list, and that was never announced"
SILENCED = "a pair that was noted to be told is quiet, or the other way around"
BROKEN_SILENCE = "a quiet pair is announced"
UNFILED = "a quiet pair is not there for people"
HUSHED = "a pair is quiet that was to be told"
LOST = "{} and {} are near-duplicates, and that was never announced"


LOADING, PROBING, MIXED, HURRIED = Instances


@pytest.mark.parametrize(
    ("scenario", "crashes", "instances"),
    [
        (scenarios.ONE, 2, MIXED),
        (scenarios.PAIR, 0, MIXED),
        (scenarios.PAIR, 0, LOADING),
        (scenarios.PAIR, 0, PROBING),
        (scenarios.ONE_HASH, 0, LOADING),
        (scenarios.TWICE, 0, LOADING),
        (scenarios.OVERWRITTEN, 0, LOADING),
        (scenarios.DELETED, 2, LOADING),
        (scenarios.DELETED, 2, PROBING),
        (scenarios.PAIR_DELETED, 0, LOADING),
        (scenarios.SHARDS, 0, LOADING),
        (scenarios.LOOKS, 0, LOADING),
        (scenarios.DECIDED, 0, LOADING),
        (scenarios.QUIET, 0, LOADING),
        (scenarios.QUIET_MEANWHILE, 0, LOADING),
        (scenarios.QUIET_BEFORE, 0, LOADING),
        (scenarios.LISTED, 0, LOADING),
        (scenarios.LISTED, 0, PROBING),
        (scenarios.LISTED_AGAIN, 0, LOADING),
        (scenarios.LISTED_AGAIN, 0, PROBING),
        (scenarios.LISTED_TWICE, 1, LOADING),
        (scenarios.CROP, 0, LOADING),
        (scenarios.CROP_ONCE, 0, HURRIED),
        (scenarios.OUTGROWN, 0, LOADING),
    ],
    ids=lambda value: value.name if isinstance(value, Scenario) else str(value),
)
def test_every_order_of_steps_keeps_the_promises(scenario: Scenario, crashes: int, instances: Instances) -> None:
    model = Model(scenario, REAL, crashes, instances)

    finding = explore(model, max_states=MAX_STATES)

    assert finding.violation is None, describe(model, finding.schedule)
    assert finding.exhaustive, f"{finding.states} states are not all"


@pytest.mark.parametrize("instances", [MIXED, PROBING], ids=str)
@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_random_orders_with_two_crashes_keep_the_promises(scenario: Scenario, instances: Instances) -> None:
    model = Model(scenario, REAL, 2, instances)

    finding = wander(model, schedules=40)

    assert finding.violation is None, describe(model, finding.schedule)


@pytest.mark.parametrize("instances", [MIXED, HURRIED], ids=str)
@pytest.mark.parametrize("scenario", scenarios.WITH_CROPS, ids=lambda scenario: scenario.name)
def test_crops_are_told_in_random_orders_whoever_has_no_time(scenario: Scenario, instances: Instances) -> None:
    model = Model(scenario, REAL, 2, instances)

    finding = wander(model, schedules=15)

    assert finding.violation is None, describe(model, finding.schedule)


@pytest.mark.parametrize("instances", [LOADING, MIXED], ids=str)
def test_pairs_are_told_in_random_orders_whichever_packs_fail(instances: Instances) -> None:
    model = Model(scenarios.PACKS_FAIL, REAL, 2, instances)

    finding = wander(model, schedules=40)

    assert finding.violation is None, describe(model, finding.schedule)


@pytest.mark.parametrize("scenario", scenarios.OUTGROWN_BY_ALL, ids=lambda scenario: scenario.name)
def test_pictures_that_are_filed_late_are_found_in_random_orders(scenario: Scenario) -> None:
    model = Model(scenario, REAL, 2, LOADING if scenario.outgrown else MIXED)

    finding = wander(model, schedules=25)

    assert finding.violation is None, describe(model, finding.schedule)


@pytest.mark.parametrize(
    ("scenario", "broken"),
    [
        (scenarios.EXPIRED, "a is not stored as a@2 left it: indexed"),
        (scenarios.ONLY_BACKFILLED_AGAIN, "a is not stored as a@3 left it: removed"),
    ],
    ids=lambda value: value.name if isinstance(value, Scenario) else "",
)
def test_events_without_a_sequencer_can_be_overtaken(scenario: Scenario, broken: str) -> None:
    """Not a promise but its limit: should this fail, the protocol has become better than its description."""
    finding = explore(Model(scenario, REAL, 0), max_states=MAX_STATES)

    assert finding.violation == broken.format(*scenario.history)


@pytest.mark.parametrize(
    ("variant", "scenario", "crashes", "instances", "broken"),
    [
        (variants.EVENTUAL_PROBES, scenarios.PAIR, 0, PROBING, LOST),
        (variants.EVENTUAL_HOLDERS, scenarios.PAIR, 0, PROBING, LOST),
        (variants.HOLDER_WITHOUT_VERSION, scenarios.PAIR_PUT_AGAIN, 0, PROBING, LOST),
        (variants.CLEANING_BUCKETS, scenarios.PAIR_PUT_AGAIN, 0, PROBING, LOST),
        (variants.EVENTUAL_TAIL, scenarios.PAIR, 0, LOADING, LOST),
        (variants.SEARCHES_FIRST, scenarios.PAIR, 0, LOADING, LOST),
        (variants.SILENT_SHARDS, scenarios.SHARDS, 0, LOADING, LOST),
        (variants.PACKS_TOO_EARLY, scenarios.PAIR_MADE, 0, LOADING, REPACKED),
        (variants.JOINS_WHAT_IS_THERE, scenarios.MERGED, 0, LOADING, REPACKED),
        (variants.HASTY_CURSOR, scenarios.ROOM, 0, MIXED, LOST),
        (variants.OVERFILLING, scenarios.PAIR_MADE, 0, MIXED, LOST),
        (variants.UNAWAITED_WRITES, scenarios.PAIR, 0, LOADING, LOST),
        (variants.UNAWAITED_WRITES, scenarios.PAIR, 0, PROBING, LOST),
        (variants.NO_SEQUENCER_CONDITION, scenarios.DELETED, 0, LOADING, "a is not stored as a@2 left it: indexed"),
        (variants.CREATOR_PUBLISHES, scenarios.PAIR, 1, MIXED, LOST),
        (variants.WINNER_PUBLISHES, scenarios.PAIR, 1, MIXED, LOST),
        (variants.FORGETS_PAIRS, scenarios.LOOKS_ARCHIVED, 1, LOADING, LOST),
        (variants.GIVES_UP, scenarios.LOOKS_THROTTLED, 0, LOADING, LOST),
        (variants.EVENTUAL_VERDICTS, scenarios.DECIDED, 0, LOADING, TOLD),
        (variants.IGNORES_VERDICTS, scenarios.DECIDED_LATER, 0, LOADING, TOLD),
        (variants.BLIND_VERIFICATION, scenarios.PAIR_DELETED, 0, LOADING, GONE),
        (variants.SILENCES_PAIRS, scenarios.QUIET_BEFORE, 0, LOADING, SILENCED),
        (variants.TELLS_QUIET_PAIRS, scenarios.QUIET_BEFORE_TWICE, 0, LOADING, BROKEN_SILENCE),
        (variants.FILES_ONCE, scenarios.QUIET, 1, LOADING, UNFILED),
        (variants.WRAPS_IN_SILENCE, scenarios.QUIET_MEANWHILE, 0, LOADING, HUSHED),
        (variants.NOTES_NOTHING, scenarios.QUIET, 0, LOADING, LOST),
        (variants.EVENTUAL_TAIL, scenarios.LISTED, 0, LOADING, UNTOLD),
        (variants.EVENTUAL_PROBES, scenarios.LISTED, 0, PROBING, UNTOLD),
        (variants.UNAWAITED_WRITES, scenarios.LISTED, 0, LOADING, UNTOLD),
        (variants.STORES_FIRST, scenarios.LISTED, 1, LOADING, UNTOLD),
        (variants.CLEANS_UP, scenarios.LISTED_AGAIN, 0, PROBING, UNTOLD),
        (variants.BLIND_VERIFICATION, scenarios.UNLISTED, 0, LOADING, UNLISTED),
        (variants.NEVER_COMES_AGAIN, scenarios.CROP, 0, HURRIED, LOST),
        (variants.COMES_AGAIN_ONCE, scenarios.CROP, 0, HURRIED, LOST),
        (variants.KEEPS_TO_PACKS, scenarios.PACKS_FAIL, 0, LOADING, LOST),
        (variants.NEVER_ASKS, scenarios.OUTGROWN_MADE, 0, MIXED, LOST),
        (variants.ASKS_AFTERWARDS, scenarios.OUTGROWN_WHILE, 0, LOADING, LOST),
        (variants.EVENTUAL_BACKLOGS, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.EVENTUAL_SEGMENTS, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.ASKS_FIRST, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.LEAVES_ITS_OWN, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.MEASURES_FIRST, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.ADVANCES_FIRST, scenarios.OUTGROWN_AFTER, 0, LOADING, LOST),
        (variants.APPENDS_BESIDE, scenarios.KNOWN, 0, MIXED, LOST),
        (variants.APPENDS_TOO_SOON, scenarios.KNOWN, 0, MIXED, LOST),
        (variants.LEAPING, scenarios.KNOWN_LONG_AGO, 0, MIXED, LOST),
        (variants.LEARNS_AGAIN, scenarios.KNOWN_AGAIN, 0, MIXED, LOST),
        (variants.UNMARKED, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.UNMARKED, scenarios.MORE_SHARDS, 0, MIXED, LOST),
        (variants.FORGETS_MARKS, scenarios.OUTGROWN_LONG_AGO, 0, LOADING, LOST),
        (variants.MARKS_ANY, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
        (variants.MARKS_LATE, scenarios.OUTGROWN_BESIDE, 0, LOADING, LOST),
    ],
    ids=lambda value: value.name if isinstance(value, Variant) else "",
)
def test_broken_protocol_is_noticed(
    variant: Variant, scenario: Scenario, crashes: int, instances: Instances, broken: str
) -> None:
    model, broken = Model(scenario, variant, crashes, instances), broken.format(*scenario.history)

    finding = wander(model, schedules=5_000, sought=broken)

    print(f"{variant.name}: {finding.violation}\n{describe(model, finding.schedule)}")  # noqa: T201  seen with -rP
    assert finding.violation == broken
