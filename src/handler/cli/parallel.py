"""The same work on many files, on all cores."""

import os
import signal
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from itertools import chain, islice
from multiprocessing import active_children, get_context, parent_process
from multiprocessing.connection import wait
from threading import Thread
from typing import TypeVar

from handler.cli.errors import CommandError

S = TypeVar("S")
T = TypeVar("T")

INLINE_FILES = 8  # starting further processes takes longer than these
FILES_AT_ONCE = 8  # to one process: handing over each by itself would take a fifth of the time of hashing it
AHEAD = 8  # times as many per process: they work on while 64 pictures are compared, and so much waits in memory
KILLED = "a hashing process was killed, probably out of memory: lower --max-pixels"


def in_order(work: Callable[[S], T], items: Iterator[S]) -> Generator[T]:
    """Yield what *work* makes of each item, in order: in this process or, if they are many, in one per core.

    Raises CommandError if one of the processes is killed.
    """
    first = list(islice(items, INLINE_FILES + 1))
    cores = core_count()
    if len(first) <= INLINE_FILES or cores == 1:
        yield from map(work, chain(first, items))
        return
    # Not forked: the progress bar has a thread of its own.
    pool = ProcessPoolExecutor(cores, mp_context=get_context("spawn"), initializer=_begin)
    waiting: deque[Future[list[T]]] = deque()
    remaining = chain(first, items)
    try:
        while some := list(islice(remaining, FILES_AT_ONCE)):
            waiting.append(pool.submit(_each, work, some))
            if len(waiting) >= cores * AHEAD:
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    except BrokenProcessPool as error:
        raise CommandError(KILLED) from error
    except BaseException:  # nobody wants the rest, and a file may take long
        for worker in active_children():
            worker.kill()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def in_threads(work: Iterable[Iterator[T]]) -> Iterator[T]:
    """Yield what each of *work* yields, in order; as many of them at once as there are cores, each in one thread.

    For numpy, which lets other threads work while it does. Nothing of *work* is asked for long before it is due.
    """
    waiting, pool = deque[Future[list[T]]](), ThreadPoolExecutor(core_count())
    try:
        for part in work:
            waiting.append(pool.submit(list, part))
            if len(waiting) > core_count():
                yield from waiting.popleft().result()
        while waiting:
            yield from waiting.popleft().result()
    finally:
        pool.shutdown(cancel_futures=True)


def _each(work: Callable[[S], T], items: Sequence[S]) -> list[T]:
    """Return what *work* makes of each of *items*. Importable: it runs in other processes."""
    return [work(item) for item in items]


def core_count() -> int:
    """Return the number of cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _begin() -> None:
    """Leave Ctrl-C to the process that reads the results, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_follow, daemon=True).start()


def _follow() -> None:
    """End this process when the one that started it has ended, however it did: the pool's own processes wait on."""
    if parent := parent_process():
        wait([parent.sentinel])
        os._exit(1)
