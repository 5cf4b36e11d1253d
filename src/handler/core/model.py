"""The nouns that every part shares, and the errors that are final."""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from handler.core.sequencers import LOWEST_SEQUENCER
from handler.core.words import entry_words, first_words, repeated

Box = tuple[float, float, float, float]  # top, bottom, left, right, in fractions of a picture

WHOLE_DEPLOYMENT = "*"  # the scope of every object when pictures are not compared by folder
# Begins the scope of a list. No key makes such a one, since it ends in no slash; and no bucket has a colon in its name.
LIST_MARK = "list:"
LIST_NAME = "[a-z0-9][a-z0-9-]{0,31}"
MAX_LISTS = 8  # that a deployment asks: each is a read unit for each upload


# By how much CPU of a search: at a million pictures, some 80 ms or 300.
EFFORTS = QUICK, THOROUGH = "quick", "thorough"
DEFAULT_EFFORT = THOROUGH

# In which orientations pictures may be compared, by what the setting is called; numbers are EXIF's.
ORIENTATIONS = {"none": (1,), "mirror": (1, 2), "all": (1, 2, 3, 4, 5, 6, 7, 8)}
UNTURNED = {1: 1, 2: 2, 3: 3, 4: 4, 5: 5, 6: 8, 7: 7, 8: 6}  # which of them undoes each


class Outcome(StrEnum):
    """What became of one event; every value but STALE and IGNORED is recorded on the object item."""

    INDEXED = "indexed"  # fingerprinted, stored and compared
    REJECTED = "rejected"  # not a picture that can be fingerprinted, for the recorded reason
    GONE = "gone"  # deleted before it was read
    REMOVED = "removed"  # a tombstone: the object was deleted
    STALE = "stale"  # a newer event of the same object was handled before this one
    IGNORED = "ignored"  # nothing to do: a test event, a folder marker


class MatchKind(StrEnum):
    """What a match has in common with the picture that was asked for; from most to least."""

    EXACT = "exact"  # the same bytes
    NEAR = "near"  # the same picture, edited as a whole or cropped
    ALTERED = "altered"  # the same but for a part
    ALIKE = "alike"  # hash and check bits agree, the pixels do not

    @property
    def rank(self) -> int:
        """0 for the kind that has most in common."""
        return _RANKS[self]


_RANKS = {kind: rank for rank, kind in enumerate(MatchKind)}


TELLS = tuple(kind.value for kind in MatchKind if kind is not MatchKind.EXACT)  # the least kinds that may count


class PictureRejected(Exception):
    """This object will never be fingerprinted: final, recorded and not retried.

    *code* is one of a small fixed set, for metrics and programs; the message is for people.
    """

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


class ObjectGone(Exception):
    """The object (or the version that the event names) does not exist any more: final."""


class ReadDenied(Exception):
    """The function may not read the object: somebody has to grant it."""


class Superseded(Exception):
    """A newer event of the same object has been handled already: this one is stale, which is final."""


@dataclass(frozen=True, slots=True)
class ObjectRef:
    """One object of a bucket, as one event names it."""

    bucket: str
    key: str
    sequencer: str = LOWEST_SEQUENCER  # padded: see `padded_sequencer`
    version: str | None = None

    @property
    def object_id(self) -> str:
        """32 hex digits that name bucket and key (not version or sequencer)."""
        return object_id(self.bucket, self.key)


@dataclass(frozen=True, slots=True)
class Collection:
    """The pictures that are compared with each other: one scope, one generation of hashes."""

    scope: str
    generation: str

    def __str__(self) -> str:
        """The prefix of every table key. Unambiguous although a scope may hold `#`: no later part can."""
        return f"{self.scope}#{self.generation}"

    @property
    def is_list(self) -> bool:
        """Whether these are the entries of a list."""
        return self.scope.startswith(LIST_MARK) and not self.scope.endswith("/")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a picture may have at most; anything over is rejected before it is decoded."""

    max_bytes: int = 20 * 1024 * 1024
    max_pixels: int = 50_000_000  # width times height
    decoding_bytes: int = 1 << 62  # memory that decoding and fingerprinting one may take; the default is no limit


@dataclass(frozen=True, slots=True)
class Settings:
    """What an operator chooses."""

    generation: str
    radius: int  # bits within which two pictures may be the same
    max_matches: int  # per message
    scope_depth: int  # leading folders of a key within which pictures are compared; 0 compares all
    limits: Limits
    orientations: tuple[int, ...] = (1,)  # in which pictures are compared, as EXIF numbers them; 1 is as they are
    effort: str = DEFAULT_EFFORT  # one of EFFORTS: by how many windows a picture asks
    max_looks: int = 0  # candidates of one picture whose pixels are compared with its own
    sure_radius: int = 64  # bits; beyond them no two pictures are the same unless a look finds them so
    tell: MatchKind = MatchKind.ALTERED  # the least kind of match that counts
    lists: tuple[str, ...] = ()  # the names of those that every upload is compared with
    priority: tuple[str, ...] = ()  # beginnings of keys: what has them comes first among the matches, in this order

    @property
    def asked_radius(self) -> int:
        """Bits within which pictures are searched for."""
        return self.radius if self.max_looks else self.strict_radius

    @property
    def strict_radius(self) -> int:
        """Bits within which two pictures are the same if their check bits agree, and nobody looks."""
        return min(self.radius, self.sure_radius)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What is computed from one picture."""

    hash: int  # 64 bits, of the whole picture
    generation: str
    width: int  # pixels, as stored in the file
    height: int
    format: str  # Pillow's name: JPEG, PNG, ...
    further: tuple[int, ...] = ()  # the hashes of the further views
    checks: tuple[bytes, ...] = ()  # what confirms a match, for each view
    quality: float | None = None  # how much content the whole picture has; None where it is not measured
    flat: bool = False  # too little content to be told from others: it matches only the same bytes
    taken: str | None = None  # ISO 8601, by the camera's clock; None if the file does not say
    frames: int = 1  # or pages in the file, of which this is the first; a TIFF's are counted up to 1,000
    notes: tuple[str, ...] = ()  # what was ignored in the file
    bare: bool = False  # no more is known than the hash, which stands for every view: check bits and sizes are zeros

    @property
    def hashes(self) -> tuple[int, ...]:
        """The hashes of all views, the whole picture's first."""
        return (self.hash, *self.further)


