import imagehash
import pytest

from handler.core.fingerprint import fingerprint
from handler.core.generations import GENERATIONS
from handler.core.model import Fingerprint, Limits, PictureRejected
from handler.core.phash import hamming, to_hex
from tests.pictures import cropped, decode, encode, jpeg, near_copy, photo, png, watermarked


def phash_of(body: bytes) -> int:
    return fingerprint(body, "phash1", Limits()).hash


def test_fingerprint_holds_hash_size_and_format() -> None:
    body = jpeg(photo(1, (320, 240)))

    found = fingerprint(body, "phash1", Limits())

    hash_ = int(str(imagehash.phash(decode(body))), 16)
    assert found == Fingerprint(hash=hash_, generation="phash1", width=320, height=240, format="JPEG")


@pytest.mark.parametrize("format_", ["JPEG", "PNG", "WEBP", "GIF", "TIFF", "BMP", "AVIF"])
def test_every_accepted_format_has_the_hash_of_imagehash(format_: str) -> None:
    body = encode(photo(2), format_)

    found = fingerprint(body, "phash1", Limits())

    assert (to_hex(found.hash), found.format) == (str(imagehash.phash(decode(body))), format_)


def test_unknown_generation_is_refused_with_the_known_ones() -> None:
    with pytest.raises(ValueError, match="unknown generation 'phash0', want one of: look1, phash1"):
        fingerprint(png(photo(1)), "phash0", Limits())


def test_every_generation_computes_itself() -> None:
    for generation in GENERATIONS:
        assert fingerprint(png(photo(1)), generation, Limits()).generation == generation


def test_what_is_no_picture_is_rejected() -> None:
    with pytest.raises(PictureRejected) as rejected:
        fingerprint(b"not a picture", "phash1", Limits())

    assert rejected.value.code == "unsupported"


@pytest.mark.parametrize("seed", range(10))
def test_edited_copies_stay_within_ten_bits(seed: int) -> None:
    original = photo(seed)

    copies = [near_copy(original), cropped(original), watermarked(original)]

    assert all(hamming(phash_of(png(original)), phash_of(jpeg(copy))) <= 10 for copy in copies)


def test_different_pictures_are_more_than_fifteen_bits_apart() -> None:
    hashes = [phash_of(png(photo(seed))) for seed in range(20)]

    assert min(hamming(a, b) for i, a in enumerate(hashes) for b in hashes[:i]) > 15
