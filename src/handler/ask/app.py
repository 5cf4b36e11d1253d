"""The Lambda entry of the function that answers questions: by its URL, or invoked directly.

A route is a method, a path and a function; whatever is asked is answered by a JSON document, or a problem document.
"""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from aws_lambda_powertools.event_handler import LambdaFunctionUrlResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError
from aws_lambda_powertools.utilities.typing import LambdaContext

from handler import log
from handler.answers import answer
from handler.ask import review_routes
from handler.ask.description import description
from handler.ask.direct import from_url_answer, is_direct, to_url_event
from handler.ask.known import known
from handler.ask.problems import CONTENT_TYPE, Kind, Problem
from handler.ask.questions import MOST_NAME_BYTES, Hash, WantedSearch, object_of, refuse_parameters, wrong
from handler.ask.request import JSON, Request
from handler.aws.meter import Meter
from handler.aws.trouble import is_passing, is_too_long
from handler.core.model import ObjectGone, ObjectRef, Outcome, PictureRejected, ReadDenied, collection_of
from handler.deadline import OutOfTime
from handler.report import Report
from handler.wiring import AskService, asking

MOST_ANSWER_BYTES = 6_000_000  # Lambda takes 6 MB with what is around it
RETRY_AFTER_S = 5  # the function has tried for some seconds itself


