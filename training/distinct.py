"""Leaves out pictures that nearly repeat an earlier one, so that every pair is a pair of different pictures."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.originals import Original

ALIKE = 0.9
THUMB_SIDE = 24
LOW_SIDE = 8

Vectors = NDArray[np.float32]


def distinct(pictures: Sequence[Original], apart_from: Sequence[Original] = ()) -> list[Original]:
    """Return *pictures* without those of which an earlier one, or one of *apart_from*, shows much the same.

    The rule: each picture's whole, and windows of 85, 70 and 55 % of it at nine places, are averaged to 24 x 24 luma
    in all eight orientations; the 8 x 8 low corner of their DCT, without the mean, is weighed by frequency, which
    evens out what all pictures have in common. A correlation above ALIKE between a window of one and the whole of
    the other means that they show the same.
    """
    wholes, windows = zip(*(_described(picture.image) for picture in (*apart_from, *pictures)), strict=True)
    whole, window = np.stack(wholes), np.stack(windows)  # (n, 8, 63) and (n, 28, 63)
    first = len(apart_from)
    kept: list[int] = list(range(first))
    for number in range(first, len(whole)):
        earlier = np.array(kept, np.int64)
        of_theirs = np.einsum("of,kwf->kow", whole[number], window[earlier]).max(axis=(1, 2), initial=-1.0)
        of_ours = np.einsum("wf,kof->kow", window[number], whole[earlier]).max(axis=(1, 2), initial=-1.0)
        if np.maximum(of_theirs, of_ours).max(initial=-1.0) <= ALIKE:
            kept.append(number)
    return [pictures[number - first] for number in kept[first:]]


def _described(image: Image.Image) -> tuple[Vectors, Vectors]:
    """Return unit vectors: one for each orientation of the whole, and one for each window."""
    luma = image.convert("L")
    size = (THUMB_SIDE, THUMB_SIDE)
    thumbs = [np.asarray(luma.resize(size, Image.Resampling.BOX), np.float64)]
    for share in (0.85, 0.70, 0.55):
        for row in (0.0, 0.5, 1.0):
            for column in (0.0, 0.5, 1.0):
                left, top = luma.width * (1 - share) * column, luma.height * (1 - share) * row
                box = (left, top, left + luma.width * share, top + luma.height * share)
                thumbs.append(np.asarray(luma.resize(size, Image.Resampling.BOX, box), np.float64))
    whole = thumbs[0]
    turns = [turn for one in (whole, whole.T) for turn in (one, one[::-1], one[:, ::-1], one[::-1, ::-1])]
    return _vectors(turns), _vectors(thumbs)


def _vectors(thumbs: Sequence[NDArray[np.float64]]) -> Vectors:
    frequency, place = np.arange(LOW_SIDE)[:, None], np.arange(THUMB_SIDE)
    basis = np.cos(np.pi * frequency * (2 * place + 1) / (2 * THUMB_SIDE))
    basis[0] /= np.sqrt(2.0)
    low = basis @ np.stack(thumbs) @ basis.T * np.hypot(frequency, frequency.T)
    flat = low.reshape(len(thumbs), -1)[:, 1:]
    lengths = np.sqrt((flat * flat).sum(axis=1, keepdims=True))
    unit: Vectors = (flat / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit
