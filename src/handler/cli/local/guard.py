"""Runs one command for as long as whoever started it lives: `python -m handler.cli.local.guard PATH COMMAND...`.

Standard input is a pipe that only the starter holds. When it closes, however the starter came to its
end, the command and all its children end, and the file or folder PATH is removed. A word in it means: stay.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path

STAY = b"stay\n"
GRACE_S = 5  # from asking to insisting


def main(path: str, *command: str) -> int:
    """Run *command* in this process group and return its exit status."""
    signal.signal(signal.SIGTERM, lambda _number, _frame: None)  # ends the command, and that ends this
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)  # noqa: S603 - our own starter's words
    abandoned = threading.Event()
    follower = threading.Thread(target=_follow, args=(path, child, abandoned), daemon=True)
    follower.start()
    status = child.wait()
    if abandoned.is_set():
        follower.join()
    return status


def _follow(path: str, child: subprocess.Popen[bytes], abandoned: threading.Event) -> None:
    # Past Python's buffer, whose lock would keep the interpreter from ending while this waits.
    if os.read(sys.stdin.fileno(), len(STAY)) == STAY:
        return
    abandoned.set()
    os.killpg(0, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        child.wait(GRACE_S)
    shutil.rmtree(path, ignore_errors=True)
    with contextlib.suppress(OSError):
        Path(path).unlink()  # unless it was a folder
    os.killpg(0, signal.SIGKILL)  # whoever is left, and this process, which leads the group


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