@dataclass(frozen=True, slots=True)
class Content:
    """One object's bytes, with what S3 says of them."""

    body: bytes
    etag: str | None  # None, as the others, if it is in no bucket
    version: str | None
    modified: str | None  # ISO 8601 with offset: when the object was stored

    @property
    def digest(self) -> str:
        """SHA-256 of the bytes in hex: equal exactly for byte-identical objects."""
        return hashlib.sha256(self.body).hexdigest()


@dataclass(frozen=True, slots=True)
class PictureRecord:
    """The object item: what is known of one object after its latest event."""

    ref: ObjectRef
    generation: str
    outcome: Outcome
    reason: str | None = None  # of a rejected one: "code: message"
    fingerprint: Fingerprint | None = None  # of an indexed one
    etag: str | None = None
    digest: str | None = None
    bytes: int | None = None
    modified: str | None = None  # when the object was stored, according to S3
    job: str | None = None  # the backfill that was done with the object last, unless an event came since

    @property
    def hash(self) -> int | None:
        """The 64-bit hash of an indexed picture."""
        return None if self.fingerprint is None else self.fingerprint.hash

    @property
    def entry_hashes(self) -> tuple[int, ...]:
        """What an indexed picture is filed under: the hashes of its views, or of its bytes if it is flat.

        The hashes of a flat picture are nothing but noise. The first 64 bits of the SHA-256 meet those of equal bytes;
        where they meet others by chance, `policy.match` finds out.
        """
        if self.fingerprint is None:
            return ()
        if self.fingerprint.flat:
            return (int((self.digest or "0")[:16], 16),) * len(self.fingerprint.hashes)
        return self.fingerprint.hashes

    @property
    def entry_words(self) -> tuple[int, ...]:
        """What its journal entry has: `entry_hashes`, then the check words of all views, if there are any.

        The same bytes again in their place if the picture is flat.
        """
        checks = self.fingerprint.checks if self.fingerprint else ()
        if checks and self.fingerprint and self.fingerprint.flat:
            return entry_words(self.entry_hashes, [repeated(word) for word in self.entry_hashes])
        return entry_words(self.entry_hashes, [first_words(check) for check in checks])

    @property
    def content(self) -> str | None:
        """What distinguishes one content of the object from another: its sequencer, or its digest where it has none.

        Of a bare hash, which has neither, the hash.
        """
        if self.ref.sequencer != LOWEST_SEQUENCER:
            return self.ref.sequencer
        return f"{self.hash:016x}" if self.digest is None and self.hash is not None else self.digest

    @property
    def named(self) -> str:
        """What names the object with this content among pairs."""
        return f"{self.ref.object_id}#{self.content}"

    @property
    def alive(self) -> bool:
        """Whether this object can be a match."""
        return self.outcome is Outcome.INDEXED


def object_id(bucket: str, key: str) -> str:
    """Return the id of an object: 16 bytes of BLAKE2b over length-prefixed bucket and key, as hex.

    The lengths keep ("a", "b/c") and ("a/b", "c") apart whatever characters a key holds. A local file's name
    may be no UTF-8, which Python gives as surrogates: they become the bytes again that they stand for.
    """
    digest = hashlib.blake2b(digest_size=16)
    for part in (bucket.encode(), key.encode(errors="surrogateescape")):
        digest.update(len(part).to_bytes(4, "big") + part)
    return digest.hexdigest()


def was_backfilled(ref: ObjectRef) -> bool:
    """Whether the object was indexed without an event of its own: its sequencer is the lowest, or none of S3's."""
    return ref.sequencer == LOWEST_SEQUENCER or not ref.sequencer.endswith("0")


def collection_of(ref: ObjectRef, settings: Settings) -> Collection:
    """Return the collection that the object belongs to."""
    return Collection(scope_of(ref.key, settings.scope_depth), settings.generation)


def scope_of(key: str, depth: int) -> str:
    """Return the scope of *key*: its first *depth* folders, or WHOLE_DEPLOYMENT at depth 0.

    A key with fewer folders has those it has, and "/" if it has none; so no folder's scope can
    be WHOLE_DEPLOYMENT.
    """
    if depth == 0:
        return WHOLE_DEPLOYMENT
    folders = key.split("/")[:-1][:depth]
    return "/".join(folders) + "/"
