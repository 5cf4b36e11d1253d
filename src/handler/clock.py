"""The time of day, which the core does not know."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the time of day, UTC."""
    return datetime.now(UTC)
