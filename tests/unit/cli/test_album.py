from pathlib import Path

import pytest

from handler.cli.album import Album
from handler.cli.records import record_of
from handler.core.asker import Asker
from handler.core.model import Limits, Settings
from tests.pictures import photo, png
from tests.unit.cli.conftest import write

SETTINGS = Settings("look1", 12, max_matches=1, scope_depth=0, limits=Limits())


@pytest.fixture
def twins(tmp_path: Path) -> list[Asker]:
    """Three pictures that show the same thing."""
    paths = [write(tmp_path / f"{n}.png", png(photo(1, (90 + n, 90)))) for n in range(3)]
    return [Asker.at_hand(*record_of(str(path), SETTINGS)) for path in paths]


def test_added_pictures_match_only_what_came_before(twins: list[Asker]) -> None:
    album = Album(SETTINGS)

    found = [(one.a, one.b) for one in [*album.add_and_match(twins[:2]), *album.add_and_match(twins[2:])]]

    names = [(Path(a.ref.key).stem, Path(b.ref.key).stem) for a, b in found]
    assert names == [("1", "0"), ("2", "0"), ("2", "1")]


def test_other_pictures_match_all_that_was_added(twins: list[Asker]) -> None:
    album = Album(SETTINGS)
    album.add(twins[1:])

    found = [(Path(one.a.ref.key).stem, Path(one.b.ref.key).stem) for one in album.matches(twins[:1])]

    assert found == [("0", "1"), ("0", "2")]
