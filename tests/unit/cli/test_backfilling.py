"""A job that is killed anywhere goes on where it was; what became of each object is told once."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from handler.cli import manifest
from handler.cli.backfilling import BATCH, PAGE, PAGES, Backfilling, Stuck, outcome_of
from handler.cli.errors import CommandError
from handler.cli.job_files import BackfillJob, JobFiles
from handler.cli.manifest import ListedObject
from handler.core.model import Collection, ObjectRef, Outcome, PictureRecord
from handler.core.sequencers import LOWEST_SEQUENCER, just_after, padded_sequencer

COLLECTION = Collection("*", "look1")
BEGAN = "2026-05-01T10:11:12+00:00"
COUNT = 3 * PAGE + 7
KEYS = [f"{number:04d}.jpg" for number in range(COUNT)]


class Killed(BaseException):
    """The end of a process."""


def record(key: str, outcome: Outcome = Outcome.INDEXED, **known: Any) -> PictureRecord:
    ref = ObjectRef("b", key, known.pop("sequencer", LOWEST_SEQUENCER))
    return PictureRecord(ref, "look1", outcome, **{"job": "job"} | known)


@dataclass
class FakeStack:
    """A stack that is done with what is sent to it when time passes; *lost* are keys that it never is."""

    lost: set[str] = field(default_factory=set)
    busy: bool = False  # somebody else's messages wait in the queue
    calls_left: float = float("inf")
    now: float = 0.0
    sent: list[str] = field(default_factory=list)
    times: list[float] = field(default_factory=list)
    records: dict[str, PictureRecord] = field(default_factory=dict)
    reads: int = 0
    asked: set[str] = field(default_factory=set)

    def send(self, documents: Sequence[Mapping[str, Any]]) -> None:
        assert len(documents) <= BATCH
        self._call()
        self.sent += [document["backfill"]["key"] for document in documents]
        self.times.append(self.now)

    def waiting(self) -> int:
        return int(self.busy)

    def get(self, collection: Collection, object_ids: Sequence[str]) -> list[PictureRecord]:
        assert collection == COLLECTION
        assert len(object_ids) <= PAGE
        self._call()
        self.reads += 1
        self.asked.update(object_ids)
        return [self.records[one] for one in object_ids if one in self.records]

    def sleep(self, seconds: float) -> None:
        assert seconds > 0
        self.now += seconds
        for key in self.sent:
            if key not in self.lost:
                done = record(key)
                self.records[done.ref.object_id] = done

    def _call(self) -> None:
        self.calls_left -= 1
        if self.calls_left < 0:
            raise Killed


@pytest.fixture
def files(tmp_path: Path) -> Iterator[JobFiles]:
    with JobFiles(tmp_path / "state", "stack", "bucket") as found:
        yield found


def begin(files: JobFiles, keys: Sequence[str] = KEYS) -> BackfillJob:
    job = BackfillJob("job", BEGAN, "none", manifest.write(files.manifest, [ListedObject("b", key) for key in keys]))
    files.save(job)
    return job


def run(files: JobFiles, service: FakeStack, *, rate: float = 100.0) -> int:
    """Go on with the job, in a process of its own; return how many objects it told the progress bar of."""
    job, told = files.load(), Counter[str]()
    assert job is not None
    work = Backfilling(
        job,
        files.manifest,
        intake=service,
        records=service,
        collection_of=lambda _: COLLECTION,
        save=lambda: files.save(job),
        advance=lambda count: told.update(done=count),
        clock=lambda: service.now,
        sleep=service.sleep,
    )
    work.run(rate)
    return told["done"]


def state(files: JobFiles) -> BackfillJob:
    job = files.load()
    assert job is not None
    return job


def test_everything_is_sent_in_order_at_the_rate_and_followed(files: JobFiles) -> None:
    begin(files)
    service = FakeStack()

    told = run(files, service, rate=100.0)

    assert service.sent == KEYS
    assert service.times[-1] == pytest.approx((COUNT // BATCH) * BATCH / 100, abs=0.01)
    assert told == COUNT
    assert state(files).outcomes == {"indexed": COUNT}


def test_job_that_is_killed_again_and_again_leaves_nothing_out_and_sends_a_batch_twice_at_most(files: JobFiles) -> None:
    begin(files)
    service, kills = FakeStack(), 0

    while state(files).followed < COUNT:
        service.calls_left = 2 + kills % 7
        before = len(service.sent)
        try:
            run(files, service)
        except Killed:
            kills += 1
            saved = state(files)
            assert saved.sent <= len(set(service.sent)) <= saved.sent + BATCH
            assert len(service.sent) >= before

    assert kills > 5
    assert set(service.sent) == set(KEYS)
    assert state(files).outcomes == {"indexed": COUNT}


def test_batch_whose_sending_was_not_saved_is_sent_again_and_nothing_else(files: JobFiles) -> None:
    job = begin(files)
    service = FakeStack()
    service.send([{"backfill": {"key": key}} for key in KEYS[:BATCH]])  # and then it was killed

    run(files, service)

    assert Counter(service.sent) == Counter(KEYS) + Counter(KEYS[:BATCH])
    assert state(files).total == job.total


def test_pages_that_are_followed_are_bounded_however_long_nothing_is_done(files: JobFiles) -> None:
    keys = [f"{number}.jpg" for number in range((PAGES + 5) * PAGE)]
    begin(files, keys)
    service = FakeStack(lost=set(keys), busy=True)

    with pytest.raises(Stuck):
        run(files, service, rate=1e6)

    assert PAGE < len(service.asked) <= PAGES * PAGE


def test_what_is_in_no_queue_and_never_done_has_failed(files: JobFiles) -> None:
    begin(files)
    service = FakeStack(lost={"0003.jpg", "0300.jpg"})

    told = run(files, service)

    assert state(files).outcomes == {"indexed": COUNT - 2, "failed": 2}
    assert told == COUNT


def test_what_was_removed_after_the_job_was_done_with_it_has_not_failed(files: JobFiles) -> None:
    begin(files)
    service = FakeStack(lost={"0003.jpg"})
    buried = record("0003.jpg", Outcome.REMOVED, job=None, sequencer=padded_sequencer("5"))
    service.records[buried.ref.object_id] = buried

    run(files, service)

    assert state(files).outcomes == {"indexed": COUNT - 1, "removed": 1}


def test_what_an_event_told_of_after_the_job_was_done_with_it_has_not_failed(files: JobFiles) -> None:
    begin(files)
    service = FakeStack(lost={"0003.jpg"})
    delivered_again = record(
        "0003.jpg", job=None, sequencer=padded_sequencer("5"), modified="2026-01-01T00:00:00+00:00"
    )
    service.records[delivered_again.ref.object_id] = delivered_again

    run(files, service)

    assert state(files).outcomes == {"indexed": COUNT - 1, "known": 1}


def test_job_that_gets_nowhere_while_its_queue_is_busy_ends_and_goes_on_later(files: JobFiles) -> None:
    begin(files)
    service = FakeStack(lost={"0003.jpg"}, busy=True)

    with pytest.raises(Stuck):
        run(files, service)
    service.lost.clear()
    run(files, service)

    assert service.sent == KEYS
    assert state(files).outcomes == {"indexed": COUNT}


def test_nothing_is_polled_faster_where_nothing_changes(files: JobFiles) -> None:
    begin(files, KEYS[:1])
    service = FakeStack(lost=set(KEYS), busy=True)

    with pytest.raises(Stuck):
        run(files, service)

    assert service.reads < 300  # in an hour


@pytest.mark.parametrize(
    ("known", "outcome"),
    [
        (record("a"), "indexed"),
        (record("a", job="earlier"), None),
        (record("a", sequencer=padded_sequencer("5")), "known"),
        (record("a", job=None, sequencer=padded_sequencer("5"), modified="2026-05-01T10:11:12+00:00"), "known"),
        (record("a", job=None, sequencer=padded_sequencer("5"), modified="2026-05-01T10:11:11+00:00"), None),
        (record("a", sequencer=just_after(padded_sequencer("5"))), "indexed"),
        (record("a", Outcome.REJECTED, reason="empty: no bytes"), "rejected: empty"),
        (record("a", Outcome.GONE, reason="b/a does not exist"), "gone"),
        (record("a", Outcome.REMOVED), "removed"),
        (record("a", Outcome.REMOVED, job=None, sequencer=padded_sequencer("5")), None),
    ],
)
def test_outcome_is_what_the_table_knows(known: PictureRecord, outcome: str | None) -> None:
    assert outcome_of(known, BackfillJob("job", BEGAN, "none", 1)) == outcome


# --- files ---


def test_manifest_keeps_any_key(tmp_path: Path) -> None:
    listed = [
        ListedObject("b", 'a b+%"猫\n.jpg'),
        ListedObject("b", "\x7f"),
        ListedObject("b", "c", "00ff00ff00ff00ff"),
    ]

    count = manifest.write(tmp_path / "m", listed)
    first = manifest.read(tmp_path / "m", 0, 2)

    assert count == 3
    assert first.objects == listed[:2]
    assert manifest.read(tmp_path / "m", first.end, 2).objects == listed[2:]
    assert list(manifest.everything(tmp_path / "m")) == listed


def test_manifest_that_was_cut_short_is_none(tmp_path: Path) -> None:
    def cut() -> Iterator[ListedObject]:
        yield ListedObject("b", "a")
        raise Killed

    with pytest.raises(Killed):
        manifest.write(tmp_path / "m", cut())

    assert not (tmp_path / "m").exists()


def test_job_is_held_by_one_process(tmp_path: Path) -> None:
    with JobFiles(tmp_path, "stack"), pytest.raises(CommandError, match="under way"), JobFiles(tmp_path, "stack"):
        pass
    with JobFiles(tmp_path, "stack"), JobFiles(tmp_path, "another stack"):
        pass


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"schema": "lookalike.job/0"}', '{"schema": "lookalike.job/1", "a": 1}']
)
def test_state_that_is_none_is_no_job(files: JobFiles, text: str) -> None:
    begin(files)
    next(files.manifest.parent.glob("*.json")).write_text(text)

    assert files.load() is None


def test_job_without_its_manifest_is_none(files: JobFiles) -> None:
    begin(files)
    files.manifest.unlink()

    assert files.load() is None
