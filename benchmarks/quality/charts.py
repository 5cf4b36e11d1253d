"""Codes and charts of one kind that hold other numbers."""

from math import cos, pi, sin

import numpy as np
from PIL import Image

from benchmarks.quality.drawing import INKS, digits, font, page, title


def qr_code(rng: np.random.Generator, side: int = 29, module: int = 8) -> Image.Image:
    """Return random modules with the three finders, the timing lines and the alignment mark of a QR code."""
    code = rng.integers(0, 2, (side, side))
    finder = np.ones((8, 8), np.int64)
    finder[7, :] = finder[:, 7] = finder[1, 1:6] = finder[5, 1:6] = finder[1:6, 1] = finder[1:6, 5] = 0
    code[6, :] = code[:, 6] = (np.arange(side) + 1) % 2
    code[:8, :8], code[:8, -8:], code[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    code[-9:-4, -9:-4] = 1
    code[-8:-5, -8:-5] = 0
    code[-7, -7] = 1
    quiet = np.pad(code, 4)
    return Image.fromarray(np.kron(255 * (1 - quiet), np.ones((module, module))).astype(np.uint8)).convert("RGB")


def barcode(rng: np.random.Generator) -> Image.Image:
    """Return a linear barcode with its number below."""
    image, draw = page(500, 300)
    x = 40.0
    while x < 460:
        bar, gap = rng.integers(1, 5, 2) * 2.2
        draw.rectangle((x, 20, min(460, x + bar), 230), fill=(0, 0, 0))
        x += bar + gap
    draw.text((250, 262), digits(rng, 12), fill=(0, 0, 0), font=font(26), anchor="mm")
    return image


def pie_chart(rng: np.random.Generator) -> Image.Image:
    """Return a pie of five slices of other sizes."""
    image, draw = page(480, 480)
    angle = 0.0
    for number, share in enumerate(rng.dirichlet(np.full(5, 6.0))):
        draw.pieslice((92, 92, 388, 388), -angle - share * 360, -angle, fill=INKS[number])
        middle = (angle + share * 180) * pi / 180
        draw.text(
            (240 + 166 * cos(middle), 240 - 166 * sin(middle)),
            "ABCDE"[number],
            fill=(0, 0, 0),
            font=font(14),
            anchor="mm",
        )
        angle += share * 360
    return image


def bar_chart(rng: np.random.Generator) -> Image.Image:
    """Return a chart of eight bars of other heights."""
    image, draw = page(640, 480)
    draw.line((70, 40, 70, 420, 610, 420), fill=(0, 0, 0), width=2)
    for line in range(5):
        draw.text((60, 420 - line * 90), str(line * 25), fill=(0, 0, 0), font=font(14), anchor="rm")
    for bar, height in enumerate(rng.uniform(40, 360, 8)):
        draw.rectangle((90 + bar * 64, 420 - height, 134 + bar * 64, 419), fill=INKS[0])
        draw.text((112 + bar * 64, 436), "JFMAMJJA"[bar], fill=(0, 0, 0), font=font(14), anchor="mm")
    draw.text((340, 20), title(rng, 3), fill=(0, 0, 0), font=font(18), anchor="mm")
    return image


def line_chart(rng: np.random.Generator) -> Image.Image:
    """Return a chart of two other random walks."""
    image, draw = page(640, 480)
    for line in range(6):
        draw.line((70, 60 + line * 72, 610, 60 + line * 72), fill=(220, 220, 220))
        draw.text((60, 60 + line * 72), str(100 - line * 20), fill=(0, 0, 0), font=font(14), anchor="rm")
    for ink in INKS[:2]:
        walk = np.cumsum(rng.normal(0, 1, 60))
        walk = 70 + (walk - walk.min()) / (np.ptp(walk) + 1e-9) * 340
        draw.line([(70 + step * 9.15, float(y)) for step, y in enumerate(walk)], fill=ink, width=3)
    return image
