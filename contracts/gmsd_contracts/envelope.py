"""The envelope of every event: CloudEvents 1.0, NL GOV profile."""

from datetime import UTC, datetime
from typing import ClassVar, Generic, TypeVar
from uuid import UUID, uuid5

from pydantic import AwareDatetime, BaseModel, ConfigDict

from gmsd_contracts.content import ContentRef
from gmsd_contracts.slot import NAMESPACE


class Payload(BaseModel):
    """The data of an event. Producers construct it strictly; consumers tolerate fields a newer producer added.

    TYPE is the CloudEvents `type`, versioned: a new optional field keeps the version, anything else is a new module.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", populate_by_name=True, hide_input_in_errors=True)
    TYPE: ClassVar[str]

    def key(self) -> str:
        """Partition key of the topic; never personal data."""
        raise TypeError(f"{type(self).__name__} declares no partition key")

    def subject(self) -> str:
        """CloudEvents `subject`: which delivery, release or region this is about; never personal data."""
        raise TypeError(f"{type(self).__name__} declares no subject")

    def contents(self) -> tuple[ContentRef, ...]:
        """Content that exists because of this event: what a key sweep must keep."""
        return ()


D = TypeVar("D", bound=Payload)


def event_id(causation_id: UUID, stage: str) -> UUID:
    """The same cause in the same stage gives the same event: the first with an id wins, a second changes nothing."""
    return uuid5(NAMESPACE, f"event|{causation_id}|{stage}")


class Event(BaseModel, Generic[D]):
    """One event. `time` is when it was recorded; moments in the real world stand in `data`.

    `correlation_id` is the delivery's id where there is one, so that everything said about a delivery can be found.
    `source` is `urn:nld:oin:<oin>:systeem:<service>`.
    """

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    id: UUID
    type: str
    source: str
    time: AwareDatetime
    subject: str
    causation_id: UUID
    correlation_id: UUID
    data: D

    @classmethod
    def caused_by(
        cls, data: D, *, cause: UUID, stage: str, correlation: UUID, source: str, time: datetime
    ) -> "Event[D]":
        """The event that `stage` writes because of `cause`."""
        return cls(
            id=event_id(cause, stage),
            type=data.TYPE,
            source=source,
            time=time.astimezone(UTC),
            subject=data.subject(),
            causation_id=cause,
            correlation_id=correlation,
            data=data,
        )


DEFAULT_OIN = "00000000000000000000"
"""Organisatie-identificatienummer of a platform that was given none."""


def source_of(service: str, oin: str = DEFAULT_OIN) -> str:
    """CloudEvents `source` in the form the NL GOV profile asks for."""
    return f"urn:nld:oin:{oin}:systeem:{service}"
