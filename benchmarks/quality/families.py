"""Pictures that look alike and are not the same: each family drawn in code, every member with other content.

A member of a number is the same on every run. What a family has in common (the layout, a template's colours) is the
same for all its members; what people read in it (names, numbers, modules, slices) is drawn anew for each.
"""

from collections.abc import Callable, Mapping

import numpy as np
from PIL import Image

from benchmarks.quality import charts, documents, goods

Draw = Callable[[np.random.Generator], Image.Image]

FAMILIES: Mapping[str, Draw] = {
    "QR codes": charts.qr_code,
    "barcodes": charts.barcode,
    "pie charts": charts.pie_chart,
    "bar charts": charts.bar_chart,
    "line charts": charts.line_chart,
    "posts": documents.post,
    "papers on a desk": documents.desk,
    "bottles on white": goods.bottle,
    "tins on white": goods.tin,
    "shirts in other colours": goods.shirt,
    "shirts with other prints": goods.printed_shirt,
    "icons": goods.icon,
    "comics": goods.comic,
    "split pictures": goods.split,
    "flags": goods.flag,
    "quotes": documents.quote,
    "identity cards": documents.identity_card,
    "forms": documents.form,
    "tickets": documents.ticket,
    "slides": documents.slide,
    "certificates": documents.certificate,
}


def member(family: str, number: int) -> Image.Image:
    """Return the member of *family* of that *number*."""
    return FAMILIES[family](np.random.default_rng([number, *family.encode()]))


def members(family: str, count: int, first: int = 0) -> list[Image.Image]:
    """Return *count* members of *family*, from the one of number *first*."""
    return [member(family, first + number) for number in range(count)]
