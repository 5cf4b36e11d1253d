from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="it is of the group bench")


def test_legend_says_at_which_radius_each_fingerprint_was_matched(tmp_path: Path) -> None:
    from benchmarks.quality.copies_plot import draw_recall

    draw_recall({"look1, all views": {"crop": 0.9}, "phash1": {"crop": 0.1}}, tmp_path / "recall.svg")

    drawn = (tmp_path / "recall.svg").read_text()  # each text is a comment beside its glyphs
    assert "<!-- look1, all views: at its default radii -->" in drawn
    assert "<!-- phash1: at one false positive in a million pairs -->" in drawn
    assert "<!-- share of edited copies found -->" in drawn
