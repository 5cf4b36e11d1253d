"""The deliveries of a scenario as a graph of states and steps.

A state is the value of every cell, the answers that every delivery has got, and how many crashes may still happen.
Equal states are visited once, however they were reached. A delivery that crashes forgets its answers, and is delivered
again whenever it is its turn. A crash matters only by what was written before it and what was not: so it is tried right
after each step that changed a cell, and covers every later moment at which the delivery has only read.
"""

import json
from collections.abc import Hashable, Iterator
from typing import Any, Generic, NamedTuple, TypeVar

from tests.model.instances import Instances
from tests.model.replay import Task
from tests.model.running import AGAIN, Answers, Pending, RealCode
from tests.model.scenarios import Event, Scenario
from tests.model.services import Call, Services
from tests.model.variants import Variant

KINDS = ("read", "add", "write")

T = TypeVar("T")


class Numbered(Generic[T]):
    """Gives equal values (by their representation) the same small number."""

    def __init__(self) -> None:
        self.values: list[T] = []
        self._numbers: dict[str, int] = {}

    def number(self, value: T) -> int:
        number = self._numbers.setdefault(repr(value), len(self.values))
        if number == len(self.values):
            self.values.append(value)
        return number


Log = tuple[tuple[Task, tuple[int, ...]], ...]  # the numbers of the answers that each task got, sorted by task


class Local(NamedTuple):
    """How far one delivery has come."""

    log: Log = ()
    handled_before: frozenset[int] = frozenset()  # the deliveries that were complete when this one began


class State(NamedTuple):
    """Everything that the future depends on."""

    cells: tuple[int, ...]
    locals: tuple[int, ...]
    crashes_left: int


class Waiting(NamedTuple):
    """What a delivery waits for; done if for nothing."""

    calls: tuple[tuple[Task, int, int], ...]  # task, number of the call, number of its cell


class Violation(Exception):
    """A promise is broken."""


class Step(NamedTuple):
    """One call, or one call and a crash right after it."""

    actor: int
    task: Task
    call: int
    answer: int
    crash: bool
    state: State


