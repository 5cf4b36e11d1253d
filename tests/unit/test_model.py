import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.core.model import Collection, object_id, scope_of
from handler.core.sequencers import LOWEST_SEQUENCER, padded_sequencer


@given(st.text(max_size=8), st.text(max_size=8), st.text(max_size=8), st.text(max_size=8))
def test_object_id_tells_every_two_objects_apart(bucket: str, key: str, other_bucket: str, other_key: str) -> None:
    same = (bucket, key) == (other_bucket, other_key)

    assert (object_id(bucket, key) == object_id(other_bucket, other_key)) is same


def test_object_id_does_not_confuse_where_the_bucket_ends() -> None:
    assert object_id("a", "b/c") != object_id("a/b", "c")


def test_sequencers_compare_as_s3_documents_it() -> None:
    # Right-padded with zeros, then as text: a longer one is not a larger one.
    assert padded_sequencer("0055AED6DCD9") == padded_sequencer("0055aed6dcd900")
    assert padded_sequencer("0055AED6DCD9") < padded_sequencer("0055AED6DCD901")
    assert padded_sequencer("0155") > padded_sequencer("0055AED6DCD90281E5")


@pytest.mark.parametrize("missing", [None, ""])
def test_missing_sequencer_is_older_than_any(missing: str | None) -> None:
    assert padded_sequencer(missing) == LOWEST_SEQUENCER < padded_sequencer("0055AED6DCD90281E5")


def test_overlong_sequencer_is_refused() -> None:
    with pytest.raises(ValueError, match="longer than 32 digits"):
        padded_sequencer("0" * 33)


@pytest.mark.parametrize(
    ("key", "depth", "scope"),
    [
        ("a/b/c.jpg", 0, "*"),
        ("a/b/c.jpg", 1, "a/"),
        ("a/b/c.jpg", 2, "a/b/"),
        ("a/b/c.jpg", 5, "a/b/"),
        ("c.jpg", 1, "/"),
        ("*/c.jpg", 1, "*/"),
        ("/c.jpg", 1, "/"),
    ],
)
def test_scope_is_the_leading_folders(key: str, depth: int, scope: str) -> None:
    assert scope_of(key, depth) == scope


@given(st.text(max_size=6), st.text(max_size=6))
def test_collections_of_different_scopes_never_share_a_key(scope: str, other: str) -> None:
    one, two = Collection(scope, "phash1"), Collection(other, "phash1")

    assert (f"{one}#b0#0000" == f"{two}#b0#0000") is (scope == other)
