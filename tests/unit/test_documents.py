"""What README and docs keep to, apart from what they say."""

import json
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_WORDS = 1_500
WIDTH = 119


def test_readme_is_short_enough_to_be_read() -> None:
    assert len((ROOT / "README.md").read_text().split()) <= MOST_WORDS


def test_lines_fit_on_a_screen_but_for_tables() -> None:
    long = [
        f"{page.relative_to(ROOT)}:{number}"
        for page in PAGES
        for number, line in enumerate(page.read_text().splitlines(), 1)
        if len(line) > WIDTH and not line.startswith("|")
    ]

    assert long == []


def test_policy_in_the_text_is_the_one_in_the_file() -> None:
    page = (ROOT / "docs" / "how-to" / "subscribe.md").read_text()

    shown = [json.loads(block.partition("```")[0]) for block in page.split("```json\n")[1:]]

    assert json.loads((ROOT / "docs" / "examples" / "queue-policy.json").read_text()) in shown
