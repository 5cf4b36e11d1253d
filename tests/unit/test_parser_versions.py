"""The parser over the oldest botocore that pyproject.toml allows and the newest that the index serves."""

import os
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUN = ("run", "--isolated", "--no-project")
PROBE = "import botocore.session; from handler.aws.parser import install; assert install(botocore.session.Session())"


@pytest.mark.slow  # the index is asked, and two versions are installed
@pytest.mark.parametrize("resolution", ["lowest-direct", "highest"])
def test_parser_fits_botocore(resolution: str) -> None:
    uv = ROOT / ".venv" / "bin" / "uv"

    done = subprocess.run(  # noqa: S603  our own tool and program
        [
            uv,
            *RUN,
            "--resolution",
            resolution,
            "--with",
            "boto3>=1.43",
            "--with",
            "botocore>=1.43",
            "python",
            "-c",
            PROBE,
        ],
        env={**os.environ, "PYTHONPATH": str(ROOT / "src"), "UV_SYSTEM_CERTS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
