import pytest
from hypothesis import given
from hypothesis import strategies as st

from handler.config import BadConfiguration, Config
from handler.core.look1 import RADIUS
from handler.core.model import ORIENTATIONS
from tests.environment import GOOD


def test_good_environment_is_read() -> None:
    config = Config.from_env(GOOD)

    settings = config.settings
    assert (settings.radius, settings.max_matches, settings.limits.max_pixels) == (10, 20, 50_000_000)
    assert settings.orientations == (1, 2, 3, 4, 5, 6, 7, 8)
    assert config.endpoint_url is None
    assert config.usual_read_units == 8 * int(GOOD["ALARM_READ_COST"])  # eight a million are a dollar


def test_every_bad_variable_is_named_at_once() -> None:
    env = GOOD | {"RADIUS": "ten", "MAX_MATCHES": "0", "GENERATION": "md5", "ENDPOINT_URL": "localhost"}
    del env["BUCKET_TABLE"]

    with pytest.raises(BadConfiguration) as caught:
        Config.from_env(env)

    assert str(caught.value) == (
        "bad configuration: BUCKET_TABLE is missing; GENERATION is 'md5', want one of look1, phash1; "
        "RADIUS is 'ten', want an integer from 0 to 16; MAX_MATCHES is '0', want an integer from 1 to 100; "
        "ENDPOINT_URL is 'localhost', want a URL"
    )


def test_lists_and_priority_are_read_in_their_order() -> None:
    settings = Config.from_env(GOOD | {"LISTS": "banned,stock,banned", "PRIORITY": "press/,cat"}).settings

    assert (settings.lists, settings.priority) == (("banned", "stock"), ("press/", "cat"))
    assert (Config.from_env(GOOD).settings.lists, Config.from_env(GOOD).settings.priority) == ((), ())


@pytest.mark.parametrize("lists", ["Banned", "a,,b", "a/b", "x" * 33, ",".join("abcdefghi")])
def test_lists_that_cannot_be_are_a_bad_configuration(lists: str) -> None:
    with pytest.raises(BadConfiguration) as caught:
        Config.from_env(GOOD | {"LISTS": lists})

    assert (
        str(caught.value) == f"bad configuration: LISTS is {lists!r}, want up to 8 names of lists with commas between"
    )


@pytest.mark.parametrize(("memory", "room"), [(None, 512), ("3000", 512), ("1769", 339), ("1600", 170), ("1024", 128)])
def test_journal_takes_no_memory_that_decoding_needs(memory: str | None, room: int) -> None:
    env = GOOD if memory is None else GOOD | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": memory}

    assert Config.from_env(env).journal_memory_mb == room


def test_decoding_may_use_what_two_copies_of_a_file_leave() -> None:
    limits = Config.from_env(GOOD | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1024"}).settings.limits

    assert limits.decoding_bytes == (1024 - 150 - 2 * 20 - 128) << 20
    assert Config.from_env(GOOD).settings.limits.decoding_bytes > 1 << 60


def test_files_that_leave_no_memory_are_a_bad_configuration() -> None:
    env = GOOD | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "512", "MAX_BYTES": "268435456"}

    with pytest.raises(BadConfiguration, match="MAX_BYTES is 268435456: two copies do not fit in 512 MB"):
        Config.from_env(env)


def test_generation_is_not_written_twice() -> None:
    with pytest.raises(BadConfiguration) as caught:
        Config.from_env(GOOD | {"ALSO_GENERATION": "look1", "RADIUS": "ten"})

    assert str(caught.value) == (
        "bad configuration: RADIUS is 'ten', want an integer from 0 to 16; "
        "ALSO_GENERATION is 'look1', the same as GENERATION, want another, or none"
    )


@given(
    memory=st.integers(1024, 10240),
    max_bytes=st.integers(1024, 1 << 28),
    max_pixels=st.integers(1024, 1_000_000_000),
    wanted=st.integers(0, 8192),
)
def test_journal_has_its_least_memory_whatever_is_deployed(
    memory: int, max_bytes: int, max_pixels: int, wanted: int
) -> None:
    env = {"MAX_BYTES": str(max_bytes), "MAX_PIXELS": str(max_pixels), "JOURNAL_MEMORY": str(wanted)}

    config = Config.from_env(GOOD | env | {"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": str(memory)})

    assert config.journal_memory_mb >= min(wanted, 128)
    largest = min(config.settings.limits.decoding_bytes, max_pixels * 26)
    assert (config.journal_memory_mb << 20) + largest + 2 * max_bytes <= (memory - 150) << 20


@pytest.mark.parametrize("orientations", ORIENTATIONS)
def test_generation_whose_hashes_say_nothing_of_turned_pictures_compares_them_as_they_are(orientations: str) -> None:
    config = Config.from_env(GOOD | {"GENERATION": "phash1", "ORIENTATIONS": orientations})

    assert config.settings.orientations == (1,)


@pytest.mark.parametrize(("radius", "strict"), [(10, 10), (16, RADIUS)])
def test_what_is_far_waits_for_a_look(radius: int, strict: int) -> None:
    looks, none = (Config.from_env(GOOD | {"RADIUS": str(radius), "MAX_LOOKS": most}).settings for most in ("40", "0"))

    assert (looks.asked_radius, looks.strict_radius) == (radius, strict)
    assert none.asked_radius == none.strict_radius == strict
