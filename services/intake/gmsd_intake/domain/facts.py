"""What is known of a delivery: one fact per event about it. A fact never changes and never goes away."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

Stage = Literal["validation", "linkage", "aggregation"]


@dataclass(frozen=True)
class Fact:
    """`event` is the id of the event that says it, `cause` what that event was caused by, `at` when it was recorded."""

    event: UUID
    cause: UUID
    at: datetime


@dataclass(frozen=True)
class FromSlot(Fact):
    """A fact that intake wrote itself; these are numbered per slot."""

    slot_version: int


@dataclass(frozen=True)
class Received(FromSlot):
    """Intake holds the bytes."""

    seq: int


@dataclass(frozen=True)
class Decided(FromSlot):
    """Akkoord."""


@dataclass(frozen=True)
class Withdrawn(FromSlot):
    """Taken back."""

    by: Literal["aanleveraar", "platform"]


@dataclass(frozen=True)
class Requeued(FromSlot):
    """Sent through a stage again."""

    stage: Stage


@dataclass(frozen=True)
class Assessed(Fact):
    """The technical check concluded."""

    ok: bool


@dataclass(frozen=True)
class Failed(Fact):
    """A stage gave up; `reason` is a slug of that stage."""

    stage: Stage
    reason: str


@dataclass(frozen=True)
class Expired(Fact):
    """The content was gone before a stage could read it."""

    stage: Stage


@dataclass(frozen=True)
class Linked(Fact):
    """Stands under pseudonym."""


@dataclass(frozen=True)
class Loaded(Fact):
    """Stands in the warehouse, whole."""


AnyFact = Received | Decided | Withdrawn | Requeued | Assessed | Failed | Expired | Linked | Loaded
Facts = frozenset[AnyFact]
