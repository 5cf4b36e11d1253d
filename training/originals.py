"""Originals: pictures out of files, small and on white, as they are edited and compared."""

import hashlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

SIDE = 640  # originals are shrunk to this on their longer side: edits of larger ones look the same at 32 x 32
LEAST_SIDE = 150  # pixels on the shorter side; below it is an icon


@dataclass(frozen=True, slots=True)
class Original:
    """Where a picture comes from, and what it shows, small."""

    name: str  # package, then the file's path in it
    image: Image.Image  # RGB, at most SIDE pixels on the longer side
    sha256: str  # of the file


def opened(files: Iterable[tuple[Path, str]], suffixes: Sequence[str]) -> Iterator[Original]:
    """Yield those of *files* (path and name) that are pictures, in order of their names, each content once."""
    seen: set[str] = set()
    for path, name in sorted(files, key=lambda file: file[1]):
        if path.suffix.lower() not in suffixes or path.is_symlink() or not path.is_file():
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        image = None if digest in seen else _small(path)
        seen.add(digest)
        if image is not None:
            yield Original(name, image, digest)


def shrunk(image: Image.Image, side: int) -> Image.Image:
    """Return a copy of *image* of at most *side* pixels on the longer side: what is edited."""
    copy = image.copy()
    copy.thumbnail((side, side), Image.Resampling.LANCZOS)
    return copy


def _small(path: Path) -> Image.Image | None:
    """Return the picture in the file, on white, small; None if it is broken or an icon."""
    try:
        with Image.open(path) as file:
            if min(file.size) < LEAST_SIDE:
                return None
            file.draft("RGB", (SIDE, SIDE))
            image = file.convert("RGBA") if file.mode not in ("RGB", "L") else file.convert("RGB")
    except (OSError, ValueError, SyntaxError):
        return None
    if image.mode == "RGBA":
        image = Image.alpha_composite(Image.new("RGBA", image.size, "white"), image).convert("RGB")
    image.thumbnail((SIDE, SIDE), Image.Resampling.LANCZOS, reducing_gap=3.0)
    return image
