"""Questions by HTTP to the deployed stack, signed as botocore signs them."""

import json
import re
from pathlib import Path
from typing import Any
from urllib.parse import quote

import boto3
import pytest
import requests
import schemathesis
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from hypothesis import HealthCheck, settings
from schemathesis.checks import CHECKS

from handler.ask.description import description
from handler.ask.problems import Kind
from handler.ask.request import JSON
from handler.cli.main import main
from tests.asking import Answer, check
from tests.conftest import Stack
from tests.integration.conftest import Site
from tests.pictures import jpeg, near_copy, photo

pytestmark = pytest.mark.emulator

CAT = photo(1)
MOST_EXAMPLES = 40  # of a route: a question takes some hundredths of a second
# What a body or a parameter says beyond its form is refused, too: a hash of another generation, a scope that no key can
# have, bytes that are no picture. So not every well-formed question is answered.
WITHOUT = {"positive_data_acceptance"}


class SigningClient:
    """Sends signed requests."""

    def __init__(self, stack: Stack) -> None:
        self.url = stack.deployment.outputs["AskUrl"].rstrip("/")
        self._credentials: Any = boto3.Session("test", "test", region_name=stack.deployment.region).get_credentials()
        self._region = stack.deployment.region

    def headers(self, method: str, url: str, body: bytes, headers: dict[str, str]) -> dict[str, str]:
        request = AWSRequest(method, url, data=body, headers=headers)
        SigV4Auth(self._credentials, "lambda", self._region).add_auth(request)
        return dict(request.headers.items())

    def ask(self, method: str, path: str, query: str = "", body: bytes = b"", content_type: str = "") -> Answer:
        url = f"{self.url}{path}" + (f"?{query}" if query else "")
        headers = self.headers(method, url, body, {"Content-Type": content_type} if content_type else {})
        replied = requests.request(method, url, data=body or None, headers=headers, timeout=60)
        answer = Answer(replied.status_code, replied.headers, replied.json())
        check(method, path, answer)
        return answer


@pytest.fixture(scope="module")
def client(stack: Stack) -> SigningClient:
    return SigningClient(stack)


def test_file_is_answered_with_what_was_uploaded(site: Site, client: SigningClient) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    site.wait_for_lines("cat.jpg")
    scope = quote(site.collection.scope, safe="")

    answer = client.ask("POST", "/v1/searches", f"scope={scope}", jpeg(near_copy(CAT)), "image/jpeg")

    assert (answer.status, [match["kind"] for match in answer.document["matches"]]) == (200, ["near"])
    assert site.messages_so_far() == []


def test_hash_and_object_are_answered_with_what_was_uploaded(site: Site, client: SigningClient) -> None:
    for name, body in (("cat.jpg", jpeg(CAT)), ("copy.jpg", jpeg(near_copy(CAT)))):
        site.upload(name, body)
        site.wait_for_lines(name)
    key = f"{site.folder}/cat.jpg"

    shown = client.ask("GET", "/v1/pictures", f"bucket={site.deployment.bucket}&key={quote(key, safe='')}").document
    asked = [
        {"object": {"bucket": site.deployment.bucket, "key": key}},
        {"hash": shown["hash"], "generation": shown["generation"], "scope": shown["scope"], "limit": 2},
    ]
    answers = [client.ask("POST", "/v1/searches", "", json.dumps(one).encode(), "application/json") for one in asked]

    names = [{match["key"].removeprefix(f"{site.folder}/") for match in one.document["matches"]} for one in answers]
    assert (shown["outcome"], names) == ("indexed", [{"copy.jpg"}, {"cat.jpg", "copy.jpg"}])
    assert [one.document["confirmed"] for one in answers] == [True, False]


def test_largest_body_goes_through_and_the_next_byte_is_refused(client: SigningClient) -> None:
    largest = jpeg(CAT) + bytes(4_500_000 - len(jpeg(CAT)))

    answers = [
        client.ask("POST", "/v1/searches", "scope=*%2F", body, "image/jpeg") for body in (largest, largest + b"0")
    ]

    assert [answer.status for answer in answers] == [200, 413]
    assert answers[1].document["type"] == Kind.TOO_LARGE.type


def test_request_without_a_signature_is_refused(client: SigningClient) -> None:
    assert requests.get(f"{client.url}/v1/openapi.json", timeout=60).status_code == 403


def test_direct_question_is_answered_alike(site: Site, client: SigningClient) -> None:
    event = {"method": "GET", "path": "/v1/openapi.json"}

    answer = site.client("lambda").invoke(
        FunctionName=site.deployment.outputs["AskFunctionName"], Payload=json.dumps(event).encode()
    )

    served = client.ask("GET", "/v1/openapi.json").document
    assert (
        json.loads(answer["Payload"].read())
        == {"status": 200, "body": served}
        == {
            "status": 200,
            "body": json.loads(json.dumps(description())),
        }
    )


# That signatures are asked for is AWS's part, and the emulator's answers to that are its own.
schema = schemathesis.openapi.from_dict(description() | {"security": []})


@pytest.mark.thorough
@schema.parametrize()
@settings(max_examples=MOST_EXAMPLES, suppress_health_check=list(HealthCheck))
def test_answers_are_as_described_whatever_is_asked(case: "schemathesis.Case[Any]", client: SigningClient) -> None:
    checks: Any = [one for one in CHECKS.get_all() if one.__name__ not in WITHOUT]
    if case.media_type == JSON:
        case.query = {}  # or nearly all would be refused for having options there
        if isinstance(case.body, dict) and "hash" in case.body:
            case.body = case.body | {"scope": "fuzzed/"}  # likewise, for lack of a scope that there can be

    case.call_and_validate(base_url=client.url, checks=checks, headers={"Authorization": "AWS4-HMAC-SHA256 x"})


def test_command_line_asks_the_stack(
    site: Site, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    site.upload("cat.jpg", jpeg(CAT))
    site.wait_for_lines("cat.jpg")
    (tmp_path / "copy.jpg").write_bytes(jpeg(near_copy(CAT)))
    for variable, value in site.deployment.environment.items():
        monkeypatch.setenv(variable, value)
    stored = f"s3://{site.deployment.bucket}/{site.folder}/cat.jpg"

    statuses = [
        main(["find", "--scope", site.collection.scope, str(tmp_path / "copy.jpg")]),
        main(["show", stored]),
        main(["find", stored]),
        main(["find", f"{stored}.missing"]),
        main(["find", "--stack", "none", stored]),
    ]

    printed = capsys.readouterr()
    assert statuses == [0, 0, 1, 2, 2]
    assert stored in printed.out
    assert re.search("^outcome +indexed$", printed.out, re.MULTILINE), printed.out
    missing, nowhere = printed.err.splitlines()
    assert missing.startswith("lookalike: no-such-object: ")
    assert nowhere.startswith("lookalike: no stack 'none' ")
