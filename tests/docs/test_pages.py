"""Links between pages: what the site's own check does not see, README and headings included."""

import re
from pathlib import Path

from tests.docs.markdown import ROOT, documents

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
