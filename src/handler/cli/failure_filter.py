"""Which of the failed events a command is about: by cause, age, bucket and prefix."""

import argparse
import re
from argparse import ArgumentTypeError
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

from handler.cli.causes import CAUSES
from handler.cli.failed_events import Failure

UNITS = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


@dataclass(frozen=True, slots=True)
class FailureFilter:
    """What is asked for; without anything, every failed event is."""

    now: datetime
    causes: Collection[str] = ()  # any of them; as for the others, none: all
    buckets: Collection[str] = ()
    prefixes: Collection[str] = ()
    older_than: timedelta | None = None
    newer_than: timedelta | None = None

    @property
    def takes_all(self) -> bool:
        """Whether nothing is asked for."""
        return not (self.causes or self.buckets or self.prefixes or self.older_than or self.newer_than)

    def takes(self, failure: Failure) -> bool:
        """Whether *failure* is asked for: by everything that was said, and the same object by bucket and prefix."""
        age = self.now - failure.moment
        return (
            (not self.causes or failure.cause.name in self.causes)
            and (self.older_than is None or age > self.older_than)
            and (self.newer_than is None or age < self.newer_than)
            and (not (self.buckets or self.prefixes) or any(map(self._takes_object, failure.objects)))
        )

    def _takes_object(self, name: str) -> bool:
        bucket, _, key = name.partition("/")
        return (not self.buckets or bucket in self.buckets) and (
            not self.prefixes or any(key.startswith(one) for one in self.prefixes)
        )


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Add the options of the filter."""
    group = parser.add_argument_group("which of them", "each of these leaves out more; one that is repeated, less")
    group.add_argument(
        "--cause",
        choices=CAUSES,
        metavar="CAUSE",
        help="those of this cause (default: any)",
        action="append",
    )
    group.add_argument(
        "--bucket", metavar="NAME", help="those of objects in this bucket (default: any)", action="append"
    )
    group.add_argument(
        "--prefix",
        metavar="TEXT",
        help="those of keys that begin with TEXT (default: any)",
        action="append",
    )
    group.add_argument(
        "--older-than", type=duration, metavar="AGE", help="those that failed before, as 30m, 2h or 3d (default: any)"
    )
    group.add_argument(
        "--newer-than", type=duration, metavar="AGE", help="those that failed since, as 30m, 2h or 3d (default: any)"
    )


def asked_for(options: argparse.Namespace, now: datetime) -> FailureFilter:
    """Return what *options* ask for, when it is *now*."""
    return FailureFilter(
        now, options.cause or (), options.bucket or (), options.prefix or (), options.older_than, options.newer_than
    )


def is_filtered(options: argparse.Namespace) -> bool:
    """Whether *options* leave anything out."""
    return not asked_for(options, datetime.min).takes_all


def duration(text: str) -> timedelta:
    """Return the length of time in *text*, such as 90s, 30m, 2h, 3d or 1w; raise ArgumentTypeError for others."""
    found = re.fullmatch(rf"(\d+)([{''.join(UNITS)}])", text)
    if not found or not int(found[1]):
        raise ArgumentTypeError(f"{text!r} is no length of time (want a whole number and its unit, as 30m, 2h or 3d)")
    try:
        return timedelta(**{UNITS[found[2]]: int(found[1])})
    except OverflowError as error:
        raise ArgumentTypeError(f"{text!r} is too long") from error
