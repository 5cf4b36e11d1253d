"""What can be known of a stack's health at one moment. None stands for what could not be told: `unknown` says why."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from handler.cli.stacks import DeployedStack

ACTIVE, MISSING_STATE = "ACTIVE", "MISSING"  # of what is there and works; of what is not there
INTAKE, FAILED_EVENTS = "intake", "failure"  # the queues


@dataclass(frozen=True, slots=True)
class Unknown:
    """Something that nobody would say."""

    what: str
    reason: str
    permission: str = ""  # that would be needed; empty if it is not for want of one


@dataclass(frozen=True, slots=True)
class DeployedFunction:
    """One of the stack's functions, as Lambda has it."""

    role: str  # events or questions
    name: str
    state: str  # Lambda's: Active, Pending, Inactive or Failed; or MISSING
    update: str = ""  # the last one: Successful, InProgress or Failed
    reason: str = ""  # of either
    runtime: str = ""
    architecture: str = ""
    memory_mb: int = 0
    timeout_s: int = 0
    code: str = ""  # what tells its code from another one: the first hex digits of its SHA-256
    modified: datetime | None = None
    reserved: int | None = None  # invocations at once that somebody reserved for it; None: it has a share of all
    misconfigured: str = ""  # what is wrong with its variables
    journal_memory_mb: int | None = None  # that are left of JournalMemory beside decoding


@dataclass(frozen=True, slots=True)
class RoleRights:
    """What the role of one of the functions may do no more, though the template lets it."""

    role: str  # events or questions
    name: str  # IAM's
    there: bool
    missing: tuple[str, ...] = ()  # as `s3:GetObject on ARN`


@dataclass(frozen=True, slots=True)
class ResourceState:
    """A table, topic or bucket of the stack: ACTIVE, MISSING, or as the service calls it."""

    kind: str
    name: str
    state: str


@dataclass(frozen=True, slots=True)
class CollectionSize:
    """The pictures that are compared with each other, as their journal counts them: those that are gone included."""

    scope: str
    generation: str
    pictures: int  # entries of the journal
    memory_bytes: int  # that an instance needs to remember them
    segments: int
    packs: int  # that an instance would load
    missing_packs: int | None  # of these; None if nobody said


@dataclass(frozen=True, slots=True)
class WaitingQueue:
    """What is in one of the stack's queues, by SQS's approximate counts."""

    queue: str
    there: bool
    waiting: int = 0
    taken: int = 0  # by somebody who is not done with it
    later: int = 0  # that wait for their time
    oldest_s: float | None = None  # as CloudWatch measured it last; None if it has not, lately


@dataclass(frozen=True, slots=True)
class EventMapping:
    """By which Lambda hands the messages of a queue to the function."""

    queue: str
    uuid: str
    state: str  # Lambda's: Enabled, Disabled, or on the way to one of both; or MISSING


@dataclass(frozen=True, slots=True)
class SourceBucket:
    """A bucket whose pictures are taken in."""

    bucket: str
    connected: bool
    way: str  # how its events come; or why they do not
    cure: str = ""


@dataclass(frozen=True, slots=True)
class Subscribers:
    """Who is told by a topic."""

    topic: str
    of_alarms: bool
    confirmed: int
    pending: int


@dataclass(frozen=True, slots=True)
class AlarmState:
    """One alarm of the stack."""

    alarm: str  # its name after that of the stack
    name: str
    state: str  # OK, ALARM or INSUFFICIENT_DATA; or MISSING
    since: datetime | None
    reason: str
    meaning: str  # what it says when it is on
    page: str  # of the runbook
    enabled: bool  # it tells somebody, if there is anybody
    topics: tuple[str, ...]  # that are told


@dataclass(frozen=True, slots=True)
class Counted:
    """How often something happened."""

    metric: str
    lately: int  # in the last ten minutes or so, in which what fails is tried again
    hour: int  # the last one
    day: int


@dataclass(frozen=True, slots=True)
class LogCount:
    """How many lines of a function's log are of one kind."""

    kind: str
    lately: int  # in the last quarter of an hour
    hour: int  # in the last one
    example: str  # the object of the latest; empty where there is none
    detail: str  # what was amiss with it, by the same line
    whole: bool  # the log was looked through; else there may be more


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Failed events of one cause, as `lookalike failures` groups them."""

    cause: str
    detail: str  # of what: a call, a right, a key; may be empty
    page: str  # of the runbook
    events: int
    oldest: str  # ISO 8601, UTC
    example: str  # bucket/key of the latest; empty where there is none
    error: str  # of the latest


@dataclass(frozen=True, slots=True)
class WaitingFailures:
    """What was seen of the failure queue."""

    seen: int  # messages; not many more than were asked for
    whole: bool  # whether these are all
    causes: tuple[FailureCause, ...]


@dataclass(frozen=True, slots=True)
class StackFacts:
    """All that was found."""

    at: datetime
    stack: DeployedStack
    region: str
    functions: tuple[DeployedFunction, ...] = ()
    rights: tuple[RoleRights, ...] = ()
    resources: tuple[ResourceState, ...] = ()
    collections: tuple[CollectionSize, ...] = ()
    further_scopes: bool = False  # there are more than were looked at
    queues: tuple[WaitingQueue, ...] = ()
    mappings: tuple[EventMapping, ...] = ()
    sources: tuple[SourceBucket, ...] = ()
    subscribers: tuple[Subscribers, ...] = ()
    alarms: tuple[AlarmState, ...] | None = None
    counted: tuple[Counted, ...] | None = None
    logged: tuple[LogCount, ...] | None = None  # by the functions' logs, which are there at once
    failures: WaitingFailures | None = None
    unknown: tuple[Unknown, ...] = ()

    def function(self, role: str) -> DeployedFunction | None:
        """Return what is known of the function that has the *role*."""
        return next((one for one in self.functions if one.role == role), None)

    def queue(self, name: str) -> WaitingQueue | None:
        """Return what is known of that queue."""
        return next((one for one in self.queues if one.queue == name), None)

    @property
    def counts(self) -> Mapping[str, Counted]:
        """What was counted, by metric."""
        return {one.metric: one for one in self.counted or ()}

    @property
    def log_counts(self) -> Mapping[str, LogCount]:
        """What the logs tell, by kind."""
        return {one.kind: one for one in self.logged or ()}
