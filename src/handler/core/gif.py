"""Empty extensions of a GIF, behind which Pillow loses its way: it takes what follows for more of them.

Source: GIF89a, sections 23 to 26.
"""

_HEAD = 13  # bytes before the colours
_EXTENSION, _APPLICATION = 0x21, 0xFF
_LOOP = b"NETSCAPE2.0"  # whose data is in a second block


def without_empty_extensions(body: bytes) -> bytes:
    """Return a GIF without those extensions before its first image that have no data; *body* itself if it has none."""
    kept, start = bytearray(), 0
    at = _HEAD + (3 << (body[10] & 7) + 1 if body[10:11] and body[10] & 0x80 else 0)
    while at + 1 < len(body) and body[at] == _EXTENSION:
        blocks, end = [], at + 2
        while end < len(body) and body[end]:
            blocks.append(body[end + 1 : end + 1 + body[end]])
            end += 1 + body[end]
        end += 1
        if len(blocks) < (2 if body[at + 1] == _APPLICATION and blocks and blocks[0].startswith(_LOOP) else 1):
            kept += body[start:at]
            start = end
        at = end
    return bytes(kept + memoryview(body)[start:]) if start else body
