"""Who may ask the page for anything: one browser on this machine, which was given the token.

Other pages in that browser can send requests here, and so can other users of the machine. So a request needs the
cookie, which is given for the token or an invitation alone and never sent along from another site; its Host has to be
ours, or a name that somebody else resolves to this machine would do; and what writes has to come from our own page.
"""

import secrets
from collections.abc import Mapping
from http.cookies import CookieError, SimpleCookie

from starlette.datastructures import Headers, MutableHeaders, QueryParams
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handler.cli.review.forms import WrongForm, form_in
from handler.cli.review.invitation import CODE, OPEN, Invitation

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
ENTRANCE = """\
<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta http-equiv="refresh" content="0; url=/">
<title>Lookalike</title>
<a href="/">Open the page</a>
</html>
"""


class Guard:
    """Lets through what may be asked, and says with every answer what a browser may do with it."""

    def __init__(self, app: ASGIApp, *, token: str, port: int, invitation: Invitation | None = None) -> None:
        self._app = app
        self._token = token
        self._invitation = invitation
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

        answer: ASGIApp | None = await self._opened(Request(scope, receive))
        answer = answer or self._first(scope) or self._refusal(scope) or self._app
        await answer(scope, receive, send_guarded)

    async def _opened(self, request: Request) -> Response | None:
        """Return the answer to an invitation.

        It comes from a file, which is another site for the browser: so nothing that it leads to has the cookie, and
        the page that is answered goes on by itself.
        """
        if (request.method, request.url.path) != ("POST", OPEN) or not self._is_ours(request.headers):
            return None
        try:
            code = (await form_in(request)).get(CODE, "")
        except WrongForm:
            code = ""
        if self._invitation is None or not self._invitation.accepts(code):
            return _refused("this opened the page once: open the address that `lookalike review` has printed")
        return self._with_cookie(HTMLResponse(ENTRANCE))

    def _first(self, scope: Scope) -> Response | None:
        """Return the answer to the first URL, which takes the token out of sight."""
        given = QueryParams(scope["query_string"]).get(TOKEN)
        if given is None or not self._is_ours(Headers(scope=scope)) or not self._is_token(given):
            return None
        return self._with_cookie(RedirectResponse("/", status_code=303))

    def _with_cookie(self, answer: Response) -> Response:
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
