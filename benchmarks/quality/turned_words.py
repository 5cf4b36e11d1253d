"""Hashes and check bits of versions that ask turned or mirrored: the bits of the version as it is, in other places."""

from collections.abc import Callable
from functools import partial

import numpy as np

from benchmarks.quality.all_versions import AllVersions, Flags
from benchmarks.quality.fingerprints import ASKED
from benchmarks.quality.other_hashes import Words
from handler.core import look1
from handler.core.asked import turned_asking


def turned_words(versions: AllVersions, orientation: int) -> tuple[Words, Words, Flags]:
    """Return the hashes and check bits by which every version asks after it is turned, and whether each does."""
    if orientation == 1:
        return versions.asked, versions.asking, versions.asks
    there = [ASKED.index(turned_asking(number, orientation)) for number in ASKED]
    hashes, asking = np.empty_like(versions.asked), np.empty_like(versions.asking)
    asks = np.empty_like(versions.asks)
    big_endian = versions.asked.astype(">u8")[..., None]
    hashes[:, there] = _turned(big_endian, partial(_turned_hash, orientation))[..., 0]
    asking[:, there] = _turned(versions.asking, partial(look1.turned_check, orientation=orientation))
    asks[:, there] = versions.asks
    return hashes, asking, asks


def _turned(words: Words, turn: Callable[[bytes], bytes]) -> Words:
    """Return *words*, whose last axis is one hash or check, each turned by the permutation and mask that *turn* is."""
    size = words.shape[-1] * 8
    mask = np.frombuffer(turn(bytes(size)), np.uint8)
    ones = [np.frombuffer(turn((1 << bit).to_bytes(size, "big")), np.uint8) ^ mask for bit in reversed(range(8 * size))]
    places = np.argmax(np.unpackbits(np.array(ones), axis=1), axis=1)
    turned = np.empty((*words.shape[:-1], size), np.uint8)
    for number in range(len(words)):  # a row at a time: all bits at once are eight times the memory
        bits = np.unpackbits(words[number].view(np.uint8), axis=-1)
        moved = np.empty_like(bits)
        moved[..., places] = bits
        turned[number] = np.packbits(moved, axis=-1) ^ mask
    return turned.view(words.dtype)


def _turned_hash(orientation: int, hash: bytes) -> bytes:
    return look1.turned(int.from_bytes(hash, "big"), orientation).to_bytes(len(hash), "big")
