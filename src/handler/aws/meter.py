"""What a client's calls consume."""

import threading
from collections import Counter
from typing import Any

READS = {"GetItem", "BatchGetItem", "Query"}


class Meter:
    """Counts the calls of DynamoDB clients, and the read and write units that DynamoDB reports for them.

    A failed conditional write consumes units that its error does not report: they are not counted.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()

    def attach(self, client: Any) -> None:
        """Count every later call of *client*, and make it ask for its consumption."""
        client.meta.events.register("provide-client-params.dynamodb", self._ask)
        client.meta.events.register("after-call.dynamodb", self._count)

    def take(self) -> dict[str, float]:
        """Return `reads`, `writes` (calls), `read_units` and `write_units` since the last time, and start anew."""
        with self._lock:
            counts, self._counts = self._counts, Counter()
        return {name: counts[name] for name in ("reads", "writes", "read_units", "write_units")}

    def _ask(self, params: dict[str, Any], model: Any, **_: Any) -> dict[str, Any] | None:
        if "ReturnConsumedCapacity" not in model.input_shape.members:
            return None
        return params | {"ReturnConsumedCapacity": "TOTAL"}

    def _count(self, parsed: dict[str, Any], model: Any, **_: Any) -> None:
        consumed = parsed.get("ConsumedCapacity") or []
        kind = "read" if model.name in READS else "write"
        units = sum(one.get("CapacityUnits", 0) for one in (consumed if isinstance(consumed, list) else [consumed]))
        with self._lock:
            self._counts[f"{kind}s"] += 1
            self._counts[f"{kind}_units"] += units
