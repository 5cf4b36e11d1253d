"""The quarantine of examples/: never both of two, nothing deleted before its copy was read back."""

import itertools
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.integration.conftest import Site
from tests.integration.subscribers import Guarded, deploy, load, message
from tests.pictures import jpeg, photo

pytestmark = pytest.mark.emulator

GONE, OTHER_GONE = "left: it is not there any more", "left: the other is not there any more"


class QuarantineCase:
    """The handler in this process, on a pictures bucket and a quarantine bucket of the emulator."""

    def __init__(self, guarded: Guarded, bucket: str, quarantine: str) -> None:
        self.guarded, self.s3, self.bucket, self.quarantine = guarded, guarded.s3, bucket, quarantine
        self._handle = load("quarantine", "quarantine").handle

    def put(self, key: str, body: bytes = b"same", **options: Any) -> dict[str, Any]:
        return self.guarded.put(key, body, self.bucket, **options)

    def handle(self, picture: dict[str, Any], *matches: dict[str, Any], s3: Any = None, **more: Any) -> list[str]:
        return [line["outcome"] for line in self._handle(s3 or self.s3, message(picture, *matches, **more))]

    def keys(self, bucket: str | None = None) -> list[str]:
        found = self.s3.list_objects_v2(Bucket=bucket or self.bucket)
        return [one["Key"] for one in found.get("Contents", [])]

    def moved(self) -> list[str]:
        return [key.removeprefix(f"{self.bucket}/") for key in self.keys(self.quarantine)]

    def versions(self) -> list[str]:
        found = self.s3.list_object_versions(Bucket=self.bucket)
        return [one["VersionId"] for one in found.get("Versions", [])]


class Meddling:
    """S3, where something happens right before or right after a call."""

    def __init__(self, s3: Any, call: str, happens: Callable[[], object], *, after: bool = False) -> None:
        self._s3, self._call, self._happens, self._after = s3, call, happens, after

    def __getattr__(self, name: str) -> Any:
        real = getattr(self._s3, name)
        if name != self._call:
            return real

        def called(**options: Any) -> Any:
            if not self._after:
                self._happens()
            answer = real(**options)
            if self._after:
                self._happens()
            return answer

        return called


def case_of(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, versioning: str) -> QuarantineCase:
    bucket, quarantine = guarded.make_bucket("pictures", versioning), guarded.make_bucket("quarantine")
    monkeypatch.setenv("PICTURES_BUCKET", bucket)
    monkeypatch.setenv("QUARANTINE_BUCKET", quarantine)
    return QuarantineCase(guarded, bucket, quarantine)


