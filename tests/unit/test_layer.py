"""Each layer holds what the lock says, and nothing else."""

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
LOCK: list[dict[str, Any]] = tomllib.loads((ROOT / "uv.lock").read_text())["package"]
IN_THE_RUNTIME = "boto3"  # what Lambda itself brings; `make lock` leaves it out
LAYERS = ("imaging", "heic")

Hashes = dict[tuple[str, str], set[str]]  # of each package (name, version)


def requirements(layer: str) -> str:
    return (ROOT / "layers" / layer / "requirements.txt").read_text()


def required(layer: str) -> Hashes:
    found: Hashes = {}
    for block in re.split(r"\n(?=[a-z])", requirements(layer)):
        if pinned := re.match(r"([a-z0-9-]+)==(\S+)", block):
            found[pinned[1], pinned[2]] = set(re.findall(r"--hash=(sha256:[0-9a-f]{64})", block))
    return found


def locked(name: str) -> list[dict[str, Any]]:
    return [package for package in LOCK if package["name"] == name]


def with_dependencies(dependencies: Iterable[dict[str, Any]]) -> Hashes:
    wanted = [dependency["name"] for dependency in dependencies if dependency["name"] != IN_THE_RUNTIME]
    expected: Hashes = {}
    while wanted:
        for package in locked(wanted.pop()):
            files = [*package["wheels"], *([package["sdist"]] if "sdist" in package else [])]
            expected[package["name"], package["version"]] = {file["hash"] for file in files}
            wanted += [dependency["name"] for dependency in package.get("dependencies", [])]
    return expected


def test_layer_is_the_lock_of_what_the_function_imports() -> None:
    (project,) = locked("lookalike")

    assert required("imaging") == with_dependencies(project["dependencies"]), "differs from uv.lock: run make lock"


def test_heic_layer_is_the_lock_of_what_its_extra_adds() -> None:
    (project,) = locked("lookalike")
    expected = with_dependencies(project["optional-dependencies"]["heic"])
    there = with_dependencies(project["dependencies"])

    added = {package: hashes for package, hashes in expected.items() if package not in there}
    assert required("heic") == added, "differs from uv.lock: run make lock"


@pytest.mark.parametrize("layer", LAYERS)
def test_layer_file_names_no_machine_and_no_index(layer: str) -> None:
    assert not re.search(r"https?:|file:|(^|\s)/", requirements(layer))
