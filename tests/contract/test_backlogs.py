from handler.backlog import Backlogs
from handler.core.journal import Backlog
from handler.core.model import Collection


def test_backlog_is_noted_once(backlogs: Backlogs, collection: Collection) -> None:
    before = backlogs.get(collection)
    begun = backlogs.begin(collection)
    backlogs.claim(collection, begun, 3, now=100, busy=160)

    assert (before, begun) == (None, Backlog(0, None, 0))
    assert backlogs.begin(collection) == backlogs.get(collection) == Backlog(0, 3, 160)


def test_one_at_a_time_goes_on_with_it(backlogs: Backlogs, collection: Collection) -> None:
    begun = backlogs.begin(collection)

    claims = [backlogs.claim(collection, begun, 3, now=now, busy=now + 60) for now in (100, 159, 160)]

    assert claims == [Backlog(0, 3, 160), None, Backlog(0, 3, 220)]


def test_what_is_filed_is_not_taken_on_again(backlogs: Backlogs, collection: Collection) -> None:
    begun = backlogs.begin(collection)
    backlogs.claim(collection, begun, 3, now=100, busy=160)

    advanced = [backlogs.advance(collection, filed) for filed in (2, 2, 1, 3)]

    assert advanced == [Backlog(2, 3, 0), None, None, Backlog(3, 3, 0)]
    assert backlogs.claim(collection, begun, 9, now=100, busy=160) is None


def test_segments_of_a_backlog_are_those_that_were_noted_first(backlogs: Backlogs, collection: Collection) -> None:
    begun = backlogs.begin(collection)
    backlogs.claim(collection, begun, 3, now=100, busy=160)

    later = backlogs.claim(collection, begun, 5, now=160, busy=220)

    assert (later, later is not None and later.done) == (Backlog(0, 3, 220), False)
    assert Backlog(3, 3, 0).done
    assert not Backlog(0, None, 0).done
