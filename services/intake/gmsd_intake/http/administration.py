"""Deliverers, windows, consents, and the platform team's view."""

import asyncio
from typing import Annotated

from fastapi import APIRouter, Path

from gmsd_chassis.http.problem import Fault
from gmsd_contracts.catalogue import Product
from gmsd_contracts.events.registration import DelivererRegistered, WindowClosed, WindowOpened
from gmsd_contracts.period import bounds
from gmsd_intake.errors import Problem
from gmsd_intake.http import models as m
from gmsd_intake.http import words
from gmsd_intake.http.deliveries import Code, Period
from gmsd_intake.http.routes import BOTH, ONLY_PLATFORM, GuardedRoute
from gmsd_intake.http.services import Uses, Who

router = APIRouter(route_class=GuardedRoute)

DelivererId = Annotated[str, Path(pattern=r"^[A-Z0-9]{2,20}$", description="Zoals GM0344")]
PeriodId = Annotated[str, Path(pattern=r"^20[0-9]{2}(HJ|JJ|MM|KW)[0-9]{2}$", description="Zoals 2025HJ01")]


@router.put(
    "/aanleveraars/{id}",
    operation_id="aanleveraarVastleggen",
    summary="Een aanleveraar vastleggen",
    response_model=m.Aanleveraar,
    tags=["aanleveraars"],
    openapi_extra=ONLY_PLATFORM,
)
async def register(id: DelivererId, request: m.AanleveraarInvoer, services: Uses) -> m.Aanleveraar:
    """De laatste versie telt."""
    registration = DelivererRegistered(
        deliverer=id, kind=request.soort, name=request.naam, datasets=tuple(request.bestandssoorten)
    )
    await services.commands.register(registration)
    return m.Aanleveraar(
        id=id, soort=request.soort, naam=request.naam, bestandssoorten=request.bestandssoorten
    )


@router.get(
    "/aanleveraars",
    operation_id="aanleveraarsOpvragen",
    summary="Aanleveraars",
    response_model=m.Aanleveraars,
    tags=["aanleveraars"],
    openapi_extra=BOTH,
)
async def deliverers(services: Uses, who: Who) -> m.Aanleveraars:
    """Een aanleveraar ziet alleen zichzelf."""
    known = await asyncio.to_thread(services.model.registrations)
    return m.Aanleveraars(
        aanleveraars=[words.deliverer(each) for each in known if who.may_see(each.data.deliverer)]
    )


@router.put(
    "/vensters/{periode}",
    operation_id="vensterZetten",
    summary="Een periode openen of sluiten",
    response_model=m.Venster,
    tags=["vensters"],
    openapi_extra=ONLY_PLATFORM,
)
async def set_window(periode: PeriodId, request: m.VensterInvoer, services: Uses) -> m.Venster:
    """Leveren kan alleen in een open periode, tot en met de laatste dag."""
    _require_period(periode)
    change = WindowOpened(period=periode, until=request.tot) if request.open else WindowClosed(period=periode)
    await services.commands.set_window(change)
    known = await asyncio.to_thread(services.model.window, periode)
    if known is None:
        raise RuntimeError("a window that was just recorded is not in the read model")
    return words.window(known)


@router.get(
    "/vensters",
    operation_id="venstersOpvragen",
    summary="Vensters",
    response_model=m.Vensters,
    tags=["vensters"],
    openapi_extra=BOTH,
)
async def windows(services: Uses) -> m.Vensters:
    """Nieuwste periode eerst."""
    known = await asyncio.to_thread(services.model.windows)
    return m.Vensters(vensters=[words.window(each) for each in known])


@router.put(
    "/toestemmingen/{gemeente}/{product}/{periode}",
    operation_id="toestemmingZetten",
    summary="Toestemming of bezwaar",
    response_model=m.Toestemming,
    tags=["toestemmingen"],
    openapi_extra=BOTH,
)
async def set_consent(
    gemeente: DelivererId,
    product: Product,
    periode: PeriodId,
    request: m.ToestemmingInvoer,
    services: Uses,
    who: Who,
) -> m.Toestemming:
    """Door de gemeente zelf of het platformteam; het laatste woord telt."""
    known = await asyncio.to_thread(services.model.registration, gemeente)
    if not who.may_see(gemeente) or known is None or known.data.kind != "gemeente":
        raise Problem("aanleveraar-onbekend")
    _require_period(periode)
    await services.commands.consent(gemeente, product.value, periode, request.toestemming, who.client)
    consent = await asyncio.to_thread(services.model.consent, gemeente, product.value, periode)
    if consent is None:
        raise RuntimeError("a consent that was just recorded is not in the read model")
    return words.consent(consent)


@router.get(
    "/toestemmingen",
    operation_id="toestemmingenOpvragen",
    summary="Toestemmingen en bezwaren",
    response_model=m.Toestemmingen,
    tags=["toestemmingen"],
    openapi_extra=BOTH,
)
async def consents(
    services: Uses, who: Who, gemeente: Code = None, product: Product | None = None, periode: Period = None
) -> m.Toestemmingen:
    """Een gemeente ziet alleen de eigen."""
    wanted = None if product is None else product.value
    found = await asyncio.to_thread(services.model.consents, gemeente, wanted, periode)
    return m.Toestemmingen(
        toestemmingen=[words.consent(each) for each in found if who.may_see(each.gemeente)]
    )


@router.get(
    "/status",
    operation_id="statusOpvragen",
    summary="Leveringen per status en wat wacht",
    response_model=m.PlatformStatus,
    tags=["platform"],
    openapi_extra=ONLY_PLATFORM,
)
async def status(services: Uses) -> m.PlatformStatus:
    """Voor het platformteam."""
    oldest = await asyncio.to_thread(services.model.oldest_waiting)
    waiting = None
    if oldest is not None:
        waiting = m.Wachtende(
            id=oldest.id,
            aanleveraar=oldest.slot.deliverer,
            status=oldest.status.state,
            sinds=oldest.status.since,
            wachtOp=words.waits_for(oldest.status),
        )
    return m.PlatformStatus(
        leveringen=await asyncio.to_thread(services.model.counts),
        langstWachtend=waiting,
        achterstand=services.fold.lag,
        geparkeerd=await asyncio.to_thread(services.model.parked),
        overgeslagen=await asyncio.to_thread(services.model.skipped),
    )


def _require_period(period: str) -> None:
    try:
        bounds(period)
    except ValueError:
        raise Problem(
            "verzoek-ongeldig", faults=[Fault("path.periode", "bestaat niet; geef bijvoorbeeld 2025HJ01")]
        ) from None
