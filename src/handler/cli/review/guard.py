"""Who may ask the page for anything: one browser on this machine, which was given the token.

Other pages in that browser can send requests here, and so can other users of the machine. So a request needs the
cookie, which is given for the token alone and never sent along from another site; its Host has to be ours, or a name
that somebody else resolves to this machine would do; and what writes has to come from a page of our own.
"""

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

TOKEN = "token"  # noqa: S105 - the parameter's name
READING = {"GET", "HEAD"}
ALWAYS: Mapping[str, str] = {
    "Cache-Control": "no-store",  # pictures stay where they are
    "Content-Security-Policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
        "form-action 'self'; frame-ancestors 'none'; base-uri 'none'"
    ),
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",  # with none at all, browsers would not say whence a form comes
    "X-Content-Type-Options": "nosniff",
}


class Guard:
    """Lets through what may be asked, and says with every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp, *, token: str, port: int) -> None:
        self._app = app
        self._token = token
        self._hosts = {f"{name}:{port}" for name in ("127.0.0.1", "localhost")}
        self._cookie = f"lookalike-review-{port}"  # a cookie is of all ports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":  # the lifespan of the server; there are no web sockets
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(ALWAYS)
            await send(message)

        answer: ASGIApp = self._first(scope) or self._refusal(scope) or self._app
        await answer(scope, receive, send_guarded)

    def _first(self, scope: Scope) -> Response | None:
        """Return the answer to the first URL, which takes the token out of sight."""
        given = QueryParams(scope["query_string"]).get(TOKEN)
        if given is None or not self._is_ours(Headers(scope=scope)) or not self._is_token(given):
            return None
        answer = RedirectResponse("/", status_code=303)
        answer.set_cookie(self._cookie, self._token, httponly=True, samesite="strict")
        return answer

    def _refusal(self, scope: Scope) -> Response | None:
        headers = Headers(scope=scope)
        if not self._is_ours(headers):
            return _refused("this page is asked for by its address on this machine, and by no other name")
        if not self._is_token(_cookie(headers.get("cookie", ""), self._cookie)):
            return _refused("open the address that `lookalike review` has printed: it has a token, which ends with it")
        if scope["method"] not in READING and headers.get("origin") not in {f"http://{host}" for host in self._hosts}:
            return _refused("what writes has to come from this page")
        return None

    def _is_ours(self, headers: Headers) -> bool:
        return headers.getlist("host") in [[host] for host in self._hosts]

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self._token.encode())


def _cookie(given: str, name: str) -> str:
    try:
        found = SimpleCookie(given).get(name)
    except CookieError:
        return ""
    return found.value if found else ""


def _refused(why: str) -> Response:
    return PlainTextResponse(f"{why}\n", status_code=403)
