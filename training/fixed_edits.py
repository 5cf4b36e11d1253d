"""39 edits of one strength each, and 4 flips and turns; each returns what a decoder makes of the edited file."""

from collections.abc import Mapping
from functools import partial
from typing import cast

from PIL import Image

from training import edits


def _then_jpeg(edit: edits.Edit, image: Image.Image) -> Image.Image:
    return edits.encoded(edit(image))


def _crop_and_vivid(image: Image.Image) -> Image.Image:
    return edits.encoded(edits.scaled(edits.saturated(edits.cropped(image, 0.08), 1.5), 0.6), quality=40)


KEEPING: Mapping[str, edits.Edit] = {  # those that keep the geometry
    **{f"JPEG {quality}": partial(edits.encoded, quality=quality) for quality in (90, 70, 50, 30, 10)},
    "WebP 60": partial(edits.encoded, format="WEBP", quality=60),
    "AVIF 40": partial(edits.encoded, format="AVIF", quality=40),
    **{
        name: partial(_then_jpeg, cast(edits.Edit, edit))
        for name, edit in {
            "half size": partial(edits.scaled, across=0.5),
            "quarter size": partial(edits.scaled, across=0.25),
            "1.5 times the size": partial(edits.scaled, across=1.5),
            "0.8 times as wide": partial(edits.scaled, across=0.8, down=1.0),
            "0.8 times as tall": partial(edits.scaled, across=1.0, down=0.8),
            "grey": edits.grey,
            "saturation 1.6": partial(edits.saturated, factor=1.6),
            "brightness 0.7": partial(edits.brightened, factor=0.7),
            "brightness 1.3": partial(edits.brightened, factor=1.3),
            "contrast 0.6": partial(edits.contrasted, factor=0.6),
            "contrast 1.4": partial(edits.contrasted, factor=1.4),
            "gamma 0.7": partial(edits.with_gamma, gamma=0.7),
            "gamma 1.4": partial(edits.with_gamma, gamma=1.4),
            "blur": partial(edits.blurred, share=0.004),
            "noise": partial(edits.with_noise, levels=15.0),
            "sharpened": edits.sharpened,
            "watermark": edits.watermarked,
            "logo": edits.with_logo,
        }.items()
    },
}

GEOMETRIC: Mapping[str, edits.Edit] = {
    **{
        f"centre crop {lost} %": partial(_then_jpeg, partial(edits.cropped, lost=lost / 100))
        for lost in (2, 5, 10, 15, 20)
    },
    "off-centre crop 10 %": partial(_then_jpeg, partial(edits.cropped, lost=0.10, x=0.15, y=0.9)),
    **{f"rotated {turn} degrees": partial(_then_jpeg, partial(edits.rotated, degrees=turn)) for turn in (1, 2, 3, 5)},
    "borders": partial(_then_jpeg, partial(edits.bordered, sides=(0.05, 0.05, 0.05, 0.12))),
    "letterbox": partial(_then_jpeg, edits.letterboxed),
    "crop, vivid, JPEG 40": _crop_and_vivid,
    "screenshot": partial(_then_jpeg, edits.screenshot),
}

FIXED: Mapping[str, edits.Edit] = {**KEEPING, **GEOMETRIC}

TURNS: Mapping[str, edits.Edit] = {
    name: partial(_then_jpeg, partial(Image.Image.transpose, method=method))
    for name, method in {
        "mirrored": Image.Transpose.FLIP_LEFT_RIGHT,
        "upside down": Image.Transpose.ROTATE_180,
        "turned left": Image.Transpose.ROTATE_90,
        "turned right": Image.Transpose.ROTATE_270,
    }.items()
}
