"""Names of objects as people write them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.names import may_be_a_bucket, named_object


@given(st.from_regex(r"[a-z0-9.-]{3,63}", fullmatch=True), st.text())
def test_bucket_and_key_are_what_was_named(bucket: str, key: str) -> None:
    assert named_object(f"s3://{bucket}/{key}") == (bucket, key)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("s3://b", ("b", None)),
        ("s3://b/", ("b", "")),
        ("s3:///k", ("", "k")),
        ("s3://", ("", None)),
        ("s3://b//k", ("b", "/k")),
        ("S3://b/k", None),
        ("./s3://b/k", None),
        ("k", None),
    ],
)
def test_what_is_left_out_is_told_apart(text: str, expected: tuple[str, str | None] | None) -> None:
    assert named_object(text) == expected


@pytest.mark.parametrize("name", ["abc", "a.b-c", "1" * 63])
def test_name_that_s3_takes(name: str) -> None:
    assert may_be_a_bucket(name)


@pytest.mark.parametrize("name", ["ab", "Abc", "a_c", "-abc", "abc.", "a" * 64, "list:banned", ""])
def test_name_that_s3_does_not_take(name: str) -> None:
    assert not may_be_a_bucket(name)
