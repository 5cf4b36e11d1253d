"""The options that several commands about picture files have, and what they ask for."""

import argparse

from handler.cli.arguments import positive, whole_number
from handler.cli.errors import USAGE_ERROR, CommandError
from handler.config import MAX_LOOKS
from handler.core.buckets import MAX_RADIUS
from handler.core.generations import DEFAULT_GENERATION, GENERATIONS
from handler.core.model import DEFAULT_EFFORT, EFFORTS, ORIENTATIONS, TELLS, Limits, MatchKind, Settings


def add_paths(parser: argparse.ArgumentParser) -> None:
    """Add the files and folders that a command is about."""
    parser.add_argument("paths", nargs="+", metavar="PATH", help="a picture file, or a folder of them")


def add_fingerprinting(parser: argparse.ArgumentParser) -> None:
    """Add the options that say how pictures are fingerprinted, and which are too large."""
    defaults = Limits()
    parser.add_argument(
        "--generation",
        choices=tuple(GENERATIONS),
        default=DEFAULT_GENERATION,
        help="hash algorithm (default: %(default)s)",
    )
    parser.add_argument(
        "--max-pixels",
        type=positive,
        default=defaults.max_pixels,
        metavar="N",
        help="reject pictures with more pixels than this (default: %(default)s)",
    )
    parser.add_argument(
        "--max-bytes",
        type=positive,
        default=defaults.max_bytes,
        metavar="N",
        help="reject files larger than this (default: %(default)s)",
    )


def add_matching(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what counts as a near-duplicate."""
    parser.add_argument(
        "--radius",
        type=whole_number(0, MAX_RADIUS),
        metavar="BITS",
        help=f"greatest distance at which pictures match, from 0 to {MAX_RADIUS} (default: "
        f"{' or '.join(f'{one.usual_radius} with {name}' for name, one in GENERATIONS.items())})",
    )
    parser.add_argument(
        "--orientations",
        choices=tuple(ORIENTATIONS),
        help="also match mirrored pictures (mirror), or mirrored and rotated ones (all) (default: mirror with look1, "
        "none with phash1)",
    )
    parser.add_argument(
        "--effort",
        choices=EFFORTS,
        default=DEFAULT_EFFORT,
        help="by how many windows a picture asks; thorough finds more crops and turned pictures, and compares four "
        "times as much (default: %(default)s)",
    )


def add_looks(parser: argparse.ArgumentParser) -> None:
    """Add the options that say whether the pixels decide, and what counts."""
    parser.add_argument(
        "--tell",
        choices=TELLS,
        default=MatchKind.ALTERED.value,
        help="the least that two pictures must have in common (default: %(default)s)",
    )
    parser.add_argument(
        "--max-looks",
        type=whole_number(0, MAX_LOOKS),
        metavar="N",
        help="most pictures whose pixels are compared with those of one; 0 leaves the decision to hashes "
        f"(default: {' or '.join(f'{one.looks} with {name}' for name, one in GENERATIONS.items())})",
    )


def limits(options: argparse.Namespace) -> Limits:
    """Return the limits among *options*."""
    return Limits(max_bytes=options.max_bytes, max_pixels=options.max_pixels)


def settings(options: argparse.Namespace) -> Settings:
    """Return the settings that *options* ask for. Raises CommandError if they contradict each other."""
    generation = GENERATIONS[options.generation]
    if not generation.turns and options.orientations not in (None, "none"):
        raise CommandError("phash1 cannot compare turned pictures: use look1 with --orientations", status=USAGE_ERROR)
    return Settings(
        options.generation,
        radius=generation.usual_radius if options.radius is None else options.radius,
        max_matches=1,
        scope_depth=0,
        limits=limits(options),
        orientations=ORIENTATIONS[options.orientations or ("mirror" if generation.turns else "none")],
        effort=options.effort,
        max_looks=generation.looks if options.max_looks is None else options.max_looks,
        sure_radius=generation.sure_radius,
        tell=MatchKind(options.tell),
    )
