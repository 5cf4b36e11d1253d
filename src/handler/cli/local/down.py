"""`lookalike local down`: the end of what `local up` has started."""

import argparse
from pathlib import Path

from handler.cli.errors import FAILED
from handler.cli.local import deployment, leftovers, stack
from handler.cli.output import complain


def run(root: Path, _options: argparse.Namespace) -> int:
    """Stop the deployment that is running, if any, and what others have left; return the exit status."""
    with stack.lock(deployment.lock_file(root), deployment.BUSY):
        found = deployment.noted(root)
        lived = found is not None and found.emulator.lives()
        left = found.stop() if found else []
        others = leftovers.remove(root, but=found.emulator.folder if found else None)
        if not left:
            deployment.forget(root)
    stopped = [found.endpoint] if found and lived and not left else []
    stopped += [f"what an interrupted run had left in {folder}" for folder in others.ended]
    left += others.left
    for one in stopped:
        print(f"stopped {one}")
    if left:
        complain(leftovers.complaint(left))
        return FAILED
    if not stopped:
        print("nothing is running")
    return 0
