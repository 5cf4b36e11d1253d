"""How a command ends that does not do what it was asked to."""

FAILED = 1
USAGE_ERROR = 2  # argparse's own
INTERRUPTED = 130  # what shells use for a command that Ctrl-C ended


class CommandError(Exception):
    """What the user can put right; the message is one line that says what is wrong and what to do about it."""

    def __init__(self, message: str, *, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status
