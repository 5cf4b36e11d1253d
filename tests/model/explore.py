"""Walks through the orders in which the steps of all deliveries can happen, and checks what comes of each."""

import random
from collections import defaultdict
from collections.abc import Callable, Iterator
from itertools import pairwise
from typing import NamedTuple

from tests.model.checks import check_end, check_step
from tests.model.model import Model, State, Step, Violation

CRASH_SHARE = 0.1  # of the steps of a random walk after which a crash is possible


SCHEDULES_TO_CHOOSE_FROM = 3  # broken ones, of which the simplest is shown
WARM_UP = 100  # random walks that show most of what each delivery may touch, before anything relies on it


class Finding(NamedTuple):
    """What has been looked at, and the first schedule, if any, that breaks a promise."""

    states: int
    schedules: int  # walked to their end: all different where states are not visited again
    exhaustive: bool
    violation: str | None = None
    schedule: tuple[Step, ...] = ()


def explore(model: Model, *, max_states: int) -> Finding:
    """Visit every state that the reduced graph of *model* has, or *max_states* of them."""
    reduction = Reduction(model)
    for seed in range(WARM_UP):
        _walk(model, random.Random(seed), reduction.all_steps)
    while True:
        finding = _visit(model, reduction.steps, max_states)
        if finding.violation or not finding.exhaustive or reduction.held():
            return finding


def wander(model: Model, *, schedules: int, seed: int = 0, sought: str | None = None) -> Finding:
    """Walk up to *schedules* random schedules; of those that break a promise, keep the simplest of the first few.

    The first with the violation *sought* is enough.
    """
    rng = random.Random(seed)
    broken: list[Finding] = []
    walked = 0
    while walked < schedules and len(broken) < SCHEDULES_TO_CHOOSE_FROM:
        finding = _walk(model, rng, model.steps)
        walked += 1
        if sought and finding.violation == sought:
            return finding._replace(schedules=walked)
        if finding.violation:
            broken.append(finding)
    simplest = min(broken, key=_complexity, default=Finding(0, 0, exhaustive=False))
    return simplest._replace(schedules=walked)


def _complexity(finding: Finding) -> tuple[int, int, int]:
    steps = finding.schedule
    switches = sum(one.actor != other.actor for one, other in pairwise(steps))
    return sum(step.crash for step in steps), switches, len(steps)


def _walk(model: Model, rng: random.Random, steps: Callable[[State], Iterator[Step] | list[Step]]) -> Finding:
    """One random schedule, which stays with a delivery for a while: that finds more than fair turns do."""
    state, path, actor, stay = model.start, list[Step](), -1, rng.random()
    try:
        while options := list(steps(state)):
            crash = [step for step in options if step.crash]
            calm = [step for step in options if not step.crash]
            own = [step for step in calm if step.actor == actor]
            choice = crash if crash and rng.random() < CRASH_SHARE else own if own and rng.random() < stay else calm
            step = rng.choice(choice)
            path.append(step)
            check_step(model, state, step)
            state, actor = step.state, step.actor
        check_end(model, state)
    except Violation as violation:
        return Finding(0, 1, exhaustive=False, violation=str(violation), schedule=tuple(path))
    return Finding(0, 1, exhaustive=False)


def _visit(model: Model, steps: Callable[[State], list[Step]], max_states: int) -> Finding:
    """Depth first over all states, each once."""
    seen, ends = {model.start}, 0
    path: list[Step] = []
    stack = [iter(steps(model.start))]
    try:
        while stack:
            step = next(stack[-1], None)
            if step is None:
                stack.pop()
                if path:
                    path.pop()
                continue
            if step.state in seen:
                continue
            if len(seen) == max_states:
                return Finding(len(seen), ends, exhaustive=False)
            before = path[-1].state if path else model.start
            path.append(step)
            check_step(model, before, step)
            seen.add(step.state)
            following = steps(step.state)
            if not following:
                ends += 1
                check_end(model, step.state)
            stack.append(iter(following))
    except Violation as violation:
        return Finding(len(seen), ends, exhaustive=False, violation=str(violation), schedule=tuple(path))
    return Finding(len(seen), ends, exhaustive=True)


Node = tuple[int, int, int]  # actor, how far it has come, crashes left


class Reduction:
    """Leaves out orders that cannot differ: where one call commutes with all that others may still do, it goes first.

    What a delivery may still do is learnt: assumed from what was seen so far, and the visit is made again until it
    saw nothing else. Where crashes are left, it is left out that a crash comes before a write to a cell that no other
    delivery touches: of a repeated write that only its own delivery can see.
    """

    def __init__(self, model: Model) -> None:
        self._model = model
        self._actors = range(len(model.start.locals))
        self._own: dict[Node, int] = {}  # a bit for each access that is next
        self._after: dict[Node, set[Node]] = {}
        self._future: dict[Node, int] = {}  # a bit for each access from here on
        self._assumed: dict[Node, int] = {}

    def all_steps(self, state: State) -> list[Step]:
        """Return all steps, and learn from them."""
        for actor in self._actors:
            self._assume(actor, state)
        return self._learnt(state, list(self._model.steps(state)))

    def steps(self, state: State) -> list[Step]:
        """Return the steps that have to be tried in *state*."""
        model = self._model
        futures = [self._assume(actor, state) for actor in self._actors]
        for actor in self._actors:
            if state.locals[actor] == model.fresh and not model.is_settled(state):
                continue  # who is complete when a delivery begins is remembered: a beginning commutes with no end
            others = 0
            for other in self._actors:
                others |= futures[other] if other != actor else 0
            calls = model.waiting(state, actor)
            for task, call, cell in calls:
                siblings = sum(model.access(c, at) for other, c, at in calls if other != task and at == cell)
                if not model.conflicts(call, cell) & (others | siblings):
                    return self._learnt(state, list(model.outcomes(state, actor, task, call, cell)))
        return self._learnt(state, list(model.steps(state)))

    def held(self) -> bool:
        """Whether all that was assumed since the last time was true; learn what was not."""
        before = defaultdict[Node, list[Node]](list)
        for node, afters in self._after.items():
            for after in afters:
                before[after].append(node)
        self._future = dict(self._own)
        changed = list(self._future)
        while changed:
            node = changed.pop()
            for earlier in before[node]:
                if self._future[node] & ~self._future[earlier]:
                    self._future[earlier] |= self._future[node]
                    changed.append(earlier)
        held = all(self._future[node] == assumed for node, assumed in self._assumed.items())
        self._assumed = {}
        return held

    def _assume(self, actor: int, state: State) -> int:
        node = actor, state.locals[actor], state.crashes_left
        if node not in self._own:
            self._own[node] = 0
            self._after[node] = set()
            for _, call, cell in self._model.waits(actor, state.locals[actor]).calls:
                self._own[node] |= self._model.access(call, cell)
        if state.crashes_left:
            self._assume(actor, state._replace(crashes_left=state.crashes_left - 1))
            self._after[node].add((actor, state.locals[actor], state.crashes_left - 1))
        return self._assumed.setdefault(node, self._future.get(node, 0))

    def _learnt(self, state: State, steps: list[Step]) -> list[Step]:
        for step in steps:
            after = step.actor, step.state.locals[step.actor], step.state.crashes_left
            self._after[step.actor, state.locals[step.actor], state.crashes_left].add(after)
            self._assume(step.actor, step.state)
        return steps
