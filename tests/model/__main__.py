"""`python -m tests.model`: the check with larger bounds than the tests have, as a table."""

import sys
import time
from itertools import product

from tests.model.explore import Finding, explore, wander
from tests.model.instances import Instances
from tests.model.model import Model
from tests.model.scenarios import OUTGROWN_BY_ALL, PACKS_FAIL, SCENARIOS, WITH_CROPS, Scenario
from tests.model.schedules import describe
from tests.model.variants import REAL

MAX_STATES = 400_000  # beyond them a scenario is walked at random instead
SCHEDULES = 3_000
CRASHES = (0, 1, 2)
ROW = "{:<56}{:<10}{:>8}{:>10}{:>11}  {:<11}{:>6}  {}"


def main() -> int:
    """Print a row for each scenario and number of crashes; 1 if a promise was broken."""
    print(ROW.format("scenario", "instances", "crashes", "states", "schedules", "coverage", "s", "result"))  # noqa: T201
    broken = False
    for scenario, instances in product((*SCENARIOS, *WITH_CROPS, PACKS_FAIL, *OUTGROWN_BY_ALL), Instances):
        if scenario.outgrown and instances is not Instances.LOADING:
            continue  # it says itself which instances there are
        if not scenario.outgrows and instances is (Instances.PROBING if scenario.comes_again else Instances.HURRIED):
            continue  # nobody finds a crop by the buckets; and where they know all, time makes no difference
        tractable = True
        for crashes in CRASHES:
            start = time.perf_counter()
            model, finding = _check(scenario, crashes, instances, tractable=tractable)
            tractable = finding.exhaustive
            row = ROW.format(
                scenario.name,
                instances.name.lower(),
                crashes,
                finding.states or "",
                finding.schedules or "",
                "exhaustive" if finding.exhaustive else "seeded",
                f"{time.perf_counter() - start:.0f}",
                finding.violation or "holds",
            )
            print(row, flush=True)  # noqa: T201
            if finding.violation:
                broken = True
                print(describe(model, finding.schedule))  # noqa: T201
    return int(broken)


def _check(scenario: Scenario, crashes: int, instances: Instances, *, tractable: bool) -> tuple[Model, Finding]:
    """Visit all states where there are not too many of them, and else walk at random.

    One more crash makes several times as many states: what was too much without it is not tried with it.
    """
    model = Model(scenario, REAL, crashes, instances)
    if tractable:
        finding = explore(model, max_states=MAX_STATES)
        if finding.exhaustive or finding.violation:
            return model, finding._replace(schedules=0)
    return model, wander(model, schedules=SCHEDULES)


if __name__ == "__main__":
    sys.exit(main())
