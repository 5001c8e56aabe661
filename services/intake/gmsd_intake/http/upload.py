"""`POST /v1/leveringen`: a body streams into the encrypted spool, and becomes a delivery when all of it is there."""

import asyncio
import time
from datetime import date
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Query, Request, Response

from gmsd_chassis.http.bearer import DELIVERER, Caller
from gmsd_intake.adapters import digest
from gmsd_intake.adapters.multipart import FILE_FIELD, FormReader
from gmsd_intake.adapters.spool import Spool, SpoolDirectory
from gmsd_intake.domain.admission import admit, specification
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.errors import Problem
from gmsd_intake.handlers import Delivered
from gmsd_intake.http import metadata, words
from gmsd_intake.http import models as m
from gmsd_intake.http.incoming import FORM_OVERHEAD, Incoming
from gmsd_intake.http.routes import GuardedRoute, roles
from gmsd_intake.http.services import Services, Uses, Who
from gmsd_intake.metrics import UPLOAD_BYTES, UPLOAD_SECONDS, UPLOADS

router = APIRouter(route_class=GuardedRoute, tags=["leveringen"])

# A window closes at midnight where its deliverers live.
_HOME = ZoneInfo("Europe/Amsterdam")

_BODY = {
    "required": False,
    "description": "Het CSV-bestand zelf, of een formulier met het bestand in het veld bestand.",
    "content": {
        "text/csv": {"schema": {"type": "string", "format": "binary"}},
        "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        "multipart/form-data": {
            "schema": {
                "type": "object",
                "properties": {
                    "bestandssoort": {"type": "string"},
                    "aanleveraar": {"type": "string"},
                    "periode": {"type": "string"},
                    "deel": {"type": "string"},
                    "nietsTeMelden": {"type": "boolean"},
                    FILE_FIELD: {"type": "string", "format": "binary"},
                },
            }
        },
    },
}
_Text = Annotated[str | None, Query()]


class Uploads:
    """Takes files in, a bounded number at a time."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._room = asyncio.Semaphore(services.uploads_at_once)

    async def take(self, request: Request, who: Caller) -> Delivered:
        """The delivery the body became. Raises Problem and Refused; nothing of the body is left then."""
        if request.headers.get("content-encoding", "identity").strip().lower() != "identity":
            raise Problem("codering-niet-ondersteund")
        expected = digest.announced(request.headers)
        is_form = request.headers.get("content-type", "").lower().startswith("multipart/")
        body = Incoming(request, hashed=bool(expected) and is_form)
        began = time.monotonic()
        try:
            async with self._room:
                self._require_room(body, is_form)
                async with self._services.spool.open() as spool:
                    stated = await (self._form if is_form else self._raw)(request, body, spool, who)
                    await spool.finish()
                    digest.check(expected, body.sha256 if is_form and expected else spool.sha256)
                    if not spool.size and not stated.nothing_to_report:
                        raise Problem("bestand-ontbreekt")
                    UPLOAD_BYTES.inc(spool.size)
                    commands = self._services.commands
                    delivered = await commands.deliver(stated.slot, spool, stated.nothing_to_report)
        except (Problem, Refused):
            await body.drain()
            raise
        UPLOAD_SECONDS.observe(time.monotonic() - began)
        return delivered

    async def _raw(self, request: Request, body: Incoming, spool: Spool, who: Caller) -> metadata.Stated:
        stated = metadata.read(request.query_params, {}, who)
        await self._admit(stated)
        async for piece in body.pieces():
            await spool.write(piece)
        return stated

    async def _form(self, request: Request, body: Incoming, spool: Spool, who: Caller) -> metadata.Stated:
        query, early = request.query_params, None
        if "bestandssoort" in query:
            early = metadata.read(query, {}, who)
            await self._admit(early)

        async def before_file() -> None:
            # Fields may also follow the file; those that came before it can already refuse it.
            if {"bestandssoort", "periode"} <= form.fields.keys() | query.keys():
                await self._admit(metadata.read(query, form.fields, who))

        form = FormReader(request.headers["content-type"], spool.write, before_file)
        async for piece in body.pieces():
            if body.bytes - spool.size > FORM_OVERHEAD + len(piece):
                raise Problem("multipart-ongeldig", reden="het bevat te veel naast het bestand")
            await form.feed(piece)
        form.end()
        stated = metadata.read(query, form.fields, who)
        if stated != early:
            await self._admit(stated)
        return stated

    async def _admit(self, stated: metadata.Stated) -> None:
        slot, model = stated.slot, self._services.model
        registered = await asyncio.to_thread(model.registration, slot.deliverer)
        if registered is None:
            raise Problem("aanleveraar-onbekend")
        version = specification(slot.dataset, slot.period)
        known = await asyncio.to_thread(model.window, slot.period)
        today: date = self._services.clock.now().astimezone(_HOME).date()
        admit(registered.data, version, slot.period, slot.part, known.window if known else None, today)

    def _require_room(self, body: Incoming, is_form: bool) -> None:
        announced = body.announced or 0
        spool: SpoolDirectory = self._services.spool
        spool.require_room(max(0, announced - FORM_OVERHEAD) if is_form else announced)


@router.post(
    "/leveringen",
    operation_id="leveringAanbieden",
    summary="Een bestand aanbieden",
    status_code=202,
    response_model=m.Ontvangst,
    responses={200: {"model": m.Ontvangst, "description": "Dezelfde bytes waren al ontvangen"}},
    openapi_extra={**roles(DELIVERER, streamed=True), "requestBody": _BODY},
)
async def deliver(
    request: Request,
    response: Response,
    services: Uses,
    who: Who,
    bestandssoort: _Text = None,
    aanleveraar: _Text = None,
    periode: _Text = None,
    deel: _Text = None,
    nietsTeMelden: _Text = None,
) -> m.Ontvangst:
    """Stuur de bytes van het bestand als body, of een formulier. Dezelfde bytes nogmaals geven dezelfde levering.

    Gegevens over het bestand staan in het adres of in de velden van het formulier. Met Content-Digest of Repr-Digest
    (sha-256) wordt gecontroleerd of alles goed is overgekomen.
    """
    uploads: Uploads = request.app.state.uploads
    try:
        delivered = await uploads.take(request, who)
    except (Problem, Refused) as refused:
        UPLOADS.inc(outcome=refused.slug)
        raise
    UPLOADS.inc(outcome="new" if delivered.new else "same")
    detail = await asyncio.to_thread(services.model.detail, delivered.delivery)
    if detail is None:
        raise RuntimeError("a delivery that was just recorded is not in the read model")
    response.status_code = 202 if delivered.new else 200
    response.headers["Location"] = f"{services.base_url}/v1/leveringen/{delivered.delivery}"
    return m.Ontvangst(
        id=delivered.delivery,
        status=detail.delivery.status.state,
        nieuw=delivered.new,
        ontvangstbewijs=words.receipt(detail),
    )
