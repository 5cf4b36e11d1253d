"""Pictures to train on and pictures to test on, out of packages that have nothing in common.

Debian packages are brought by `apt-get download` and unpacked, not installed; Python packages are read where they are
installed. A picture that nearly equals an earlier one is left out by the rule in `distinct`, so that every pair of
test pictures is a pair of different pictures.
"""

import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from training.printing import console, progress

SIDE = 640  # originals are shrunk to this on their longer side: edits of larger ones look the same at 32 x 32
LEAST_SIDE = 150  # pixels on the shorter side; below it is an icon
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif")  # of files in packages: another would change what is trained on
OWN_SUFFIXES = (*SUFFIXES, ".avif", ".bmp", ".tif", ".tiff")  # of files in people's folders


@dataclass(frozen=True, slots=True)
class Source:
    """A package, and which of its files are pictures that somebody may keep."""

    package: str
    patterns: tuple[str, ...]
    excluded: tuple[str, ...] = ()


TRAINING = (
    Source("gnome-backgrounds", ("usr/share/backgrounds/**/*",)),
    Source("lomiri-wallpapers-16.04", ("usr/share/backgrounds/*",)),
    Source("lomiri-wallpapers-20.04", ("usr/share/backgrounds/*",)),
    Source("lxqt-themes", ("usr/share/lxqt/wallpapers/*",)),
    Source("mate-backgrounds", ("usr/share/backgrounds/**/*",)),
    Source("naev-data", ("usr/share/naev/dat/gfx/commodity/*.png", "usr/share/naev/dat/gfx/planet/exterior/*.png")),
    Source("plasma-workspace-wallpapers", ("usr/share/wallpapers/*/contents/images*/*",)),
    Source("pysiogame", ("usr/share/games/pysiogame/res/images/art4apps/**/*.jpg",)),
    Source("stellarium-data", ("usr/share/stellarium/nebulae/default/*.png", "usr/share/stellarium/landscapes/**/*.png",
                               "usr/share/stellarium/skycultures/greek_leidenAratea/descr_pics/*.jpg")),
    Source("supertuxkart-data", ("usr/share/games/supertuxkart/data/**/*.jpg",)),
    Source("sway-backgrounds", ("usr/share/backgrounds/**/*",)),
    Source("tuxpaint-stamps-default", ("usr/share/tuxpaint/stamps/**/*.png",), ("/asl", "/symbols/")),
    Source("ukui-wallpapers", ("usr/share/backgrounds/*",)),
)  # fmt: skip

TEST = (
    Source("endless-sky-data", ("usr/share/games/endless-sky/images/land/*.jpg",
                                "usr/share/games/endless-sky/images/scene/*.jpg")),
    Source("kphotoalbum", ("usr/share/kphotoalbum/demo/*.jpg",)),
    Source("palapeli-data", ("usr/share/palapeli/collection/*.jpg",)),
    Source("puzzle-jigsaw", ("usr/share/puzzle-jigsaw/samples/*",)),
    Source("scratch", ("usr/share/scratch/Media/Backgrounds/**/*.jpg",)),
    Source("wesnoth-1.16-data", ("usr/share/games/wesnoth/1.16/data/core/images/story/*.jpg",)),
)  # fmt: skip
TEST_MODULES = (
    Source(
        "skimage",
        ("data/*.png", "data/*.jpg", "data/*.jpeg"),
        # No photographs, the other half of a stereo pair, and samples of textures.
        ("logo", "phantom", "blobs", "text", "page", "chess", "_right", "brick", "grass", "gravel"),
    ),
)


# By the camera of a phone, 12 megapixels each: to measure decoding.
PHOTOGRAPHS = Source("forensics-samples-files", ("usr/share/forensics-samples/original-files/*/IMG_*.jpg",))


