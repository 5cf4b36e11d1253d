"""Which pictures the pages of a review have shown: whoever asks for another one gets none.

An address of a picture has its bucket and key, and the command reads with all rights of whoever runs it.
"""

from collections import OrderedDict
from collections.abc import Iterable
from threading import Lock

from handler.core.verdicts import NamedObject

MOST_OFFERED = 50_000  # objects that are remembered, about 20 MB


class Offered:
    """The objects of groups and decisions that were shown, the latest of them."""

    def __init__(self, most: int = MOST_OFFERED) -> None:
        self._most = most
        self._names: OrderedDict[NamedObject, None] = OrderedDict()
        self._lock = Lock()

    def add(self, names: Iterable[NamedObject]) -> None:
        """Remember that these are shown."""
        with self._lock:
            for name in names:
                self._names[name] = None
                self._names.move_to_end(name)
            while len(self._names) > self._most:
                self._names.popitem(last=False)

    def __contains__(self, name: NamedObject) -> bool:
        """Whether it was shown."""
        return name in self._names
