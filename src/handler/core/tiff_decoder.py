"""Pillow's TIFF decoder, told how to decode right what it would decode wrongly. Imported when the first TIFF comes."""

import ctypes
from typing import Any, cast

from PIL import TiffImagePlugin, _imaging
from PIL.ImagePalette import raw

from handler.core.model import PictureRejected
from handler.core.tiff import Layout, described, layout

_COLOURS = 320  # of the palette
# libtiff has put the bytes in this machine's order; Pillow thinks that they are in the file's.
_NATIVE = {
    "I;16S": "I;16NS", "I;16BS": "I;16NS", "I;32S": "I;32NS", "I;32BS": "I;32NS", "F;32F": "F;32NF", "F;32BF": "F;32NF",
}  # fmt: skip

TiffImagePlugin.logger.disabled = True  # it logs errors that it raises as well


class Tiff(TiffImagePlugin.TiffImageFile):
    """A TIFF whose first page is decoded as its layout demands, and not turned. EXIF data and XMP are not read."""

    layout: Layout | None = None

    def _setup(self) -> None:
        """Prepare to decode a page; pages behind the first are only counted."""
        if self.layout is not None:
            super()._setup()
            return
        self.layout = layout(self.tag_v2)
        inside = described(self.tag_v2)
        for tag, value in self.layout.told.items():
            self.tag_v2[tag] = value
        try:
            super()._setup()
        except SyntaxError as error:
            if str(error) == "unknown pixel mode":
                raise PictureRejected("unsupported", inside) from error
            raise
        if self.use_load_libtiff:
            rawmode, *others = cast(tuple[Any, ...], self.tile[0].args)
            self.tile = [self.tile[0]._replace(args=(_NATIVE.get(rawmode, rawmode), *others))]
        if self.palette and max(self.tag_v2[_COLOURS]) < 256:  # instead of 65536
            self.palette = raw("RGB;L", self.tag_v2[_COLOURS])

    def load_end(self) -> None:
        """Keep the pixels as they are stored; Pillow turns them, by what XMP says as well."""
        self._size = self._tile_size


def _silence_libtiff() -> None:
    """Keep libtiff from writing on standard error what Pillow raises anyway."""
    try:
        library = ctypes.CDLL(_imaging.__file__)  # by which the libraries are found that it was linked with
        for silence in (library.TIFFSetErrorHandler, library.TIFFSetWarningHandler):
            silence(None)
    except (OSError, AttributeError):  # another platform, or no libtiff
        pass


_silence_libtiff()