@dataclass(frozen=True, slots=True)
class Picture:
    """An original: where it comes from, and what it shows, small."""

    name: str  # package, then the file's path in it
    image: Image.Image  # RGB, at most SIDE pixels on the longer side
    sha256: str  # of the file


def default_folder() -> Path:
    """Return where packages are kept between runs."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "lookalike" / "corpus"


def training_pictures(folder: Path) -> list[Picture]:
    """Return the pictures to train on, without those that nearly repeat an earlier one."""
    return distinct(_of_packages(TRAINING, folder))


def unseen_pictures(folder: Path, more: Sequence[Path] = (), apart_from: Sequence[Picture] = ()) -> list[Picture]:
    """Return the pictures to test on, and those in the folders *more*, none near one of *apart_from*."""
    found = [*_of_packages(TEST, folder), *_of_modules(TEST_MODULES)]
    for directory in more:
        found += pictures_in(directory)
    return distinct(found, apart_from)


def pictures_in(directory: Path) -> list[Picture]:
    """Return the pictures anywhere in *directory*, and print how many they are; end the program if there is no such."""
    if not directory.is_dir():
        raise SystemExit(
            f"no folder {directory}: name folders of pictures by CORPUS= or --corpus, of which the latter takes spaces"
        )
    files = ((path, f"{directory.name}/{path.relative_to(directory)}") for path in directory.rglob("*"))
    found = _opened(files, OWN_SUFFIXES)
    console.print(f"{directory}: {len(found)} pictures", markup=False, soft_wrap=True)
    return found


def photographs(folder: Path) -> list[bytes]:
    """Return the files of PHOTOGRAPHS."""
    fetch([PHOTOGRAPHS], folder)
    return [path.read_bytes() for path in _paths(PHOTOGRAPHS, folder / "packages" / PHOTOGRAPHS.package)]


def version_of(package: str, folder: Path) -> str:
    """Return the version of *package* that is unpacked in *folder*."""
    return (folder / "packages" / package / "VERSION").read_text().strip()


def fetch(sources: Iterable[Source], folder: Path) -> None:
    """Download and unpack the packages of *sources* that are not yet in *folder*."""
    missing = [source.package for source in sources if not (folder / "packages" / source.package / "VERSION").exists()]
    if not missing:
        return
    apt, dpkg = shutil.which("apt-get"), shutil.which("dpkg-deb")
    if apt is None or dpkg is None:
        raise SystemExit("the corpus comes from Debian packages: apt-get and dpkg-deb are missing")
    with progress() as bar:
        for package in bar.track(missing, description="packages"):
            downloads = folder / "debs" / package
            shutil.rmtree(downloads, ignore_errors=True)
            downloads.mkdir(parents=True)
            subprocess.run([apt, "-qq", "download", package], cwd=downloads, check=True)  # noqa: S603
            (deb,) = downloads.glob("*.deb")
            unpacked = folder / "packages" / package
            shutil.rmtree(unpacked, ignore_errors=True)
            subprocess.run([dpkg, "-x", deb, unpacked], check=True)  # noqa: S603
            (unpacked / "VERSION").write_text(deb.name.split("_")[1].replace("%3a", ":") + "\n")
            shutil.rmtree(downloads)


def distinct(pictures: Sequence[Picture], apart_from: Sequence[Picture] = ()) -> list[Picture]:
    """Return *pictures* without those of which an earlier one, or one of *apart_from*, shows much the same.

    The rule: each picture's whole, and windows of 85, 70 and 55 % of it at nine places, are averaged to 24 x 24 luma
    in all eight orientations; the 8 x 8 low corner of their DCT, without the mean, is weighed by frequency, which
    evens out what all pictures have in common. A correlation above ALIKE between a window of one and the whole of
    the other means that they show the same.
    """
    wholes, windows = zip(*(_described(picture.image) for picture in (*apart_from, *pictures)), strict=True)
    whole, window = np.stack(wholes), np.stack(windows)  # (n, 8, 63) and (n, 28, 63)
    first = len(apart_from)
    kept: list[int] = list(range(first))
    for number in range(first, len(whole)):
        earlier = np.array(kept, np.int64)
        of_theirs = np.einsum("of,kwf->kow", whole[number], window[earlier]).max(axis=(1, 2), initial=-1.0)
        of_ours = np.einsum("wf,kof->kow", window[number], whole[earlier]).max(axis=(1, 2), initial=-1.0)
        if np.maximum(of_theirs, of_ours).max(initial=-1.0) <= ALIKE:
            kept.append(number)
    return [pictures[number - first] for number in kept[first:]]


ALIKE = 0.9
_THUMB = 24
_LOW = 8


def _described(image: Image.Image) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return unit vectors: one for each orientation of the whole, and one for each window."""
    luma = image.convert("L")
    thumbs = [np.asarray(luma.resize((_THUMB, _THUMB), Image.Resampling.BOX), np.float64)]
    for share in (0.85, 0.70, 0.55):
        for row in (0.0, 0.5, 1.0):
            for column in (0.0, 0.5, 1.0):
                left, top = luma.width * (1 - share) * column, luma.height * (1 - share) * row
                box = (left, top, left + luma.width * share, top + luma.height * share)
                thumbs.append(np.asarray(luma.resize((_THUMB, _THUMB), Image.Resampling.BOX, box), np.float64))
    whole = thumbs[0]
    turns = [turn for one in (whole, whole.T) for turn in (one, one[::-1], one[:, ::-1], one[::-1, ::-1])]
    return _vectors(turns), _vectors(thumbs)


