"""How much memory this process takes."""

import resource
import sys
from pathlib import Path


def peak_mb() -> float:
    """Return the largest resident memory so far."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1 << 20 if sys.platform == "darwin" else 1 << 10)


def resident_mb() -> float:
    """Return the resident memory now, where the system has it in a file; elsewhere the largest so far."""
    statm = Path("/proc/self/statm")
    return int(statm.read_text().split()[1]) * resource.getpagesize() / (1 << 20) if statm.exists() else peak_mb()
