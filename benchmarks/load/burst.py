"""Lambda in virtual time: an instance for each event that none is idle for, and two more attempts if it fails."""

from collections import Counter
from collections.abc import Mapping
from functools import cache, partial
from io import BytesIO
from typing import Any

from PIL import Image

from benchmarks.drawn_photograph import drawn_photograph
from benchmarks.load.simulated_instance import BUCKET, COLLECTION, LOOK1, PAIRED, Case, Instance
from benchmarks.load.throttled_cloud import Before, Cloud
from benchmarks.load.virtual_time import Group, World
from handler.core.bill import COUNTS
from handler.core.entry import entry_bytes
from handler.core.journal import Shape
from handler.core.model import ObjectRef
from handler.core.sequencers import padded_sequencer
from handler.report import Report

SIDES = (96, 72)  # pixels of a picture
RETRY_AFTER_S = (60, 120)  # by Lambda, of an event whose invocation failed; then the failure queue has it
COPY = "-copy.jpg"

ALL_FILED = {
    "pk": {"S": f"{COLLECTION}#f"},
    "sk": {"S": "backlog"},
    **{name: {"N": "1"} for name in ("segments_filed", "backlog", "busy")},
}


class Herd:
    """Lambda: an instance for each event that none is idle for, and two more attempts for events that fail."""

    def __init__(self, case: Case, uploads: int) -> None:
        self.case = case
        self.world = World()
        shape = Shape(pack_sizes=case.pack_sizes)
        before = Before(COLLECTION, case.pictures, LOOK1.word_count, case.shards)
        self.cloud = Cloud(self.world, before, shape, pictures(uploads), case.placement)
        if before.pictures * entry_bytes(LOOK1.word_count) > case.journal_mb << 19:  # half: it was filed before
            self.cloud.store("buckets", ALL_FILED)
        self.done: dict[str, tuple[float, Report]] = {}  # by key: when it was told, and how
        self.attempts = self.lost = self.instances = 0
        self.errors: Counter[str] = Counter()
        self.billed_s = 0.0
        self._idle: list[Instance] = []
        self._lambda = Group()

    def run(self) -> None:
        """Upload all at once, and see to it until nothing is left to do."""
        for number, key in enumerate(self.cloud.pictures):
            ref = ObjectRef(BUCKET, key, padded_sequencer(f"{number + 1:016X}"))
            self.world.spawn(self._lambda, partial(self._event, ref))
        self.world.run()

    def _event(self, ref: ObjectRef) -> None:
        self.world.sleep(self.cloud.rng.uniform(0, 1))  # until S3 has told Lambda
        for wait_s in (*RETRY_AFTER_S, None):
            self.attempts += 1
            if (report := self._invoke(ref)) is not None:
                self.done[ref.key] = self.world.now, report
                return
            if wait_s is not None:
                self.world.sleep(wait_s * self.cloud.rng.uniform(1, 1.1))
        self.lost += 1

    def _invoke(self, ref: ObjectRef) -> Report | None:
        instance = self._idle.pop() if self._idle else self._start()
        begin = self.world.now
        deadline = begin + self.case.timeout_s
        work = self.world.spawn(instance.group, partial(instance.handle, ref, deadline))
        # Whichever comes first wakes this task.
        self.world.spawn(self._lambda, partial(self._end, instance, work, deadline))
        instance.over = self.world.event()
        work.add_done_callback(lambda _: instance.over.set_result(None) if not instance.over.done() else None)
        instance.over.result()
        self.billed_s += self.world.now - begin
        if not work.done():
            instance.group.ended = True
            self.errors["timed out"] += 1
            return None
        self._idle.append(instance)
        if (error := work.exception()) is not None:
            self.errors[f"{type(error).__name__}: {error}"] += 1
            return None
        report: Report = work.result()
        return report

    def _end(self, instance: "Instance", work: Any, deadline: float) -> None:
        self.world.sleep(deadline - self.world.now)
        if not work.done() and not instance.over.done():
            instance.over.set_result(None)

    def _start(self) -> "Instance":
        self.instances += 1
        self.world.sleep(COUNTS.start_ms / 1000)
        self.billed_s += COUNTS.start_ms / 1000
        return Instance(self.world, self.cloud, self.case)


@cache
def pictures(uploads: int) -> Mapping[str, bytes]:
    """Photographs by key; one of twenty-five has a near copy among them."""
    pictures: dict[str, bytes] = {}
    for number in range(uploads - uploads // 26):
        body = drawn_photograph(SIDES, seed=number)
        if number % 25:
            pictures[f"{number:04}.jpg"] = body
            continue
        copy = BytesIO()
        with Image.open(BytesIO(body)) as picture:
            picture.resize((88, 66)).save(copy, "JPEG", quality=80)
        pictures |= {f"{PAIRED}{number:04}.jpg": body, f"{PAIRED}{number:04}{COPY}": copy.getvalue()}
    return pictures
