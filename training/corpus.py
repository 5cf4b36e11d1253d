"""Pictures to train on and pictures to test on, of which no two show much the same."""

from collections.abc import Sequence
from pathlib import Path

from training import packages
from training.distinct import distinct
from training.originals import Original, opened
from training.packages import PHOTOGRAPHS, TEST, TEST_MODULES, TRAINING, Source
from training.printing import console

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".gif")  # of files in packages: another would change what is trained on
OWN_SUFFIXES = (*SUFFIXES, ".avif", ".bmp", ".tif", ".tiff")  # of files in people's folders


def training_pictures() -> list[Original]:
    """Return the pictures to train on."""
    return distinct(_of_packages(TRAINING))


def unseen_pictures(more: Sequence[Path] = ()) -> list[Original]:
    """Return the pictures to test on, and those in the folders *more*, none near one that was trained on."""
    found = [*_of_packages(TEST), *_of_modules(TEST_MODULES)]
    for directory in more:
        found += pictures_in(directory)
    return distinct(found, training_pictures())


def installed_pictures() -> list[Original]:
    """Return those of the pictures to test on that need no download."""
    return distinct(_of_modules(TEST_MODULES))


def pictures_in(directory: Path) -> list[Original]:
    """Return the pictures anywhere in *directory*, and print how many there are; end the program if it is missing."""
    if not directory.is_dir():
        raise SystemExit(
            f"no folder {directory}: name folders of pictures by CORPUS= or, if their names have spaces, by --corpus"
        )
    files = ((path, f"{directory.name}/{path.relative_to(directory)}") for path in directory.rglob("*"))
    found = list(opened(files, OWN_SUFFIXES))
    console.print(f"{directory}: {len(found)} pictures", markup=False, soft_wrap=True)
    return found


def photographs() -> list[bytes]:
    """Return the files of PHOTOGRAPHS."""
    packages.fetch([PHOTOGRAPHS])
    return [path.read_bytes() for path in packages.paths(PHOTOGRAPHS, packages.unpacked(PHOTOGRAPHS))]


def evenly(pictures: Sequence[Original], about: int | None) -> Sequence[Original]:
    """Return *about* so many of *pictures* or somewhat more, evenly spread; all of them for None."""
    return pictures if about is None else pictures[:: max(1, len(pictures) // about)]


def _of_packages(sources: Sequence[Source]) -> list[Original]:
    packages.fetch(sources)
    return [picture for source in sources for picture in _of_root(source, packages.unpacked(source))]


def _of_modules(sources: Sequence[Source]) -> list[Original]:
    roots = [(source, packages.installed(source)) for source in sources]
    return [picture for source, root in roots if root is not None for picture in _of_root(source, root)]


def _of_root(source: Source, root: Path) -> list[Original]:
    files = ((path, f"{source.package}/{path.relative_to(root)}") for path in packages.paths(source, root))
    return list(opened(files, SUFFIXES))
