"""One process on each core, for work that numpy does in small arrays."""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context


def all_cores() -> ProcessPoolExecutor:
    """Return a process for each core, in which OpenBLAS has one thread.

    With a thread for each core in each of them they take ten times as long on a busy machine. They are not forked:
    numpy would have its threads already, and the progress bar has a thread of its own.
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")  # it is read where numpy is imported
    return ProcessPoolExecutor(mp_context=get_context("spawn"))
