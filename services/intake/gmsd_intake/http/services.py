"""What the endpoints work with, put together by `app` and carried by the FastAPI app."""

import asyncio
from dataclasses import dataclass
from typing import Annotated, Protocol, cast
from uuid import UUID

from fastapi import Depends, Request

from gmsd_chassis.clock import Clock
from gmsd_chassis.content.store import ContentStore
from gmsd_chassis.http.bearer import Caller
from gmsd_chassis.keyring.keyring import KeyRing
from gmsd_intake.adapters.answers import Listed
from gmsd_intake.adapters.queries import ReadModel
from gmsd_intake.adapters.spool import SpoolDirectory
from gmsd_intake.errors import Problem
from gmsd_intake.handlers import Commands
from gmsd_intake.http.routes import caller_of


class Lag(Protocol):
    """How far the fold is behind the log, in records."""

    @property
    def lag(self) -> int: ...


@dataclass(frozen=True)
class Services:
    """One per process."""

    commands: Commands
    model: ReadModel
    content: ContentStore
    keyring: KeyRing
    spool: SpoolDirectory
    clock: Clock
    fold: Lag
    uploads_at_once: int
    base_url: str


def services_of(request: Request) -> Services:
    """The services of the app."""
    return cast("Services", request.app.state.services)


Uses = Annotated[Services, Depends(services_of)]
Who = Annotated[Caller, Depends(caller_of)]


async def own_delivery(delivery: UUID, services: Services, who: Caller) -> Listed:
    """The delivery, if the caller may know that it exists; the answer is the same when it does not."""
    found = await asyncio.to_thread(services.model.find, delivery)
    if found is None or not who.may_see(found.slot.deliverer):
        raise Problem("levering-onbekend")
    return found
