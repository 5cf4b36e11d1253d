"""What a request asks for, field by field; what is unknown or wrong is named, with what is allowed."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from urllib.parse import parse_qsl

from handler.ask.problems import Kind, Problem
from handler.core.buckets import MAX_RADIUS
from handler.core.fields import Field, WrongField
from handler.core.generations import GENERATIONS
from handler.core.lists import BARE_RADIUS
from handler.core.model import (
    EFFORTS,
    LIST_NAME,
    MAX_LISTS,
    ORIENTATIONS,
    TELLS,
    WHOLE_DEPLOYMENT,
    MatchKind,
    ObjectRef,
    Settings,
    scope_of,
)
from handler.core.phash import HASH_BITS, from_hex

MAX_LIMIT = 100
HEX_DIGITS = HASH_BITS // 4
BUCKET = r"[A-Za-z0-9][A-Za-z0-9._-]{2,254}"
MOST_NAME_BYTES = 1024  # of a key of S3, in UTF-8, and so of a scope, with which keys begin
HASH = f"[0-9a-f]{{{HEX_DIGITS}}}"
OBJECT_FIELDS = ("bucket", "key", "version")
NUMBERS = {"radius": (0, MAX_RADIUS), "limit": (1, MAX_LIMIT)}  # and between which they lie
HASH_OPTIONS = ("scope", "lists", "radius", "limit", "orientations")
OPTIONS = (*HASH_OPTIONS, "effort", "tell")


@dataclass(frozen=True, slots=True)
class Hash:
    """A hash of a whole picture, and nothing to confirm its matches by."""

    bits: int
    generation: str


@dataclass(frozen=True, slots=True)
class Options:
    """How to search; None where it is as the deployment is set."""

    scope: str | None = None
    lists: tuple[str, ...] | None = None  # that are asked as well, each once
    radius: int | None = None
    limit: int | None = None
    orientations: str | None = None
    effort: str | None = None
    tell: str | None = None

    def applied(self, settings: Settings) -> Settings:
        """Return *settings* with what is asked for. Raises Problem if its generation cannot do that."""
        if self.orientations not in (None, "none") and not GENERATIONS[settings.generation].turns:
            raise wrong(f"orientations is {self.orientations!r}: hashes of {settings.generation} take none alone")
        return replace(
            settings,
            lists=settings.lists if self.lists is None else self.lists,
            radius=settings.radius if self.radius is None else self.radius,
            max_matches=self.limit or settings.max_matches,
            orientations=ORIENTATIONS[self.orientations] if self.orientations else settings.orientations,
            effort=self.effort or settings.effort,
            tell=MatchKind(self.tell) if self.tell else settings.tell,
        )

    def applied_to_hash(self, settings: Settings) -> Settings:
        """Return *settings* for a hash alone: nobody can look, and no check bits confirm."""
        confirmed = bool(GENERATIONS[settings.generation].check_radius)
        usual = min(settings.radius, BARE_RADIUS) if confirmed else settings.radius
        asked = self.applied(settings)
        return replace(asked, radius=usual if self.radius is None else self.radius, max_looks=0)

    def scope_within(self, settings: Settings) -> str | None:
        """Return the scope that is asked for, if any. Raises Problem if there can be none of that name."""
        if self.scope is None:
            return WHOLE_DEPLOYMENT if settings.scope_depth == 0 else None
        if len(self.scope.encode()) > MOST_NAME_BYTES:
            raise wrong(f"scope has {len(self.scope.encode())} bytes: want at most {MOST_NAME_BYTES}")
        if settings.scope_depth == 0 and self.scope != WHOLE_DEPLOYMENT:
            raise wrong(f"scope is {self.scope!r}: this deployment has one scope, '*' (its ScopeDepth is 0)")
        if scope_of(f"{self.scope}x", settings.scope_depth) not in (self.scope, WHOLE_DEPLOYMENT):
            raise wrong(
                f"scope is {self.scope!r}: want the folders with which keys begin (at most {settings.scope_depth}), "
                "with a slash after each, or '/' for keys without folders"
            )
        return self.scope

    def needed_scope(self, settings: Settings) -> str:
        """Return the scope that is asked for; raise Problem where there is none and no object's key says it."""
        scope = self.scope_within(settings)
        if scope is None:
            raise wrong(
                "scope is missing: this deployment compares within folders, and no key says which: name them "
                f"(at most {settings.scope_depth}), with a slash after each, or '/' for keys without folders"
            )
        return scope


@dataclass(frozen=True, slots=True)
class WantedSearch:
    """One search: for an object, a file or a hash."""

    what: ObjectRef | bytes | Hash
    options: Options


def search_of_document(body: bytes, query: str) -> WantedSearch:
    """Return the search that the JSON document *body* asks for. Raises Problem."""
    if query:
        raise Problem(
            Kind.UNKNOWN_FIELD,
            f"the query has {', '.join(map(repr, parameters(query)))}: with a JSON body, options are in the body",
            unknown=list(parameters(query)),
            allowed=[],
        )
    try:
        return _asked(document_of(body))
    except WrongField as error:
        raise wrong(str(error)) from error


def document_of(body: bytes) -> Field:
    """Return the JSON document *body*. Raises Problem if it is none."""
    try:
        return Field(json.loads(body), "body")
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise Problem(Kind.NOT_JSON, f"the body is not JSON: {' '.join(str(error).split())}") from error
    except (ValueError, RecursionError) as error:  # beyond what Python's decoder takes
        why = "it is nested too deeply, or a number of it has too many digits"
        raise Problem(Kind.NOT_JSON, f"the body is not JSON that can be read: {why}") from error


