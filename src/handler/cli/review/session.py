"""What one review has shown and done since the command was started: it is remembered here, and nowhere else."""

import hashlib
import json
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, field
from itertools import count
from typing import NamedTuple

from handler.cli.asking import Ask
from handler.cli.deciding import new_batch, put, put_groups, undo_batch, undo_pair
from handler.cli.errors import CommandError
from handler.cli.review.offered import Offered
from handler.cli.review.on_lists import pictured
from handler.cli.reviewing import Document, Filters, all_alike, keep_one, members, named, pages, shown
from handler.core.verdicts import NamedObject, Verdict

MOST_SHOWN = 5_000  # groups that are remembered
MOST_JOBS = 20
SAMPLES = 6  # groups of a rule that are shown


class Listed(NamedTuple):
    """A page of groups, so that the large view can go on from one to the next."""

    names: Sequence[str] = ()
    address: str = "/"
    following: str | None = None  # the address of the next page
    waiting: int = 0  # groups on all pages, when this one was read
    scope: str | None = None


class Done(NamedTuple):
    """What was decided in one go, and can be taken back."""

    batch: str
    says: str
    stored: Sequence[Document]
    scope: str | None
    group: str | None = None  # the name of the one that it was about

    @property
    def sample(self) -> Document | None:
        """One of the decisions, for who decided, when and why; None if all was decided before."""
        return next(iter(self.stored), None)


@dataclass
class Job:
    """A rule that is carried out in the background: first looked at, then done."""

    name: str
    filters: Filters
    verdict: Verdict
    note: str | None = None
    state: str = "reading"  # then ready, doing, done; or failed, from either
    groups: list[Document] = field(default_factory=list)
    waiting: int = 0  # groups, as the first page says
    stored: int = 0
    left_out: list[Document] = field(default_factory=list)  # what is about pictures that were overwritten, or are gone
    trouble: str = ""

    def say(self, group: Document) -> list[Document]:
        """Return what it says of a group."""
        said = keep_one(group) if self.verdict is Verdict.KEEP_ONE else all_alike(group, self.verdict)
        return with_note(said, self.note)

    @property
    def samples(self) -> Sequence[Document]:
        """The groups that are shown for all."""
        return self.groups[:SAMPLES]

    @property
    def decisions(self) -> list[Document]:
        """What it says of all groups that were looked at."""
        return [one for group in self.groups for one in self.say(group)]


