"""The format of a pack: a header, the object ids of its rows, then their hashes in columns, one a view."""

import struct
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from handler.core.entry import HASH_BYTES, ID_BYTES

_HEADER = struct.Struct("<8sII")  # magic, number of views, number of rows
_MAGIC = b"lkpack/1"


class Rows(NamedTuple):
    """What is in a pack."""

    ids: NDArray[np.uint8]  # shape (rows, 16)
    hashes: NDArray[np.uint64]  # shape (views, rows)


def pack(rows: Rows) -> bytes:
    """Return *rows* as bytes: the same for the same rows, wherever they are packed."""
    view_count, count = rows.hashes.shape
    header = _HEADER.pack(_MAGIC, view_count, count)
    return b"".join((header, rows.ids.tobytes(), rows.hashes.astype("<u8").tobytes()))


def unpack(packed: bytes) -> Rows:
    """Return the rows of a pack, without copying it. Raises ValueError if it is no pack."""
    if len(packed) < _HEADER.size:
        raise ValueError(f"not a pack: {len(packed)} bytes")
    magic, view_count, count = _HEADER.unpack_from(packed)
    ids_end = _HEADER.size + count * ID_BYTES
    if magic != _MAGIC or len(packed) != ids_end + view_count * count * HASH_BYTES:
        claimed = f"{count} rows and {view_count} views"
        raise ValueError(f"not a pack of {claimed}: {len(packed)} bytes, begins with {magic!r}")
    ids = np.frombuffer(packed, np.uint8, count * ID_BYTES, _HEADER.size).reshape(count, ID_BYTES)
    hashes = np.frombuffer(packed, "<u8", view_count * count, ids_end).reshape(view_count, count)
    return Rows(ids, hashes)
