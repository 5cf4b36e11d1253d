import hashlib
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from handler.core.asker import Asker
from handler.core.entry import to_entry
from handler.core.fingerprint import examine
from handler.core.generations import GENERATIONS
from handler.core.look1 import LOOKS_RADIUS, RADIUS
from handler.core.matches import Likeness, Match
from handler.core.model import ORIENTATIONS, Fingerprint, Limits, MatchKind, ObjectRef, Outcome, PictureRecord, Settings
from handler.core.policy import closest, confirms, match, nearest_first, questions, radius_of
from handler.core.sequencers import padded_sequencer
from handler.core.windows import VIEW_NAMES
from handler.entries import Entries
from tests.pictures import photo, png


def settings(radius: int, orientations: str = "none") -> Settings:
    return Settings(
        generation="look1",
        radius=radius,
        max_matches=20,
        scope_depth=0,
        limits=Limits(),
        orientations=ORIENTATIONS[orientations],
    )


def record(
    key: str,
    hash: int = 0,
    *,
    digest: str = "d",
    generation: str = "phash1",
    sequencer: str = "1",
    modified: str = "",
) -> PictureRecord:
    return PictureRecord(
        ref=ObjectRef("pictures", key, padded_sequencer(sequencer)),
        generation=generation,
        outcome=Outcome.INDEXED,
        fingerprint=Fingerprint(hash, generation, width=4, height=3, format="PNG"),
        digest=digest,
        modified=modified,
    )


def test_match_is_within_the_radius_and_no_further() -> None:
    picture = record("a")

    distances = [
        found.distance
        if (found := match(Asker.stored(picture), record("b", (1 << n) - 1, digest="e"), settings(3)))
        else None
        for n in range(6)
    ]

    assert distances == [0, 1, 2, 3, None, None]


def test_same_bytes_are_exact_and_same_hash_is_near() -> None:
    kinds = [
        found.kind
        for digest in ("d", "e")
        if (found := match(Asker.stored(record("a")), record("b", digest=digest), settings(3)))
    ]

    assert kinds == [MatchKind.EXACT, MatchKind.NEAR]


def test_object_does_not_match_itself_whatever_its_version() -> None:
    assert match(Asker.stored(record("a")), record("a", sequencer="2"), settings(3)) is None


def test_generations_are_never_compared() -> None:
    assert match(Asker.stored(record("a")), record("b", generation="other1"), settings(3)) is None


def test_object_without_a_hash_matches_nothing() -> None:
    gone = PictureRecord(ObjectRef("pictures", "b"), "phash1", Outcome.GONE)

    assert match(Asker.stored(record("a")), gone, settings(64)) is None
    assert match(Asker.stored(gone), record("a"), settings(64)) is None


def test_nearest_come_first_then_equal_bytes_then_the_older() -> None:
    expected = [
        Match(record("d", modified="2026"), Likeness(MatchKind.EXACT, 0)),
        Match(record("c", modified="2024"), Likeness(MatchKind.NEAR, 0)),
        Match(record("b", modified="2025"), Likeness(MatchKind.NEAR, 0)),
        Match(record("a", modified="2023"), Likeness(MatchKind.NEAR, 2)),
    ]

    assert nearest_first(reversed(expected)) == expected


def look(key: str, image: Image.Image) -> Asker:
    """A picture at hand, by generation look1."""
    body = png(image)
    computed, seen = examine(body, "look1", Limits())
    digest = hashlib.sha256(body).hexdigest()
    record = PictureRecord(
        ObjectRef("pictures", key), "look1", Outcome.INDEXED, fingerprint=computed, digest=digest, modified=""
    )
    return Asker.at_hand(record, seen)


def both_ways(one: Asker, other: Asker, settings: Settings) -> tuple[Match | None, Match | None]:
    return match(one, other.record, settings), match(other, one.record, settings)


def part(image: Image.Image, left: float, top: float, right: float, bottom: float) -> Image.Image:
    width, height = image.size
    return image.crop((int(left * width), int(top * height), int(right * width), int(bottom * height)))


SCENE = photo(1, (640, 480))


@pytest.mark.parametrize("box", [(0.05, 0.05, 0.95, 0.95), (0, 0, 0.9, 0.9), (0.1, 0, 1, 0.9), (0.125, 0, 0.875, 1)])
def test_crop_finds_its_original_and_the_original_finds_its_crop(box: tuple[float, float, float, float]) -> None:
    original, crop = look("original", SCENE), look("crop", part(SCENE, *box))

    there, back = both_ways(original, crop, settings(RADIUS))

    assert there is not None
    assert back is not None
    assert {view for _, view in (there.view_pair, back.view_pair)} <= set(range(len(VIEW_NAMES)))


@pytest.mark.parametrize("seed", range(3))
def test_asker_is_confirmed_by_windows_near_its_views(seed: int) -> None:
    image = photo(seed, (640, 480))
    original, crop = look("original", image), look("crop", part(image, 0.03, 0.07, 0.9, 0.93))

    assert None not in both_ways(original, crop, settings(RADIUS))
    assert match(Asker.stored(crop.record), original.record, settings(RADIUS)) is None


def under_one_sky(seed: int) -> Image.Image:
    """A picture whose upper half is an even sky, and whose lower half is its own."""
    image = Image.new("RGB", (640, 480), (120, 170, 230))
    image.paste(photo(seed, (640, 70)), (0, 410))
    return image


