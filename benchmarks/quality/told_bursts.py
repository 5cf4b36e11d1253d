"""Two shots of one scene, drawn from two photographs: a background, and a subject in front of it that moves.

The second shot has fresh noise, another file, and a camera that was held a little differently. A still scene shot
twice is pixel for pixel what a crop of the first shot is: nothing but its noise tells them apart, so it is listed
without a bar.
"""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from benchmarks.quality.edited_versions import SIDE
from benchmarks.quality.outcomes import COLUMNS, Stages, asker, default_settings, shares, stages
from benchmarks.quality.processes import all_cores
from training.edits import encoded, scaled, with_noise
from training.originals import Original, shrunk
from training.printing import print_table, progress

SEED = 23
NOISE = 4.0  # levels, of either shot
UNSTEADY = 0.02  # of the longer side: how far the camera moves, and how much it zooms

# How far the subject moves, in its own sizes; how much it turns, in degrees; and how much nearer it seems.
MOVES: Mapping[str, tuple[float, float, float]] = {
    "nothing moves": (0.0, 0.0, 0.0),
    "the subject stirs": (0.06, 2.0, 0.01),
    "the subject moves by a quarter of its size": (0.25, 6.0, 0.04),
    "the subject moves by its size": (1.0, 15.0, 0.1),
}


def print_bursts(pictures: Sequence[Original], effort: str) -> None:
    """Print what is told of two shots of each of *pictures* as the background."""
    with all_cores() as pool, progress() as bar:
        results = pool.map(
            partial(_of_scene, effort=effort), pictures, [*pictures[1:], *pictures[:1]], range(len(pictures))
        )
        found = list(bar.track(results, total=len(pictures), description="bursts"))
    print_table(
        f"Two shots of one scene, of {len(pictures)} scenes ({effort})",
        ("between the shots", *COLUMNS),
        [(kind, *shares([seen[place] for seen in found])) for place, kind in enumerate(MOVES)],
        note="The camera moves a little, too. Alike is what they are; altered is told as well by default.",
    )


def _of_scene(background: Original, subject: Original, number: int, effort: str) -> list[Stages]:
    settings = default_settings(effort)
    first, *others = (
        asker(f"shot {place}", shot, settings) for place, shot in enumerate(_shots(background, subject, number))
    )
    return [stages(other, first, settings) for other in others]


def _shots(background: Original, subject: Original, number: int) -> Iterator[Image.Image]:
    """Yield the first shot, and the second one for each of MOVES."""
    rng = np.random.default_rng([SEED, number])
    behind, figure = shrunk(background.image, SIDE), _figure(shrunk(subject.image, SIDE))
    x, y = rng.uniform(0.35, 0.65), rng.uniform(0.45, 0.65)
    yield _shot(_scene(behind, figure, x, y), 0.0, rng)
    for moved, turned, nearer in MOVES.values():
        sign, down = rng.choice([-1, 1]), rng.uniform(-0.3, 0.3)
        there = figure.rotate(sign * turned, Image.Resampling.BICUBIC, expand=True)
        size = round(there.width * (1 + nearer)), round(there.height * (1 + nearer))
        across = sign * moved * figure.width / behind.width
        scene = _scene(behind, there.resize(size, Image.Resampling.BICUBIC), x + across, y + down * abs(across))
        yield _shot(scene, UNSTEADY, rng)


def _figure(image: Image.Image) -> Image.Image:
    """Return an upright oval out of *image*, a third as wide, with a soft edge."""
    width, height = image.width // 3, image.height // 2
    cut = image.crop((image.width // 3, image.height // 4, image.width // 3 + width, image.height // 4 + height))
    mask = Image.new("L", cut.size)
    ImageDraw.Draw(mask).ellipse((4, 4, width - 5, height - 5), fill=255)
    cut.putalpha(mask.filter(ImageFilter.GaussianBlur(2)))
    return cut


def _scene(behind: Image.Image, figure: Image.Image, x: float, y: float) -> Image.Image:
    """Return the figure in front of what is behind it, its middle at *x* and *y*, from 0 to 1."""
    scene = behind.copy()
    scene.paste(
        figure, (round(x * behind.width - figure.width / 2), round(y * behind.height - figure.height / 2)), figure
    )
    return scene


def _shot(scene: Image.Image, unsteady: float, rng: np.random.Generator) -> Image.Image:
    """Return *scene* in the frame of a camera that is held otherwise by up to *unsteady*."""
    margin = UNSTEADY * max(scene.size)
    left, top, right, bottom = (margin * (1 + unsteady / UNSTEADY * rng.uniform(-1, 1, 4))).tolist()
    frame = scene.rotate(float(rng.uniform(-0.5, 0.5)) * unsteady / UNSTEADY, Image.Resampling.BICUBIC)
    frame = frame.crop((round(left), round(top), round(scene.width - right), round(scene.height - bottom)))
    return encoded(with_noise(scaled(frame, 1.0), NOISE, seed=int(rng.integers(1 << 31))), quality=90)
