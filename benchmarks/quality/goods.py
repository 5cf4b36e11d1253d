"""Things of one shape: bottles, tins, shirts, icons, comics, split pictures and flags."""

from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.quality.drawing import bright, font, page, pale, title, whole, words


def bottle(rng: np.random.Generator) -> Image.Image:
    """Return another bottle on white, with another label."""
    image, draw = page(700, 900)
    wide, tall, neck, throat = whole(rng, 90, 150), whole(rng, 380, 520), whole(rng, 25, 45), whole(rng, 90, 170)
    glass = bright(rng)
    top = 860 - tall
    draw.rounded_rectangle((350 - wide, top, 350 + wide, 860), 40, fill=glass)
    draw.rectangle((350 - neck, top - throat, 350 + neck, top + 20), fill=glass)
    label = top + int(tall * rng.uniform(0.25, 0.4))
    draw.rectangle(
        (350 - wide + 8, label, 350 + wide - 8, label + int(tall * 0.4)),
        fill=tuple((rng.integers(140, 250, 3)).tolist()),
    )
    draw.text((350, label + tall * 0.2), words(rng, 1).upper(), fill=(0, 0, 0), font=font(wide * 0.36), anchor="mm")
    return image


def tin(rng: np.random.Generator) -> Image.Image:
    """Return another tin of one maker on white: the same shape, another sort."""
    image, draw = page(600, 700)
    body, band = bright(rng), bright(rng)
    draw.rectangle((150, 110, 450, 600), fill=(190, 190, 195))
    draw.ellipse((150, 85, 450, 135), fill=(215, 215, 220), outline=(150, 150, 155), width=3)
    draw.rectangle((150, 140, 450, 580), fill=body)
    draw.rectangle((150, 220, 450, 330), fill=(250, 250, 250))
    draw.text((300, 275), "FARMHOUSE", fill=(160, 20, 20), font=font(44), anchor="mm")
    draw.text((300, 370), title(rng, 1), fill=(255, 255, 255), font=font(40), anchor="mm")
    for _ in range(5):
        x, y = whole(rng, 180, 400), whole(rng, 410, 530)
        draw.ellipse((x, y, x + whole(rng, 20, 60), y + whole(rng, 20, 50)), fill=band)
    return image


def shirt(rng: np.random.Generator) -> Image.Image:
    """Return one T-shirt in another colour."""
    image, draw = page(700, 800)
    cloth = bright(rng)
    outline = [
        (230, 120),
        (300, 150),
        (400, 150),
        (470, 120),
        (620, 220),
        (570, 330),
        (500, 290),
        (500, 700),
        (200, 700),
        (200, 290),
        (130, 330),
        (80, 220),
    ]
    draw.polygon(outline, fill=cloth, outline=tuple(level // 2 for level in cloth))
    draw.arc((290, 100, 410, 190), 0, 180, fill=tuple(level // 2 for level in cloth), width=6)
    for x in (240, 330, 450):
        draw.line((x, 420, x + 20, 690), fill=tuple(int(level * 0.85) for level in cloth), width=4)
    return image.filter(ImageFilter.GaussianBlur(1.5))


def printed_shirt(rng: np.random.Generator) -> Image.Image:
    """Return one white T-shirt with another print."""
    image = shirt(np.random.default_rng(1))
    draw = ImageDraw.Draw(image)
    for _ in range(4):
        x, y = whole(rng, 260, 400), whole(rng, 300, 450)
        draw.rectangle((x, y, x + whole(rng, 20, 90), y + whole(rng, 20, 90)), fill=bright(rng))
    draw.text((350, 570), title(rng, 1), fill=(250, 250, 250), font=font(44), anchor="mm")
    return image


def icon(rng: np.random.Generator) -> Image.Image:
    """Return a rounded square of one set with another sign in it."""
    image, draw = page(256, 256)
    draw.rounded_rectangle((16, 16, 240, 240), 48, fill=(40, 110, 220))
    for _ in range(3):
        x, y = rng.integers(60, 140, 2).tolist()
        wide, tall = rng.integers(30, 70, 2).tolist()
        figure = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        figure((x, y, x + wide, y + tall), fill=(255, 255, 255))
    return image


def comic(rng: np.random.Generator) -> Image.Image:
    """Return another strip of one grid: four frames with figures and words."""
    image, draw = page(800, 800)
    for row in range(2):
        for column in range(2):
            left, top = 20 + column * 390, 20 + row * 390
            draw.rectangle((left, top, left + 370, top + 370), fill=pale(rng), outline=(0, 0, 0), width=6)
            for _ in range(2):
                x, tall = left + int(rng.integers(60, 310)), int(rng.integers(120, 200))
                draw.rectangle(
                    (x - 30, top + 365 - tall, x + 30, top + 365), fill=bright(rng), outline=(0, 0, 0), width=4
                )
                draw.ellipse(
                    (x - 35, top + 300 - tall, x + 35, top + 370 - tall),
                    fill=(250, 220, 190),
                    outline=(0, 0, 0),
                    width=4,
                )
            draw.ellipse((left + 30, top + 15, left + 340, top + 95), fill=(255, 255, 255), outline=(0, 0, 0), width=3)
            draw.text((left + 185, top + 55), words(rng, 3), fill=(0, 0, 0), font=font(22), anchor="mm")
    return image


def split(rng: np.random.Generator) -> Image.Image:
    """Return two other halves of one size, each with a figure on one colour, and what is between them."""
    image, draw = page(800, 450)
    for left in (0, 400):
        draw.rectangle((left, 0, left + 399, 450), fill=bright(rng))
        x, wide, tall = left + whole(rng, 150, 250), whole(rng, 50, 90), whole(rng, 150, 260)
        draw.rounded_rectangle((x - wide, 450 - tall, x + wide, 480), 40, fill=bright(rng))
        draw.ellipse((x - 55, 350 - tall, x + 55, 470 - tall), fill=pale(rng))
    draw.rectangle((394, 0, 406, 450), fill=(255, 255, 255))
    draw.ellipse((350, 175, 450, 275), fill=(255, 255, 255))
    draw.text((400, 225), "VS", fill=(0, 0, 0), font=font(48), anchor="mm")
    return image


def flag(rng: np.random.Generator) -> Image.Image:
    """Return three stripes in other colours, with another emblem."""
    image, draw = page(600, 400)
    for stripe in range(3):
        draw.rectangle((stripe * 200, 0, stripe * 200 + 200, 400), fill=bright(rng))
    points = int(rng.integers(4, 9))
    star = [
        (300 + (60 if tip % 2 else 24) * cos(tip * pi / points), 200 + (60 if tip % 2 else 24) * sin(tip * pi / points))
        for tip in range(2 * points)
    ]
    draw.polygon(star, fill=(250, 250, 250))
    return image
