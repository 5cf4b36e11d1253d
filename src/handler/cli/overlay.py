"""What a look at two pictures saw, as a picture: both laid on each other, and the map of their differences."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from handler.core.look import Look
from handler.core.model import Box

SIZE = (304, 228)  # of each drawing at most, in pixels
AWAY = (225, 225, 225)  # where one shows nothing of the other
MOST = 2.0  # by how much a block differs whose two halves have nothing in common
NOTHING, SAME, DIFFERENT = (235, 235, 235), (255, 255, 255), (220, 60, 20)


def drawings(a: Image.Image, b: Image.Image, seen: Look, boxes: tuple[Box, ...]) -> list[tuple[str, Image.Image]]:
    """Return three drawings and what each shows: A with *boxes*, B laid on A, and how much each block differs."""
    size = _within(a.size)
    base = a.resize(size, Image.Resampling.LANCZOS)
    marked = base.copy()
    pen = ImageDraw.Draw(marked)
    for top, bottom, left, right in boxes:
        frame = (left * size[0], top * size[1], right * size[0] - 1, bottom * size[1] - 1)
        pen.rectangle(frame, outline=DIFFERENT, width=3)
    parts = f"{len(boxes)} part{'s' * (len(boxes) != 1)} differ{'s' * (len(boxes) == 1)}"
    return [
        (f"A: {parts}" if boxes else "A", marked),
        ("B, laid on A", _laid_on(b, size, seen)),
        ("white: same; red: differs; grey: unknown", _map(size, seen)),
    ]


def _within(size: tuple[int, int]) -> tuple[int, int]:
    scale = min(SIZE[0] / size[0], SIZE[1] / size[1])
    return max(1, round(size[0] * scale)), max(1, round(size[1] * scale))


def _laid_on(b: Image.Image, size: tuple[int, int], seen: Look) -> Image.Image:
    """Return B where the look found it on A, drawn in *size*."""
    small = b.resize(_within(b.size), Image.Resampling.LANCZOS)  # no larger than it is drawn, so nothing flickers
    yy, yx, y, xy, xx, x = seen.way  # from fractions (down, across) of A to those of B
    width, height = size
    # Pillow asks for each pixel (x, y) of A which of B it shows.
    across = (xx * small.width / width, xy * small.width / height, x * small.width)
    down = (yx * small.height / width, yy * small.height / height, y * small.height)
    return small.transform(
        size, Image.Transform.AFFINE, (*across, *down), resample=Image.Resampling.BILINEAR, fillcolor=AWAY
    )


def _map(size: tuple[int, int], seen: Look) -> Image.Image:
    drawn = Image.new("RGB", size, AWAY)
    pen = ImageDraw.Draw(drawn)
    blocks = len(seen.differences)
    for row, differences in enumerate(seen.differences):
        for column, difference in enumerate(differences):
            corners = [(row, column), (row, column + 1), (row + 1, column + 1), (row + 1, column)]
            placed = _placed(np.array(corners) / blocks, seen) * (size[1], size[0])
            pen.polygon([(x, y) for y, x in placed.tolist()], fill=_colour(difference))
    return drawn


def _placed(points: NDArray[np.float64], seen: Look) -> NDArray[np.float64]:
    """Return where *points* (down, across) of the map lie, in fractions of A."""
    way = np.array(seen.grid).reshape(2, 3)
    placed: NDArray[np.float64] = points @ way[:, :2].T + way[:, 2]
    return placed


def _colour(difference: float) -> tuple[int, int, int]:
    if difference < 0:
        return NOTHING
    share = min(1.0, difference / MOST)
    red, green, blue = (round(same + (other - same) * share) for same, other in zip(SAME, DIFFERENT, strict=True))
    return red, green, blue
