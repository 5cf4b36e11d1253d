"""What is transparent is laid on white."""

from io import BytesIO

from PIL import Image, ImageDraw

from handler.core.phash import hamming
from tests.pictures import heic
from tests.unit.imaging.conftest import hash_of, luma, saved, shown


def test_what_lies_under_transparency_is_not_shown() -> None:
    image = Image.new("RGBA", (2, 1), (255, 0, 90, 0))
    image.putpixel((1, 0), (10, 20, 30, 255))

    assert shown(image).tolist() == [[[255, 255, 255], [10, 20, 30]]]


def test_grey_with_alpha_is_laid_on_white() -> None:
    image = Image.new("LA", (300, 300), (0, 0))
    image.paste((0, 255), (100, 100, 200, 200))

    assert (luma(saved(image))[0, 0], luma(saved(image))[150, 150]) == (255, 0)


def test_palette_of_many_opacities_is_laid_on_white() -> None:
    image = Image.new("P", (300, 300), 0)
    image.putpalette([0, 0, 0, 0, 0, 0, 0, 0, 0])
    image.paste(1, (100, 100, 200, 200))
    image.paste(2, (200, 200, 300, 300))

    shown = luma(saved(image, transparency=bytes([0, 255, 128])))

    assert [shown[at, at] for at in (0, 150, 250)] == [255, 0, 127]


def test_transparent_palette_and_key_colour_are_laid_on_white() -> None:
    image = Image.new("P", (300, 300), 0)
    image.putpalette([200, 0, 0, 0, 0, 0])
    image.paste(1, (100, 100, 200, 200))

    assert luma(saved(image, transparency=0))[0, 0] == 255
    assert luma(saved(image))[0, 0] < 100


def logo(shape: str, hidden: tuple[int, int, int]) -> bytes:
    """Return a black shape on nothing; *hidden* is the colour that lies under the transparency."""
    image = Image.new("RGBA", (400, 300), (*hidden, 0))
    draw = getattr(ImageDraw.Draw(image), shape)
    draw((120, 60, 330, 220), fill=(0, 0, 0, 255))
    return saved(image)


def test_transparency_is_white_whatever_colour_lies_under_it() -> None:
    assert hash_of(logo("ellipse", (0, 0, 0))) == hash_of(logo("ellipse", (255, 0, 90)))
    assert hamming(hash_of(logo("ellipse", (0, 0, 0))), hash_of(logo("rectangle", (0, 0, 0)))) > 0
    assert luma(logo("ellipse", (0, 0, 0)))[0, 0] == 255


def test_transparent_heic_is_laid_on_white() -> None:
    with Image.open(BytesIO(logo("ellipse", (200, 0, 0)))) as image:
        body = heic(image, quality=-1, chroma=444)

    assert luma(body)[0, 0] == 255
    assert hamming(hash_of(body), hash_of(logo("ellipse", (0, 0, 0)))) <= 2
