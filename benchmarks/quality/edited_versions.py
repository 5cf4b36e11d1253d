"""What is done to each picture, and in which order."""

from collections.abc import Iterator

import numpy as np
from PIL import Image

from training.fixed_edits import FIXED, TURNS
from training.random_edits import compound, decorated

COMPOUNDS = 12  # random edits of each picture, and as many decorations
SEED = 2026
SIDE = 512  # pixels on the longer side of what is edited


def version_names() -> list[str]:
    """Return what is done to each picture, the original first."""
    random = [f"{kind} {number}" for kind in ("compound", "decorated") for number in range(COMPOUNDS)]
    return ["original", *FIXED, *TURNS, *random]


def versions(image: Image.Image, number: int) -> Iterator[Image.Image]:
    """Yield the original and its copies in the order of their names; *number* is the picture's, for random edits."""
    yield image
    for edit in (*FIXED.values(), *TURNS.values()):
        yield edit(image)
    for kind, edit_with in enumerate((compound, decorated)):
        for copy in range(COMPOUNDS):
            yield edit_with(image, np.random.default_rng([SEED, kind, number, copy]))
