"""Which packages the pictures come from, and how they are brought here.

Debian packages are fetched by `apt-get download` and unpacked, not installed; Python packages are read where they are
installed. Those to train on and those to test on have nothing in common.
"""

import os
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

from training.printing import progress


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


def unpacked(source: Source) -> Path:
    """Return the folder into which the Debian package of *source* is unpacked, kept between runs."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "lookalike" / "corpus" / "packages" / source.package


def installed(source: Source) -> Path | None:
    """Return the folder of the Python package of *source*, or None if it is not installed."""
    module = find_spec(source.package)
    return None if module is None or module.origin is None else Path(module.origin).parent


def version_of(source: Source) -> str:
    """Return the version of the Debian package that is unpacked."""
    return (unpacked(source) / "VERSION").read_text().strip()


def paths(source: Source, root: Path) -> list[Path]:
    """Return the files of *source* in *root*, sorted."""
    found = sorted({path for pattern in source.patterns for path in root.glob(pattern)})
    return [path for path in found if not any(part in f"/{path.relative_to(root)}" for part in source.excluded)]


def fetch(sources: Iterable[Source]) -> None:
    """Download and unpack the packages of *sources* that are not here yet."""
    missing = [source for source in sources if not (unpacked(source) / "VERSION").exists()]
    if missing and not (shutil.which("apt-get") and shutil.which("dpkg-deb")):
        raise SystemExit("the pictures come from Debian packages, and apt-get or dpkg-deb is missing")
    with progress() as bar:
        for source in bar.track(missing, description="packages"):
            _fetch(source)


def _fetch(source: Source) -> None:
    folder = unpacked(source)
    downloads = folder.parents[1] / "debs" / source.package
    for emptied in (folder, downloads):
        shutil.rmtree(emptied, ignore_errors=True)
        emptied.mkdir(parents=True)
    _run(["apt-get", "-qq", "-o", "APT::Sandbox::User=root", "download", source.package], source, downloads)
    (deb,) = downloads.glob("*.deb")
    _run(["dpkg-deb", "-x", str(deb), str(folder)], source, downloads)
    (folder / "VERSION").write_text(deb.name.split("_")[1].replace("%3a", ":") + "\n")
    shutil.rmtree(downloads)


def _run(command: list[str], source: Source, folder: Path) -> None:
    if subprocess.run(command, cwd=folder, check=False).returncode:  # noqa: S603
        raise SystemExit(f"{source.package} could not be fetched: see above (cure: run apt-get update, or connect)")
