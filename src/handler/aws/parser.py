"""A response parser for DynamoDB in botocore's own slot: a sixth of the CPU where an answer is large.

botocore walks its model of the service through every value of an answer. Items need only this: JSON, with what stands
under `B` and `BS` decoded from base64. Signing, sending, retries and everything about errors stay botocore's own.
"""

import json
from binascii import a2b_base64
from typing import Any

from botocore.session import Session

_SLOT = "response_parser_factory"
_DYNAMODB_TYPE = "application/x-amz-json-1.0"

# One answer with everything that is read of DynamoDB.
_SAMPLE = {
    "Items": [{"pk": {"S": "a"}, "n": {"N": "1"}, "yes": {"BOOL": True}, "set": {"BS": ["AAE=", "/+8="]}}],
    "LastEvaluatedKey": {"bytes": {"B": "AAEC"}},
    "Count": 1,
}


def install(session: Session) -> bool:
    """Have the clients of *session* parse answers of DynamoDB here; False if this botocore does not let them.

    The runtime's botocore changes under a deployed function, and its slot is no documented interface. So one answer
    is parsed both ways first, which takes less than a millisecond beside the service's model, which a client needs
    anyway; where they differ, or the slot is gone, botocore parses everything itself.
    """
    try:
        own = session.get_component(_SLOT)
        lean = LeanParserFactory(own)
        shape = session.get_service_model("dynamodb").operation_model("Query").output_shape
        headers = {"content-type": _DYNAMODB_TYPE, "x-amzn-requestid": "R"}
        answer = {"status_code": 200, "headers": headers, "body": json.dumps(_SAMPLE).encode()}
        ours, theirs = (factory.create_parser("json").parse(dict(answer), shape) for factory in (lean, own))
        if ours != theirs:
            return False
        session.register_component(_SLOT, lean)
    except Exception:  # whatever another botocore raises: what it parses itself is right by definition
        return False
    return True


class LeanParserFactory:
    """Makes the parsers that *own*, botocore's factory, makes, with answers of DynamoDB parsed here."""

    def __init__(self, own: Any) -> None:
        self._own = own

    def __getattr__(self, name: str) -> Any:
        """Return what botocore's factory has besides."""
        return getattr(self._own, name)

    def create_parser(self, protocol_name: str) -> Any:
        """Return the parser for *protocol_name*."""
        parser = self._own.create_parser(protocol_name)
        return _LeanParser(parser) if protocol_name == "json" else parser


class _LeanParser:
    """Parses answers that succeeded; the others are left to *fallback*."""

    def __init__(self, fallback: Any) -> None:
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
