"""Links between pages: what the site's own check does not see, README and headings included; and what pages copy."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.docs.markdown import ROOT, blocks, documents
from tests.docs.shell import commands
from tests.docs.test_configuration import TEMPLATE

LINK = re.compile(r"\]\(([^)\s]+)\)")
FENCED = re.compile(r"^( *)```.*?^\1```$", re.DOTALL | re.MULTILINE)
CODE = re.compile(r"`[^`\n]+`")


def anchors(path: Path) -> set[str]:
    """What a link may name on the page: its headings, as GitHub and MkDocs both write them, and names of its own."""
    text = FENCED.sub("", path.read_text())
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    slugs = {re.sub(r"[-\s]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}
    return slugs | set(re.findall(r'(?:name|id)="([^"]+)"', text))


def test_links_lead_somewhere() -> None:
    broken = []
    for path in documents():
        for target in LINK.findall(CODE.sub("", FENCED.sub("", path.read_text()))):
            file, _, anchor = target.partition("#")
            there = (path.parent / file).resolve() if file else path
            if re.match("[a-z]+:", target):
                continue
            if not there.exists() or (anchor and there.suffix == ".md" and anchor not in anchors(there)):
                broken.append(f"{path.relative_to(ROOT)}: {target}")

    assert broken == []


def test_targets_of_make_that_pages_name_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):.*## ", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        (str(path.relative_to(ROOT)), target)
        for path in documents()
        for target in re.findall(r"(?:`|\$ )make ([a-z-]+)", path.read_text())
    }

    assert [(page, target) for page, target in sorted(named) if target not in targets] == []


@pytest.mark.parametrize("bucket", ["PicturesBucket", "PacksBucket"])
def test_policy_of_a_bucket_that_is_made_again_is_that_of_the_template(bucket: str) -> None:
    page = ROOT / "docs" / "runbook" / "lost-bucket.md"
    (put,) = [one.text for block in blocks(page) for one in commands(block) if "put-bucket-policy" in one.text]
    typed = f"aws() {{ printf '%s' \"${{@: -1}}\"; }}; NAME=some-bucket; {put}"
    said = subprocess.run(["bash", "-c", typed], check=True, capture_output=True, text=True).stdout  # noqa: S603, S607 - a command of our page

    assert json.loads(said) == named(TEMPLATE["Resources"][f"{bucket}Policy"]["Properties"]["PolicyDocument"], bucket)


def named(policy: Any, bucket: str) -> Any:
    """*policy* with the ARNs of a bucket that is called `some-bucket`."""
    arn, text = "arn:aws:s3:::some-bucket", json.dumps(policy)
    for reference in ({"Fn::GetAtt": [bucket, "Arn"]}, {"Fn::GetAtt": f"{bucket}.Arn"}):
        text = text.replace(json.dumps(reference), json.dumps(arn))
    return json.loads(text.replace(json.dumps({"Fn::Sub": f"${{{bucket}.Arn}}/*"}), json.dumps(f"{arn}/*")))
