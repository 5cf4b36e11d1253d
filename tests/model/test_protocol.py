import pytest

from tests.model import scenarios, variants
from tests.model.checks import describe
from tests.model.explore import explore, wander
from tests.model.model import Model
from tests.model.scenarios import SCENARIOS, Scenario
from tests.model.variants import REAL, Variant

MAX_STATES = 30_000  # so that a change which makes many more of them is noticed here and not by a test that hangs
GONE = "a is announced as it was before a@2, which was handled before"
LOST = "a and b are near-duplicates, and that was never announced"


@pytest.mark.parametrize(
    ("scenario", "crashes"),
    [
        (scenarios.ONE, 2),
        (scenarios.PAIR, 1),
        (scenarios.ONE_HASH, 0),
        (scenarios.TWICE, 0),
        (scenarios.OVERWRITTEN, 0),
        (scenarios.DELETED, 2),
        (scenarios.PAIR_DELETED, 0),
    ],
    ids=lambda value: value.name if isinstance(value, Scenario) else f"{value} crashes",
)
def test_every_order_of_steps_keeps_the_promises(scenario: Scenario, crashes: int) -> None:
    model = Model(scenario, REAL, crashes)

    finding = explore(model, max_states=MAX_STATES)

    assert finding.violation is None, describe(model, finding.schedule)
    assert finding.exhaustive, f"{finding.states} states are not all"


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_random_orders_with_two_crashes_keep_the_promises(scenario: Scenario) -> None:
    model = Model(scenario, REAL, 2)

    finding = wander(model, schedules=40)

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

    assert finding.violation == broken


@pytest.mark.parametrize(
    ("variant", "scenario", "crashes", "broken"),
    [
        (variants.EVENTUAL_PROBES, scenarios.PAIR, 0, LOST),
        (variants.EVENTUAL_HOLDERS, scenarios.PAIR, 0, LOST),
        (variants.UNAWAITED_WRITES, scenarios.PAIR, 0, LOST),
        (variants.NO_SEQUENCER_CONDITION, scenarios.DELETED, 0, "a is not stored as a@2 left it: indexed"),
        (variants.HOLDER_WITHOUT_VERSION, scenarios.PAIR_PUT_AGAIN, 0, LOST),
        (variants.CREATOR_PUBLISHES, scenarios.PAIR, 1, LOST),
        (variants.WINNER_PUBLISHES, scenarios.PAIR, 1, LOST),
        (variants.BLIND_VERIFICATION, scenarios.PAIR_DELETED, 0, GONE),
        (variants.CLEANING_BUCKETS, scenarios.PAIR_PUT_AGAIN, 0, LOST),
    ],
    ids=lambda value: value.name if isinstance(value, Variant) else "",
)
def test_broken_protocol_is_noticed(variant: Variant, scenario: Scenario, crashes: int, broken: str) -> None:
    model = Model(scenario, variant, crashes)

    finding = wander(model, schedules=600)

    print(f"{variant.name}: {finding.violation}\n{describe(model, finding.schedule)}")  # noqa: T201  seen with -rP
    assert finding.violation == broken