def search_of_file(body: bytes, query: str) -> WantedSearch:
    """Return the search for the picture file *body*, with options in the *query*. Raises Problem."""
    given = parameters(query)
    refuse_others(Field(given, "query"), OPTIONS)
    try:
        values = {name: _value(name, text) for name, text in given.items()}
        return WantedSearch(body, _options(Field(values, "query"), OPTIONS))
    except WrongField as error:
        raise wrong(str(error)) from error


def object_of(query: str) -> ObjectRef:
    """Return the object that the *query* names. Raises Problem."""
    given = Field(parameters(query), "query")
    refuse_others(given, OBJECT_FIELDS)
    try:
        return _ref(given)
    except WrongField as error:
        raise wrong(str(error)) from error


def refuse_parameters(query: str) -> None:
    """Raise Problem if there is any parameter."""
    refuse_others(Field(parameters(query), "query"), ())


def _asked(asked: Field) -> WantedSearch:
    by_hash = "hash" in asked
    if by_hash and "object" in asked:
        raise WrongField("body has both object and hash: want one of them")
    own = ("hash", "generation") if by_hash else ("object",)
    options = HASH_OPTIONS if by_hash else OPTIONS
    refuse_others(asked, (*own, *options))
    if by_hash:
        text = asked["hash"].text()
        if not re.fullmatch(HASH, text):
            raise asked["hash"].wrong(f"want {HEX_DIGITS} lower-case hex digits")
        generation = _one_of(asked["generation"], tuple(GENERATIONS))
        return WantedSearch(Hash(from_hex(text), generation), _options(asked, options))
    if "object" not in asked:
        raise WrongField("body has neither object nor hash: want one of them")
    refuse_others(asked["object"], OBJECT_FIELDS)
    return WantedSearch(_ref(asked["object"]), _options(asked, options))


def _options(asked: Field, known: Sequence[str]) -> Options:
    def one_of(name: str, allowed: Sequence[str]) -> str | None:
        given = asked.get(name) if name in known else None
        return _one_of(given, allowed) if given else None

    def number(name: str) -> int | None:
        given = asked.get(name)
        return _within(given, *NUMBERS[name]) if given else None

    scope, lists = asked.get("scope"), asked.get("lists")
    return Options(
        scope.name() if scope else None,
        _lists(lists) if lists else None,
        number("radius"),
        number("limit"),
        one_of("orientations", tuple(ORIENTATIONS)),
        one_of("effort", EFFORTS),
        one_of("tell", TELLS),
    )


def _within(given: Field, least: int, most: int) -> int:
    number = given.value
    if not isinstance(number, int) or isinstance(number, bool) or not least <= number <= most:
        raise given.wrong(f"want a whole number from {least} to {most}")
    return number


def _lists(given: Field) -> tuple[str, ...]:
    names = given.each()
    if len(names) > MAX_LISTS:
        raise WrongField(f"{given.path} has {len(names)} names, want up to {MAX_LISTS}")
    for name in names:
        if not re.fullmatch(LIST_NAME, name.text()):
            raise name.wrong("want the name of a list: up to 32 small letters, digits and hyphens")
    return tuple(dict.fromkeys(name.text() for name in names))


def _ref(named: Field) -> ObjectRef:
    if not re.fullmatch(BUCKET, named["bucket"].text()):
        raise named["bucket"].wrong("want the name of a bucket")
    key, version = named["key"], named.get("version")
    for name in (key, version) if version else (key,):
        if len(name.name().encode()) > MOST_NAME_BYTES:
            raise name.wrong(f"want at most {MOST_NAME_BYTES} bytes, not {len(name.name().encode())}")
    return ObjectRef(named["bucket"].text(), key.name(), version=version.name() if version else None)


def _one_of(given: Field, allowed: Sequence[str]) -> str:
    if given.text() not in allowed:
        raise given.wrong(f"want one of {', '.join(allowed)}")
    return given.text()


def refuse_others(place: Field, allowed: Sequence[str]) -> None:
    """Raise Problem if *place* has a field that is not *allowed*, or is no object."""
    try:
        unknown = [name for name in place.names() if name not in allowed]
    except WrongField as error:
        raise wrong(str(error)) from error
    if unknown:
        accepted = f"accepted are {', '.join(allowed)}" if allowed else "none are accepted"
        raise Problem(
            Kind.UNKNOWN_FIELD,
            f"{place.path} has {', '.join(map(repr, unknown))}: {accepted}",
            unknown=unknown,
            allowed=list(allowed),
        )


def parameters(query: str) -> Mapping[str, str]:
    """Return the parameters of a query, each given once, in UTF-8. Raises Problem."""
    try:
        pairs = parse_qsl(query, keep_blank_values=True, errors="strict")
    except ValueError as error:
        raise wrong(f"the query cannot be read: {error}") from error
    names = [name for name, _ in pairs]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise wrong(f"the query has {', '.join(map(repr, twice))} more than once")
    return dict(pairs)


def _value(name: str, text: str) -> str | int | list[str]:
    """Return the value of an option as a JSON document would have it."""
    if name == "lists":
        return text.split(",") if text else []
    return _number(name, text) if name in NUMBERS else text


def _number(name: str, text: str) -> int:
    if not re.fullmatch("[0-9]{1,4}", text):
        least, most = NUMBERS[name]
        raise WrongField(f"query.{name} is {json.dumps(text)}, want a whole number from {least} to {most}")
    return int(text)


def wrong(detail: str) -> Problem:
    """Return the problem that a value is not what is wanted, as *detail* says."""
    return Problem(Kind.WRONG_VALUE, detail)
