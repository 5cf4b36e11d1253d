"""Lists on the deployed stack: what `lookalike list` puts on one is told by the uploads that come later."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from handler.cli.main import main
from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo
from tests.unit.cli.conftest import Ran

pytestmark = pytest.mark.emulator

SCENE, OTHER = photo(7001, (640, 480)), photo(7002, (640, 480))  # which no other test has: all share the lists


@pytest.fixture(autouse=True)
def aws(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the command find the deployment as a user of `local up` does."""
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    for name, value in site.deployment.environment.items():
        monkeypatch.setenv(name, value)


Run = Callable[..., Ran]


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Iterator[Run]:
    """Return what runs `lookalike list`; at the end nothing is on the lists that are asked."""

    def run_command(*arguments: object) -> Ran:
        status = main(["list", *map(str, arguments)])
        captured = capsys.readouterr()
        return Ran(status, captured.out.splitlines(), captured.err.splitlines())

    yield run_command
    for name in ("banned", "stock"):
        left = [json.loads(line)["name"] for line in run_command("show", name, "--json").lines]
        if left:
            run_command("remove", name, *left)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, picture in (("a.jpg", SCENE), ("b.jpg", OTHER)):
        (tmp_path / name).write_bytes(jpeg(picture))
    (tmp_path / "text.txt").write_text("nothing")
    return tmp_path


def last_match(site: Site, count: int = 1) -> dict[str, Any]:
    (match,) = site.documents(count)[-1]["matches"]
    found: dict[str, Any] = match
    return found


def test_folder_is_added_shown_told_and_removed(site: Site, run: Run, folder: Path) -> None:
    added, again = run("add", "banned", folder), run("add", "banned", folder, "--json")
    site.send(site.put("upload.jpg", jpeg(near_copy(SCENE))))
    told = last_match(site)
    shown = run("show", "banned")
    removed, missing = run("remove", "banned", folder), run("remove", "banned", folder / "a.jpg")
    site.send(site.put("later.jpg", jpeg(near_copy(OTHER))))

    assert (added.status, added.lines) == (1, ["2 added, 0 there already, 1 refused"])
    assert added.errors == [
        f"lookalike: {folder}/text.txt is not listed: unsupported: begins with b'nothing', "
        "want one of AVIF, BMP, GIF, HEIC, JPEG, PNG, TIFF, WEBP"
    ]
    assert json.loads(again.lines[0])["present"] == [f"{folder}/a.jpg", f"{folder}/b.jpg"]
    assert (told["list"], told["key"], told["kind"], told["agreement"]) == ("banned", f"{folder}/a.jpg", "near", None)
    assert [line.split()[:1] for line in shown.lines] == [["NAME"], [f"{folder}/a.jpg"], [f"{folder}/b.jpg"]]
    assert (removed.status, removed.lines) == (0, ["2 removed"])
    assert (missing.status, missing.lines) == (1, ["0 removed"])
    assert missing.errors == [f"lookalike: {folder}/a.jpg is not on the list banned"]
    assert site.messages_so_far() == [("upload.jpg", [f"{folder}/a.jpg"])]


def test_attribute_says_which_lists(site: Site, run: Run, folder: Path) -> None:
    for name in ("banned", "stock"):
        run("add", name, folder / "a.jpg")
    queue = site.client("sqs").create_queue(QueueName=f"lists-{site.folder}")["QueueUrl"]
    arn = site.client("sqs").get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    site.client("sns").subscribe(
        TopicArn=site.deployment.outputs["TopicArn"],
        Protocol="sqs",
        Endpoint=arn,
        Attributes={"RawMessageDelivery": "true", "FilterPolicy": json.dumps({"list": ["stock"]})},
    )

    site.send(site.put("one.jpg", jpeg(OTHER)))
    site.send(site.put("two.jpg", jpeg(near_copy(OTHER))))  # told, and not to this queue
    site.send(site.put("upload.jpg", jpeg(SCENE)))

    (message,) = site.client("sqs").receive_message(QueueUrl=queue, WaitTimeSeconds=20, MaxNumberOfMessages=10)[
        "Messages"
    ]
    assert [match["list"] for match in json.loads(message["Body"])["matches"]] == ["banned", "stock"]


def test_pixels_of_a_listed_object_are_looked_at(site: Site, run: Run) -> None:
    key = f"quarantine-{site.folder}/bad.jpg"
    site.s3.put_object(Bucket=site.deployment.bucket, Key=key, Body=jpeg(SCENE))

    added = run("add", "banned", f"s3://{site.deployment.bucket}/quarantine-{site.folder}/")
    site.send(site.put("upload.jpg", jpeg(near_copy(SCENE))))

    assert (added.status, added.lines) == (0, ["1 added, 0 there already, 0 refused"])
    match = last_match(site)
    assert (match["list"], match["key"]) == ("banned", f"s3://{site.deployment.bucket}/{key}")
    assert match["agreement"] > 0.9


def test_prefix_and_folder_with_nothing_in_them_are_named(site: Site, run: Run, tmp_path: Path) -> None:
    prefix = f"s3://{site.deployment.bucket}/none-{site.folder}/"

    added = run("add", "banned", prefix, tmp_path)

    assert added.lines == ["0 added, 0 there already, 0 refused"]
    assert added.errors == [
        f"lookalike: there is no object below {prefix}: check its name",
        f"lookalike: there is no file in {tmp_path}: check its name",
    ]


def test_bare_hash_is_told_as_unconfirmed_and_others_are_refused(
    site: Site, run: Run, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["hash", str(folder / "a.jpg")])
    hash = capsys.readouterr().out.split()[0]

    added = run("add", "banned", f"look1:{hash.upper()}", hash, f"phash1:{hash}", "ab" * 32, "--json")
    site.send(site.put("upload.jpg", jpeg(SCENE)))

    document = json.loads(added.lines[0])
    assert (added.status, document["added"]) == (1, [f"look1:{hash}"])
    assert [refused["reason"].partition(":")[0] for refused in document["refused"]] == [
        "say of which generation the hash is, as in look1",
        "the hash is one of phash1, and the list is of look1",
        "that is a hash of 256 bits, such as PDQ",
    ]
    match = last_match(site)
    assert (match["key"], match["unconfirmed"], match["distance"], match["width"]) == (f"look1:{hash}", True, 0, None)


def test_export_of_one_list_is_another(site: Site, run: Run, folder: Path) -> None:
    run("add", "banned", folder, "look1:00cb275ca3445d91")
    exported = run("export", "banned").lines
    (folder / "lines").write_text("\n".join(exported))

    imported = run("import", "stock", folder / "lines")
    site.send(site.put("upload.jpg", jpeg(near_copy(SCENE))))

    assert (imported.status, imported.lines) == (0, ["3 added, 0 there already, 0 refused"])
    assert run("export", "stock").lines == exported
    assert [match["list"] for match in site.documents(1)[-1]["matches"]] == ["banned", "stock"]


def test_list_that_is_not_asked_is_named(run: Run, folder: Path) -> None:
    added = run("add", "others", folder / "a.jpg")

    assert added.status == 0
    assert added.errors == [
        "lookalike: uploads are not compared with others yet: deploy the stack with Lists=banned,stock,others"
    ]
    assert run("remove", "others", folder / "a.jpg").status == 0
    assert run("show", "others").lines == ["nothing is on the list others"]


def test_stack_that_is_not_there_is_one_line(run: Run) -> None:
    shown = run("show", "banned", "--stack", "none")

    assert (shown.status, shown.lines) == (1, [])
    assert shown.errors[0].startswith("lookalike: no stack 'none' in")
