"""`python -m benchmarks.micro.peak_memory NAME FILE`: the memory of fingerprinting one file."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image

from benchmarks.micro.fingerprinters import FINGERPRINTERS


def main() -> None:
    """Print how many bytes of memory one fingerprinter takes at most for one file, once its libraries are loaded."""
    name, path = sys.argv[1:]
    small = BytesIO()
    Image.effect_noise((64, 64), 50).convert("RGB").save(small, "JPEG")
    body = Path(path).read_bytes()
    FINGERPRINTERS[name](small.getvalue())
    Path("/proc/self/clear_refs").write_text("5")  # a child begins with its parent's peak
    before = _resident("VmRSS")
    FINGERPRINTERS[name](body)
    sys.stdout.write(f"{_resident('VmHWM') - before}\n")


def _resident(which: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) << 10 for line in lines if line.startswith(which))


if __name__ == "__main__":
    main()
