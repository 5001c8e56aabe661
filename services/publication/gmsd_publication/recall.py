"""Takes releases back that tell of a gemeente without consent."""

import asyncio
from collections.abc import Iterable

from gmsd_chassis.errors import TryLater
from gmsd_chassis.logs import log
from gmsd_contracts.events.publication import PublicationRetracted
from gmsd_publication import metrics
from gmsd_publication.adapters.facts import Facts
from gmsd_publication.adapters.library import Library
from gmsd_publication.domain import identity
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.schedule import CONSENT_WITHDRAWN, Figures, Release, Standing, must_retract
from gmsd_publication.press import Press
from gmsd_publication.scribe import Scribe

Key = tuple[str, str]
"""Product and period."""


class Recall:
    """Never waits for one release before it looks at the next: what is away for one may not keep another readable."""

    def __init__(self, *, facts: Facts, scribe: Scribe, press: Press, library: Library) -> None:
        self._facts, self._scribe, self._press, self._library = facts, scribe, press, library

    async def everywhere(self, keys: Iterable[Key]) -> dict[Key, TryLater]:
        """Retract all that must be; where that could not be decided or written, and what was away there."""
        late: dict[Key, TryLater] = {}
        for key in keys:
            try:
                await self._within(*key)
            except TryLater as later:
                late[key] = later
        return late

    async def wanted(self, standing: Standing, policy: Policy) -> Release | None:
        """The newest readable release that must be taken back. Raises TryLater when one stays undecided and no other must.

        Replaced releases too: with the old total still readable beside the new one, their difference is the objector.
        """
        late: TryLater | None = None
        for release in reversed(standing.releases):
            if release.retracted is not None:
                continue
            try:
                figures = await self._figures(release)
            except TryLater as later:
                late = later
                continue
            if must_retract(figures, policy):
                return release
        if late is not None:
            raise late
        return None

    async def _within(self, product: str, period: str) -> None:
        while (standing := await asyncio.to_thread(self._facts.standing, product, period)) is not None:
            policy = await asyncio.to_thread(self._facts.policy, product, period)
            release = await self.wanted(standing, policy)
            if release is None:
                return
            await self._retract(standing, release)

    async def _figures(self, release: Release) -> Figures | None:
        """None: its tables cannot be read, so nobody can tell whose records stand in it."""
        known = await asyncio.to_thread(self._facts.figures, release.id)
        if known is not None:
            return known
        event = await asyncio.to_thread(self._facts.release, release.id)
        found = None if event is None else await self._press.figures_of(event.data)
        if found is not None:
            await asyncio.to_thread(self._facts.keep_figures, release.id, found)
        return found

    async def _retract(self, standing: Standing, release: Release) -> None:
        won = await self._scribe.write(
            lambda sequence: PublicationRetracted(
                product=standing.product,
                period=standing.period,
                sequence=sequence,
                release_id=release.id,
                number=release.number,
                reason=CONSENT_WITHDRAWN,
            ),
            cause=identity.retraction_cause(release.id, CONSENT_WITHDRAWN),
            stage="retracted",
            correlation=release.trigger,
        )
        event = await asyncio.to_thread(self._facts.release, release.id)
        if event is not None:
            self._library.forget(event.data.contents())
        if won:
            metrics.RETRACTED.inc(product=standing.product)
            log.info("retracted", product=standing.product, period=standing.period, number=release.number)
