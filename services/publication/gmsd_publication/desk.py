"""The publication desk: the one writer of the publications topic.

Looks at the facts, and does the next thing that has to be done: retract everywhere first, then release. What is away for one
period postpones that period and no other. It keeps nothing between two looks, so a crash anywhere is healed by looking again: content without an event does not exist, a retraction without its
release leaves a gap that the next look fills, and an event that was written twice has the same id.
"""

import asyncio
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import TryLater
from gmsd_chassis.logs import log
from gmsd_contracts.events.publication import PublicationHeld, PublicationReleased
from gmsd_publication import metrics
from gmsd_publication.adapters.facts import Facts
from gmsd_publication.adapters.library import Library
from gmsd_publication.domain import identity
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.schedule import ReleasePolicy, Standing, release_due, snapshot_for
from gmsd_publication.domain.status import status_of
from gmsd_publication.press import Press, Refused
from gmsd_publication.recall import Key, Recall
from gmsd_publication.scribe import Scribe

# A look is one SELECT on a local file. The fold commits in a thread of its own and has no hook after its commit; five
# looks a second keep a demonstration lively and cost nothing that can be measured.
LOOK_SECONDS = 0.2
_PATIENCE = Backoff()

Outcome = Literal["released", "exists", "held", "no_snapshot", "busy"]


@dataclass(frozen=True)
class Answer:
    """What became of a request to release."""

    outcome: Outcome
    release: UUID | None = None


@dataclass(frozen=True)
class Round:
    """What a look leaves: the earliest moment at which something will be due, and per postponed period what was away."""

    due: datetime | None
    late: Mapping[Key, TryLater]


