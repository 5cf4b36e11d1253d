"""Pictures are filed in the buckets once the journal is about to outgrow the memory of instances, and none is lost."""

import math
from collections import Counter
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any

import pytest

from handler.core.buckets import Bucket
from handler.core.entry import entry_bytes
from handler.core.found import Lack, Route
from handler.core.generations import GENERATIONS
from handler.core.journal import Appended, Backlog, Shape
from handler.core.model import Collection
from handler.filing import BUSY_S, SEGMENTS_AT_ONCE, Filer
from handler.indexing import FILING_SHARE, Indexer
from tests.deployments import FakeDeployment
from tests.fakes import InlineExecutor, InMemoryBacklogs, InMemoryBuckets, InMemoryJournal
from tests.pictures import jpeg, near_copy, photo

SMALL = Shape(segment_bytes=1)  # an entry each
ROOMY, TINY = 1 << 20, 1


@pytest.fixture
def site() -> FakeDeployment:
    """A deployment whose journal is far from outgrowing anything."""
    return FakeDeployment(generation="look1", shape=SMALL, journal=InMemoryJournal(shape=SMALL), memory_bytes=ROOMY)


def written(site: FakeDeployment, key: str, number: int) -> set[str]:
    """Upload a picture by a new instance; return which of the writes that file it in the buckets were made."""
    calls = Counter[str]()

    class Counting:
        def __init__(self, adapter: Any) -> None:
            self._adapter = adapter

        def __getattr__(self, name: str) -> Any:
            calls[name] += 1
            return getattr(self._adapter, name)

    site.function(Counting).created(site.put(key, jpeg(photo(number, (160, 120)))))
    return {"add", "add_holder", "add_entry_holder", "drop_holder", "begin", "claim", "advance"} & set(calls)


def test_upload_writes_nothing_into_the_buckets_of_a_small_scope(site: FakeDeployment) -> None:
    assert [written(site, f"{n}.jpg", n) for n in range(3)] == [set(), set(), set()]


def test_replacing_a_picture_that_is_not_in_the_buckets_forgets_nothing(site: FakeDeployment) -> None:
    assert [written(site, "a.jpg", n) for n in range(2)] == [set(), set()]


def test_generation_of_one_view_is_filed_at_once(site: FakeDeployment) -> None:
    site.generation = "phash1"

    assert written(site, "a.jpg", 1) == {"add", "add_holder"}


def test_scope_is_filed_from_its_first_picture_where_that_is_set(site: FakeDeployment) -> None:
    site.buckets_from = 0

    assert [{"add", "add_holder"} <= written(site, f"{n}.jpg", n) for n in range(3)] == [True] * 3


@pytest.mark.parametrize("percent", [1, 100])
def test_scope_is_filed_when_its_journal_takes_that_part_of_the_memory(site: FakeDeployment, percent: int) -> None:
    first = site.upload("a.jpg", jpeg(photo(1, (160, 120))))
    journal = site.memory().of(site.collection, GENERATIONS["look1"].word_count)
    journal.measure()
    journal.ends[0] += 2  # another one is filled by the same picture, and whoever does that knows of the next
    site.memory_bytes, site.buckets_from = journal.whole_bytes * 100 // percent, percent

    same = written(site, "a.jpg", 1)
    more = written(site, "a.jpg", 1)

    assert first.found is not None
    assert ("begin" in same, "begin" in more) == (False, True)


def test_search_without_time_reads_no_buckets_that_have_nothing(site: FakeDeployment) -> None:
    site.upload("old.jpg", jpeg(photo(1, (320, 240))))

    report = site.function().created(site.put("copy.jpg", jpeg(near_copy(photo(1, (320, 240))))), deadline=0.0)

    assert report.found is not None
    assert (report.found.route, report.found.probes, set(report.lacks)) == (Route.LOADED, 0, {Lack.NOW})
    assert len(site.again.sent) == 1


