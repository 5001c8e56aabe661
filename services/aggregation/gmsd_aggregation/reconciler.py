"""Compares what should be published with what was, and closes the difference. Level-triggered: no event can be missed."""

import asyncio
from collections import Counter

from gmsd_aggregation.adapters import facts
from gmsd_aggregation.adapters.warehouse import Session, Warehouse
from gmsd_aggregation.domain.frame import NoFrame
from gmsd_aggregation.domain.inputs import InputSet
from gmsd_aggregation.domain.schedule import Schedule
from gmsd_aggregation.metrics import WAITING
from gmsd_aggregation.nudge import Nudge
from gmsd_aggregation.snapshots import Snapshots, current
from gmsd_chassis.errors import TryLater
from gmsd_chassis.logs import log

IDLE_SECONDS = 30.0
"""Without a nudge it still looks this often: another instance may have loaded or decided."""
SPACING_SECONDS = 1.0
"""Between two looks at least this: 700 loads in a row nudge 700 times, and a look reads every slot (0.05 s of CPU for 1,500).
At 0.2 s looks took a quarter of all CPU while a nation was delivered; a change waits for `quiet` seconds anyway."""
_REASONS = ("quiet", "no_frame", "bad_frame", "two_keys")


class Reconciler:
    """One background task of the service. An error that is not named ends the process; a restart looks again."""

    def __init__(
        self, warehouse: Warehouse, snapshots: Snapshots, nudge: Nudge, *, quiet: float, most: float
    ) -> None:
        self._warehouse = warehouse
        self._snapshots = snapshots
        self._nudge = nudge
        self._schedule = Schedule(quiet, most)
        self._spacing = min(SPACING_SECONDS, quiet or SPACING_SECONDS)
        self._bad_frames: set[str] = set()
        self._covered: dict[tuple[str, str], str] = {}

    async def run(self) -> None:
        """For ever."""
        while True:
            try:
                await self.look()
            except TryLater as later:
                log.warning("reconciler_waits", reason=later.reason)
                await asyncio.sleep(later.after or 1.0)
                continue
            await asyncio.sleep(self._spacing)
            due = self._schedule.next()
            now = asyncio.get_running_loop().time()
            await self._nudge.wait(IDLE_SECONDS if due is None else max(0.0, min(due - now, IDLE_SECONDS)))

    async def look(self) -> int:
        """One look; returns how many snapshots it published."""
        sets, published = await self._warehouse.run(_state)
        now = asyncio.get_running_loop().time()
        self._schedule.active(self._nudge.active)
        waiting: Counter[str] = Counter()
        made = 0
        for inputs in sets:
            key = (inputs.product, inputs.period)
            reason = self._blocked(inputs)
            lacks_snapshot = published.get(key) != inputs.snapshot_id
            if lacks_snapshot and reason is not None:
                waiting[reason] += 1
            computable = lacks_snapshot and reason is None
            if not computable and self._covered.get(key) == inputs.register:
                self._schedule.settled(key)
                continue
            self._schedule.note(key, f"{inputs.snapshot_id}/{inputs.register}", now)
            due = self._schedule.due_at(key)
            if due is None or due > now:
                waiting["quiet"] += computable
            elif computable:
                made += await self._publish(inputs)
                # What changed since starts a wait of its own: else every look after the longest wait would compute again.
                self._schedule.settled(key)
            else:
                await self._cover(inputs)
                self._schedule.settled(key)
        for name in _REASONS:
            WAITING.set(waiting[name], reason=name)
        return made

    async def _publish(self, inputs: InputSet) -> int:
        try:
            if not await self._snapshots.publish(inputs):
                return 0
        except NoFrame as error:
            self._bad_frames.add(inputs.snapshot_id)
            log.error(
                "classification_refused", period=inputs.period, lands=error.found,
                do="deliver regio again with exactly one region of soort LD",
            )  # fmt: skip
            return 0
        log.info(
            "snapshot_published",
            period=inputs.period,
            snapshot_id=inputs.snapshot_id,
            inputs=len(inputs.deliveries),
        )
        await self._cover(inputs)
        return 1

    async def _cover(self, inputs: InputSet) -> None:
        key = (inputs.product, inputs.period)
        if self._covered.get(key) != inputs.register:
            told = await self._snapshots.announce_coverage(inputs)
            self._covered[key] = inputs.register
            if told:
                log.info("coverage_announced", period=inputs.period, deliveries=told)

    def _blocked(self, inputs: InputSet) -> str | None:
        """Why no snapshot of these inputs can be made."""
        if not inputs.has_frame:
            return "no_frame"
        if inputs.snapshot_id in self._bad_frames:
            return "bad_frame"
        # During a rotation of the pseudonym key persons of re-keyed deliveries are strangers to the others: wait for all.
        return "two_keys" if len(inputs.keys) > 1 else None


def _state(session: Session) -> tuple[list[InputSet], dict[tuple[str, str], str]]:
    return current(session), facts.last_snapshots(session)