def _vectors(thumbs: Sequence[NDArray[np.float64]]) -> NDArray[np.float32]:
    frequency, place = np.arange(_LOW)[:, None], np.arange(_THUMB)
    basis = np.cos(np.pi * frequency * (2 * place + 1) / (2 * _THUMB))
    basis[0] /= np.sqrt(2.0)
    low = basis @ np.stack(thumbs) @ basis.T * np.hypot(frequency, frequency.T)
    flat = low.reshape(len(thumbs), -1)[:, 1:]
    lengths = np.sqrt((flat * flat).sum(axis=1, keepdims=True))
    unit: NDArray[np.float32] = (flat / np.maximum(lengths, 1e-9)).astype(np.float32)
    return unit


def _of_packages(sources: Sequence[Source], folder: Path) -> list[Picture]:
    fetch(sources, folder)
    return [picture for source in sources for picture in _of_root(source, folder / "packages" / source.package)]


def _of_modules(sources: Sequence[Source]) -> list[Picture]:
    found: list[Picture] = []
    for source in sources:
        module = find_spec(source.package)
        if module is not None and module.origin is not None:
            found += _of_root(source, Path(module.origin).parent)
    return found


def _of_root(source: Source, root: Path) -> list[Picture]:
    return _opened((path, f"{source.package}/{path.relative_to(root)}") for path in _paths(source, root))


def _paths(source: Source, root: Path) -> list[Path]:
    paths = sorted({path for pattern in source.patterns for path in root.glob(pattern)})
    return [path for path in paths if not any(part in f"/{path.relative_to(root)}" for part in source.excluded)]


def _opened(files: Iterable[tuple[Path, str]], suffixes: Sequence[str] = SUFFIXES) -> list[Picture]:
    return list(_pictures(files, suffixes))


def _pictures(files: Iterable[tuple[Path, str]], suffixes: Sequence[str]) -> Iterator[Picture]:
    """Yield those of *files* (path and name) that are pictures, in order of their names, each content once."""
    seen: set[str] = set()
    for path, name in sorted(files, key=lambda file: file[1]):
        if path.suffix.lower() not in suffixes or path.is_symlink() or not path.is_file():
            continue
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        image = None if digest in seen else _small(path)
        seen.add(digest)
        if image is not None:
            yield Picture(name, image, digest)


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
