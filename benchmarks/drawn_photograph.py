"""A photograph that is drawn: files of it are as large, and take as long to decode, as those of a camera."""

from io import BytesIO

import numpy as np
from PIL import Image


def drawn_photograph(size: tuple[int, int], seed: int) -> bytes:
    """Return a JPEG file with the detail of a photograph: smooth light and fine grain."""
    rng = np.random.default_rng(seed)
    light = Image.fromarray(rng.integers(0, 256, (24, 32, 3), dtype=np.uint8)).resize(size, Image.Resampling.BICUBIC)
    grain = rng.normal(0.0, 6.0, (size[1], size[0], 1)).astype(np.float32)
    file = BytesIO()
    Image.fromarray(np.clip(np.asarray(light) + grain, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=85)
    return file.getvalue()
