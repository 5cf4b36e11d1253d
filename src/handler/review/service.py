"""The reviews of one deployment, put together."""

from collections.abc import Callable
from concurrent.futures import Executor
from datetime import datetime
from typing import NamedTuple

from handler.clock import now
from handler.core.model import Settings
from handler.finding import Records
from handler.review.decisions import Decisions
from handler.review.groups import Groups
from handler.review.known import KeptVerdicts, Known, OpenPairs
from handler.review.surplus import Deletable


class Review(NamedTuple):
    """What people do with announced pairs."""

    groups: Groups
    decisions: Decisions
    deletable: Deletable
    known: Known  # by which all three read


def review(
    *,
    pairs: OpenPairs,
    verdicts: KeptVerdicts,
    catalog: Records,
    settings: Settings,
    executor: Executor,
    clock: Callable[[], datetime] = now,
) -> Review:
    """Return the reviews of all scopes of a deployment."""
    known = Known(pairs=pairs, verdicts=verdicts, catalog=catalog, settings=settings, executor=executor)
    groups = Groups(known)
    return Review(groups, Decisions(known, forget=groups.forget, clock=clock), Deletable(known), known)
