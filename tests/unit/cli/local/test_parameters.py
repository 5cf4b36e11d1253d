"""Parameters are held to the template before anything starts."""

import argparse
import shlex
from pathlib import Path
from typing import Any

import pytest
from samtranslator.yaml_helper import yaml_parse

from handler.cli.errors import USAGE_ERROR
from handler.cli.local.emulator import LocalError
from handler.cli.local.parameters import checked, given, given_with_a_bucket
from handler.cli.local.stack import overrides

ROOT = Path(__file__).parents[4]
TEMPLATE: dict[str, Any] = yaml_parse((ROOT / "template.yaml").read_text())
PATTERN = {"Parameters": {"Name": {"Type": "String", "AllowedPattern": "[a-z]+"}}}


def test_values_of_every_type_are_taken() -> None:
    words = ["ScopeDepth=2", "Orientations=mirror", "AlsoGeneration=phash1", "Heic=true", "LogRetentionDays=7"]

    assert checked(TEMPLATE, [*words, "ScopeDepth=2"]) == dict(word.split("=") for word in words)
    assert checked(TEMPLATE, ["AlsoGeneration="]) == {"AlsoGeneration": ""}
    assert given(ROOT, argparse.Namespace(parameter=None)) == {}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["ScopeDepth"], "--parameter ScopeDepth: want Name=Value, such as ScopeDepth=2"),
        (["scopedepth=2"], "--parameter scopedepth=2: the template has no parameter 'scopedepth': did you mean Scope"),
        (["Nonsense=2"], "--parameter Nonsense=2: the template has no parameter 'Nonsense': want one of AlarmEmail,"),
        (["ScopeDepth=9"], "--parameter ScopeDepth=9: want a whole number from 0 to 8"),
        (["ScopeDepth=-1"], "--parameter ScopeDepth=-1: want a whole number from 0 to 8"),
        (["ScopeDepth=2.5"], "--parameter ScopeDepth=2.5: want a whole number from 0 to 8"),
        (["ScopeDepth="], "--parameter ScopeDepth=: want a whole number from 0 to 8"),
        (["ScopeDepth=two"], "--parameter ScopeDepth=two: want a whole number from 0 to 8"),
        (["Orientations=some"], "--parameter Orientations=some: want one of none, mirror, all"),
        (["AlsoGeneration=x"], "--parameter AlsoGeneration=x: want one of nothing, look1, phash1"),
        (["EndpointUrl=http://a"], "--parameter EndpointUrl=http://a: EndpointUrl is the emulator's address in local "),
        (["Architecture=arm64"], "--parameter Architecture=arm64: Architecture is this machine's in local runs"),
        (["Radius=1", "Radius=2"], "--parameter Radius=2: Radius is '1' already: give each parameter once"),
        (["AlsoGeneration=look1"], "--parameter AlsoGeneration=look1: AlsoGeneration must differ from Generation, or "),
    ],
)
def test_what_the_template_does_not_allow_is_refused_in_one_line(words: list[str], said: str) -> None:
    with pytest.raises(LocalError) as refused:
        checked(TEMPLATE, words)

    assert str(refused.value).startswith(said)
    assert "\n" not in str(refused.value)
    assert refused.value.status == USAGE_ERROR


def test_run_that_uploads_needs_a_bucket_of_the_stacks_own() -> None:
    named, not_named = (argparse.Namespace(parameter=[f"ExistingBuckets={names}"]) for names in ("one,two", ""))

    assert given(ROOT, named) == {"ExistingBuckets": "one,two"}
    assert given_with_a_bucket(ROOT, not_named) == {"ExistingBuckets": ""}
    with pytest.raises(LocalError, match="ExistingBuckets=one,two: this uploads to the stack's own bucket") as refused:
        given_with_a_bucket(ROOT, named)
    assert refused.value.status == USAGE_ERROR


def test_patterns_hold_for_the_whole_value() -> None:
    assert checked(PATTERN, ["Name=abc"]) == {"Name": "abc"}
    with pytest.raises(LocalError, match=r"Name=abc1: want \[a-z\]\+"):
        checked(PATTERN, ["Name=abc1"])


def test_sam_unquotes_what_is_quoted_for_it() -> None:
    """By the rules of a shell, as its documentation has it."""
    odd = {"Plain": "2", "Empty": "", "Odd": 'a "b" \\ c=d'}

    assert [shlex.split(word)[0].partition("=")[::2] for word in overrides(odd)][1:] == list(odd.items())
