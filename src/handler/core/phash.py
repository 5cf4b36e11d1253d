"""Luma to 64-bit perceptual hashes, one function per generation; their distance, similarity and hex form.

Generation `phash1` equals ImageHash's `phash` in every bit. Flat and symmetric pictures have DCT coefficients
that are nothing but rounding noise, and their bits say on which side of the median the noise fell. Only the
same operations in the same order give the same bits (a basis-matrix DCT differs on every mirrored picture), so
this module repeats SciPy's transform step by step, with numpy's real FFT, which is the same pocketfft.
"""

import math
import re

import numpy as np
from numpy.typing import NDArray

HASH_BITS = 64
HASH_SIDE = 8  # 8 x 8 low frequencies, one bit each
LUMA_SIDE = 32  # ImageHash's hash_size 8 times its highfreq_factor 4

_HEX = re.compile(r"[0-9a-f]{16}", re.ASCII)


def phash1(luma: NDArray[np.uint8]) -> int:
    """Return the 64-bit DCT perceptual hash of *luma*, equal to ImageHash 4.3.2's `phash`.

    *luma* has shape (32, 32). A bit is 1 where its coefficient is above the median of the 8 x 8 low-frequency
    corner; bits run row by row, most significant first, so bit 63 is the DC term.
    """
    low = _dct(_dct(luma.T).T)[:HASH_SIDE, :HASH_SIDE]  # columns first, as ImageHash does
    bits = low > np.median(low)
    return int.from_bytes(np.packbits(bits).tobytes(), "big")


def hamming(a: int, b: int) -> int:
    """Return the number of bits in which the hashes *a* and *b* differ."""
    return (a ^ b).bit_count()


def similarity(distance: int) -> float:
    """Return 1.0 for equal hashes down to 0.0 for opposite ones; unrelated pictures are near 0.5."""
    return 1.0 - distance / HASH_BITS


def to_hex(value: int) -> str:
    """Return the hash *value* as 16 lower-case hex digits."""
    return f"{value:016x}"


def from_hex(text: str) -> int:
    """Return the hash written as *text*. Raises ValueError unless that is 16 lower-case hex digits."""
    if not _HEX.fullmatch(text):
        raise ValueError(f"bad hash {text!r}: want 16 lower-case hex digits")
    return int(text, 16)


def _dct(rows: NDArray[np.uint8] | NDArray[np.float64]) -> NDArray[np.float64]:
    """Return SciPy's `fftpack.dct` (type 2, not normalised) of each row of 32 numbers, equal in every bit.

    A real FFT of half the usual length between two rounds of butterflies.
    Source: pocketfft (Martin Reinecke), class T_dcst23, branch `type==2, cosine` of `exec`.
    """
    half = LUMA_SIDE // 2
    x = rows.astype(np.float64)
    x[:, 0] *= 2.0
    x[:, -1] *= 2.0
    odd, even = x[:, 1:-1:2], x[:, 2:-1:2]
    # pocketfft's backward FFT reads (real, imaginary) pairs from between the first and the last number.
    spectrum = np.zeros((LUMA_SIDE, half + 1), np.complex128)
    spectrum[:, 0] = x[:, 0]
    spectrum[:, -1] = x[:, -1]
    spectrum[:, 1:-1].real = even + odd
    spectrum[:, 1:-1].imag = even - odd
    y: NDArray[np.float64] = np.fft.irfft(spectrum, n=LUMA_SIDE, norm="forward")  # "forward": no scaling here
    left, right = y[:, 1:half], y[:, :half:-1]
    cosine, sine = _TWIDDLES[: half - 1], _TWIDDLES[: half - 1 : -1]
    t1 = cosine * right + sine * left
    t2 = cosine * left - sine * right
    y[:, 1:half], y[:, :half:-1] = 0.5 * (t1 + t2), 0.5 * (t1 - t2)
    y[:, half] *= _TWIDDLES[half - 1]
    return y


def _twiddles(n: int) -> NDArray[np.float64]:
    """Return cos(2 pi i / 4n) for i = 1 to n - 1, rounded as pocketfft rounds them.

    It multiplies two entries of two small tables instead of taking each cosine, which differs in last bits.
    Source: pocketfft, class sincos_2pibyn, for lengths below 512 (so tables of 16).
    """
    step = 16

    def root(i: int) -> complex:
        """Return exp(2 pi 1j i / 4n) for an angle of at most a quarter turn, from an octant's sine and cosine."""
        eighths, octant = 8 * i, 0.25 * math.pi / (4 * n)
        if eighths < 4 * n:
            return complex(math.cos(eighths * octant), math.sin(eighths * octant))
        rest = 2 * 4 * n - eighths
        return complex(math.sin(rest * octant), math.cos(rest * octant))

    def cosine(i: int) -> float:
        fine, coarse = root(i % step), root(i - i % step)
        return fine.real * coarse.real - fine.imag * coarse.imag

    return np.array([cosine(i) for i in range(1, n)])


_TWIDDLES = _twiddles(LUMA_SIDE)
