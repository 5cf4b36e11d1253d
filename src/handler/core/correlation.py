"""The id that follows an upload through retries, the failure queue, coming again, and its message."""

import hashlib

from handler.core.model import ObjectRef, was_backfilled
from handler.core.sequencers import LOWEST_SEQUENCER

ID_BYTES = 8


def correlation_id(ref: ObjectRef) -> str:
    """Return 16 hex digits that name the event by which the object came: BLAKE2b over its id and its sequencer.

    Nothing has to carry it: whatever is sent again, by whomever, says bucket, key and sequencer, and so does the
    object item. All backfills of one object have the same, since no sequencer tells one from another.
    """
    sequencer = LOWEST_SEQUENCER if was_backfilled(ref) else ref.sequencer
    return hashlib.blake2b(f"{ref.object_id}#{sequencer}".encode(), digest_size=ID_BYTES).hexdigest()
