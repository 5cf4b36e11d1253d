"""A response parser for DynamoDB in botocore's own slot: a sixth of the CPU where an answer is large.

botocore walks its model of the service through every value of an answer. Items need only this: JSON, with what stands
under `B` and `BS` decoded from base64. Signing, sending, retries and everything about errors stay botocore's own.
"""

import json
from binascii import a2b_base64
from typing import Any

from botocore.parsers import ResponseParser, ResponseParserFactory

_DYNAMODB_TYPE = "application/x-amz-json-1.0"


class LeanParserFactory(ResponseParserFactory):
    """Makes botocore's parsers, with answers of DynamoDB parsed here: register it as `response_parser_factory`."""

    def create_parser(self, protocol_name: str) -> Any:
        """Return the parser for *protocol_name*."""
        parser = super().create_parser(protocol_name)
        return _LeanParser(parser) if protocol_name == "json" else parser


class _LeanParser:
    """Parses answers that succeeded; the others are left to *fallback*."""

    def __init__(self, fallback: ResponseParser) -> None:
        self._fallback = fallback

    def parse(self, response: dict[str, Any], shape: Any) -> Any:
        """Return what botocore's own parser returns."""
        headers = {name.lower(): value for name, value in response["headers"].items()}
        is_answer = response["status_code"] < 300 and headers.get("content-type", "").startswith(_DYNAMODB_TYPE)
        if not is_answer or not response["body"]:
            return self._fallback.parse(response, shape)
        parsed = json.loads(response["body"], object_hook=_decoded)
        parsed["ResponseMetadata"] = {"HTTPStatusCode": response["status_code"], "HTTPHeaders": headers}
        if "x-amzn-requestid" in headers:
            parsed["ResponseMetadata"]["RequestId"] = headers["x-amzn-requestid"]
        return parsed


def _decoded(value: dict[str, Any]) -> dict[str, Any]:
    """Decode the one value of an attribute, if it is binary; no attribute of Lookalike's is named B or BS."""
    if "BS" in value:
        value["BS"] = [a2b_base64(member) for member in value["BS"]]
    elif "B" in value:
        value["B"] = a2b_base64(value["B"])
    return value
