"""All questions that all versions of all pictures ask, and which find the right original or a wrong one."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.quality.fingerprints import SEED, Measured, Words
from handler.core import look1
from handler.core.generations import GENERATIONS
from handler.core.policy import may_meet
from handler.core.windows import VIEW_NAMES
from training import edits
from training.corpus import Picture
from training.printing import console, print_table

RATES = (1e-6, 1e-5)
ORIENTATIONS = range(1, 9)
REACH, CHECK_REACH = 24, 100  # beyond these, pairs of views are not looked at
RESAMPLES = 1000

Flags = NDArray[np.bool_]
Setting = tuple[int, int]  # radius and check radius


@dataclass(frozen=True, slots=True)
class Found:
    """Pairs of an asking version and a stored original whose views are near, one per pair of views."""

    asking: NDArray[np.int64]
    stored: NDArray[np.int64]
    distance: NDArray[np.int64]
    check: NDArray[np.int64]


class Trial:
    """All fingerprints of all versions of the pictures that have content, and the questions that are asked of them."""

    def __init__(self, pictures: Sequence[Picture], names: list[str], measured: Sequence[Measured]) -> None:
        self.lost = [picture for picture, one in zip(pictures, measured, strict=True) if one.flat[0]]
        measured = [one for one in measured if not one.flat[0]]
        self.names = np.array(names * len(measured))
        self.of = np.repeat(np.arange(len(measured)), len(names))
        self.hashes = np.concatenate([one.hashes for one in measured])
        self.checks = np.concatenate([one.checks for one in measured])
        self.asking = np.concatenate([one.asking for one in measured])
        self.flat = np.concatenate([one.flat for one in measured])
        self.peers = {name: np.concatenate([one.peers[name] for one in measured]) for name in measured[0].peers}
        self.originals = np.flatnonzero(self.names == "original")
        self.turns = np.isin(self.names, list(edits.TURNS))
        self.different = int((~self.turns).sum()) * (len(measured) - 1)

    def row_of_peer(self, name: str) -> list[tuple[str, ...]]:
        """Return the lines of another fingerprint, one hash a picture."""
        words = self.peers[name]
        bits = {"PDQ": 256, "imagehash phash 16": 256}.get(name, 64)
        distances = np.stack([_differing(words, words[original]) for original in self.originals], axis=1)
        same = self.of[:, None] == np.arange(len(self.originals))
        strange = np.bincount(distances[~same & ~self.turns[:, None]], minlength=bits + 1).cumsum()
        own = distances[np.arange(len(words)), self.of]
        lines: list[tuple[str, ...]] = []
        for rate in RATES:
            radius = int(np.searchsorted(strange, rate * self.different, side="right")) - 1
            label = str(radius) if radius >= 0 else "none"  # equal hashes are more than that
            lines.append((name, str(bits), f"{rate:g}", label, *self._recalls(own <= radius)))
        return lines

    def rows_of_look1(self) -> list[list[tuple[str, ...]]]:
        """Return the lines of generation look1: fewer views, and all of them."""
        sizes = {"look1, whole": 1, "look1, with trimmed": look1.ANCHORS, "look1, all views": len(VIEW_NAMES)}
        rows = [self._lines(name, views, self._found(compared_pairs(views))) for name, views in sizes.items()]
        unchecked = self._found(compared_pairs(1), checked=False)
        return [self._lines("look1, whole, no check", 1, unchecked, checked=False), *rows]

    def setting(self, rate: float) -> Setting:
        """Return the setting of all views that finds most at no more than *rate* of false positives."""
        return self._best(self._found(compared_pairs()), rate)

    def row_at(self, name: str, setting: Setting) -> tuple[str, ...]:
        """Return what all views find at *setting*, and the rate of false positives there."""
        found = self._found(compared_pairs())
        rate = self._strange(found)[setting] / self.different
        return name, f"{rate:.1e}", f"{setting[0]}/{setting[1]}", *self._recalls(self._hits(found, setting))

    def print_defaults(self) -> None:
        """Print what the default settings find, edit by edit, and what they take for the same."""
        default = (look1.RADIUS, look1.CHECK_RADIUS)
        ways = {
            "copy asks": self._found(compared_pairs()),
            "original asks": self._found(compared_pairs(), original_asks=True),
            "copy asks in all orientations": self._found(compared_pairs(), orientations=ORIENTATIONS),
        }
        hits = {way: self._hits(found, default) for way, found in ways.items()}
        groups = {name: self.names == name for name in [*edits.FIXED, *edits.TURNS]} | {
            f"{len(edits.KEEPING)} that keep the frame": np.isin(self.names, list(edits.KEEPING)),
            f"{len(edits.GEOMETRIC)} that change it": np.isin(self.names, list(edits.GEOMETRIC)),
            f"all {len(edits.FIXED)}": np.isin(self.names, list(edits.FIXED)),
            "random": self._random(),
            "random, decorated": np.char.startswith(self.names, "decorated"),
        }
        print_table(
            f"look1 at its default settings (radius {default[0]}, check {default[1]}), edit by edit",
            ("edit", *ways),
            [(name, *(f"{some[chosen].mean():.4f}" for some in hits.values())) for name, chosen in groups.items()],
            note="False positives: "
            + "; ".join(f"{way} {self._strange(found)[default]}" for way, found in ways.items())
            + f", of {self.different:,} pairs.",
        )
        console.print(
            f"of the pictures, {len(self.lost) / (len(self.lost) + len(self.originals)):.2%} have too little content"
        )
        console.print(f"of the copies of the others, {self.flat[self.names != 'original'].mean():.2%}")

    def strangers(self, orientations: Sequence[int], radius: int) -> float:
        """Return how many of a million pairs of different originals have views within *radius*, checked or not."""
        near = np.zeros((len(self.originals), len(self.originals)), np.bool_)
        stored = self.hashes[self.originals]
        for orientation in orientations:
            asking = self._turned(orientation)[0][self.originals]
            for a, b in compared_pairs():
                near |= np.bitwise_count(asking[:, a, None] ^ stored[None, :, b]) <= radius
        np.fill_diagonal(near, val=False)
        return float(near.sum() / (near.size - len(near)) * 1e6)

    def plot(self, folder: Path) -> None:
        """Draw recall by edit, and distances between the same and different pictures."""
        from benchmarks.quality.copies_plot import draw_distances, draw_recall

        found, default = self._found(compared_pairs()), (look1.RADIUS, look1.CHECK_RADIUS)
        hits = {"look1, all views": self._hits(found, default)}
        for name in ("phash1", "PDQ"):
            if name in self.peers:
                radius = int(self.row_of_peer(name)[0][3])  # they have one
                own = _differing(self.peers[name], self.peers[name][self.originals[self.of]])
                hits[name] = own <= radius
        groups = {name: self.names == name for name in edits.FIXED} | {"random compound": self._random()}
        recalls = {
            kind: {name: float(flags[chosen].mean()) for name, chosen in groups.items()} for kind, flags in hits.items()
        }
        draw_recall(recalls, folder / "recall.png")
        whole = self.hashes[:, :1]
        distances = np.stack([_differing(whole, whole[original]) for original in self.originals], axis=1)
        same = self.of[:, None] == np.arange(len(self.originals))
        fixed = np.isin(self.names, list(edits.KEEPING))
        draw_distances(
            distances[same & fixed[:, None]], distances[~same & ~self.turns[:, None]], folder / "distances.png"
        )

    def _lines(self, name: str, views: int, found: Found, *, checked: bool = True) -> list[tuple[str, ...]]:
        bits = f"{views} x 64" + (" + check" if checked else "")
        lines: list[tuple[str, ...]] = []
        for rate in RATES:
            setting = self._best(found, rate)
            label = f"{setting[0]}/{setting[1]}" if checked else str(setting[0])
            lines.append((name, bits, f"{rate:g}", label, *self._recalls(self._hits(found, setting))))
        return lines

    def _found(
        self,
        pairs: Sequence[tuple[int, int]],
        *,
        orientations: Sequence[int] = (1,),
        checked: bool = True,
        original_asks: bool = False,
    ) -> Found:
        """Return all pairs of views that are near, of a version and an original, one of which is stored."""
        parts = [
            part
            for orientation in orientations
            for part in self._near(self._turned(orientation), pairs, checked=checked, original_asks=original_asks)
        ]
        return Found(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))

    def _near(
        self, turned: tuple[Words, Words], pairs: Sequence[tuple[int, int]], *, checked: bool, original_asks: bool
    ) -> Iterator[tuple[NDArray[np.int64], ...]]:
        hashes, windows = turned  # of what asks
        for number, original in enumerate(self.originals):
            for asking, stored in pairs:
                one, other = ([original], slice(None)) if original_asks else (slice(None), [original])
                distance = np.bitwise_count(hashes[one, asking] ^ self.hashes[other, stored])
                near = np.flatnonzero((distance <= REACH) & ~self.flat)
                asked = windows[one, asking] if original_asks else windows[near, asking]
                there = self.checks[near, stored] if original_asks else self.checks[other, stored]
                check = _differing(asked, there[:, None])
                check = check.min(axis=-1, initial=256) * checked
                kept = check <= CHECK_REACH
                near = near[kept]
                yield near, np.full(len(near), number), distance[near].astype(np.int64), check[kept].astype(np.int64)

    def _turned(self, orientation: int) -> tuple[Words, Words]:
        """Return the hashes and asking checks of every version after it is turned."""
        if orientation == 1:
            return self.hashes, self.asking
        there = [look1.turned_view(view, orientation) for view in range(len(VIEW_NAMES))]
        hashes, asking = np.empty_like(self.hashes), np.empty_like(self.asking)
        big_endian = self.hashes.astype(">u8")[..., None]
        hashes[:, there] = _turned(big_endian, partial(_turned_hash, orientation))[..., 0]
        asking[:, there] = _turned(self.asking, partial(look1.turned_check, orientation=orientation))
        return hashes, asking

    def _hits(self, found: Found, setting: Setting) -> Flags:
        """Return which versions find their original."""
        within = (found.distance <= setting[0]) & (found.check <= setting[1])
        own = within & (self.of[found.asking] == found.stored)
        hits = np.zeros(len(self.of), np.bool_)
        hits[found.asking[own]] = True
        return hits

    def _strange(self, found: Found) -> NDArray[np.int64]:
        """Return how many pairs of different pictures match, by radius and check radius."""
        other = (self.of[found.asking] != found.stored) & ~self.turns[found.asking]
        pair, distance, check = (
            found.asking[other] * len(self.originals) + found.stored[other],
            found.distance[other],
            found.check[other],
        )
        order = np.lexsort((check, pair))
        pair, distance, check = pair[order], distance[order], check[order]
        table = np.zeros((REACH + 1, CHECK_REACH + 1), np.int64)
        for radius in range(REACH + 1):
            within = distance <= radius
            _, first = np.unique(pair[within], return_index=True)  # with the least check of each pair
            table[radius] = np.bincount(check[within][first], minlength=CHECK_REACH + 1).cumsum()
        return table

    def _best(self, found: Found, rate: float) -> Setting:
        """Return the setting with at most *rate* of false positives that finds most of fixed and random edits."""
        allowed = self._strange(found) <= rate * self.different
        wider = np.pad(allowed, ((0, 1), (0, 1)))
        widest = np.argwhere(allowed & ~wider[1:, :-1] & ~wider[:-1, 1:]).tolist()
        fixed, random = np.isin(self.names, list(edits.FIXED)), self._random()

        def worth(setting: Setting) -> float:
            hits = self._hits(found, setting)
            return float(hits[fixed].mean() + hits[random].mean())

        return max([(radius, check) for radius, check in widest] or [(0, 0)], key=worth)

    def _random(self) -> Flags:
        flags: Flags = np.char.startswith(self.names, "compound")
        return flags

    def _recalls(self, hits: Flags) -> tuple[str, str, str, str]:
        keeping, geometric = (np.isin(self.names, list(kind)) for kind in (edits.KEEPING, edits.GEOMETRIC))
        keep, change, fixed, random = (
            f"{share(hits[chosen])} +- {self._margin(hits, chosen):.3f}"
            for chosen in (keeping, geometric, keeping | geometric, self._random())
        )
        return keep, change, fixed, random

    def _margin(self, hits: Flags, chosen: Flags) -> float:
        """Return half the 95 % confidence interval of the mean of *hits* where *chosen*, by resampling pictures."""
        by_picture = np.bincount(self.of[chosen], hits[chosen]) / np.bincount(self.of[chosen])
        rng = np.random.default_rng(SEED)
        means = by_picture[rng.integers(0, len(by_picture), (RESAMPLES, len(by_picture)))].mean(axis=1)
        low, high = np.quantile(means, (0.025, 0.975)).tolist()
        return float(high - low) / 2


def compared_pairs(views: int = len(VIEW_NAMES)) -> list[tuple[int, int]]:
    """Return which views, of the first *views*, are compared with which."""
    rule = GENERATIONS[look1.GENERATION]
    return [(a, b) for a in range(views) for b in may_meet(rule, a) if b < views]


def _turned(words: Words, turn: Callable[[bytes], bytes]) -> Words:
    """Return *words*, whose last axis is one hash or check, each turned by the permutation and mask that *turn* is."""
    size = words.shape[-1] * 8
    mask = np.frombuffer(turn(bytes(size)), np.uint8)
    ones = [np.frombuffer(turn((1 << bit).to_bytes(size, "big")), np.uint8) ^ mask for bit in reversed(range(8 * size))]
    places = np.argmax(np.unpackbits(np.array(ones), axis=1), axis=1)
    turned = np.empty((*words.shape[:-1], size), np.uint8)
    for number in range(len(words)):  # a row at a time: all bits at once are eight times the memory
        bits = np.unpackbits(words[number].view(np.uint8), axis=-1)
        moved = np.empty_like(bits)
        moved[..., places] = bits
        turned[number] = np.packbits(moved, axis=-1) ^ mask
    return turned.view(words.dtype)


def _turned_hash(orientation: int, hash: bytes) -> bytes:
    return look1.turned(int.from_bytes(hash, "big"), orientation).to_bytes(len(hash), "big")


def _differing(a: Words, b: Words) -> NDArray[np.int64]:
    """Return in how many bits the rows of *a* and *b* differ."""
    differing: NDArray[np.int64] = np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int64)
    return differing


def share(hits: Flags) -> str:
    """Return the share of *hits*, as it is printed."""
    return f"{hits.mean():.3f}"
