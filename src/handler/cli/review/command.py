"""`lookalike review`: review what a deployed stack announced, on a page of one's own machine."""

import argparse
import os
import secrets
import socket
import webbrowser
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.util import find_spec

from handler.cli.arguments import whole_number
from handler.cli.asking import ERROR, WHERE, add_function, asker
from handler.cli.errors import STATUSES, CommandError
from handler.cli.review.invitation import Invitation
from handler.cli.reviewing import add_scope, me

EXTRA = ("jinja2", "starlette", "uvicorn")
HOST = "127.0.0.1"

DESCRIPTION = f"""\
Open a page on this machine, on which the groups of pictures that a deployed
stack has announced are looked at and decided about. It reads pictures and asks
the stack with your own rights, answers this machine alone, and deletes nothing.
Ctrl-C ends it.

{WHERE}"""

EPILOG = f"""\
exit status:
  0  it has ended by itself
  2  wrong usage, or it could not begin
{STATUSES}

examples:
  lookalike review
  lookalike review --scope hotels/astoria/
  lookalike review --no-browser --port 8321"""


def configure(parser: argparse.ArgumentParser) -> None:
    """Set the texts and options of the command."""
    parser.description, parser.epilog = DESCRIPTION, EPILOG
    add_scope(parser)
    parser.add_argument("--by", metavar="NAME", help="who decides (default: your name on this machine)")
    parser.add_argument(
        "--port", type=whole_number(1, 65535), metavar="N", help="of this machine (default: one that is free)"
    )
    parser.add_argument("--no-browser", action="store_true", help="print the page's address, and open no browser")
    add_function(parser)
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Serve the page until a signal ends it; return 0."""
    if missing := [name for name in EXTRA if find_spec(name) is None]:
        what = f"review needs packages that are not installed ({', '.join(missing)})"
        raise CommandError(f"{what}: pip install 'lookalike[review]'", status=ERROR)
    from handler.cli.review.serving import server, session_and_pictures

    with (
        _listening(options.port) as listening,
        ThreadPoolExecutor(max_workers=2) as executor,
        ExitStack() as files,
    ):
        ask = asker(options)
        origin, token, invitation = (
            f"http://{HOST}:{listening.getsockname()[1]}",
            secrets.token_urlsafe(32),
            Invitation(),
        )
        session, pictures = session_and_pictures(ask, options.by or me(), executor, options.scope)
        print(f"the page is at {origin}/?token={token}", flush=True)
        if not options.no_browser:
            webbrowser.open(files.enter_context(invitation.written(origin)).as_uri())
        serving = server(session, pictures, listening, token, invitation)
        serving.run(sockets=[listening])  # raises a signal again that ended it
    return 0


def _listening(port: int | None) -> socket.socket:
    try:
        return socket.create_server((HOST, port or 0))
    except OSError as error:
        raise CommandError(
            f"port {port} cannot be had: {os.strerror(error.errno or 0)}: name another with --port", status=ERROR
        ) from error
