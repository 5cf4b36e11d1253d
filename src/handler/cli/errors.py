"""How a command ends that does not do what it was asked to."""

FAILED = 1
USAGE_ERROR = 2  # argparse's own
OUTPUT_LOST = 3
PIPE_CLOSED = 141  # what shells use for a command that SIGPIPE ended
STATUSES = """\
  3  the output could not be written
  129, 130, 143  SIGHUP, Ctrl-C or SIGTERM ended it
  141  nobody reads the output any more (| head), so nothing more is said"""  # of every command, for its help


class CommandError(Exception):
    """What the user can put right; the message is one line that says what is wrong and what to do about it."""

    def __init__(self, message: str, *, status: int = FAILED) -> None:
        super().__init__(message)
        self.status = status
