"""What ends a command with one line on standard error."""

FAILED = 1
USAGE_ERROR = 2  # argparse's own


class CommandError(Exception):
    """What the user can put right; the message is one line that says what is wrong and what to do about it."""

    def __init__(self, message: str, *, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status
