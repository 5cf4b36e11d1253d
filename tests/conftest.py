"""The deployed stack, once in a process for all tests that need it."""

import functools
import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest

from handler.cli.local import deployment as deployments
from handler.cli.local.deployment import Deployment
from tests.proxy import Proxy

# How long an example takes is no behaviour: speed lives in benchmarks/.
hypothesis.settings.register_profile("lookalike", deadline=None)
hypothesis.settings.register_profile("check", deadline=None, max_examples=20)  # `make check` is an inner loop
hypothesis.settings.load_profile(os.environ.get("LOOKALIKE_HYPOTHESIS", "lookalike"))

ROOT = Path(__file__).parents[1]
PARAMETERS = {"ScopeDepth": "1", "Lists": "banned,stock"}


def pytest_configure() -> None:
    """Unwind on SIGTERM as on Ctrl-C, so that no emulator outlives the run that started it."""

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    signal.signal(signal.SIGTERM, interrupt)


@pytest.hookimpl(tryfirst=True)  # before xdist looks for groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep what a module has for the emulator in one process; all other tests may be shared out one by one.

    A process starts a stack for the first module that needs one, and no other: so there are as many as processes.
    """
    for item in items:
        if item.get_closest_marker("emulator") or {"stack", "existing"} & set(getattr(item, "fixturenames", ())):
            item.add_marker(pytest.mark.xdist_group(item.path.stem))


EXISTING = ("photo-archive", "shop-uploads")  # the buckets that a stack of no own bucket takes pictures from


class Stack(NamedTuple):
    """The deployed stack, and the proxy through which its function reaches AWS.

    Pictures are compared within their first folder, so that each test has a deployment of its own.
    """

    deployment: Deployment
    proxy: Proxy
    client: Callable[[str], Any]  # by service; made once, since making one takes longer than most tests


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    with (
        Proxy() as proxy,
        deployments.start(ROOT, function_endpoint=proxy.endpoint, parameters=PARAMETERS) as deployment,
    ):
        proxy.target = deployment.endpoint
        yield Stack(deployment, proxy, functools.cache(deployment.client))


@pytest.fixture(scope="session")
def existing() -> Iterator[Deployment]:
    """A stack that takes pictures from buckets that are there already, in an emulator of its own."""
    with deployments.start(ROOT, parameters={"ExistingBuckets": ",".join(EXISTING)}) as deployment:
        yield deployment
