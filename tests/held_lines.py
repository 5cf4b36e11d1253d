"""How tests wait for what the deployed function logs, and for what else there is to see of it.

Logs of the emulator cannot be subscribed to. And it holds lines back: it gives a line 50 ms to arrive after its
invocation has answered. One that comes later, which happens on a busy machine, is written with the next invocation of
the same worker, and a test that waits for it may be all that goes on.
"""

import contextlib
import json
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from botocore.exceptions import BotoCoreError, ClientError

from handler.cli.local.deployment import Deployment

Seen = TypeVar("Seen")

HELD_S = 5  # without what is waited for, until a held line may be the reason
WORKERS = 8  # that are called at once; the emulator takes the first one that is free
NOTHING = json.dumps({"Event": "s3:TestEvent"})  # by which S3 tries a destination: the function leaves it alone


def until(look: Callable[[], Seen | None], what: str, there: Deployment, patience_s: float) -> Seen:
    """Look again and again until *look* returns something; raise AssertionError after *patience_s*."""
    began = time.monotonic()
    calls = 0
    while not (seen := look()):
        waited = time.monotonic() - began
        assert waited < patience_s, f"no {what} within {patience_s} s"
        if waited > (calls + 1) * HELD_S:
            calls += 1
            _release(there)
        time.sleep(0.1)
    return seen


def _release(there: Deployment) -> None:
    """Call several workers at once with an event that does nothing."""
    function = there.client("lambda")

    def call(_: int) -> None:
        with contextlib.suppress(BotoCoreError, ClientError):  # it may be throttled, gone or dead, as tests want it
            function.invoke(FunctionName=there.outputs["FunctionName"], Payload=NOTHING)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(call, range(WORKERS)))
