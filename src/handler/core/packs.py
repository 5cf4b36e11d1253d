"""The format of a pack: a header, the object ids of its rows, then their words in columns."""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.entry import ID_BYTES
from handler.core.words import WORD_BYTES

_HEADER = struct.Struct("<8sII")  # magic, number of words, number of rows
_MAGIC = b"lkpack/1"


class Rows(NamedTuple):
    """What is in a pack."""

    ids: NDArray[np.uint8]  # shape (rows, 16)
    words: NDArray[np.uint64]  # shape (words, rows)


def pack(rows: Rows) -> bytes:
    """Return *rows* as bytes: the same for the same rows, wherever they are packed."""
    word_count, count = rows.words.shape
    header = _HEADER.pack(_MAGIC, word_count, count)
    words = np.ascontiguousarray(rows.words, "<u8").data
    return b"".join((header, np.ascontiguousarray(rows.ids).data, words))  # neither is copied twice: they may be 8 MB


def unpack(packed: bytes) -> Rows:
    """Return the rows of a pack, without copying it. Raises ValueError if it is no pack."""
    if len(packed) < _HEADER.size:
        raise ValueError(f"not a pack: {len(packed)} bytes")
    magic, word_count, count = _HEADER.unpack_from(packed)
    ids_end = _HEADER.size + count * ID_BYTES
    if magic != _MAGIC or len(packed) != ids_end + word_count * count * WORD_BYTES:
        claimed = f"{count} rows of {word_count} words"
        raise ValueError(f"not a pack of {claimed}: {len(packed)} bytes, begins with {magic!r}")
    ids = np.frombuffer(packed, np.uint8, count * ID_BYTES, _HEADER.size).reshape(count, ID_BYTES)
    words = np.frombuffer(packed, "<u8", word_count * count, ids_end).reshape(word_count, count)
    return Rows(ids, words)
