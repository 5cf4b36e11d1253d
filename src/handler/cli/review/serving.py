"""The server of the page, and what it reads with."""

import socket
from concurrent.futures import Executor

import boto3
import uvicorn
from botocore.config import Config as ClientConfig

from handler.aws.s3 import S3Pictures
from handler.cli.asking import Ask
from handler.cli.review.app import application
from handler.cli.review.invitation import Invitation
from handler.cli.review.pictures import Pictures
from handler.cli.review.session import Session
from handler.core.model import Limits

CLIENT = ClientConfig(retries={"mode": "standard", "total_max_attempts": 3}, connect_timeout=5, read_timeout=60)
LIMITS = Limits(max_bytes=100 << 20, max_pixels=100_000_000)  # a stack may take more than it does by default


def session_and_pictures(ask: Ask, by: str, executor: Executor, scope: str | None) -> tuple[Session, Pictures]:
    """Return a review that begins, and pictures that are read with the rights of whoever runs the command."""
    store = S3Pictures(boto3.Session().client("s3", config=CLIENT), LIMITS)
    return Session(ask, by=by, executor=executor, scope=scope), Pictures(store, LIMITS)


def server(
    session: Session,
    pictures: Pictures,
    listening: socket.socket,
    token: str,
    invitation: Invitation | None = None,
) -> uvicorn.Server:
    """Return what answers requests at the socket *listening*, once it runs with that."""
    app = application(session, pictures, token=token, port=listening.getsockname()[1], invitation=invitation)
    config = uvicorn.Config(
        app, log_level="error", access_log=False, server_header=False, timeout_graceful_shutdown=3, lifespan="off"
    )
    return uvicorn.Server(config)
