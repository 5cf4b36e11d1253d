"""Small copies of pictures for people to look at, with nothing of the file but its pixels."""

from io import BytesIO

from handler.core.imaging import opened
from handler.core.model import Limits, PictureRejected

SIDE = 240  # pixels, of the longer side
_QUALITY = 80
MEDIA_TYPE = "image/jpeg"


def thumbnail(body: bytes, limits: Limits, side: int = SIDE) -> bytes | None:
    """Return the picture in *body* as people see it, as a JPEG file of at most *side* pixels; None if it is none."""
    try:
        image = opened(body, limits)
    except PictureRejected:
        return None
    image.thumbnail((side, side))
    file = BytesIO()
    image.save(file, "JPEG", quality=_QUALITY)
    return file.getvalue()
