import re
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from handler.core import look1, look1_filters
from tests.pictures import photo
from training.filters import Filter, chosen, moments, solved
from training.originals import Original

RECORD = Path(look1.__file__).with_name("look1_filters.tsv")


def trained() -> list[Filter]:
    return chosen(solved(*moments([Original(f"{scene}", photo(scene, (200, 150)), "") for scene in range(4)])))


@pytest.fixture(scope="module")
def filters() -> list[Filter]:
    return trained()


def test_same_pictures_give_the_same_filters_to_the_last_bit(filters: list[Filter]) -> None:
    again = trained()

    assert [one.weights.tobytes() for one in again] == [one.weights.tobytes() for one in filters]
    assert [(one.parity, one.strain) for one in again] == [(one.parity, one.strain) for one in filters]


def test_filters_turn_into_one_another(filters: list[Filter]) -> None:
    assert len(filters) == look1.HASH_BITS
    for one in filters:
        assert any(
            np.array_equal(one.weights.T, other.weights) or np.array_equal(one.weights.T, -other.weights)
            for other in filters
        )


def test_counts_of_the_training_pictures_are_those_of_the_record() -> None:
    lines = RECORD.read_text().splitlines()
    counts = Counter(line.split("\t")[1].split("/", 1)[0] for line in lines)

    stated = re.findall(r"^- (\S+) \S+: (\d+) pictures$", look1_filters.__doc__ or "", re.MULTILINE)

    assert {package: int(number) for package, number in stated} == counts
    assert len({line.split("\t")[0] for line in lines}) == len(lines)
