"""When a release comes out, and when one is taken back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Final, Literal
from uuid import UUID

from gmsd_publication.domain.consent import Policy


@dataclass(frozen=True)
class Quiet:
    """Some seconds after the newest snapshot or change of consent; for demonstrations, and where nobody plans."""

    __pydantic_config__ = {"extra": "forbid"}
    kind: Literal["quiet"] = "quiet"
    seconds: float = 1.0

    def __post_init__(self) -> None:
        if self.seconds < 0:
            raise ValueError("seconds must not be negative")


@dataclass(frozen=True)
class Manual:
    """When the platform team says so."""

    __pydantic_config__ = {"extra": "forbid"}
    kind: Literal["manual"] = "manual"


@dataclass(frozen=True)
class Calendar:
    """At announced moments: each lets the newest snapshot out, once. Corrections wait for the next moment."""

    __pydantic_config__ = {"extra": "forbid"}
    moments: tuple[datetime, ...]
    kind: Literal["calendar"] = "calendar"

    def __post_init__(self) -> None:
        if any(moment.tzinfo is None for moment in self.moments):
            raise ValueError("a moment needs an offset, such as 2026-05-15T06:30:00+02:00")


ReleasePolicy = Quiet | Manual | Calendar

CONSENT_WITHDRAWN: Final = "toestemming ingetrokken"


@dataclass(frozen=True)
class Release:
    """What is known of a release. `retracted`: the reason, None while it may be read."""

    id: UUID
    number: int
    snapshot_id: str
    trigger: UUID
    time: datetime
    retracted: str | None = None


@dataclass(frozen=True)
class Standing:
    """One product and period. `releases` by number; `changed`: newest snapshot or change of consent."""

    product: str
    period: str
    snapshot_id: str
    changed: datetime
    releases: tuple[Release, ...] = ()
    held: frozenset[UUID] = frozenset()

    @property
    def newest(self) -> Release | None:
        """The last release that came out, retracted or not."""
        return self.releases[-1] if self.releases else None

    @property
    def live(self) -> Release | None:
        """The release that readers see now."""
        return self.newest if self.newest is not None and self.newest.retracted is None else None

    @property
    def replacing(self) -> Release | None:
        """The release whose place is empty because consent was withdrawn."""
        newest = self.newest
        return newest if newest is not None and newest.retracted == CONSENT_WITHDRAWN else None


@dataclass(frozen=True)
class Figures:
    """Gemeenten whose own records stand in a release: anywhere, and in figures of their wijken and buurten."""

    whole: frozenset[str]
    inside: frozenset[str]

    def refused(self, policy: Policy) -> frozenset[str]:
        """Those that are told and may not be."""
        return policy.basis.refused_of(self.whole) | policy.wijk.refused_of(self.inside)


def must_retract(figures: Figures | None, policy: Policy) -> bool:
    """Whether a release with these figures tells of a gemeente without consent.

    None: its tables cannot be read. It may then tell of anybody, so one gemeente without consent is enough.
    """
    if figures is None:
        return policy.basis.refuses_some or policy.wijk.refuses_some
    return bool(figures.refused(policy))


def release_due(
    standing: Standing, policy: ReleasePolicy, trigger: UUID, *, requested: bool
) -> datetime | None:
    """The moment from which a release for `trigger` may come out; None when there is nothing to release.

    A withdrawal leaves a gap that is filled at once, whatever the policy; a release taken back as faulty waits for other
    input.
    """
    newest = standing.newest
    if newest is not None and newest.trigger == trigger and newest.retracted != CONSENT_WITHDRAWN:
        return None
    if requested:
        return standing.changed
    if trigger in standing.held:
        return None
    if isinstance(policy, Quiet):
        return standing.changed + timedelta(seconds=policy.seconds)
    if standing.replacing is not None:
        return standing.changed
    if isinstance(policy, Calendar):
        return _next_moment(policy.moments, newest)
    return None


def _next_moment(moments: Sequence[datetime], newest: Release | None) -> datetime | None:
    open_moments = sorted(moment for moment in moments if newest is None or moment > newest.time)
    return open_moments[0] if open_moments else None


def snapshot_for(standing: Standing, policy: ReleasePolicy, *, requested: bool) -> str:
    """Which snapshot comes out: the newest, but a replacement outside a planned moment repeats the one it replaces."""
    replacing = standing.replacing
    if replacing is None or requested or isinstance(policy, Quiet):
        return standing.snapshot_id
    return replacing.snapshot_id
