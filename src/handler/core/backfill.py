"""Pictures that were in a bucket before: of which job they come, and which of their pairs are told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from handler.core.model import PictureRecord, was_backfilled

ORIGINS = UPLOAD, BACKFILL = "upload", "backfill"  # what a message may be about

# S3 dates a multipart upload by its beginning, and a bucket's rule mostly ends it after a week: one whose date is older
# than that by so much was there for certain.
LONGEST_UPLOAD = timedelta(days=7)
_OF_PARTS = "-"  # in the ETag of a multipart upload


class BackfillTell(StrEnum):
    """Which pairs of a backfilled picture are published."""

    NONE = "none"  # those with what was uploaded since the job began
    REPORT = "report"  # likewise; whoever runs the job writes down the others
    ALL = "all"  # all


@dataclass(frozen=True, slots=True)
class Backfill:
    """The job that an event without a sequencer is of."""

    job: str | None  # noted on each object once it is done with; None where nobody asks
    tell: BackfillTell = BackfillTell.ALL
    began: str | None = None  # ISO 8601 with offset, by S3's clock; there is one unless all is told

    def document(self) -> dict[str, str]:
        """Return what says so in an event."""
        given = {"job": self.job, "tell": self.tell.value, "began": self.began}
        return {name: value for name, value in given.items() if value is not None}

    def is_due(self, other: PictureRecord) -> bool:
        """Whether a pair with *other* is published.

        What was uploaded since the job began may have searched before this picture was indexed, so its pairs are told.
        What has no event, or was stored before, cannot have been missed by anybody who listens.
        """
        if self.tell is BackfillTell.ALL or self.began is None:
            return True
        return not was_backfilled(other.ref) and not _stored_before(other, datetime.fromisoformat(self.began))


def _stored_before(record: PictureRecord, time: datetime) -> bool:
    """Whether the object of *record* was there for certain at that *time*."""
    if record.modified is None:
        return False
    of_parts = _OF_PARTS in (record.etag or "")
    return datetime.fromisoformat(record.modified) < time - (LONGEST_UPLOAD if of_parts else timedelta())