@pytest.fixture(params=["", "Enabled"], ids=["plain", "versioned"])
def case(guarded: Guarded, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> QuarantineCase:
    return case_of(guarded, monkeypatch, request.param)


@pytest.fixture
def plain(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> QuarantineCase:
    return case_of(guarded, monkeypatch, "")


@pytest.fixture
def versioned(guarded: Guarded, monkeypatch: pytest.MonkeyPatch) -> QuarantineCase:
    return case_of(guarded, monkeypatch, "Enabled")


def test_later_one_is_moved_with_its_tags_and_metadata(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg", Tagging="hotel=astoria", ContentType="image/jpeg")

    outcomes = case.handle(b, a)

    copy = {"Bucket": case.quarantine, "Key": f"{case.bucket}/b.jpg"}
    assert (outcomes, case.keys(), case.moved()) == (["moved"], ["a.jpg"], ["b.jpg"])
    assert len(case.versions()) == 1
    assert case.s3.get_object(**copy)["ContentType"] == "image/jpeg"
    assert [tag["Key"] for tag in case.s3.get_object_tagging(**copy)["TagSet"]] == ["hotel", "lookalike:duplicate-of"]


def test_messages_that_cross_or_repeat_move_one_of_two(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg")

    outcomes = [case.handle(*pair) for pair in ((a, b), (b, a), (a, b))]

    assert outcomes == [["moved"], [GONE], [GONE]]
    assert case.keys() == ["a.jpg"]


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_one_of_three_remains_in_whatever_order_messages_come(plain: QuarantineCase, order: tuple[int, ...]) -> None:
    a, b, c = (plain.put(key) for key in ("a.jpg", "b.jpg", "c.jpg"))
    messages = [(b, a), (c, a, b), (b, c)]

    for at in (*order, *order):
        plain.handle(*messages[at])

    assert (plain.keys(), plain.moved()) == (["a.jpg"], ["b.jpg", "c.jpg"])


def test_nothing_is_moved_if_the_other_is_gone(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg")
    case.s3.delete_object(Bucket=case.bucket, Key="a.jpg")  # in a versioned bucket its version is still there

    outcomes = case.handle(b, a)

    assert (outcomes, case.keys(), case.moved()) == ([OTHER_GONE], ["b.jpg"], [])


def test_nothing_is_moved_if_the_other_was_overwritten(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg")
    case.put("a.jpg", b"else")

    outcomes = case.handle(b, a)

    assert (outcomes, case.keys(), case.moved()) == ([OTHER_GONE], ["a.jpg", "b.jpg"], [])


def test_other_that_was_stored_anew_is_left_to_the_message_about_that(plain: QuarantineCase) -> None:
    a, b = plain.put("a.jpg"), plain.put("b.jpg")
    a["modified"] = a["modified"].replace("20", "19", 1)  # what is there now was stored later, by its time

    assert (plain.handle(b, a), plain.keys()) == ([OTHER_GONE], ["a.jpg", "b.jpg"])


def test_nothing_is_deleted_if_the_other_goes_during_the_copy(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg")
    s3 = Meddling(case.s3, "copy_object", lambda: case.s3.delete_object(Bucket=case.bucket, Key="a.jpg"), after=True)

    assert (case.handle(b, a, s3=s3), case.keys()) == (["copied, but left: the other went meanwhile"], ["b.jpg"])


def test_what_took_the_place_of_the_later_one_stays(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg")
    s3 = Meddling(case.s3, "delete_object", lambda: case.put("b.jpg", b"else"))

    case.handle(b, a, s3=s3)

    assert case.keys() == ["a.jpg", "b.jpg"]
    assert case.s3.get_object(Bucket=case.bucket, Key="b.jpg")["Body"].read() == b"else"
    assert case.moved() == ["b.jpg"]


def test_only_the_recorded_version_is_moved(versioned: QuarantineCase) -> None:
    a, b = versioned.put("a.jpg"), versioned.put("b.jpg")
    same_again = versioned.put("b.jpg")

    outcomes = versioned.handle(b, a)

    assert (outcomes, versioned.keys()) == (["moved"], ["a.jpg", "b.jpg"])
    assert sorted(versioned.versions()) == sorted([a["version"], same_again["version"]])


def test_earlier_version_does_not_come_to_light(versioned: QuarantineCase) -> None:
    versioned.put("b.jpg", b"an earlier picture")
    a, b = versioned.put("a.jpg"), versioned.put("b.jpg")

    versioned.handle(b, a)

    assert (versioned.keys(), versioned.moved()) == (["a.jpg"], ["b.jpg"])
    assert len(versioned.versions()) == 2


def test_move_that_was_cut_short_is_finished_by_the_next_attempt(case: QuarantineCase) -> None:
    a, b = case.put("a.jpg"), case.put("b.jpg")

    def crash() -> None:
        raise ConnectionError

    with pytest.raises(ConnectionError):
        case.handle(b, a, s3=Meddling(case.s3, "delete_object", crash))

    assert (case.keys(), case.moved()) == (["a.jpg", "b.jpg"], ["b.jpg"])
    assert case.handle(b, a) == ["moved"]
    assert (case.keys(), case.moved()) == (["a.jpg"], ["b.jpg"])


def test_nothing_is_deleted_if_the_copy_has_other_bytes(case: QuarantineCase) -> None:
    a, b = (case.put(key) | {"sha256": "0" * 64} for key in ("a.jpg", "b.jpg"))

    with pytest.raises(RuntimeError, match="nothing was deleted"):
        case.handle(b, a)

    assert case.keys() == ["a.jpg", "b.jpg"]


def test_near_matches_and_other_buckets_are_left_alone(plain: QuarantineCase) -> None:
    a, b = plain.put("a.jpg"), plain.put("b.jpg")
    elsewhere = plain.guarded.put("a.jpg", b"same")

    assert plain.handle(b, a, kind="near") == []
    assert plain.handle(b, elsewhere) == ["left: not both are in the bucket that this function looks after"]
    assert plain.keys() == ["a.jpg", "b.jpg"]


@pytest.mark.parametrize("versioning", ["", "Enabled"], ids=["plain", "versioned"])
def test_rights_of_the_role_are_enough(guarded: Guarded, versioning: str) -> None:
    bucket = guarded.make_bucket("pictures", versioning)
    deployed = guarded.deploy("quarantine", PicturesBucket=bucket)
    a, b = guarded.put("a.jpg", b"same", bucket, Tagging="hotel=astoria"), guarded.put("b.jpg", b"same", bucket)

    for pair in ((b, a), (a, b)):
        guarded.invoke(deployed["FunctionName"], message(*pair))

    (left,) = guarded.s3.list_objects_v2(Bucket=bucket)["Contents"]
    (moved,) = guarded.s3.list_objects_v2(Bucket=deployed["QuarantineBucket"])["Contents"]
    assert (left["Key"], moved["Key"]) == ("a.jpg", f"{bucket}/b.jpg")


@pytest.fixture
def deployed(site: Site, tmp_path: Path) -> Iterator[dict[str, str]]:
    """The example beside the real stack, as long as the test takes: others upload duplicates that have to stay."""
    parameters = {"TopicArn": site.deployment.outputs["TopicArn"], "PicturesBucket": site.deployment.bucket}
    outputs = deploy(site.deployment, "quarantine", tmp_path, parameters)
    yield outputs
    cloudformation = site.client("cloudformation")
    cloudformation.delete_stack(StackName=outputs["Stack"])
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=outputs["Stack"], WaiterConfig={"Delay": 1})


def test_duplicate_that_was_uploaded_goes_to_quarantine(site: Site, deployed: dict[str, str]) -> None:
    body = jpeg(photo(3))

    site.upload("a.jpg", body)
    site.wait_for_lines("a.jpg")
    site.upload("b.jpg", body)
    site.wait_for_lines("b.jpg", 2)  # stored, and removed again when the move was done

    left = site.s3.list_objects_v2(Bucket=site.deployment.bucket, Prefix=f"{site.folder}/")["Contents"]
    (moved,) = site.s3.list_objects_v2(Bucket=deployed["QuarantineBucket"])["Contents"]
    assert [one["Key"] for one in left] == [f"{site.folder}/a.jpg"]
    assert moved["Key"] == f"{site.deployment.bucket}/{site.folder}/b.jpg"
    assert moved["Size"] == len(body)
