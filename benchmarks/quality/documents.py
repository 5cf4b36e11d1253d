"""Papers and screens of one layout that say something else: cards, forms, tickets, slides, posts."""

import numpy as np
from PIL import Image, ImageDraw

from benchmarks.quality.charts import qr_code
from benchmarks.quality.drawing import bright, date, digits, font, page, title, whole, words


def identity_card(rng: np.random.Generator) -> Image.Image:
    """Return a card with the portrait, name, number and dates of somebody else."""
    image, draw = page(856, 540, (214, 228, 240))
    draw.rectangle((0, 0, 856, 80), fill=(40, 70, 130))
    draw.text((30, 40), "NATIONAL IDENTITY CARD", fill=(255, 255, 255), font=font(36), anchor="lm")
    draw.rectangle((40, 120, 280, 430), fill=(190, 200, 210))
    skin, hair = bright(rng), bright(rng)
    wide, tall = whole(rng, 60, 85), whole(rng, 80, 105)
    draw.ellipse((160 - wide - 12, 250 - tall - 25, 160 + wide + 12, 250 + tall - 30), fill=hair)
    draw.ellipse((160 - wide, 250 - tall, 160 + wide, 250 + tall), fill=skin)
    draw.pieslice((60, 350, 260, 520), 180, 360, fill=bright(rng))
    draw.rectangle((0, 431, 856, 540), fill=(214, 228, 240))
    for row, (label, value) in enumerate(
        (
            ("Surname", title(rng, 1)),
            ("Given names", title(rng, 2)),
            ("Date of birth", date(rng)),
            ("Number", digits(rng, 9)),
        )
    ):
        draw.text((320, 120 + row * 78), label, fill=(90, 100, 120), font=font(20))
        draw.text((320, 146 + row * 78), value, fill=(10, 10, 30), font=font(34))
    draw.text(
        (40, 470),
        f"P<XXX{title(rng, 2).upper().replace(' ', '<<')}<<<<<<<<{digits(rng, 10)}",
        fill=(0, 0, 0),
        font=font(28),
    )
    return image


def form(rng: np.random.Generator) -> Image.Image:
    """Return one page of a form that was filled in by somebody else."""
    image, draw = page(620, 877)
    draw.text((310, 60), "APPLICATION FOR MEMBERSHIP", fill=(0, 0, 0), font=font(28), anchor="mm")
    labels = ("Name", "Street", "Town", "Country", "Date of birth", "Occupation", "Telephone", "E-mail", "Reference")
    for row, label in enumerate(labels):
        y = 120 + row * 62
        draw.text((50, y), label, fill=(60, 60, 60), font=font(17))
        draw.rectangle((200, y - 8, 570, y + 34), outline=(0, 0, 0), width=2)
        draw.text((212, y), title(rng, 2) if row != 4 else date(rng), fill=(20, 30, 120), font=font(22))
    for row in range(3):
        draw.text(
            (50, 690 + row * 24),
            "I agree to the conditions that are printed overleaf and on the website",
            fill=(60, 60, 60),
            font=font(14),
        )
    draw.text((60, 800), title(rng, 2), fill=(20, 30, 120), font=font(34))
    draw.line((50, 840, 300, 840), fill=(0, 0, 0), width=2)
    return image


def ticket(rng: np.random.Generator) -> Image.Image:
    """Return a ticket of one promoter for another artist, day and seat."""
    image, draw = page(900, 360, (252, 240, 220))
    draw.rectangle((0, 0, 900, 90), fill=(160, 20, 60))
    draw.text((30, 45), "LIVE IN CONCERT", fill=(255, 255, 255), font=font(44), anchor="lm")
    draw.text((30, 140), title(rng, 3).upper(), fill=(0, 0, 0), font=font(36), anchor="lm")
    draw.text((30, 205), f"{date(rng)}  20:00", fill=(0, 0, 0), font=font(30), anchor="lm")
    draw.text(
        (30, 265), f"ROW {rng.integers(1, 40)} SEAT {rng.integers(1, 80)}", fill=(0, 0, 0), font=font(30), anchor="lm"
    )
    image.paste(qr_code(rng, 25, 6).resize((220, 220)), (655, 118))
    return image


