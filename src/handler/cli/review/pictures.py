"""Small and large copies of pictures for the page, read with the user's own rights."""

from collections import OrderedDict
from threading import BoundedSemaphore, Lock
from typing import NamedTuple, Protocol

from handler.cli.thumbnails import thumbnail
from handler.core.model import Content, Limits, ObjectGone, ObjectRef, PictureRejected, ReadDenied

CACHE_BYTES = 64 << 20
AT_ONCE = 2  # that are decoded: each may take some hundred megabytes
SCREEN = 2_000  # pixels, of the longer side of a large copy


class PictureSource(Protocol):
    """Where the objects are."""

    def read(self, ref: ObjectRef) -> Content:
        """Return the object. Raises ObjectGone, PictureRejected or ReadDenied."""


class Wished(NamedTuple):
    """Which picture, and how large."""

    ref: ObjectRef
    side: int  # pixels, of the longer side
    modified: str = ""  # when it was stored: another time is another picture


class CannotBeShown(Exception):
    """The message says why, for people."""


class Pictures:
    """Copies of pictures as JPEG files, of which the latest are remembered."""

    def __init__(self, store: PictureSource, limits: Limits, most_bytes: int = CACHE_BYTES) -> None:
        self._store = store
        self._limits = limits
        self._most_bytes = most_bytes
        self._remembered: OrderedDict[Wished, bytes] = OrderedDict()
        self._lock, self._turns = Lock(), BoundedSemaphore(AT_ONCE)

    @property
    def bytes_remembered(self) -> int:
        """How much memory the copies take."""
        return sum(map(len, self._remembered.values()))

    def get(self, wished: Wished) -> bytes:
        """Return the copy. Raises CannotBeShown; other errors are botocore's."""
        with self._lock:
            if wished in self._remembered:
                self._remembered.move_to_end(wished)
                return self._remembered[wished]
        with self._turns:
            copy = self._made(wished)
        with self._lock:
            self._remembered[wished] = copy
            while self.bytes_remembered > self._most_bytes:
                self._remembered.popitem(last=False)
        return copy

    def _made(self, wished: Wished) -> bytes:
        try:
            body = self._store.read(wished.ref).body
        except ObjectGone as error:
            raise CannotBeShown("it is gone") from error
        except ReadDenied as error:
            raise CannotBeShown("you may not read it: s3:GetObject, or kms:Decrypt, is missing") from error
        except PictureRejected as error:
            raise CannotBeShown(str(error)) from error
        copy = thumbnail(body, self._limits, wished.side)
        if copy is None:
            raise CannotBeShown("it is no picture that can be read here")
        return copy
