"""Numbers as people read them."""

NOT_KNOWN = "not known"  # of a picture of which nothing is known but its hash


def dimensions(width: int | None, height: int | None) -> str:
    """Return the size of a picture in pixels as people read it."""
    return f"{width:,} x {height:,}" if width and height else NOT_KNOWN


def amount(size: int | None) -> str:
    """Return *size* in bytes as people read it: 999 bytes, 82 KB, 1.2 MB."""
    if size is None:
        return NOT_KNOWN
    if size < 1000:
        return f"{size} byte{'s' * (size != 1)}"
    value = float(size)
    for unit in ("KB", "MB", "GB"):
        value /= 1000
        if value < 999.5 or unit == "GB":
            return f"{value:.1f} {unit}" if value < 9.95 else f"{value:.0f} {unit}"
    raise AssertionError


def counted(number: int, one: str, more: str | None = None) -> str:
    """Return *number* with the noun for it, as `1,500 groups`."""
    return f"{number:,} {one if number == 1 else more or one + 's'}"
