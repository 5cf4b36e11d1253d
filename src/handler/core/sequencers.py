"""The order in which S3 says that the events of one key happened."""

SEQUENCER_DIGITS = 32  # S3 documents no length: shorter ones are padded on the right with zeros
LOWEST_SEQUENCER = "0" * SEQUENCER_DIGITS  # what an object without a sequencer (a backfill) has


def padded_sequencer(sequencer: str | None) -> str:
    """Return *sequencer* so that plain string order is the order of events of one key.

    S3 documents: pad the shorter with zeros on the right, then compare as text. Hexadecimal
    digits are folded to one case. A missing one becomes the lowest. Raises ValueError if it is
    longer than SEQUENCER_DIGITS.
    """
    if not sequencer:
        return LOWEST_SEQUENCER
    if len(sequencer) > SEQUENCER_DIGITS:
        raise ValueError(f"sequencer {sequencer!r} is longer than {SEQUENCER_DIGITS} digits")
    return sequencer.upper().ljust(SEQUENCER_DIGITS, "0")


def just_after(sequencer: str) -> str:
    """Return a padded sequencer after *sequencer* and before every later one that S3 gives.

    S3's are shorter than SEQUENCER_DIGITS, so the last digit is free.
    """
    return sequencer[:-1] + "1"