class Session:
    """One review."""

    def __init__(self, ask: Ask, *, by: str, executor: Executor, scope: str | None = None) -> None:
        self.ask = ask
        self.by = by
        self.scope = scope  # where it begins
        self.listed = Listed()
        self.offered = Offered()
        self._executor = executor
        self._shown: OrderedDict[str, Document] = OrderedDict()
        self._scopes: dict[str, str | None] = {}
        self._done: list[Done] = []
        self._decided: dict[str, Done] = {}
        self._jobs: OrderedDict[str, Job] = OrderedDict()
        self._numbers = count(1)

    # --- groups ---

    def show(self, some: Sequence[Document], scope: str | None) -> list[str]:
        """Remember groups that are shown; return their names."""
        names = [name_of(group) for group in some]
        for name, group in zip(names, some, strict=True):
            self._shown[name], self._scopes[name] = group, scope
            self._shown.move_to_end(name)
            self.offered.add(filter(None, map(pictured, members(group))))
            self._decided.pop(name, None)
        while len(self._shown) > MOST_SHOWN:
            forgotten, _ = self._shown.popitem(last=False)
            self._scopes.pop(forgotten, None)
        return names

    def group(self, name: str) -> Document | None:
        """Return the group of that name; None if it was not shown, or is forgotten."""
        return self._shown.get(name)

    def decided(self, name: str) -> Done | None:
        """Return what was said of the group since it was shown."""
        return self._decided.get(name)

    @property
    def waiting(self) -> int:
        """How many groups wait still, of those that did when the page was read."""
        gone = [name for name in self.listed.names if name in self._decided and not self._shown[name].get("more")]
        return max(0, self.listed.waiting - len(gone))

    def after(self, name: str) -> str | None:
        """Return the next group of the page that is not decided; None if there is none."""
        names = list(self.listed.names)
        rest = names[names.index(name) + 1 :] if name in names else []
        return next((one for one in rest if one not in self._decided), None)

    # --- decisions ---

    def decide(
        self, name: str, decisions: Sequence[Document], says: str, *, whole: bool = True, note: str | None = None
    ) -> Done:
        """Store what is said of the group *name*, of all of it or of some of its pairs. Raises CommandError."""
        batch, stored = new_batch("review"), list[Document]()
        done = Done(batch, says, stored, self._scopes.get(name), name)
        try:
            for some in put(self.ask, with_note(decisions, note), self.by, batch):
                stored += [one for one in some if one["batch"] == batch]
        except CommandError:
            if stored:  # of a large group a part: it can be taken back
                self._done.append(done)
            raise
        self._done.append(done)
        if whole:
            self._decided[name] = done
        return done

    @property
    def last(self) -> Done | None:
        """What was done last, and is not taken back."""
        return self._done[-1] if self._done else None

    def undo(self) -> Done | None:
        """Take back what was done last; return it, or None if there is nothing. Raises CommandError."""
        if not self._done:
            return None
        done = self._done[-1]
        self.undo_batch(done.batch, done.scope)
        return done

    def undo_batch(self, batch: str, scope: str | None) -> int:
        """Take back all that was decided at once; return how many decisions that were. Raises CommandError."""
        total = sum(map(len, undo_batch(self.ask, batch, scope)))
        self._forget(batch)
        return total

    def undo_pair(self, one: NamedObject, other: NamedObject, *, scope: str | None = None) -> int:
        """Take back what was decided of two objects; return how many decisions that were. Raises CommandError."""
        return len(undo_pair(self.ask, one, other, scope or self.scope))

    def _forget(self, batch: str) -> None:
        for done in self._done:
            if done.batch == batch and done.group:
                self._decided.pop(done.group, None)
        self._done = [done for done in self._done if done.batch != batch]

    # --- rules ---

    def job(self, name: str) -> Job | None:
        """Return the rule of that name; None if there is none, or it is forgotten."""
        return self._jobs.get(name)

    def look_at(self, filters: Filters, verdict: Verdict, note: str | None = None) -> Job:
        """Begin to read all groups that a rule is about; return the rule."""
        job = Job(str(next(self._numbers)), filters, verdict, note)
        self._jobs[job.name] = job
        while len(self._jobs) > MOST_JOBS:
            self._jobs.popitem(last=False)
        self._run(job, self._read)
        return job

    def carry_out(self, job: Job) -> None:
        """Begin to store what a rule says of the groups that were looked at, and no others."""
        if job.state == "ready":
            job.state = "doing"
            self._run(job, self._store)

    def _run(self, job: Job, what: Callable[[Job], None]) -> None:
        def guarded() -> None:
            try:
                what(job)
            except CommandError as error:
                job.state, job.trouble = "failed", str(error)
            except BaseException as error:
                job.state, job.trouble = "failed", f"{type(error).__name__}: {error}"
                raise

        self._executor.submit(guarded)

    def _read(self, job: Job) -> None:
        for page in pages(self.ask, "/v1/groups", job.filters.query):
            job.waiting = max(job.waiting, page["waiting"])
            job.groups += page["groups"]
            self.offered.add(named(copy) for group in job.samples for copy in members(group))
        job.state = "ready"

    def _store(self, job: Job) -> None:
        batch, stored = new_batch("rule"), list[Document]()
        says = f"rule {job.name}"
        parts = put_groups(self.ask, job.filters, job.groups, job.say, by=self.by, batch=batch, left_out=job.left_out)
        try:
            for some in parts:
                stored += [one for one in some if one["batch"] == batch]
                job.stored += len(some)
        finally:
            if stored:
                self._done.append(Done(batch, says, stored, job.filters.scope))
        job.state = "done"


def with_note(decisions: Sequence[Document], note: str | None) -> list[Document]:
    """Return *decisions*, each with *note* if there is one."""
    return [{**one, "note": note} if note else one for one in decisions]


def name_of(group: Document) -> str:
    """Return what names a group of these copies, each with its content, and pairs, and no other."""
    told = json.dumps([[shown(copy) for copy in members(group)], group["among_others"]])
    return hashlib.sha256(told.encode()).hexdigest()[:20]