def test_pictures_that_were_there_are_filed_and_found_when_memory_is_lowered(site: FakeDeployment) -> None:
    families = SEGMENTS_AT_ONCE + 2
    for n in range(families):
        site.upload(f"{n}.jpg", jpeg(photo(n, (160, 120))))

    site.memory_bytes = TINY
    for n in range(families):
        site.upload(f"copy-{n}.jpg", jpeg(near_copy(photo(n, (160, 120)))))
    while site.again.sent:
        site.function().came_again(site.again.sent.pop(0)[0])

    pairs = {frozenset((picture, match)) for picture, matches in site.announced for match in matches}
    assert pairs == {frozenset((f"copy-{n}.jpg", f"{n}.jpg")) for n in range(families)}


def test_whoever_notices_that_memory_runs_out_files_its_picture_and_what_was_there(site: FakeDeployment) -> None:
    site.upload("old.jpg", jpeg(photo(1, (320, 240))))

    site.memory_bytes = TINY
    report = site.upload("copy.jpg", jpeg(near_copy(photo(1, (320, 240)))))

    assert report.found is not None
    assert (report.found.route, set(report.lacks)) == (Route.PROBED, {Lack.MEMORY})
    assert site.announced == [("copy.jpg", ["old.jpg"])]
    assert site.backlogs.get(site.collection) == Backlog(2, 2, 0)


def test_what_uploads_later_files_itself_and_nothing_else(site: FakeDeployment) -> None:
    site.memory_bytes = TINY
    site.upload("old.jpg", jpeg(photo(1, (320, 240))))

    assert written(site, "later.jpg", 2) == {"add", "add_holder"}
    site.memory_bytes = ROOMY
    assert written(site, "by-a-larger-one.jpg", 3) == {"add", "add_holder"}


def test_picture_comes_again_until_the_backlog_is_filed(site: FakeDeployment) -> None:
    site.upload("old.jpg", jpeg(photo(1, (320, 240))))
    for n in range(SEGMENTS_AT_ONCE):
        site.upload(f"{n}.jpg", jpeg(photo(n + 2, (160, 120))))
    site.backlogs.noted[str(site.collection)] = Backlog(0, SEGMENTS_AT_ONCE + 1, busy=1 << 40)  # somebody is at it
    site.memory_bytes = TINY

    first = site.upload("copy.jpg", jpeg(near_copy(photo(1, (320, 240)))))

    assert first.lacks.keys() == {Lack.FILING}
    assert first.lacks[Lack.FILING].startswith(f"0 of {SEGMENTS_AT_ONCE + 1} segments in the buckets yet; the journal")
    assert (first.complete, site.announced, len(site.again.sent)) == (True, [], 1)
    site.backlogs.noted[str(site.collection)] = Backlog(0, SEGMENTS_AT_ONCE + 1, busy=0)  # who was at it has died
    second = site.function().came_again(site.again.sent.pop()[0])
    assert (set(second.lacks), site.announced) == ({Lack.FILING}, [])
    third = site.function().came_again(site.again.sent.pop()[0])
    assert (set(third.lacks), site.announced) == ({Lack.MEMORY}, [("copy.jpg", ["old.jpg"])])


def test_backlog_is_filed_little_by_little_by_one_at_a_time(site: FakeDeployment) -> None:
    for n in range(3 * SEGMENTS_AT_ONCE):
        site.upload(f"{n}.jpg", jpeg(photo(n, (160, 120))))
    site.backlogs.begin(site.collection)
    site.journal.mark(site.collection, entry_bytes(GENERATIONS["look1"].word_count))

    filed = []
    for n in range(5):
        site.upload(f"later-{n}.jpg", jpeg(photo(n + 100, (160, 120))))
        filed.append(site.backlogs.noted[str(site.collection)].filed)

    assert filed == [16, 32, 48, 49, 49]
    assert BUSY_S < 900  # whoever is at it lives no longer than a function may


def test_no_time_files_no_more_of_a_backlog(site: FakeDeployment) -> None:
    site.upload("old.jpg", jpeg(photo(1, (160, 120))))
    site.backlogs.begin(site.collection)

    site.indexer().go_on_filing(site.collection, -math.inf, share=1.0)
    before = site.backlogs.get(site.collection)
    site.indexer().go_on_filing(site.collection, math.inf, share=1.0)

    assert (before, site.backlogs.get(site.collection)) == (Backlog(0, None, 0), Backlog(1, 1, 0))


