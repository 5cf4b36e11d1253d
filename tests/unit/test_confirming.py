"""What check words confirm of what meets several questions at once."""

import numpy as np

from handler.core.asker import Asker
from handler.core.confirming import Confirming
from handler.core.entry import Question, differing, own_words
from handler.core.fingerprint import examine
from handler.core.look1 import CHECK_WORDS_RADIUS, GENERATION, OWN_CHECK_WORDS_RADIUS
from handler.core.model import Limits, ObjectRef, Outcome, PictureRecord
from tests.pictures import photo, png

WINDOWS = [((0, 1),), ((3, 1), (20, 1)), ((14, 2),), ((9, 1), (0, 1), (50, 6))]  # by question
HITS = 20_000  # more than are worked out at once


def asker() -> Asker:
    computed, seen = examine(png(photo(1)), GENERATION, Limits())
    return Asker.at_hand(PictureRecord(ObjectRef("", ""), GENERATION, Outcome.INDEXED, fingerprint=computed), seen)


def test_hit_is_confirmed_by_the_nearest_window_of_the_question_that_it_met() -> None:
    picture, rng = asker(), np.random.default_rng(5)
    near = [np.concatenate(picture.words_near(windows)) for windows in WINDOWS]
    asked = rng.integers(0, len(WINDOWS), HITS)
    met = np.array([rng.choice(near[number]) for number in asked])
    words = met ^ np.bitwise_and.reduce(rng.integers(0, 2**64, (2, HITS, 2), np.uint64)) & [2**64 - 1, 2**64 - 2**32]
    distances = rng.integers(0, 17, HITS).astype(np.uint8)
    questions = [
        Question(0, windows=windows, check_words=(int(words[0]), int(words[1])))
        for windows, (words, *_) in zip(WINDOWS, near, strict=True)
    ]

    possible = Confirming(picture, questions)(asked, distances, words)

    own = differing(own_words(questions)[asked], words) + distances
    nearest = [differing(near[number], some).min() for number, some in zip(asked, words, strict=True)] + distances
    expected = (own <= CHECK_WORDS_RADIUS) | (own <= OWN_CHECK_WORDS_RADIUS) & (nearest <= CHECK_WORDS_RADIUS)
    np.testing.assert_array_equal(possible, expected)
    assert 0.1 < np.mean(possible) < 0.9