def test_view_without_content_does_not_make_a_match() -> None:
    one, other = look("one", under_one_sky(1)), look("other", under_one_sky(2))
    top = VIEW_NAMES.index("top_left")

    assert one.record.fingerprint is not None
    assert not one.record.fingerprint.flat
    assert one.record.entry_hashes[top] == one.record.entry_hashes[0]
    assert match(one, other.record, settings(RADIUS)) is None


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turned_picture_is_found_where_that_is_asked_for(orientation: int) -> None:
    stored = look("stored", SCENE)
    pixels = np.asarray(SCENE)
    flips = {2: (1, 0, 1), 3: (0, 1, 1), 4: (0, 1, 0), 5: (1, 0, 0), 6: (1, 0, 1), 7: (1, 1, 1), 8: (1, 1, 0)}
    transposed, downwards, sideways = (0, 0, 1) if orientation == 2 else flips.get(orientation, (0, 0, 0))
    pixels = pixels.transpose(1, 0, 2) if transposed else pixels
    pixels = pixels[:: -1 if downwards else 1, :: -1 if sideways else 1]
    seen = look("seen", Image.fromarray(np.ascontiguousarray(pixels)))

    found = match(stored, seen.record, settings(RADIUS, "all"))

    assert found is not None
    assert (found.distance, found.orientation) == (0, orientation)
    assert (match(stored, seen.record, settings(RADIUS)) is None) == (orientation != 1)


@pytest.mark.parametrize("box", [(0.2, 0.2, 0.95, 0.9), (0.1, 0.15, 0.9, 0.95), (0, 0, 0.85, 0.85)])
def test_closest_views_are_those_that_are_worth_a_look(
    box: tuple[float, float, float, float],
) -> None:
    wanted = replace(settings(LOOKS_RADIUS), sure_radius=0, max_looks=1)
    asker, other = look("crop", part(SCENE, *box)), look("original", SCENE)

    found, meeting = match(asker, other.record, wanted), closest(asker, other.record, wanted)

    assert found is not None
    assert (meeting.distance, meeting.view_pair, meeting.check_bits) == (
        found.distance,
        found.view_pair,
        found.check_bits,
    )


def test_closest_views_are_none_that_the_check_bits_reject() -> None:
    def of(key: str, *, trimmed: int, others: int, checks: tuple[bytes, bytes]) -> PictureRecord:
        views, every = (trimmed, *([others] * 12)), (*checks, *([bytes(32)] * 12))
        computed = Fingerprint(0, "look1", width=4, height=3, format="PNG", further=views, checks=every)
        return replace(record(key, generation="look1", digest=key), fingerprint=computed)

    one = of("one", trimmed=0xFF << 32, others=0x5555 << 48, checks=(bytes(32), bytes(32)))
    other = of("other", trimmed=0xFE << 32, others=0xAAAA << 16, checks=(b"\xff" * 32, bytes(32)))

    asker = Asker.stored(one)
    found, meeting = match(asker, other, settings(RADIUS)), closest(asker, other, settings(RADIUS))

    assert found is not None
    assert (meeting.distance, meeting.view_pair) == (found.distance, found.view_pair) == (1, (1, 1))
    assert closest(asker, other, settings(0)).view_pair == (0, 0)


def flat(level: int) -> Image.Image:
    return Image.new("RGB", (200, 150), (level, level, level))


def test_flat_picture_asks_for_its_bytes_alone() -> None:
    assert radius_of(look("one", flat(10)), settings(LOOKS_RADIUS)) == 0
    assert radius_of(look("scene", SCENE), settings(LOOKS_RADIUS)) == LOOKS_RADIUS


def test_flat_pictures_match_by_their_bytes_alone() -> None:
    one, other, same = look("one", flat(10)), look("other", flat(200)), look("same", flat(10))

    assert match(one, other.record, settings(15)) is None
    found = match(one, same.record, settings(0))
    assert found is not None
    assert found.kind is MatchKind.EXACT
    assert one.record.entry_hashes == same.record.entry_hashes != other.record.entry_hashes


@pytest.mark.parametrize("orientations", ORIENTATIONS)
def test_what_is_asked_finds_every_match_among_stored_entries(orientations: str) -> None:
    images = [photo(scene, (320, 240)) for scene in range(4)]
    stored = [look(f"{n}", image) for n, image in enumerate([*images, *(part(i, 0.1, 0.1, 1, 1) for i in images)])]
    stored += [look(f"turned {n}", image.transpose(Image.Transpose.ROTATE_90)) for n, image in enumerate(images)]
    entries = Entries(GENERATIONS["look1"].word_count)
    entries.extend([to_entry(asker.record.ref.object_id, asker.record.entry_words) for asker in stored])
    wanted, matched = replace(settings(LOOKS_RADIUS, orientations), sure_radius=RADIUS, max_looks=9), False

    for picture in stored:
        asked = questions(picture, wanted)
        near = entries.object_ids(entries.scan(asked, LOOKS_RADIUS, confirms(picture, asked)).rows)
        matches: Sequence[Match | None] = [match(picture, other.record, wanted) for other in stored]
        assert {found.record.ref.object_id for found in matches if found} <= set(near)
        matched |= any(matches)
    assert matched
