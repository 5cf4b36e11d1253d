import subprocess
import sys

PROBE = """
import socket, sys
def refuse(*_):
    raise AssertionError("a connection at import")
socket.socket.connect = refuse
import boto3.session
made = []
boto3.session.Session.client = lambda *args, **kwargs: made.append(args)
import handler.app
assert made == [], made
heavy = {"scipy", "PIL.ImageDraw", "aws_xray_sdk", "pydantic", "rich"} & set(sys.modules)
assert not heavy, heavy
"""


def test_import_makes_no_client_and_needs_no_configuration() -> None:
    done = subprocess.run(  # noqa: S603  our own interpreter and program
        [sys.executable, "-c", PROBE], env={}, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stderr