def slide(rng: np.random.Generator) -> Image.Image:
    """Return a slide of one template with other words."""
    image, draw = page(1280, 720)
    draw.rectangle((0, 0, 1280, 108), fill=(0, 60, 120))
    draw.text((48, 54), title(rng, 4), fill=(255, 255, 255), font=font(44), anchor="lm")
    for row in range(int(rng.integers(4, 6))):
        draw.ellipse((60, 166 + row * 88, 76, 182 + row * 88), fill=(0, 60, 120))
        draw.text(
            (100, 174 + row * 88), words(rng, int(rng.integers(5, 8))), fill=(40, 40, 40), font=font(30), anchor="lm"
        )
    draw.ellipse((1180, 600, 1250, 670), fill=(220, 120, 0))
    draw.rectangle((0, 680, 1280, 720), fill=(230, 230, 230))
    draw.text((1215, 700), str(rng.integers(1, 60)), fill=(0, 0, 0), font=font(20), anchor="mm")
    return image


def certificate(rng: np.random.Generator) -> Image.Image:
    """Return a certificate of one school for somebody else."""
    image, draw = page(1000, 700, (253, 248, 232))
    for inset in (20, 32, 40):
        draw.rectangle((inset, inset, 1000 - inset, 700 - inset), outline=(150, 110, 30), width=4)
    draw.text((500, 130), "CERTIFICATE OF ACHIEVEMENT", fill=(110, 80, 20), font=font(48), anchor="mm")
    draw.text((500, 210), "this is to certify that", fill=(60, 60, 60), font=font(26), anchor="mm")
    draw.text((500, 300), title(rng, 2), fill=(20, 20, 60), font=font(64), anchor="mm")
    draw.text((500, 390), "has successfully completed the course", fill=(60, 60, 60), font=font(26), anchor="mm")
    draw.text((500, 450), title(rng, 3), fill=(20, 20, 60), font=font(40), anchor="mm")
    draw.ellipse((450, 520, 550, 620), fill=(190, 150, 40), outline=(120, 90, 20), width=5)
    draw.text((200, 590), date(rng), fill=(0, 0, 0), font=font(26), anchor="mm")
    draw.text((800, 590), "The Principal", fill=(0, 0, 0), font=font(26), anchor="mm")
    return image


def post(rng: np.random.Generator) -> Image.Image:
    """Return a screenshot of what somebody else posted."""
    image, draw = page(1200, 675, (21, 32, 43))
    draw.ellipse((60, 60, 160, 160), fill=bright(rng))
    draw.text((190, 75), title(rng, 2), fill=(255, 255, 255), font=font(36))
    draw.text((190, 122), "@" + words(rng, 1), fill=(136, 153, 166), font=font(28))
    for row in range(int(rng.integers(2, 4))):
        draw.text((60, 220 + row * 58), words(rng, int(rng.integers(8, 10))), fill=(255, 255, 255), font=font(38))
    draw.text((60, 600), "4:20 PM - May 3, 2024", fill=(136, 153, 166), font=font(26))
    return image


def desk(rng: np.random.Generator) -> Image.Image:
    """Return a photograph of another sheet of paper on one wooden desk."""
    y, x = np.mgrid[0:450, 0:600] / 600.0
    grain = 20 * np.sin(18 * x + 6 * np.sin(7 * y + 2 * x)) + 9 * np.sin(70 * y + 9 * np.sin(5 * x))
    wood = np.stack([120 + grain, 82 + 0.8 * grain, 46 + 0.6 * grain], -1).clip(0, 255).astype(np.uint8)
    sheet, draw = page(620, 840, (245, 243, 238))
    draw.text((60, 50), title(rng, 3), fill=(10, 10, 10), font=font(34))
    for row in range(int(rng.integers(12, 22))):
        draw.text((60, 120 + row * 32), words(rng, int(rng.integers(8, 10))), fill=(30, 30, 30), font=font(20))
    paper = sheet.resize((310, 420), Image.Resampling.LANCZOS).convert("RGBA")
    paper = paper.rotate(float(rng.uniform(-3, 3)), Image.Resampling.BICUBIC, expand=True)
    image = Image.fromarray(wood)
    image.paste(paper, (140 + int(rng.integers(-6, 7)), 10 + int(rng.integers(-4, 5))), paper)
    noisy = np.asarray(image).astype(np.float64) + rng.normal(0, 3, (450, 600, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def quote(rng: np.random.Generator) -> Image.Image:
    """Return other words on one background of soft light."""
    y, x = np.mgrid[0:600, 0:600] / 600.0
    light = np.stack([90 + 80 * x, 60 + 60 * y, 130 - 60 * x * y], -1) + 18 * np.sin(9 * x + 5 * y)[:, :, None]
    image = Image.fromarray(light.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for row in range(int(rng.integers(3, 5))):
        draw.text((300, 190 + row * 70), words(rng, 3), fill=(255, 255, 255), font=font(44), anchor="mm")
    draw.text((300, 540), "www.example.com", fill=(255, 255, 255), font=font(22), anchor="mm")
    return image
