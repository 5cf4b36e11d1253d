"""`python -m benchmarks`: print every table, with the machine and the date."""

import argparse
import sys

from benchmarks import cold_import, fingerprint, recall, search
from benchmarks.report import print_machine

PARTS = {"recall": recall.main, "search": search.main, "fingerprint": fingerprint.main, "cold-import": cold_import.main}


def main() -> int:
    """Run the parts that were asked for, or all of them."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=__doc__)
    parser.add_argument("parts", nargs="*", metavar="PART", help=f"one of {', '.join(PARTS)} (default: all)")
    asked = parser.parse_args().parts or list(PARTS)
    if unknown := [part for part in asked if part not in PARTS]:
        parser.error(f"unknown part {unknown[0]!r}, want one of {', '.join(PARTS)}")
    print_machine()
    for part in asked:
        PARTS[part]()
    return 0


if __name__ == "__main__":
    sys.exit(main())
