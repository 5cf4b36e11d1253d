"""The layer holds what the lock says, and nothing else."""

import re
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
REQUIREMENTS = (ROOT / "layers" / "imaging" / "requirements.txt").read_text()
LOCK: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
IN_THE_RUNTIME = "boto3"  # what Lambda itself brings; `make lock` leaves it out


def required() -> dict[tuple[str, str], set[str]]:
    """The hashes of each (name, version) of the layer's requirements."""
    found: dict[tuple[str, str], set[str]] = {}
    for block in re.split(r"\n(?=[a-z])", REQUIREMENTS):
        if pinned := re.match(r"([a-z0-9-]+)==(\S+)", block):
            found[pinned[1], pinned[2]] = set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
    return found


def locked(name: str) -> list[dict[str, Any]]:
    return [package for package in LOCK if package["name"] == name]


def test_layer_is_the_lock_of_what_the_function_imports() -> None:
    (project,) = locked("lookalike")
    wanted = [dependency["name"] for dependency in project["dependencies"] if dependency["name"] != IN_THE_RUNTIME]
    expected: dict[tuple[str, str], set[str]] = {}

    while wanted:
        for package in locked(wanted.pop()):
            files = [*package["wheels"], *([package["sdist"]] if "sdist" in package else [])]
            expected[package["name"], package["version"]] = {file["hash"] for file in files}
            wanted += [dependency["name"] for dependency in package.get("dependencies", [])]

    assert required() == expected, "the layer differs from uv.lock: run make lock"


def test_layer_file_names_no_machine_and_no_index() -> None:
    assert not re.search(r"https?:|file:|(^|\s)/", REQUIREMENTS)
