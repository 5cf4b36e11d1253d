"""When a picture was taken, as its camera wrote it into the file; and how far two such times are apart."""

import re
from datetime import datetime

from PIL.Image import Exif

from handler.core.decoders import Opened

# Exif 2.32, section 4.6.5: the folder of a camera's tags, the time by its clock, and what follows the decimal point.
_CAMERA, _TAKEN, _FRACTION = 0x8769, 0x9003, 0x9291
_TIME = re.compile(r"(\d{4}):(\d\d):(\d\d) (\d\d:\d\d:\d\d)\0?")
_MICROSECONDS = 6  # digits


def taken(opened: Opened) -> str | None:
    """Return the time of capture by the camera's clock, in ISO 8601 without an offset; None if the file has none.

    With a fraction of a second where there is one, to a microsecond. What cannot be read counts as none.
    """
    if not opened.exif:  # a TIFF has none: its tags are the file's own
        return None
    try:
        block = Exif()
        block.load(opened.exif)
        tags = block.get_ifd(_CAMERA)
        found = _TIME.fullmatch(str(tags[_TAKEN]))
        if found is None:
            return None
        digits = re.match(r"\d*", str(tags.get(_FRACTION, "")).strip())
        fraction = digits[0][:_MICROSECONDS].ljust(_MICROSECONDS, "0") if digits and digits[0] else ""
        text = "{}-{}-{}T{}".format(*found.groups()) + (f".{fraction}" if fraction else "")
        datetime.fromisoformat(text)
    except MemoryError:
        raise
    except Exception:  # whatever the parser makes of a broken block, or no such tag
        return None
    return text