class Desk:
    """One per platform; `run` until cancelled."""

    def __init__(
        self,
        *,
        facts: Facts,
        scribe: Scribe,
        press: Press,
        library: Library,
        policy_of: Callable[[str], ReleasePolicy],
        clock: Clock,
        backoff: Backoff = _PATIENCE,
    ) -> None:
        self._facts, self._scribe, self._press = facts, scribe, press
        self._recall = Recall(facts=facts, scribe=scribe, press=press, library=library)
        self._policy_of, self._clock, self._backoff = policy_of, clock, backoff
        self._requests: dict[Key, list[asyncio.Future[Answer]]] = {}
        self._asked = False

    async def request(self, product: str, period: str) -> Answer:
        """Release the present state of a product and period now, whatever its policy says."""
        answer: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self._requests.setdefault((product, period), []).append(answer)
        self._asked = True
        return await answer

    async def run(self) -> None:
        """Look, act, wait. What is away postpones; anything else crashes the process."""
        seen, due, attempt, again = -1, None, 0, math.inf
        while True:
            revision = await asyncio.to_thread(self._facts.revision)
            quiet = revision == seen and not self._asked and (due is None or due > self._clock.now())
            # Whoever waits for what is away waits by the back-off; a new fact is looked at all the same.
            if quiet and time.monotonic() < again:
                await asyncio.sleep(LOOK_SECONDS)
                continue
            self._asked = False
            look = await self.round()
            seen, due = revision, look.due
            if not look.late:
                attempt, again = 0, math.inf
            elif again == math.inf or time.monotonic() >= again:
                attempt += 1
                again = time.monotonic() + self._postponed(look, attempt)

    async def round(self) -> Round:
        """Every product and period once. Whenever a fact came in, retractions go before the next release."""
        keys = await asyncio.to_thread(self._facts.keys)
        for asked in set(self._requests) - set(keys):
            self._answer(*asked, Answer("no_snapshot"))
        seen, moments = -1, []
        unsettled: dict[Key, TryLater] = {}
        postponed: dict[Key, TryLater] = {}
        for key in keys:
            revision = await asyncio.to_thread(self._facts.revision)
            if revision != seen:
                unsettled, seen = await self._recall.everywhere(keys), revision
            if key in unsettled:
                continue
            try:
                moments.append(await self._consider(*key))
            except TryLater as later:
                postponed[key] = later
        due = min((moment for moment in moments if moment is not None), default=None)
        return Round(due, unsettled | postponed)

    def _postponed(self, look: Round, attempt: int) -> float:
        for (product, period), later in look.late.items():
            metrics.POSTPONED.inc(reason=later.reason)
            log.warning("postponed", product=product, period=period, reason=later.reason, attempt=attempt)
        return self._backoff.delay(attempt, max(later.after or 0.0 for later in look.late.values()))

    async def _consider(self, product: str, period: str) -> datetime | None:
        standing = await asyncio.to_thread(self._facts.standing, product, period)
        if standing is None:
            return None
        policy = await asyncio.to_thread(self._facts.policy, product, period)
        if await self._recall.wanted(standing, policy) is not None:
            return self._clock.now()  # consent was withdrawn since the retractions of this round
        key = (product, period)
        requested = key in self._requests
        release_policy = self._policy_of(product)
        snapshot_id = snapshot_for(standing, release_policy, requested=requested)
        trigger = identity.trigger_id(*key, snapshot_id, self._press.protection, policy)
        due = release_due(standing, release_policy, trigger, requested=requested)
        if due is None:
            newest = standing.newest
            self._answer(*key, Answer("exists", newest.id if newest else None))
            return None
        now = self._clock.now()
        if due > now:
            return due
        answer = await self._release(standing, policy, snapshot_id, trigger)
        if answer.outcome != "busy":
            self._answer(*key, answer)
        return now  # what was done changed the facts: look again

    def _answer(self, product: str, period: str, answer: Answer) -> None:
        for waiting in self._requests.pop((product, period), []):
            if not waiting.done():
                waiting.set_result(answer)

    # -- release -------------------------------------------------------------------------------------------------

    async def _release(self, standing: Standing, policy: Policy, snapshot_id: str, trigger: UUID) -> Answer:
        product, period, previous = standing.product, standing.period, standing.newest
        snapshot = await asyncio.to_thread(self._facts.snapshot, product, period, snapshot_id)
        if snapshot is None:
            raise TryLater("fold_behind")
        begun = time.monotonic()
        first = max(0, len(standing.releases) - self._press.protection.remembers)
        issues = await asyncio.to_thread(self._facts.issues, standing.releases[first:])
        try:
            built = await self._press.build(snapshot, policy, issues)
        except Refused as refused:
            return await self._hold(standing, snapshot_id, trigger, refused)
        metrics.BUILD_SECONDS.observe(time.monotonic() - begun, product=product)
        release = identity.release_id(trigger, policy, previous.id if previous else None)
        tables = await self._press.write(release, built)
        if await self._outrun(standing, policy):
            metrics.OUTRUN.inc()
            return Answer("busy")
        status = status_of(period, await asyncio.to_thread(self._facts.live_periods, product))
        # Before the event: a withdrawal that comes right after it must not have to read the tables back first.
        await asyncio.to_thread(
            self._facts.keep_figures, release, await self._press.figures_in(product, built)
        )
        won = await self._scribe.write(
            lambda sequence: PublicationReleased(
                product=product,
                period=period,
                sequence=sequence,
                release_id=release,
                number=previous.number + 1 if previous else 1,
                snapshot_id=snapshot_id,
                protection=self._press.protection.name,
                status=status,
                tables=tables,
                excluded=built.excluded,
                tested_with=built.tested_with,
                steps=dict(built.steps),
            ),
            cause=release,
            stage="released",
            correlation=trigger,
        )
        if not won:
            return Answer("busy")
        metrics.RELEASED.inc(product=product)
        waited = (self._clock.now() - standing.changed).total_seconds()
        metrics.RELEASE_SECONDS.observe(max(0.0, waited), product=product)
        log.info("released", product=product, period=period, release=release)
        return Answer("released", release)

    async def _outrun(self, standing: Standing, policy: Policy) -> bool:
        """Whether the facts moved on while the tables were made: a withdrawal must not find a release that comes after it."""
        now = await asyncio.to_thread(self._facts.standing, standing.product, standing.period)
        consents = await asyncio.to_thread(self._facts.policy, standing.product, standing.period)
        return (
            now is None
            or now.releases != standing.releases
            or consents.consent_fingerprint() != policy.consent_fingerprint()
        )

    async def _hold(self, standing: Standing, snapshot_id: str, trigger: UUID, why: Refused) -> Answer:
        product, period = standing.product, standing.period
        metrics.HELD.inc(product=product)
        log.error("held", product=product, period=period, reason=why.reason, detail=why.detail)
        if trigger not in standing.held:
            await self._scribe.write(
                lambda sequence: PublicationHeld(
                    product=product, period=period, sequence=sequence, snapshot_id=snapshot_id
                ),
                cause=identity.hold_cause(trigger),
                stage="held",
                correlation=trigger,
            )
        return Answer("held")
