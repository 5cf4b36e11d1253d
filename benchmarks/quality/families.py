"""Pictures that look alike and are not the same: each family drawn in code, every member with other content.

A member of a number is the same on every run. What a family has in common (the layout, a template's colours) is the
same for all its members; what people read in it (names, numbers, modules, slices) is drawn anew for each.
"""

from collections.abc import Callable, Mapping
from math import cos, pi, sin

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

Draw = Callable[[np.random.Generator], Image.Image]
Colour = tuple[int, int, int]

WORDS = """
above after again along annual apple around artist autumn balance basket before bridge bright brother butter
camera candle carbon castle centre change choice circle clever clouds coffee colour common copper corner
cotton course danger daughter decide detail dinner doctor double dragon during early engine enough evening
expert family farmer figure finger flower forest friend future garden gentle ginger golden ground growth
hammer harbour health hidden honest hunter income insect island jacket jungle kettle kitchen ladder laptop
letter listen little market matter meadow member mirror modern moment mother museum narrow nature needle
nobody normal number object office orange orchard output oxygen palace parcel people pepper person planet
player pocket poetry police portal potato prince profit public purple quarter quiet rabbit record remote
result rhythm ribbon rocket saddle salmon school season second secret shadow signal silver simple singer
sister smooth social source spirit square stable station stream street studio summer supper system talent
target theory thread ticket timber toward travel trophy tunnel twenty useful valley velvet victim violin
vision volume walnut weapon weekly weight window winter wisdom wonder yellow
""".split()  # noqa: SIM905  # a list would take 140 lines
INKS: tuple[Colour, ...] = (
    (31, 119, 180),
    (255, 127, 14),
    (44, 160, 44),
    (214, 39, 40),
    (148, 103, 189),
    (140, 86, 75),
)


def members(family: str, count: int) -> list[Image.Image]:
    """Return the first *count* members of *family*."""
    return [FAMILIES[family](np.random.default_rng([number, *family.encode()])) for number in range(count)]


def _words(rng: np.random.Generator, count: int) -> str:
    return " ".join(WORDS[int(place)] for place in rng.integers(0, len(WORDS), count))


def _title(rng: np.random.Generator, count: int) -> str:
    return _words(rng, count).title()


def _font(size: float) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _digits(rng: np.random.Generator, count: int) -> str:
    return "".join(str(digit) for digit in rng.integers(0, 10, count))


def _whole(rng: np.random.Generator, low: int, high: int) -> int:
    return int(rng.integers(low, high))


