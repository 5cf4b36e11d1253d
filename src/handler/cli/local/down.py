"""`lookalike local down`: the end of what `local up` has started."""

import argparse
from pathlib import Path

from handler.cli.local import deployment


def run(root: Path, _options: argparse.Namespace) -> int:
    """Stop the deployment that is running, if any; return the exit status."""
    if found := deployment.running(root):
        found.stop()
        print(f"stopped {found.endpoint}")
    else:
        print("nothing is running")
    deployment.forget(root)
    return 0
