"""What the record of a failed event says of the error, in parts, and of what it was."""

import re
from typing import NamedTuple

from handler.aws.error_names import gone

_ITEMS = re.compile(r"\d+ of \d+ items failed: ")  # how the function begins what it says of an event of several
_NAMED = re.compile(r"(?P<name>[A-Za-z][\w.]*): (?P<rest>.*)", re.DOTALL)
_OF_AWS = re.compile(
    r"An error occurred \((?P<code>[^)]*)\) when calling the (?P<operation>\w+) operation"
    r"(?: \([^)]*\))?: ?(?P<said>.*)",
    re.DOTALL,
)
_RIGHT = re.compile(r"perform: (?P<action>[\w-]+:\w+)(?: on resource: \"?(?P<resource>[^\s\",]+))?")
_KEY = re.compile(r"arn:[\w-]+:kms:[^\s\",;)]+")
_HOST = re.compile(r"https?://([^/\"\s]+)")
_PARAMETER = re.compile(r"(?:^|[:;] )([A-Z][A-Z0-9_]{2,})\b")


class RecordedError(NamedTuple):
    """What a record says, in parts."""

    condition: str  # how it ended, where no exception is known
    name: str  # of the exception
    code: str  # AWS's, if it was AWS that said no
    operation: str  # the call that it said no to
    said: str  # the rest


def recorded(condition: str, error_type: str, error: str) -> RecordedError:
    """Return the parts of what a record says; see `causes.cause_of` for the arguments."""
    name, said = error_type, error
    if items := _ITEMS.match(said):  # the name of what failed is in the text
        said = said[items.end() :]
        if named := _NAMED.fullmatch(said):
            name, said = named["name"], named["rest"]
    how = "" if name else condition  # an error says more than how it ended
    if of_aws := _OF_AWS.search(said):
        return RecordedError(how, name, of_aws["code"], of_aws["operation"], of_aws["said"])
    return RecordedError(how, name, "", "", said)


def right(error: RecordedError) -> str:
    """Return the right that is missing, and on what; never a picture's key, which would part one cause into many."""
    if right := _RIGHT.search(error.said):
        return f"{right['action']} on {_short(right['resource'])}" if right["resource"] else right["action"]
    if error.name == "ReadDenied":
        return f"s3:GetObject on {_bucket(error)}"
    return error.operation or error.code or error.name


def key(error: RecordedError) -> str:
    """Return the KMS key that cannot be used, or whose it is."""
    found = _KEY.search(error.said)
    if found:
        return found[0].rstrip(".:")
    return f"of {_bucket(error)}" if error.name == "ReadDenied" else error.operation


def host(error: RecordedError) -> str:
    """Return the host that was not reached."""
    found = _HOST.search(error.said)
    return found[1] if found else error.name


def parameters(error: RecordedError) -> str:
    """Return the variables that are named."""
    return ", ".join(dict.fromkeys(_PARAMETER.findall(error.said)))


def first_words(error: RecordedError) -> str:
    """Return what comes before the first colon."""
    return error.said.partition(":")[0]


def what_is_gone(error: RecordedError) -> str:
    """Return what was not found, and by which call."""
    what = gone((error.name, error.code), error.operation)
    return " of ".join(part for part in (what and f"the {what}", error.operation) if part)


def nothing(_error: RecordedError) -> str:
    """Return that there is nothing to tell one from another."""
    return ""


def _short(arn: str) -> str:
    """The end of an ARN, which is what people know of it; of an object the bucket alone."""
    service, name = (arn.split(":", 5) + [""] * 5)[2], arn.split(":", 5)[-1]
    return name.partition("/")[0] if service == "s3" else name


def _bucket(error: RecordedError) -> str:
    return error.said.partition("/")[0]