def _bright(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(30, 230, 3).tolist()
    return red, green, blue


def _page(width: int, height: int, paper: Colour = (255, 255, 255)) -> tuple[Image.Image, ImageDraw.ImageDraw]:
    image = Image.new("RGB", (width, height), paper)
    return image, ImageDraw.Draw(image)


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
    image, draw = _page(500, 300)
    x = 40.0
    while x < 460:
        bar, gap = rng.integers(1, 5, 2) * 2.2
        draw.rectangle((x, 20, min(460, x + bar), 230), fill=(0, 0, 0))
        x += bar + gap
    draw.text((250, 262), _digits(rng, 12), fill=(0, 0, 0), font=_font(26), anchor="mm")
    return image


def identity_card(rng: np.random.Generator) -> Image.Image:
    """Return a card with the portrait, name, number and dates of somebody else."""
    image, draw = _page(856, 540, (214, 228, 240))
    draw.rectangle((0, 0, 856, 80), fill=(40, 70, 130))
    draw.text((30, 40), "NATIONAL IDENTITY CARD", fill=(255, 255, 255), font=_font(36), anchor="lm")
    draw.rectangle((40, 120, 280, 430), fill=(190, 200, 210))
    skin, hair = _bright(rng), _bright(rng)
    wide, tall = _whole(rng, 60, 85), _whole(rng, 80, 105)
    draw.ellipse((160 - wide - 12, 250 - tall - 25, 160 + wide + 12, 250 + tall - 30), fill=hair)
    draw.ellipse((160 - wide, 250 - tall, 160 + wide, 250 + tall), fill=skin)
    draw.pieslice((60, 350, 260, 520), 180, 360, fill=_bright(rng))
    draw.rectangle((0, 431, 856, 540), fill=(214, 228, 240))
    for row, (label, value) in enumerate(
        (
            ("Surname", _title(rng, 1)),
            ("Given names", _title(rng, 2)),
            ("Date of birth", _date(rng)),
            ("Number", _digits(rng, 9)),
        )
    ):
        draw.text((320, 120 + row * 78), label, fill=(90, 100, 120), font=_font(20))
        draw.text((320, 146 + row * 78), value, fill=(10, 10, 30), font=_font(34))
    draw.text(
        (40, 470),
        f"P<XXX{_title(rng, 2).upper().replace(' ', '<<')}<<<<<<<<{_digits(rng, 10)}",
        fill=(0, 0, 0),
        font=_font(28),
    )
    return image


def _date(rng: np.random.Generator) -> str:
    return f"{rng.integers(1, 29):02d}.{rng.integers(1, 13):02d}.{rng.integers(1950, 2025)}"


def form(rng: np.random.Generator) -> Image.Image:
    """Return one page of a form that was filled in by somebody else."""
    image, draw = _page(620, 877)
    draw.text((310, 60), "APPLICATION FOR MEMBERSHIP", fill=(0, 0, 0), font=_font(28), anchor="mm")
    labels = ("Name", "Street", "Town", "Country", "Date of birth", "Occupation", "Telephone", "E-mail", "Reference")
    for row, label in enumerate(labels):
        y = 120 + row * 62
        draw.text((50, y), label, fill=(60, 60, 60), font=_font(17))
        draw.rectangle((200, y - 8, 570, y + 34), outline=(0, 0, 0), width=2)
        draw.text((212, y), _title(rng, 2) if row != 4 else _date(rng), fill=(20, 30, 120), font=_font(22))
    for row in range(3):
        draw.text(
            (50, 690 + row * 24),
            "I agree to the conditions that are printed overleaf and on the website",
            fill=(60, 60, 60),
            font=_font(14),
        )
    draw.text((60, 800), _title(rng, 2), fill=(20, 30, 120), font=_font(34))
    draw.line((50, 840, 300, 840), fill=(0, 0, 0), width=2)
    return image


def ticket(rng: np.random.Generator) -> Image.Image:
    """Return a ticket of one promoter for another artist, day and seat."""
    image, draw = _page(900, 360, (252, 240, 220))
    draw.rectangle((0, 0, 900, 90), fill=(160, 20, 60))
    draw.text((30, 45), "LIVE IN CONCERT", fill=(255, 255, 255), font=_font(44), anchor="lm")
    draw.text((30, 140), _title(rng, 3).upper(), fill=(0, 0, 0), font=_font(36), anchor="lm")
    draw.text((30, 205), f"{_date(rng)}  20:00", fill=(0, 0, 0), font=_font(30), anchor="lm")
    draw.text(
        (30, 265), f"ROW {rng.integers(1, 40)} SEAT {rng.integers(1, 80)}", fill=(0, 0, 0), font=_font(30), anchor="lm"
    )
    image.paste(qr_code(rng, 25, 6).resize((220, 220)), (655, 118))
    return image


def slide(rng: np.random.Generator) -> Image.Image:
    """Return a slide of one template with other words."""
    image, draw = _page(1280, 720)
    draw.rectangle((0, 0, 1280, 108), fill=(0, 60, 120))
    draw.text((48, 54), _title(rng, 4), fill=(255, 255, 255), font=_font(44), anchor="lm")
    for row in range(int(rng.integers(4, 6))):
        draw.ellipse((60, 166 + row * 88, 76, 182 + row * 88), fill=(0, 60, 120))
        draw.text(
            (100, 174 + row * 88), _words(rng, int(rng.integers(5, 8))), fill=(40, 40, 40), font=_font(30), anchor="lm"
        )
    draw.ellipse((1180, 600, 1250, 670), fill=(220, 120, 0))
    draw.rectangle((0, 680, 1280, 720), fill=(230, 230, 230))
    draw.text((1215, 700), str(rng.integers(1, 60)), fill=(0, 0, 0), font=_font(20), anchor="mm")
    return image


def certificate(rng: np.random.Generator) -> Image.Image:
    """Return a certificate of one school for somebody else."""
    image, draw = _page(1000, 700, (253, 248, 232))
    for inset in (20, 32, 40):
        draw.rectangle((inset, inset, 1000 - inset, 700 - inset), outline=(150, 110, 30), width=4)
    draw.text((500, 130), "CERTIFICATE OF ACHIEVEMENT", fill=(110, 80, 20), font=_font(48), anchor="mm")
    draw.text((500, 210), "this is to certify that", fill=(60, 60, 60), font=_font(26), anchor="mm")
    draw.text((500, 300), _title(rng, 2), fill=(20, 20, 60), font=_font(64), anchor="mm")
    draw.text((500, 390), "has successfully completed the course", fill=(60, 60, 60), font=_font(26), anchor="mm")
    draw.text((500, 450), _title(rng, 3), fill=(20, 20, 60), font=_font(40), anchor="mm")
    draw.ellipse((450, 520, 550, 620), fill=(190, 150, 40), outline=(120, 90, 20), width=5)
    draw.text((200, 590), _date(rng), fill=(0, 0, 0), font=_font(26), anchor="mm")
    draw.text((800, 590), "The Principal", fill=(0, 0, 0), font=_font(26), anchor="mm")
    return image


def pie_chart(rng: np.random.Generator) -> Image.Image:
    """Return a pie of five slices of other sizes."""
    image, draw = _page(480, 480)
    angle = 0.0
    for number, share in enumerate(rng.dirichlet(np.full(5, 6.0))):
        draw.pieslice((92, 92, 388, 388), -angle - share * 360, -angle, fill=INKS[number])
        middle = (angle + share * 180) * pi / 180
        draw.text(
            (240 + 166 * cos(middle), 240 - 166 * sin(middle)),
            "ABCDE"[number],
            fill=(0, 0, 0),
            font=_font(14),
            anchor="mm",
        )
        angle += share * 360
    return image


def bar_chart(rng: np.random.Generator) -> Image.Image:
    """Return a chart of eight bars of other heights."""
    image, draw = _page(640, 480)
    draw.line((70, 40, 70, 420, 610, 420), fill=(0, 0, 0), width=2)
    for line in range(5):
        draw.text((60, 420 - line * 90), str(line * 25), fill=(0, 0, 0), font=_font(14), anchor="rm")
    for bar, height in enumerate(rng.uniform(40, 360, 8)):
        draw.rectangle((90 + bar * 64, 420 - height, 134 + bar * 64, 419), fill=INKS[0])
        draw.text((112 + bar * 64, 436), "JFMAMJJA"[bar], fill=(0, 0, 0), font=_font(14), anchor="mm")
    draw.text((340, 20), _title(rng, 3), fill=(0, 0, 0), font=_font(18), anchor="mm")
    return image


def line_chart(rng: np.random.Generator) -> Image.Image:
    """Return a chart of two other random walks."""
    image, draw = _page(640, 480)
    for line in range(6):
        draw.line((70, 60 + line * 72, 610, 60 + line * 72), fill=(220, 220, 220))
        draw.text((60, 60 + line * 72), str(100 - line * 20), fill=(0, 0, 0), font=_font(14), anchor="rm")
    for ink in INKS[:2]:
        walk = np.cumsum(rng.normal(0, 1, 60))
        walk = 70 + (walk - walk.min()) / (np.ptp(walk) + 1e-9) * 340
        draw.line([(70 + step * 9.15, float(y)) for step, y in enumerate(walk)], fill=ink, width=3)
    return image


def post(rng: np.random.Generator) -> Image.Image:
    """Return a screenshot of what somebody else posted."""
    image, draw = _page(1200, 675, (21, 32, 43))
    draw.ellipse((60, 60, 160, 160), fill=_bright(rng))
    draw.text((190, 75), _title(rng, 2), fill=(255, 255, 255), font=_font(36))
    draw.text((190, 122), "@" + _words(rng, 1), fill=(136, 153, 166), font=_font(28))
    for row in range(int(rng.integers(2, 4))):
        draw.text((60, 220 + row * 58), _words(rng, int(rng.integers(8, 10))), fill=(255, 255, 255), font=_font(38))
    draw.text((60, 600), "4:20 PM - May 3, 2024", fill=(136, 153, 166), font=_font(26))
    return image


def desk(rng: np.random.Generator) -> Image.Image:
    """Return a photograph of another sheet of paper on one wooden desk."""
    y, x = np.mgrid[0:450, 0:600] / 600.0
    grain = 20 * np.sin(18 * x + 6 * np.sin(7 * y + 2 * x)) + 9 * np.sin(70 * y + 9 * np.sin(5 * x))
    wood = np.stack([120 + grain, 82 + 0.8 * grain, 46 + 0.6 * grain], -1).clip(0, 255).astype(np.uint8)
    sheet, draw = _page(620, 840, (245, 243, 238))
    draw.text((60, 50), _title(rng, 3), fill=(10, 10, 10), font=_font(34))
    for row in range(int(rng.integers(12, 22))):
        draw.text((60, 120 + row * 32), _words(rng, int(rng.integers(8, 10))), fill=(30, 30, 30), font=_font(20))
    paper = sheet.resize((310, 420), Image.Resampling.LANCZOS).convert("RGBA")
    paper = paper.rotate(float(rng.uniform(-3, 3)), Image.Resampling.BICUBIC, expand=True)
    image = Image.fromarray(wood)
    image.paste(paper, (140 + int(rng.integers(-6, 7)), 10 + int(rng.integers(-4, 5))), paper)
    noisy = np.asarray(image).astype(np.float64) + rng.normal(0, 3, (450, 600, 3))
    return Image.fromarray(noisy.clip(0, 255).astype(np.uint8))


def bottle(rng: np.random.Generator) -> Image.Image:
    """Return another bottle on white, with another label."""
    image, draw = _page(700, 900)
    wide, tall, neck, throat = _whole(rng, 90, 150), _whole(rng, 380, 520), _whole(rng, 25, 45), _whole(rng, 90, 170)
    glass = _bright(rng)
    top = 860 - tall
    draw.rounded_rectangle((350 - wide, top, 350 + wide, 860), 40, fill=glass)
    draw.rectangle((350 - neck, top - throat, 350 + neck, top + 20), fill=glass)
    label = top + int(tall * rng.uniform(0.25, 0.4))
    draw.rectangle(
        (350 - wide + 8, label, 350 + wide - 8, label + int(tall * 0.4)),
        fill=tuple((rng.integers(140, 250, 3)).tolist()),
    )
    draw.text((350, label + tall * 0.2), _words(rng, 1).upper(), fill=(0, 0, 0), font=_font(wide * 0.36), anchor="mm")
    return image


def tin(rng: np.random.Generator) -> Image.Image:
    """Return another tin of one maker on white: the same shape, another sort."""
    image, draw = _page(600, 700)
    body, band = _bright(rng), _bright(rng)
    draw.rectangle((150, 110, 450, 600), fill=(190, 190, 195))
    draw.ellipse((150, 85, 450, 135), fill=(215, 215, 220), outline=(150, 150, 155), width=3)
    draw.rectangle((150, 140, 450, 580), fill=body)
    draw.rectangle((150, 220, 450, 330), fill=(250, 250, 250))
    draw.text((300, 275), "FARMHOUSE", fill=(160, 20, 20), font=_font(44), anchor="mm")
    draw.text((300, 370), _title(rng, 1), fill=(255, 255, 255), font=_font(40), anchor="mm")
    for _ in range(5):
        x, y = _whole(rng, 180, 400), _whole(rng, 410, 530)
        draw.ellipse((x, y, x + _whole(rng, 20, 60), y + _whole(rng, 20, 50)), fill=band)
    return image


def shirt(rng: np.random.Generator) -> Image.Image:
    """Return one T-shirt in another colour."""
    image, draw = _page(700, 800)
    cloth = _bright(rng)
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
        x, y = _whole(rng, 260, 400), _whole(rng, 300, 450)
        draw.rectangle((x, y, x + _whole(rng, 20, 90), y + _whole(rng, 20, 90)), fill=_bright(rng))
    draw.text((350, 570), _title(rng, 1), fill=(250, 250, 250), font=_font(44), anchor="mm")
    return image


def icon(rng: np.random.Generator) -> Image.Image:
    """Return a rounded square of one set with another sign in it."""
    image, draw = _page(256, 256)
    draw.rounded_rectangle((16, 16, 240, 240), 48, fill=(40, 110, 220))
    for _ in range(3):
        x, y = rng.integers(60, 140, 2).tolist()
        wide, tall = rng.integers(30, 70, 2).tolist()
        figure = draw.ellipse if rng.random() < 0.5 else draw.rectangle
        figure((x, y, x + wide, y + tall), fill=(255, 255, 255))
    return image


def comic(rng: np.random.Generator) -> Image.Image:
    """Return another strip of one grid: four frames with figures and words."""
    image, draw = _page(800, 800)
    for row in range(2):
        for column in range(2):
            left, top = 20 + column * 390, 20 + row * 390
            draw.rectangle((left, top, left + 370, top + 370), fill=_pale(rng), outline=(0, 0, 0), width=6)
            for _ in range(2):
                x, tall = left + int(rng.integers(60, 310)), int(rng.integers(120, 200))
                draw.rectangle(
                    (x - 30, top + 365 - tall, x + 30, top + 365), fill=_bright(rng), outline=(0, 0, 0), width=4
                )
                draw.ellipse(
                    (x - 35, top + 300 - tall, x + 35, top + 370 - tall),
                    fill=(250, 220, 190),
                    outline=(0, 0, 0),
                    width=4,
                )
            draw.ellipse((left + 30, top + 15, left + 340, top + 95), fill=(255, 255, 255), outline=(0, 0, 0), width=3)
            draw.text((left + 185, top + 55), _words(rng, 3), fill=(0, 0, 0), font=_font(22), anchor="mm")
    return image


def _pale(rng: np.random.Generator) -> Colour:
    red, green, blue = rng.integers(170, 250, 3).tolist()
    return red, green, blue


def flag(rng: np.random.Generator) -> Image.Image:
    """Return three stripes in other colours, with another emblem."""
    image, draw = _page(600, 400)
    for stripe in range(3):
        draw.rectangle((stripe * 200, 0, stripe * 200 + 200, 400), fill=_bright(rng))
    points = int(rng.integers(4, 9))
    star = [
        (300 + (60 if tip % 2 else 24) * cos(tip * pi / points), 200 + (60 if tip % 2 else 24) * sin(tip * pi / points))
        for tip in range(2 * points)
    ]
    draw.polygon(star, fill=(250, 250, 250))
    return image


def quote(rng: np.random.Generator) -> Image.Image:
    """Return other words on one background of soft light."""
    y, x = np.mgrid[0:600, 0:600] / 600.0
    light = np.stack([90 + 80 * x, 60 + 60 * y, 130 - 60 * x * y], -1) + 18 * np.sin(9 * x + 5 * y)[:, :, None]
    image = Image.fromarray(light.clip(0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for row in range(int(rng.integers(3, 5))):
        draw.text((300, 190 + row * 70), _words(rng, 3), fill=(255, 255, 255), font=_font(44), anchor="mm")
    draw.text((300, 540), "www.example.com", fill=(255, 255, 255), font=_font(22), anchor="mm")
    return image


FAMILIES: Mapping[str, Draw] = {
    "QR codes": qr_code,
    "barcodes": barcode,
    "pie charts": pie_chart,
    "bar charts": bar_chart,
    "line charts": line_chart,
    "posts": post,
    "papers on a desk": desk,
    "bottles on white": bottle,
    "tins on white": tin,
    "shirts in other colours": shirt,
    "shirts with other prints": printed_shirt,
    "icons": icon,
    "comics": comic,
    "flags": flag,
    "quotes": quote,
    "identity cards": identity_card,
    "forms": form,
    "tickets": ticket,
    "slides": slide,
    "certificates": certificate,
}