class Model:
    """The deliveries of a scenario, run by the real code with the parts that a variant replaces."""

    def __init__(
        self, scenario: Scenario, variant: Variant, crashes: int, instances: Instances = Instances.LOADING
    ) -> None:
        self.scenario = scenario
        self.running = RealCode(scenario, variant, instances)
        self.services = Services(scenario.history, scenario.trouble, scenario.packs_trouble)
        self.calls: Numbered[Call] = Numbered()
        self.answers: Numbered[Any] = Numbered()
        self.cells: Numbered[Any] = Numbered()
        self.cell_names: Numbered[str] = Numbered()
        self.locals: list[Local] = []
        self._local_numbers: dict[Hashable, int] = {}
        self._waiting: dict[tuple[int, int], Waiting] = {}
        self._results: dict[tuple[int, int], list[tuple[int, int]]] = {}
        # Deliveries first; then those who change the list; then, for each key, those who change it once more; then
        # those who decide about a pair; then the deliveries of what comes again.
        self.changed_keys = [key for key, bodies in scenario.history.items() if len(bodies) > 1]
        self.deliveries = len(scenario.events)
        self.listings = range(self.deliveries, self.deliveries + len(scenario.listings))
        # They end what was before.
        self._later = [*(n for n, event in enumerate(scenario.events) if event.number > 1), *self.listings]
        self.fresh = self._local(Local())
        for key in scenario.history:
            self.cell_names.number(f"s3/{key}")
        first = tuple(self._first(cell) for cell in range(len(self.cell_names.values)))
        self._deciders = self.listings.stop + len(self.changed_keys)  # the first of them
        self._returns = self._deciders + len(scenario.decided)  # likewise
        actors = self._returns + scenario.comes_again * self.deliveries
        self.start = State(first, (self.fresh,) * actors, crashes)

    # --- steps ---

    def steps(self, state: State) -> Iterator[Step]:
        """Yield every step that is possible in *state*."""
        for actor in range(len(state.locals)):
            for task, call, cell in self.waiting(state, actor):
                yield from self.outcomes(state, actor, task, call, cell)

    def waiting(self, state: State, actor: int) -> tuple[tuple[Task, int, int], ...]:
        """Return the calls that may happen next in one delivery."""
        if actor < self.deliveries:
            event = self.scenario.events[actor]
            if event.number > 1 and self._changes(state, event.key) < event.number:
                return ()  # it has not happened yet
            first = (n for n, other in enumerate(self.scenario.events) if other.key not in self.scenario.last)
            if event.key in self.scenario.last and not all(self.is_done(state, other) for other in first):
                return ()
            if self.scenario.listed_first and not all(self.is_done(state, other) for other in self.listings):
                return ()
        elif self.returned(actor) and not self._is_queued(state, actor):
            return ()
        elif actor in self.listings:
            after = self.scenario.listings[actor - self.deliveries].after
            if after is not None and not self.is_done(state, self.listings[after]):
                return ()
        calls = self.waits(actor, state.locals[actor]).calls
        return tuple(call for call in calls if not self._hangs(state, call))

    def _hangs(self, state: State, waiting: tuple[Task, int, int]) -> bool:
        """Whether a call is to write the object item that is written after others are handled."""
        call, key = self.calls.values[waiting[1]], self.scenario.hangs
        if not key or call.operation != "put_item" or call.arguments["Item"].get("k") != {"S": key}:
            return False
        events = enumerate(self.scenario.events)
        return not all(self.is_done(state, n) for n, one in events if one.key not in {key, *self.scenario.last})

    def outcomes(self, state: State, actor: int, task: Task, call: int, cell: int) -> Iterator[Step]:
        """Yield what one call of one delivery may come to."""
        if self.calls.values[call] is AGAIN:
            locals_ = _replaced(state.locals, actor, self.fresh)
            yield Step(actor, task, call, 0, crash=False, state=State(state.cells, locals_, state.crashes_left))
            return
        before = state.cells[cell] if cell < len(state.cells) else self._first(cell)
        for answer, after in self._call(call, before):
            cells = state.cells
            if after != before:
                if cell >= len(cells):
                    cells += tuple(self._first(number) for number in range(len(cells), cell + 1))
                cells = _replaced(cells, cell, after)
            local = self._answered(state, actor, task, answer)
            others = state.locals
            yield Step(
                actor,
                task,
                call,
                answer,
                crash=False,
                state=State(cells, _replaced(others, actor, local), state.crashes_left),
            )
            if after != before and state.crashes_left and (actor < self.listings.stop or self.returned(actor)):
                yield Step(
                    actor,
                    task,
                    call,
                    answer,
                    crash=True,
                    state=State(cells, _replaced(others, actor, self.fresh), state.crashes_left - 1),
                )

    def _answered(self, state: State, actor: int, task: Task, answer: int) -> int:
        local = self.locals[state.locals[actor]]
        handled = local.handled_before
        if not local.log:
            ended = (*self._later, *range(self._deciders, self._returns))
            handled = frozenset(other for other in ended if self.is_done(state, other))
        log = dict(local.log)
        log[task] = (*log.get(task, ()), answer)
        return self._local(Local(tuple(sorted(log.items())), handled))

    def access(self, call: int, cell: int) -> int:
        """Return the bit that stands for such an access to the cell."""
        return 1 << (3 * cell + KINDS.index(self.calls.values[call].kind))

    def conflicts(self, call: int, cell: int) -> int:
        """Return the bits of the accesses that do not commute with this one."""
        kind = self.calls.values[call].kind
        return sum(1 << (3 * cell + n) for n, other in enumerate(KINDS) if kind != other or kind == "write")

    def is_done(self, state: State, actor: int) -> bool:
        """Whether the delivery is complete, and acknowledged."""
        return state.locals[actor] != self.fresh and not self.waits(actor, state.locals[actor]).calls

    def is_settled(self, state: State) -> bool:
        """Whether all deliveries are complete that end what was before."""
        return all(self.is_done(state, other) for other in self._later)

    def returned(self, actor: int) -> tuple[Event, int] | None:
        """Return of which event *actor* delivers what came again, and for which time; None if it is something else."""
        if actor < self._returns:
            return None
        number, before = divmod(actor - self._returns, self.scenario.comes_again)
        return self.scenario.events[number], before + 1

    def _is_queued(self, state: State, actor: int) -> bool:
        """Whether somebody has sent what *actor* delivers."""
        number = self.cell_names.number("queue")
        sent = self.cells.values[state.cells[number]] if number < len(state.cells) else {}
        came = self.returned(actor)
        assert came is not None
        return json.dumps(self.running.again(*came).document(), separators=(",", ":")) in sent.get("bodies", [])

    def decision(self, actor: int) -> tuple[str, str] | None:
        """Return the keys of the pair that *actor* decides about; None if it does not."""
        return self.scenario.decided[actor - self._deciders] if self._deciders <= actor < self._returns else None

    def _changes(self, state: State, key: str) -> int:
        return int(self.cells.values[state.cells[self.cell_names.number(f"s3/{key}")]]["puts"])

    def _first(self, cell: int) -> int:
        return self.cells.number(self.services.first(self.cell_names.values[cell]))

    def _call(self, call: int, cell: int) -> list[tuple[int, int]]:
        if (call, cell) not in self._results:
            results = self.services.results(self.calls.values[call], self.cells.values[cell])
            self._results[call, cell] = list(
                dict.fromkeys((self.answers.number(answer), self.cells.number(after)) for answer, after in results)
            )
        return self._results[call, cell]

    def _local(self, local: Local) -> int:
        number = self._local_numbers.setdefault(local, len(self.locals))
        if number == len(self.locals):
            self.locals.append(local)
        return number

    def waits(self, actor: int, local: int) -> Waiting:
        """Return what a delivery waits for that has come so far."""
        found = self._waiting.get((actor, local))
        if found is None:
            found = self._waiting[actor, local] = self._run(actor, self.locals[local].log)
        return found

    def _run(self, actor: int, log: Log) -> Waiting:
        """Run the delivery again over the answers it has got, to the calls that have none yet."""
        answers = {task: tuple(map(self.answers.values.__getitem__, got)) for task, got in log}
        pending = self._pending(actor, answers)
        return Waiting(
            tuple((task, self.calls.number(call), self.cell_names.number(call.cell)) for task, call in pending.items())
        )

    def _pending(self, actor: int, answers: Answers) -> Pending:
        if came := self.returned(actor):
            return self.running.come_again(*came, answers)
        if decided := self.decision(actor):
            return self.running.decide(decided, answers)
        if actor >= self.listings.stop:
            return self._change(self.changed_keys[actor - self.listings.stop], answers)
        if actor in self.listings:
            return self.running.change_list(self.scenario.listings[actor - self.deliveries], answers)
        return self.running.deliver(self.scenario.events[actor], answers)

    def _change(self, key: str, answers: Answers) -> Pending:
        """Whoever owns the key changes it as often as its history says."""
        done = len(answers.get((), ()))
        more = done + 1 < len(self.scenario.history[key])
        return {(): Call("change", f"s3/{key}", {"to": done + 2})} if more else {}


def _replaced(values: tuple[int, ...], index: int, value: int) -> tuple[int, ...]:
    return (*values[:index], value, *values[index + 1 :])
