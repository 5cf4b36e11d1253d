"""The options that several commands about picture files have, and what they ask for."""

import argparse

from handler.cli.errors import USAGE_ERROR, CommandError
from handler.core.buckets import MAX_RADIUS
from handler.core.generations import DEFAULT_GENERATION, GENERATIONS
from handler.core.look1 import RADIUS
from handler.core.model import ORIENTATIONS, Limits, Settings

DEFAULT_RADIUS = {"look1": RADIUS, "phash1": 10}  # bits


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add what every command about picture files takes: the generation and the limits."""
    parser.add_argument(
        "--generation", choices=tuple(GENERATIONS), default=DEFAULT_GENERATION, help="hash algorithm (%(default)s)"
    )
    defaults = Limits()
    parser.add_argument(
        "--max-pixels",
        type=_positive,
        default=defaults.max_pixels,
        metavar="N",
        help="reject pictures of more pixels (%(default)s)",
    )
    parser.add_argument(
        "--max-bytes",
        type=_positive,
        default=defaults.max_bytes,
        metavar="N",
        help="reject larger files (%(default)s)",
    )


def limits(options: argparse.Namespace) -> Limits:
    """Return the limits among *options*."""
    return Limits(max_bytes=options.max_bytes, max_pixels=options.max_pixels)


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) == 0:
        raise argparse.ArgumentTypeError(f"{text!r} is not a positive whole number")
    return int(text)


def add_matching(parser: argparse.ArgumentParser) -> None:
    """Add the options that say what counts as a near-duplicate."""
    parser.add_argument(
        "--radius",
        type=_radius,
        metavar="BITS",
        help=f"largest distance that counts ({', '.join(f'{name}: {bits}' for name, bits in DEFAULT_RADIUS.items())})",
    )
    parser.add_argument(
        "--orientations",
        choices=tuple(ORIENTATIONS),
        default="none",
        help="also find mirrored pictures (mirror), and turned ones (all); %(default)s",
    )


def matching(options: argparse.Namespace) -> Settings:
    """Return the settings that *options* ask for."""
    if options.generation == "phash1" and options.orientations != "none":
        raise CommandError("phash1 cannot compare turned pictures: use look1 with --orientations", status=USAGE_ERROR)
    radius = DEFAULT_RADIUS[options.generation] if options.radius is None else options.radius
    return Settings(
        options.generation,
        radius,
        max_matches=1,
        scope_depth=0,
        limits=limits(options),
        orientations=ORIENTATIONS[options.orientations],
    )


def _radius(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_RADIUS:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number from 0 to {MAX_RADIUS}")
    return int(text)
