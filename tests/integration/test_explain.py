"""`lookalike explain` of the deployed stack: by its own settings and tables, as the command line reads them."""

import json
from collections.abc import Callable, Sequence

import pytest

from handler.cli.main import main
from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo

pytestmark = pytest.mark.emulator

CAT, DOG = photo(1), photo(2)
Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def explain(site: Site, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    for variable, value in site.deployment.environment.items():
        monkeypatch.setenv(variable, value)

    def run(*words: str) -> tuple[int, str, str]:
        named: Sequence[str] = [
            f"s3://{site.deployment.bucket}/{site.folder}/{word}" if word.endswith(".jpg") else word for word in words
        ]
        status = main(["explain", *named])
        return status, *capsys.readouterr()

    return run


def test_two_pictures_are_told_of_and_a_third_is_not(site: Site, explain: Run) -> None:
    for name, body in (("cat.jpg", jpeg(CAT)), ("copy.jpg", jpeg(near_copy(CAT))), ("dog.jpg", jpeg(DOG))):
        site.upload(name, body)
        (line,) = site.wait_for_lines(name)

    status, out, _ = explain("--json", "cat.jpg")
    said = json.loads(out)
    told, stranger = (json.loads(explain("--json", "cat.jpg", "--of", name)[1]) for name in ("copy.jpg", "dog.jpg"))
    unknown, out, complaint = explain("--json", "none.jpg")

    assert (status, said["outcome"], [one["told"] for one in said["others"]]) == (0, "indexed", [True])
    assert said["others"][0]["object"].endswith("/copy.jpg")
    assert (told["told"], {step["passed"] for step in told["steps"]}) == (True, {True})
    assert (stranger["told"], stranger["steps"][-1]["name"]) == (False, "hashes")
    assert json.loads(explain("--json", "dog.jpg")[1])["correlation_id"] == line["correlation_id"]
    assert (unknown, json.loads(out)["unknown"]) == (1, [f"s3://{site.deployment.bucket}/{site.folder}/none.jpg"])
    assert "nothing is stored under this name" in complaint


def test_stack_that_is_none_and_what_is_no_object_are_told_in_a_line(site: Site, explain: Run) -> None:
    site.upload("cat.jpg", jpeg(CAT))

    for words in (["cat.jpg", "--stack", "no-such-stack"], ["./cat"], ["cat.jpg", "--of", "cat.jpg"]):
        status, out, complaint = explain(*words)

        assert (status, out, complaint.count("\n")) == (2, "", 1)
