from handler.core.model import Fingerprint, ImageRecord, Match, MatchKind, ObjectRef, Outcome, padded_sequencer
from handler.core.policy import match, nearest_first


def record(
    key: str,
    hash: int = 0,
    *,
    digest: str = "d",
    generation: str = "phash1",
    sequencer: str = "1",
    modified: str = "",
) -> ImageRecord:
    return ImageRecord(
        ref=ObjectRef("pictures", key, padded_sequencer(sequencer)),
        generation=generation,
        outcome=Outcome.INDEXED,
        fingerprint=Fingerprint(hash, generation, width=4, height=3, format="PNG"),
        digest=digest,
        modified=modified,
    )


def test_match_is_within_the_radius_and_no_further() -> None:
    picture = record("a")

    distances = [found.distance if (found := match(picture, record("b", (1 << n) - 1), 3)) else None for n in range(6)]

    assert distances == [0, 1, 2, 3, None, None]


def test_same_bytes_are_exact_and_same_hash_is_near() -> None:
    kinds = [found.kind for digest in ("d", "e") if (found := match(record("a"), record("b", digest=digest), 3))]

    assert kinds == [MatchKind.EXACT, MatchKind.NEAR]


def test_object_does_not_match_itself_whatever_its_version() -> None:
    assert match(record("a"), record("a", sequencer="2"), 3) is None


def test_generations_are_never_compared() -> None:
    assert match(record("a"), record("b", generation="other1"), 3) is None


def test_object_without_a_hash_matches_nothing() -> None:
    gone = ImageRecord(ObjectRef("pictures", "b"), "phash1", Outcome.GONE)

    assert match(record("a"), gone, 64) is None
    assert match(gone, record("a"), 64) is None


def test_nearest_come_first_then_equal_bytes_then_what_was_stored_first() -> None:
    expected = [
        Match(record("d", modified="2026"), 0, MatchKind.EXACT),
        Match(record("c", modified="2024"), 0, MatchKind.NEAR),
        Match(record("b", modified="2025"), 0, MatchKind.NEAR),
        Match(record("a", modified="2023"), 2, MatchKind.NEAR),
    ]

    assert nearest_first(reversed(expected)) == expected
