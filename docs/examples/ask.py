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


def ask(body: bytes, **options: str) -> dict[str, Any]:
    """Return the answer to the picture file *body*; raise ValueError with what is wrong with it."""
    query = "&".join(f"{name}={quote(value, safe='')}" for name, value in sorted(options.items()))
    url = f"{os.environ['LOOKALIKE_ASK_URL']}v1/searches" + (f"?{query}" if query else "")
    session = boto3.Session()
    signed = AWSRequest("POST", url, data=body, headers={"Content-Type": "application/octet-stream"})
    SigV4Auth(session.get_credentials(), "lambda", session.region_name).add_auth(signed)
    request = Request(url, data=body, headers=dict(signed.headers.items()), method="POST")  # noqa: S310 - AskUrl
    try:
        with urlopen(request, timeout=60) as answer:  # noqa: S310 - AskUrl
            found: dict[str, Any] = json.load(answer)
            return found
    except HTTPError as error:
        raise ValueError(error.read().decode()) from error


def main(path: str, *options: str) -> None:
    """Print the kind and the key of each match, best first."""
    for match in ask(Path(path).read_bytes(), **dict(option.split("=", 1) for option in options))["matches"]:
        print(match["kind"], match["key"])  # noqa: T201 - what it is for


if __name__ == "__main__":
    main(*sys.argv[1:])
