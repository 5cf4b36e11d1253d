"""What is kept of a job on this machine, so that it goes on where it was killed: a state, and its manifest."""

import fcntl
import hashlib
import json
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType

from handler.cli.errors import CommandError

SCHEMA = "lookalike.job/1"


@dataclass(slots=True)
class BackfillJob:
    """How far a job has come. Lines are those of its manifest; what is followed was sent, and its outcomes are told."""

    name: str
    began: str  # ISO 8601, by the clock of S3
    tell: str
    total: int  # lines
    sent: int = 0
    sent_end: int = 0  # in bytes, as manifests count
    followed: int = 0
    followed_end: int = 0
    outcomes: dict[str, int] = field(default_factory=dict)  # of what is followed
    batch_job: str | None = None  # the id of a job of S3 Batch Operations, which does the sending


class JobFiles:
    """The files of one job, in a folder that other jobs share; as a context manager it is held by one process."""

    def __init__(self, folder: Path, *about: str) -> None:
        """Take what tells the job from others: where it runs, and what it is about."""
        name = hashlib.blake2b("\0".join(about).encode(), digest_size=8).hexdigest()
        self._folder = folder
        self._state, self.manifest = folder / f"{name}.json", folder / f"{name}.manifest"
        self._lock = folder / f"{name}.lock"
        self._held: int | None = None

    def __enter__(self) -> "JobFiles":
        """Return the files. Raises CommandError if another process has them, or the folder cannot be written."""
        try:
            self._folder.mkdir(parents=True, exist_ok=True)
            self._held = os.open(self._lock, os.O_CREAT | os.O_RDWR, 0o600)
        except OSError as error:
            raise CommandError(f"{self._folder} cannot be written: {error.strerror or error}: see --state") from error
        try:
            fcntl.flock(self._held, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(self._held)
            raise CommandError("this job is under way in another process: wait for that one, or end it") from error
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Let go of the files; they stay."""
        if self._held is not None:
            os.close(self._held)

    def load(self) -> BackfillJob | None:
        """Return the job as it was saved last; None if there is none, or its manifest is gone."""
        try:
            document = json.loads(self._state.read_text())
            if document.pop("schema") != SCHEMA or not self.manifest.exists():
                return None
            return BackfillJob(**document)
        except (FileNotFoundError, KeyError, TypeError, ValueError):
            return None

    def save(self, job: BackfillJob) -> None:
        """Keep *job*: whole, or as it was before, wherever this process ends."""
        unfinished = self._state.with_suffix(".part")
        with unfinished.open("w") as file:
            json.dump({"schema": SCHEMA} | asdict(job), file)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(self._state)

    def drop(self) -> None:
        """Forget the job."""
        for path in (self._state, self.manifest):  # without a state, a manifest is made again
            path.unlink(missing_ok=True)


def usual_folder() -> Path:
    """Return where jobs are kept, by the XDG base directories."""
    state = os.environ.get("XDG_STATE_HOME") or str(Path.home() / ".local" / "state")
    return Path(state) / "lookalike"
