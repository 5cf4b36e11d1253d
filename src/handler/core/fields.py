"""A JSON document, read field by field: what is missing, or is something else, is named by its path."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

WIDTH = 60  # of a value in a message, in characters


class WrongField(Exception):
    """A field is missing or has another type; the message has its path, as in `Records[0].s3.object.key is missing`."""


@dataclass(frozen=True, slots=True)
class Field:
    """One value of a document, and where it stands; the document itself stands nowhere."""

    value: Any
    path: str = ""

    def __contains__(self, name: str) -> bool:
        """Whether this is an object with the field *name*."""
        return isinstance(self.value, Mapping) and name in self.value

    def __getitem__(self, name: str) -> "Field":
        """Return the field *name* of this object."""
        found = self.names()
        path = f"{self.path}.{name}" if self.path else name
        if name not in found:
            raise WrongField(f"{path} is missing")
        return Field(self.value[name], path)

    def get(self, name: str) -> "Field | None":
        """Return the field *name* of this object, or None if it is missing or null."""
        return self[name] if name in self.names() and self.value[name] is not None else None

    def names(self) -> list[str]:
        """Return the names of this object's fields, in their order."""
        if not isinstance(self.value, Mapping):
            raise self.wrong("want an object")
        return list(self.value)

    def each(self) -> "list[Field]":
        """Return what is in this list."""
        if not isinstance(self.value, list):
            raise self.wrong("want a list")
        return [Field(one, f"{self.path}[{number}]") for number, one in enumerate(self.value)]

    def text(self) -> str:
        """Return this string. One that no encoding can write (half of a surrogate pair) is no string."""
        if not isinstance(self.value, str) or not _encodable(self.value):
            raise self.wrong("want a string")
        return self.value

    def name(self) -> str:
        """Return this string, which is not empty."""
        if not self.text():
            raise self.wrong("want a string that is not empty")
        return self.text()

    def whole_number(self) -> int:
        """Return this number."""
        if not isinstance(self.value, int) or isinstance(self.value, bool):
            raise self.wrong("want a whole number")
        return self.value

    def document(self) -> "Field":
        """Return the JSON document that this string holds; its fields' paths begin with the string's own."""
        text = self.text()
        try:
            return Field(json.loads(text), self.path)
        except (ValueError, RecursionError) as error:
            raise WrongField(f"{self._where} is not JSON: {error}") from error

    def wrong(self, wanted: str) -> WrongField:
        """Return the error that this value is not what is *wanted*."""
        return WrongField(f"{self._where} is {self._shown()}, {wanted}")

    @property
    def _where(self) -> str:
        return self.path or "the event"

    def _shown(self) -> str:
        match self.value:
            case Mapping():
                return "an object"
            case list():
                return "a list"
        shown = json.dumps(self.value, default=repr)
        return shown if len(shown) <= WIDTH else f"{shown[: WIDTH - 3]}..."


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