def test_five_uploads_of_one_invocation_leave_time_for_the_last(site: FakeDeployment) -> None:
    """So many a queue hands over at once (`BatchSize`), one after the other."""
    now = 0.0

    class FilesForEver(Filer):
        def go_on(self, _: Collection, has_time: Callable[[], bool]) -> None:
            nonlocal now
            while has_time():
                now += 0.1

    memory = site.memory()
    indexer = Indexer(
        store=site.pictures,
        filer=FilesForEver(
            index=site.buckets, holders=site.catalog, memory=memory, buckets_from_bytes=0, executor=InlineExecutor()
        ),
        catalog=site.catalog,
        executor=InlineExecutor(),
        settings=site.settings,
        clock=lambda: now,
    )

    for _ in range(5):
        indexer.go_on_filing(site.collection, 60.0, share=FILING_SHARE)

    assert 60.0 - now > 60.0 / 5


def test_picture_comes_again_although_all_was_filed_while_it_was_searched(site: FakeDeployment) -> None:
    """The buckets, which are asked since there are too many candidates, know no crops."""
    site.journal, site.max_candidates = InMemoryJournal(shape=SMALL, page_segments=2), 2
    asked, last = 0, math.inf

    class FiledMeanwhile(InMemoryBacklogs):
        def get(self, _: Collection) -> Backlog | None:
            nonlocal asked
            asked += 1
            return None if asked <= last else Backlog(1, 1, 0)

    function = site.function(lambda adapter: FiledMeanwhile() if adapter is site.backlogs else adapter)
    cat = jpeg(photo(1, (160, 120)))
    for n in range(4):
        function.created(site.put(f"{n}.jpg", cat))
    for n in range(3):
        site.upload(f"by-another-{n}.jpg", jpeg(photo(n + 2, (160, 120))))
    last = asked + 1  # by the search alone: the journal does not tell of it

    report = function.created(site.put("copy.jpg", cat), deadline=0.0)

    assert report.found is not None
    assert (report.found.route, set(report.lacks), len(site.again.sent)) == (Route.PROBED, {Lack.NOW}, 1)


def test_deleted_picture_of_a_backlog_is_no_match(site: FakeDeployment) -> None:
    site.upload("old.jpg", jpeg(photo(1, (320, 240))))
    site.function().removed(site.delete("old.jpg"))
    site.memory_bytes = TINY

    site.upload("copy.jpg", jpeg(near_copy(photo(1, (320, 240)))))

    assert site.announced == []


def test_flat_picture_comes_again_where_its_like_may_be_unfiled(site: FakeDeployment) -> None:
    """It matches by its bytes, which the buckets know: once they have them."""
    grey = jpeg(photo(1, (64, 64)).point(lambda _: 128))
    site.upload("old.jpg", grey)

    report = site.function().created(site.put("copy.jpg", grey), deadline=0.0)

    assert (set(report.lacks), len(site.again.sent)) == ({Lack.NOW}, 1)


def test_entry_waits_until_the_buckets_have_the_picture() -> None:
    """Whoever finds the entry, and cannot have the journal, finds the picture in the buckets."""
    appended, before = Event(), list[bool]()

    class Slow(InMemoryBuckets):
        def add(self, collection: Collection, bucket: Bucket, hash: int, *, crowded: bool) -> bool:
            before.append(not appended.wait(timeout=0.1))  # a hasty append takes less
            return super().add(collection, bucket, hash, crowded=crowded)

    class Told(InMemoryJournal):
        def append(
            self, collection: Collection, entry: bytes, ends: Mapping[int, int], *, ask: bool, marked: bool = False
        ) -> Appended:
            appended.set()
            return super().append(collection, entry, ends, ask=ask, marked=marked)

    site = FakeDeployment(journal=Told())  # by phash1, which files every picture at once
    record = site.indexer().index(site.put("cat.jpg", jpeg(photo(1)))).report.record
    assert record
    appended.clear()
    with ThreadPoolExecutor(8) as executor:
        filer = Filer(index=Slow(), holders=site.catalog, memory=site.memory(), buckets_from_bytes=0, executor=executor)
        filer.file(site.collection, record)

    assert appended.is_set()
    assert before == [True] * 4
