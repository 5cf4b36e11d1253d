"""Ask which stored pictures show the same as a file, before it is stored: ask.py FILE [OPTION=VALUE ...].

LOOKALIKE_ASK_URL is the stack's output AskUrl; credentials and region are those of the AWS CLI.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any
from urllib.error import HTTPError
from urllib.parse import quote
from urllib.request import Request, urlopen

import boto3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.exceptions import BotoCoreError


def ask(body: bytes, **options: str) -> dict[str, Any]:
    """Return the answer to the picture file *body*; raise ValueError with what is wrong with it."""
    address, session = os.environ.get("LOOKALIKE_ASK_URL"), boto3.Session()
    if not address or not session.region_name:
        raise ValueError(f"{'AWS_DEFAULT_REGION' if address else 'LOOKALIKE_ASK_URL'} is not set")
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(options.items()))
    url = f"{address.rstrip('/')}/v1/searches" + (f"?{query}" if query else "")
    signed = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/octet-stream"})
    SigV4Auth(session.get_credentials(), "lambda", session.region_name).add_auth(signed)
    request = Request(url, data=body, headers=dict(signed.headers.items()), method="POST")  # noqa: S310 - AskUrl
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - AskUrl
            found: dict[str, Any] = json.load(answer)
            return found
    except HTTPError as error:
        raise ValueError(what_is_wrong(error.read().decode())) from error


def what_is_wrong(answer: str) -> str:
    """Return what a problem says; what AWS answers itself is no such document."""
    try:
        return f"{json.loads(answer)['detail']}"
    except (ValueError, LookupError, TypeError):
        return answer


def main(*words: str) -> None:
    """Print the kind and the key of each match, best first."""
    if not words or not all("=" in word for word in words[1:]):
        sys.exit("usage: ask.py FILE [OPTION=VALUE ...]")
    try:
        answer = ask(Path(words[0]).read_bytes(), **dict(option.split("=", 1) for option in words[1:]))
    except (BotoCoreError, OSError, ValueError) as error:
        sys.exit(f"ask.py: {error}")
    for match in answer["matches"]:
        entry = [f"(of the list {match['list']})"] if match["list"] else []
        print(match["kind"], match["key"], *entry)  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
