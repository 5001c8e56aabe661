"""Reading deliveries and acting on them."""

import asyncio
import base64
import binascii
import re
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query

from gmsd_chassis.http.problem import Fault
from gmsd_intake.adapters.answers import Listed, Wanted
from gmsd_intake.adapters.fold import stamp
from gmsd_intake.domain.state import State
from gmsd_intake.errors import Problem
from gmsd_intake.http import models as m
from gmsd_intake.http import words
from gmsd_intake.http.routes import BOTH, ONLY_DELIVERER, ONLY_PLATFORM, GuardedRoute
from gmsd_intake.http.services import Services, Uses, Who, own_delivery

router = APIRouter(route_class=GuardedRoute, tags=["leveringen"])

_CURSOR = re.compile(r"([0-9T:.+-]{32})\|([0-9a-f-]{36})")
Code = Annotated[str | None, Query(pattern=r"^[A-Z0-9]{2,20}$")]
Period = Annotated[str | None, Query(pattern=r"^20[0-9]{2}(HJ|JJ|MM|KW)[0-9]{2}$")]
Count = Annotated[int, Query(ge=1, le=1000)]


@router.get(
    "/leveringen",
    operation_id="leveringenOpvragen",
    summary="Leveringen",
    response_model=m.Leveringen,
    openapi_extra=BOTH,
)
async def listing(
    services: Uses,
    who: Who,
    aanleveraar: Code = None,
    periode: Period = None,
    bestandssoort: Annotated[str | None, Query(pattern=r"^[a-z][a-z_]{1,30}$")] = None,
    status: State | None = None,
    cursor: Annotated[str | None, Query(max_length=120)] = None,
    aantal: Count = 100,
) -> m.Leveringen:
    """Nieuwste eerst. Een aanleveraar ziet alleen de eigen leveringen."""
    if not who.is_platform:
        if aanleveraar is not None and not who.may_see(aanleveraar):
            return m.Leveringen(leveringen=[], volgende=None)
        aanleveraar = who.deliverer
    before = None if cursor is None else _position(cursor)
    wanted = Wanted(aanleveraar, periode, bestandssoort, status)
    found = await asyncio.to_thread(services.model.page, wanted, before, aantal + 1)
    page = found[:aantal]
    following = _cursor(page[-1]) if len(found) > aantal else None
    return m.Leveringen(leveringen=[words.listed(each) for each in page], volgende=following)


@router.get(
    "/leveringen/{id}",
    operation_id="leveringOpvragen",
    summary="Eén levering: status, controle, dekking, geschiedenis",
    response_model=m.LeveringVolledig,
    openapi_extra=BOTH,
)
async def one(id: UUID, services: Uses, who: Who) -> m.LeveringVolledig:
    """De status is een gevolg van alles wat er over de levering bekend is."""
    await own_delivery(id, services, who)
    return await _full(id, services)


@router.post(
    "/leveringen/{id}/akkoord",
    operation_id="leveringAkkoord",
    summary="Akkoord geven",
    response_model=m.LeveringVolledig,
    openapi_extra=ONLY_DELIVERER,
)
async def akkoord(id: UUID, request: m.AkkoordVerzoek, services: Uses, who: Who) -> m.LeveringVolledig:
    """Alle waarschuwingen moeten bevestigd zijn. Nogmaals akkoord geven verandert niets."""
    found = await own_delivery(id, services, who)
    await services.commands.akkoord(found.slot, id, request.bevestigdeWaarschuwingen, who.client)
    return await _full(id, services)


@router.post(
    "/leveringen/{id}/intrekken",
    operation_id="leveringIntrekken",
    summary="Intrekken",
    response_model=m.LeveringVolledig,
    openapi_extra=BOTH,
)
async def withdraw(id: UUID, services: Uses, who: Who) -> m.LeveringVolledig:
    """Alle gegevens van de levering worden onleesbaar. Is zij van kracht, dan kan alleen het platformteam dit."""
    found = await own_delivery(id, services, who)
    by: Literal["aanleveraar", "platform"] = "platform" if who.is_platform else "aanleveraar"
    await services.commands.withdraw(found.slot, id, by)
    return await _full(id, services)


@router.post(
    "/leveringen/{id}/opnieuw",
    operation_id="leveringOpnieuw",
    summary="Een mislukte stap opnieuw doen",
    response_model=m.LeveringVolledig,
    openapi_extra=ONLY_PLATFORM,
)
async def requeue(id: UUID, services: Uses, who: Who) -> m.LeveringVolledig:
    """Na MISLUKT, of wanneer koppelen of laden is mislukt."""
    found = await own_delivery(id, services, who)
    await services.commands.requeue(found.slot, id)
    return await _full(id, services)


async def _full(delivery: UUID, services: Services) -> m.LeveringVolledig:
    detail = await asyncio.to_thread(services.model.detail, delivery)
    if detail is None:
        raise Problem("levering-onbekend")
    content = detail.delivery.received.content
    readable = (
        None if content is None else await asyncio.to_thread(services.keyring.exists, content.content_id)
    )
    return words.detailed(detail, readable)


def _cursor(last: Listed) -> str:
    return base64.urlsafe_b64encode(f"{stamp(last.received_at)}|{last.id}".encode()).decode()


def _position(cursor: str) -> tuple[str, str]:
    try:
        match = _CURSOR.fullmatch(base64.urlsafe_b64decode(cursor).decode("ascii"))
    except (binascii.Error, ValueError):
        match = None
    if match is None:
        raise Problem(
            "verzoek-ongeldig", faults=[Fault("query.cursor", "is geen cursor van een vorige pagina")]
        )
    return match[1], match[2]
