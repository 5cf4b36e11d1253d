"""The end on a signal: in order on the first, at once on the second, with whatever this process has started."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from types import FrameType

SIGNALS = [
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
]  # Windows has no SIGHUP
SHOW_CURSOR = "\x1b[?25h"  # a progress bar hides it

_groups: set[int] = set()  # the process groups that end with this process


class Stopped(KeyboardInterrupt):
    """A signal asked this process to end."""

    def __init__(self, number: int) -> None:
        super().__init__()
        self.status = 128 + number  # as shells have it


@contextmanager
def two_signals_end() -> Iterator[None]:
    """Raise Stopped on the first signal that asks for the end; on the second end without another word.

    A signal that is ignored (by nohup, say) stays so.
    """
    if current_thread() is not main_thread():  # which alone gets signals
        yield
        return
    before = {one: signal.getsignal(one) for one in SIGNALS if signal.getsignal(one) is not signal.SIG_IGN}
    asked = list[int]()

    def stop(number: int, _frame: FrameType | None) -> None:
        asked.append(number)
        if len(asked) > 1:
            _end_at_once(128 + number)
        raise Stopped(number)

    for one in before:
        signal.signal(one, stop)
    try:
        yield
    finally:
        if not asked:  # else the end is under way, and may take a second signal
            for one, handler in before.items():
                signal.signal(one, handler)


@contextmanager
def ends_with_us(group: int) -> Iterator[None]:
    """Count the process group *group* among what ends with this process, for the length of the block."""
    adopt(group)
    try:
        yield
    finally:
        release(group)


def adopt(group: int) -> None:
    """End the process group *group* with this process, should that have to end at once."""
    _groups.add(group)


def release(group: int) -> None:
    """Let the process group *group* outlive this process; no error if it would have anyway."""
    _groups.discard(group)


def _end_at_once(status: int) -> None:
    for group in _groups:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    if workers := sys.modules.get("multiprocessing"):
        for worker in workers.active_children():
            worker.kill()
    if sys.stderr.isatty():
        os.write(sys.stderr.fileno(), SHOW_CURSOR.encode())
    os._exit(status)
