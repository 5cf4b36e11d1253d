"""What the demo announced, as a page of thumbnails."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from handler.cli.contact_sheet import Sheet, Tile, write
from handler.cli.thumbnails import thumbnail
from handler.core.model import Limits

TITLE = "What was announced"
ANY = Limits(max_bytes=1 << 40, max_pixels=1 << 40)  # the function has read them


def write_sheet(path: Path, messages: Sequence[Mapping[str, Any]], body_of: Callable[[str], bytes | None]) -> Path:
    """Write the pictures of *messages*, each with its nearest match, to the file *path*; return the file.

    *body_of* gives the file of a key; None if it cannot be read. Raises OSError.
    """
    copies = defaultdict[str, list[tuple[Mapping[str, Any], Mapping[str, Any]]]](list)
    for message in sorted(messages, key=lambda message: str(message["picture"]["key"])):
        nearest = message["matches"][0]
        copies[nearest["key"]].append((message["picture"], nearest))

    def tile(picture: Mapping[str, Any], match: Mapping[str, Any] | None = None) -> Tile:
        body = body_of(picture["key"])
        facts = [f"{picture['width']} x {picture['height']}", picture["format"]]
        shown = None if body is None else thumbnail(body, ANY)
        if match is None:
            return Tile(picture["key"], facts, ["came before"], shown)
        notes = [match["kind"], f"{match['distance']} bits", " in ".join(dict.fromkeys(match["views"]))]
        boxes = [(box["top"], box["bottom"], box["left"], box["right"]) for box in match["differs"] or ()]
        return Tile(picture["key"], facts, notes, shown, boxes)

    sheets = (
        Sheet(key, [tile(found[0][1]), *(tile(picture, match) for picture, match in found)])
        for key, found in copies.items()
    )
    summary = f"{len(messages)} messages, each picture beside the one that it resembles most"
    return write(path, TITLE, summary, len(copies), sheets)[0]
