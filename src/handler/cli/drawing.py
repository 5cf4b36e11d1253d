"""What `lookalike compare --plot` draws: two pictures, the views that met, their bits, and what a look saw."""

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from handler.cli import overlay
from handler.cli.output import printable
from handler.core import look1, phash
from handler.core.asking import AskingWindows
from handler.core.generations import GENERATIONS
from handler.core.imaging import decode, decode_like_imagehash, opened
from handler.core.look import Look
from handler.core.model import Box, Limits, PictureRecord
from handler.core.policy import Meeting

Font = ImageFont.ImageFont | ImageFont.FreeTypeFont
WIDTH, MARGIN = 1000, 24
PICTURE = (464, 348)  # at most, in pixels
CELLS = 192  # pixels across a view's 32 x 32, and across its 8 x 8 bits
INK, PAPER, ACCENT, SAME, OTHER = (30, 30, 30), (255, 255, 255), (220, 60, 20), (235, 235, 235), (220, 60, 20)
ANY = Limits(max_bytes=1 << 40, max_pixels=1 << 40)  # both files have been decoded already


def draw(
    pictures: tuple[PictureRecord, PictureRecord],
    meeting: Meeting,
    title: str,
    seen: Look | None,
    boxes: tuple[Box, ...],
) -> Image.Image:
    """Return the drawing: both pictures with their views marked; what is hashed of each, and its bits; and the look."""
    bits_top = MARGIN + 40 + PICTURE[1] + 60
    look_top = bits_top + CELLS + 40
    page = Image.new("RGB", (WIDTH, look_top + MARGIN + (overlay.SIZE[1] + 30 if seen else 0)), PAPER)
    pen = ImageDraw.Draw(page)
    heading, small = ImageFont.load_default(22), ImageFont.load_default(15)
    pen.text((MARGIN, MARGIN), _drawable(title), INK, heading)
    names = GENERATIONS[pictures[0].generation].asking_names
    for number, (record, view) in enumerate(zip(pictures, meeting.view_pair, strict=True)):
        left, top = MARGIN + number * (PICTURE[0] + MARGIN), MARGIN + 40
        page.paste(_marked(record, view), (left, top))
        pen.text((left, top + PICTURE[1] + 6), f"{_drawable(record.ref.key[-48:])}: {names[view]}", INK, small)
    _row(page, bits_top, small, _bit_grids(pictures, meeting))
    if seen:
        a, b = (opened(_body(record), ANY) for record in pictures)
        for number, (label, drawn) in enumerate(overlay.drawings(a, b, seen, boxes)):
            left = MARGIN + number * (overlay.SIZE[0] + 20)
            page.paste(drawn, (left, look_top))
            pen.text((left, look_top + drawn.height + 6), label, INK, small)
    return page


def _bit_grids(pictures: tuple[PictureRecord, PictureRecord], meeting: Meeting) -> list[tuple[str, Image.Image]]:
    """Return what is hashed of each picture, its bits, and those that differ."""
    names = GENERATIONS[pictures[0].generation].asking_names
    (a, b), (view_a, view_b) = pictures, meeting.view_pair
    return [
        (f"{names[view_a]} of A, 32 x 32", _averaged(a, view_a)),
        (f"{names[view_b]} of B, 32 x 32", _averaged(b, view_b)),
        ("bits of A" + (", turned" if meeting.orientation != 1 else ""), _bits(meeting.hashes[0])),
        ("bits of B", _bits(meeting.hashes[1])),
        (_differing(meeting.distance), _difference(*meeting.hashes)),
    ]


def _differing(bits: int) -> str:
    return "1 bit differs" if bits == 1 else f"{bits} bits differ"


def _row(page: Image.Image, top: int, font: Font, grids: list[tuple[str, Image.Image]]) -> None:
    """Draw *grids* side by side, each pixel as a square, with their labels below."""
    pen, step = ImageDraw.Draw(page), (WIDTH - 2 * MARGIN) // len(grids)
    for number, (label, grid) in enumerate(grids):
        left = MARGIN + number * step
        page.paste(grid.resize((step - 14, step - 14), Image.Resampling.NEAREST), (left, top))
        pen.text((left, top + step - 8), label, INK, font)


def _drawable(text: str) -> str:
    """Return *text* on one line, with a sign in place of each byte of a name that is no character."""
    return printable(text).encode(errors="surrogateescape").decode(errors="replace")


def _marked(record: PictureRecord, view: int) -> Image.Image:
    """The picture as people see it, with a frame around the view."""
    image = opened(_body(record), ANY)
    if record.generation == look1.GENERATION:
        luma = decode(_body(record), ANY, side=look1.LUMA_SIDE).luma
        corners = np.array([[0, 0, 1], [0, 1, 1], [1, 1, 1], [1, 0, 1]]) @ AskingWindows(luma).placed(view).T
        frame = corners * (np.array([image.height - 1, image.width - 1]) / luma.shape)
        width = max(3, image.width // 120)
        ImageDraw.Draw(image).polygon([(x, y) for y, x in frame.tolist()], outline=ACCENT, width=width)
    image.thumbnail(PICTURE)
    return image


def _averaged(record: PictureRecord, view: int) -> Image.Image:
    if record.generation == look1.GENERATION:
        luma = decode(_body(record), ANY, side=look1.LUMA_SIDE).luma
        return Image.fromarray(np.clip(AskingWindows(luma).averages(view) / 256, 0, 255).astype(np.uint8))
    return Image.fromarray(decode_like_imagehash(_body(record), ANY, side=phash.LUMA_SIDE).luma)


def _bits(hash: int) -> Image.Image:
    return Image.fromarray(np.where(_grid(hash), 30, 245).astype(np.uint8)).convert("RGB")


def _difference(one: int, other: int) -> Image.Image:
    return Image.fromarray(np.where(_grid(one ^ other)[..., None], OTHER, SAME).astype(np.uint8))


def _grid(hash: int) -> NDArray[np.bool_]:
    bits = np.unpackbits(np.frombuffer(hash.to_bytes(8, "big"), np.uint8))
    return bits.reshape(8, 8).astype(bool)


def _body(record: PictureRecord) -> bytes:
    with open(record.ref.key, "rb") as file:  # noqa: PTH123  the path as it was given, which Path would rewrite
        return file.read()