def lambda_handler(event: Mapping[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Answer one question by what the environment configures."""
    return handle(event, context, asking)


def handle(event: Mapping[str, Any], context: LambdaContext, asking: Callable[[], AskService]) -> dict[str, Any]:
    """Answer one question, asked by the function's URL or by direct invocation; every error is a problem document."""
    log.logger.append_keys(request_id=context.aws_request_id)
    start = time.perf_counter()
    direct = is_direct(event)
    asked = Asked(asking, deadline=time.monotonic() + context.get_remaining_time_in_millis() / 1000)
    try:
        event = to_url_event(event) if direct else event
    except Problem as problem:
        replied = _envelope(asked.refused(problem))
    else:
        replied = _resolver(asked).resolve(event, context)
        asked.fields |= {"method": event["requestContext"]["http"]["method"], "path": event["rawPath"]}
    took = round((time.perf_counter() - start) * 1000, 1)
    fields = asked.fields | asked.consumed() | {"status": replied["statusCode"], "ms": took}
    log.logger.info("asked", extra=fields | log.counting({"Troubles": asked.amiss}))
    return from_url_answer(replied) if direct else replied


@dataclass
class Asked:
    """One question under way: what it is answered with, and what its line in the log says."""

    asking: Callable[[], AskService]  # made when it is needed: a bad configuration fails the question
    deadline: float
    fields: dict[str, Any] = field(default_factory=dict)
    meter: Meter | None = None  # of what was made
    amiss: bool = False  # its search was partial, or met trouble with packs; what failed is counted by its own line

    def search(self, request: Request) -> dict[str, Any]:
        """Return a picture's matches."""
        search = request.search()
        report = self._report(self.made(), search)
        hash_alone = isinstance(search.what, Hash)
        self.fields |= _fields(report)
        self.amiss = bool(report.trouble) or not report.complete
        if report.outcome is Outcome.GONE:
            raise ObjectGone(report.record.reason if report.record else "")
        if report.outcome is Outcome.REJECTED:
            raise _rejected(str(report.record.reason if report.record else ""))
        self._refuse_unknown_lists(report)
        return answer(report, confirmed=not hash_alone)

    def picture(self, request: Request) -> dict[str, Any]:
        """Return what is known of an object."""
        ref = object_of(request.query)
        self.fields |= {"bucket": ref.bucket, "key": ref.key}
        return known(self.made(), ref)

    def describe(self, request: Request) -> dict[str, Any]:
        """Return the OpenAPI document."""
        refuse_parameters(request.query)
        return description()

    def consumed(self) -> dict[str, float]:
        """Return what the question has consumed, for the log."""
        return self.meter.take() if self.meter else {}

    def answered(self, document: str) -> Response[str]:
        """Return the answer, if it is not larger than Lambda lets a function answer."""
        size = len(json.dumps(document))  # as the URL's answer has it: a string in another document
        if size > MOST_ANSWER_BYTES:
            what = f"the answer has {size} bytes, over {MOST_ANSWER_BYTES}: ask with a smaller limit"
            return self.refused(Problem(Kind.ANSWER_TOO_LARGE, what))
        return Response(200, JSON, document)

    def refused(self, problem: Problem) -> Response[str]:
        """Return the problem document, and note it."""
        self.fields |= {"problem": problem.document["type"], "detail": str(problem)}
        headers: dict[str, str | list[str]] = {"Allow": problem.allow} if problem.allow else {}
        if problem.kind is Kind.BUSY:
            headers["Retry-After"] = str(RETRY_AFTER_S)
        return Response(problem.kind.status, CONTENT_TYPE, json.dumps(problem.document), headers)

    def failed(self, error: Exception) -> Problem:
        """Return the problem that *error* is."""
        match error:
            case Problem():
                return error
            case ObjectGone():
                return Problem(Kind.NO_SUCH_OBJECT, str(error))
            case ReadDenied():
                return Problem(Kind.READ_DENIED, str(error))
            case PictureRejected():
                return _rejected(f"{error.code}: {error}")
            case OutOfTime():
                return Problem(Kind.OUT_OF_TIME, str(error))
        if is_too_long(error):
            return wrong(f"a name is longer than {MOST_NAME_BYTES} bytes, or a cursor is none that an answer gave")
        self.amiss = False
        log.failure("failed", self.fields)
        if is_passing(error):
            return Problem(Kind.BUSY, f"{type(error).__name__}: ask again in {RETRY_AFTER_S} seconds")
        return Problem(Kind.FAILED, "the function's log has the reason, by the id of this request")

    def made(self) -> AskService:
        """Return what answers, whose consumption is noted."""
        made = self.asking()
        self.meter, made.deadline.end = made.meter, self.deadline
        made.retries.begin(self.deadline)
        return made

    def _refuse_unknown_lists(self, report: Report) -> None:
        """Raise Problem if a list was asked that is not one of the deployment's, and that has never had an entry.

        A name that is misspelt would say "not banned" of everything.
        """
        settings = self.made().settings
        if unknown := [name for name in report.unused_lists if name not in settings.lists]:
            raise wrong(
                f"lists has {', '.join(map(repr, unknown))}: nothing was ever put on a list of that name in "
                f"{settings.generation}, and this deployment's Lists are {', '.join(settings.lists) or 'none'}"
            )

    def _report(self, asking: AskService, search: WantedSearch) -> Report:
        options, settings = search.options, asking.settings
        match search.what:
            case Hash(bits, generation):
                self.fields["hash"] = f"{bits:016x}"
                if generation != settings.generation:
                    raise Problem(
                        Kind.WRONG_VALUE,
                        f"generation is {generation!r}: this deployment compares hashes of {settings.generation}",
                    )
                look_ups = asking.look_ups(options.applied_to_hash(settings))
                return look_ups.look_up_hash(bits, options.needed_scope(settings), deadline=self.deadline)
            case ObjectRef() as ref:
                self.fields |= {"bucket": ref.bucket, "key": ref.key}
                scope = options.scope_within(settings) or collection_of(ref, settings).scope
                return asking.look_ups(options.applied(settings)).look_up(ref, scope=scope, deadline=self.deadline)
            case body:
                scope = options.needed_scope(settings)
                return asking.look_ups(options.applied(settings)).look_up_file(body, scope, deadline=self.deadline)


Route = Callable[[Asked, Request], dict[str, Any]]
ReviewRoute = Callable[[Callable[[], AskService], Request, dict[str, Any]], dict[str, Any]]


def _reviewing(route: ReviewRoute) -> Route:
    return lambda asked, request: route(asked.made, request, asked.fields)


ROUTES: Mapping[str, Mapping[str, Route]] = {  # by path and method
    "/v1/searches": {"POST": Asked.search},
    "/v1/pictures": {"GET": Asked.picture},
    "/v1/groups": {"GET": _reviewing(review_routes.groups)},
    "/v1/decisions": {
        "GET": _reviewing(review_routes.decisions),
        "PUT": _reviewing(review_routes.decide),
        "DELETE": _reviewing(review_routes.undo),
    },
    "/v1/deletable": {"GET": _reviewing(review_routes.deletable)},
    "/v1/openapi.json": {"GET": Asked.describe},
}


def _resolver(asked: Asked) -> LambdaFunctionUrlResolver:
    """Return what calls the route that fits. One for each question: what is asked is no state of the container."""
    resolver = LambdaFunctionUrlResolver()
    for path, methods in ROUTES.items():
        for method, route in methods.items():
            resolver.route(path, method)(_called(resolver, asked, route))

    @resolver.not_found
    def no_route(_error: NotFoundError) -> Response[str]:
        event = resolver.current_event
        if methods := ROUTES.get(event.path):
            allow = ", ".join(methods)
            return asked.refused(Problem(Kind.WRONG_METHOD, f"{event.path} takes {allow}", allow=allow))
        hint = " (parameters go into query)" if "?" in event.path else ""
        said = f"there is no {event.path}: there are {', '.join(ROUTES)}{hint}"
        return asked.refused(Problem(Kind.NO_SUCH_ROUTE, said))

    return resolver


def _called(resolver: LambdaFunctionUrlResolver, asked: Asked, route: Route) -> Callable[[], Response[str]]:
    def call() -> Response[str]:
        try:
            document = route(asked, Request.of(resolver.current_event.raw_event))
        except Exception as error:  # the boundary of one question: a problem document, and never a bare 502
            return asked.refused(asked.failed(error))
        return asked.answered(json.dumps(document))

    return call


def _fields(report: Report) -> dict[str, Any]:
    fields: dict[str, Any] = {"matches": len(report.matches), "looks": report.looks}
    if found := report.found:
        fields |= {"route": found.route.value, "packs": found.packs, "pictures": found.pictures} | report.partial
    if report.trouble:
        fields["trouble"] = report.trouble
    return fields


def _rejected(reason: str) -> Problem:
    return Problem(Kind.PICTURE_REJECTED, reason, code=reason.partition(":")[0])


def _envelope(response: Response[str]) -> dict[str, Any]:
    return {"statusCode": response.status_code, "headers": {"Content-Type": CONTENT_TYPE}, "body": response.body}
