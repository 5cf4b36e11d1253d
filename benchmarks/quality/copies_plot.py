"""The two plots of edited copies: recall by edit, and how far apart the same and different pictures are."""

from collections.abc import Mapping
from pathlib import Path

import matplotlib as mpl
import numpy as np
from matplotlib import pyplot
from numpy.typing import NDArray

from benchmarks.quality.all_versions import AllVersions, compared_pairs, differing, distances_to_originals
from benchmarks.quality.fingerprint_rows import radius_of_other_hash
from benchmarks.quality.near_views import near_if_copies_ask
from benchmarks.quality.radii import LOOK1_RADII, RATES, found_versions
from training.fixed_edits import FIXED

PEERS = ("phash1", "PDQ")  # those of them that are installed
COLOURS = ("#1b6ca8", "#e08e2b", "#8a8f98")
HASH_BITS = 64
PEERS_RADIUS = "one false positive in a million pairs"
RADII = {"look1, all views": "its default radii"}  # where what is drawn was matched, if not at PEERS_RADIUS


def draw(versions: AllVersions, folder: Path) -> None:
    """Draw `recall.png` and `distances.png` into *folder*."""
    near = near_if_copies_ask(versions, compared_pairs())
    found = {"look1, all views": found_versions(versions, near, LOOK1_RADII)}
    for name in PEERS:
        if (words := versions.others.get(name)) is not None:
            own = differing(words, words[versions.originals[versions.picture]])
            found[name] = own <= radius_of_other_hash(versions, name, RATES[0])
    edits = {name: versions.names == name for name in FIXED} | {"random compound": versions.random}
    recalls = {
        kind: {name: float(flags[edited].mean()) for name, edited in edits.items()} for kind, flags in found.items()
    }
    draw_recall(recalls, folder / "recall.png")
    distances = distances_to_originals(versions.hashes[:, :1], versions)
    same = versions.picture[:, None] == np.arange(len(versions.originals))
    keeping, turned = versions.keeping[:, None], versions.turned[:, None]
    draw_distances(distances[same & keeping], distances[~same & ~turned], folder / "distances.png")


def draw_recall(recalls: Mapping[str, Mapping[str, float]], file: Path) -> None:
    """Draw the share of copies found, by fingerprint and edit; the legend says at which radius each was matched."""
    mpl.use("Agg")
    names = list(next(iter(recalls.values())))
    size = (8, 0.24 * len(names) + 0.2 * len(recalls) + 1.2)
    figure, axes = pyplot.subplots(figsize=size, dpi=110, layout="constrained")
    places = np.arange(len(names))[::-1]
    height = 0.8 / len(recalls)
    for number, (kind, shares) in enumerate(recalls.items()):
        y = places + 0.4 - height * (number + 0.5)
        label = f"{kind}: at {RADII.get(kind, PEERS_RADIUS)}"
        axes.barh(y, [shares[name] for name in names], height, label=label, color=COLOURS[number])
    axes.set_yticks(places, names, fontsize=8)
    axes.set(ylim=(-0.6, len(names) - 0.4), xlim=(0, 1))
    axes.set_xlabel("share of edited copies found")
    axes.grid(axis="x", alpha=0.3)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=1, frameon=False)
    figure.savefig(file)
    pyplot.close(figure)


def draw_distances(same: NDArray[np.int64], different: NDArray[np.int64], file: Path) -> None:
    """Draw how many bits differ between the hashes of the same picture, and of different pictures."""
    mpl.use("Agg")
    figure, axes = pyplot.subplots(figsize=(8, 3.2), dpi=110, layout="constrained")
    bins = np.arange(HASH_BITS + 2) - 0.5
    for distances, label, colour in (
        (same, "a picture and its copy that keeps the frame", COLOURS[0]),
        (different, "different pictures", COLOURS[1]),
    ):
        weights = np.full(len(distances), 1 / len(distances))
        axes.hist(distances, bins.tolist(), weights=weights, label=label, color=colour, alpha=0.75)
    axes.set(yscale="log", xlim=(-0.5, HASH_BITS + 0.5), ylabel="share of pairs")
    axes.set_xlabel("differing bits of 64, whole pictures")
    axes.legend(frameon=False)
    axes.spines[["top", "right"]].set_visible(False)
    figure.savefig(file)
    pyplot.close(figure)
