from pathlib import Path

import imagehash
import numpy as np
import pytest
import scipy.fftpack
import skimage
from hypothesis import example, given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray
from PIL import Image

from handler.core.phash import _dct, from_hex, hamming, phash1, similarity, to_hex
from tests.pictures import flat, mirrored, photo

HASHES = st.integers(0, 2**64 - 1)
LUMA = arrays(np.uint8, (32, 32))
PHOTOGRAPHS = Path(skimage.__file__).parent / "data"  # those inside the wheel: nothing is downloaded
SHIPPED = ["astronaut.png", "camera.png", "chelsea.png", "coffee.png", "hubble_deep_field.jpg", "rocket.jpg"]

# Hashes and scores of the article from which this project starts.
PUBLISHED = 0xBA19C8AB5FA05A59
PUBLISHED_SCORES = [
    (0xBA19C8AB5FA05A59, 1.0),
    (0xBA19CAAB5F205A59, 0.96875),
    (0xBA3DCFABBC004A49, 0.78125),
    (0x1B39CCEA7D304A59, 0.8125),
    (0x3D419C23C42EB3DB, 0.5625),
    (0xF10773F1CD269246, 0.5),
]


def luma_of(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image.convert("L").resize((32, 32), Image.Resampling.LANCZOS))


def oracle(image: Image.Image) -> str:
    return str(imagehash.phash(image))


@given(LUMA)
@example(np.zeros((32, 32), np.uint8))
@example(np.full((32, 32), 255, np.uint8))
def test_transform_equals_scipy_in_every_bit(luma: NDArray[np.uint8]) -> None:
    expected = scipy.fftpack.dct(scipy.fftpack.dct(luma, axis=0), axis=1)

    assert np.array_equal(_dct(_dct(luma.T).T), expected)


@given(arrays(np.uint8, (32, 16)))
def test_transform_equals_scipy_where_only_rounding_is_left(half: NDArray[np.uint8]) -> None:
    luma = np.hstack([half, half[:, ::-1]])

    expected = scipy.fftpack.dct(scipy.fftpack.dct(luma, axis=0), axis=1)

    assert np.array_equal(_dct(_dct(luma.T).T), expected)


@pytest.mark.parametrize("mode", ["RGB", "L", "P", "RGBA", "CMYK", "1", "LA"])
@pytest.mark.parametrize("seed", range(4))
def test_hash_is_that_of_imagehash(seed: int, mode: str) -> None:
    image = photo(seed).convert(mode)

    assert to_hex(phash1(luma_of(image))) == oracle(image)


@pytest.mark.parametrize("name", SHIPPED)
def test_hash_of_a_photograph_is_that_of_imagehash(name: str) -> None:
    image = Image.open(PHOTOGRAPHS / name)

    assert to_hex(phash1(luma_of(image))) == oracle(image)


@pytest.mark.parametrize("level", range(256))
def test_hash_of_a_flat_picture_is_that_of_imagehash(level: int) -> None:
    image = flat(level)

    assert to_hex(phash1(luma_of(image))) == oracle(image)


@pytest.mark.parametrize("seed", range(20))
def test_hash_of_a_mirrored_picture_is_that_of_imagehash(seed: int) -> None:
    image = mirrored(photo(seed))

    assert to_hex(phash1(luma_of(image))) == oracle(image)


def test_hash_of_a_known_picture_never_changes() -> None:
    y, x = np.mgrid[0:32, 0:32]

    assert to_hex(phash1(((x * x + 3 * y * y + x * y) % 256).astype(np.uint8))) == "8f0e0f060e17be3e"


@pytest.mark.parametrize(("other", "score"), PUBLISHED_SCORES)
def test_published_hashes_have_their_published_scores(other: int, score: float) -> None:
    assert similarity(hamming(PUBLISHED, other)) == score


@given(HASHES, st.sets(st.integers(0, 63)))
def test_distance_is_the_number_of_flipped_bits(value: int, flipped: set[int]) -> None:
    other = value ^ sum(1 << bit for bit in flipped)

    assert hamming(value, other) == hamming(other, value) == len(flipped)


def test_similarity_runs_from_one_to_zero() -> None:
    assert [similarity(distance) for distance in (0, 16, 64)] == [1.0, 0.75, 0.0]


@given(HASHES)
def test_hex_form_has_16_digits_and_reads_back(value: int) -> None:
    text = to_hex(value)

    assert len(text) == 16
    assert from_hex(text) == value


@pytest.mark.parametrize(
    "text", ["", "ba19c8ab5fa05a5", "ba19c8ab5fa05a590", "BA19C8AB5FA05A59", "0xba19c8ab5fa05a", " ba19c8ab5fa05a5",
             "ba19c8ab5fa05a59\n", "ba19c8ab5fa05a5g", "ba19_c8ab5fa05a5", "٠١٢٣٤٥٦٧٨٩٠١٢٣٤٥"]
)  # fmt: skip
def test_anything_but_16_lower_case_hex_digits_is_refused_by_name(text: str) -> None:
    with pytest.raises(ValueError, match="bad hash") as refused:
        from_hex(text)

    assert repr(text) in str(refused.value)
