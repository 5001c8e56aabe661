"""`GET /v1/leveringen/{id}/bevindingen`: every fault, with its value, for the deliverer alone."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import aclosing
from typing import Annotated, Any
from uuid import UUID

import pyarrow as pa
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from gmsd_chassis.errors import ContentDamaged, ContentExpired, TryLater
from gmsd_chassis.http.problem import Fault
from gmsd_intake.adapters.findings import ACTION, MESSAGE, Batch, as_csv, batches, page
from gmsd_intake.errors import Problem
from gmsd_intake.http import models as m
from gmsd_intake.http.deliveries import Count
from gmsd_intake.http.routes import ONLY_DELIVERER, GuardedRoute
from gmsd_intake.http.services import Uses, Who, own_delivery

router = APIRouter(route_class=GuardedRoute, tags=["leveringen"])

_JSON = "application/json"
_CSV = "text/csv"


@router.get(
    "/leveringen/{id}/bevindingen",
    operation_id="bevindingenOpvragen",
    summary="Bevindingen van de technische controle",
    response_model=m.Bevindingen,
    responses={200: {"content": {_CSV: {"schema": {"type": "string"}}}}},
    openapi_extra=ONLY_DELIVERER,
)
async def findings(
    id: UUID,
    request: Request,
    services: Uses,
    who: Who,
    cursor: Annotated[str | None, Query(pattern=r"^[0-9]{1,12}$")] = None,
    aantal: Count = 100,
) -> Any:
    """Als JSON per pagina, of met Accept: text/csv alles in één bestand. Na 21 dagen zijn de bevindingen vernietigd."""
    await own_delivery(id, services, who)
    wanted = _negotiate(request.headers.get("accept", _JSON))
    detail = await asyncio.to_thread(services.model.detail, id)
    assessed = None if detail is None else detail.delivery.assessed
    if detail is None or assessed is None:
        state = "ONTVANGEN" if detail is None else detail.delivery.status.state.value
        raise Problem("nog-geen-bevindingen", status=state)
    rows = _named(batches(services.content, assessed.findings)) if assessed.findings else _nothing()
    if wanted == _CSV:
        return await _download(id, rows)
    total = 0 if assessed.findings is None else assessed.findings.rows or 0
    start = int(cursor or 0)
    if cursor is not None and start >= total:
        await rows.aclose()
        raise Problem("verzoek-ongeldig", faults=[Fault("query.cursor", "ligt na de laatste bevinding")])
    found = [_finding(row) for row in await page(rows, start, aantal)]
    following = str(start + len(found)) if start + len(found) < total else None
    return m.Bevindingen(
        levering=id, totaal=total, volledig=assessed.complete, bevindingen=found, volgende=following
    )


async def _download(id: UUID, rows: AsyncGenerator[Batch, None]) -> Response:
    lines = as_csv(rows)
    # The first piece decides whether there is an answer at all: expired content must be a 410, not a broken file.
    head = [await anext(lines)]
    second = await anext(lines, None)
    if second is not None:
        head.append(second)

    async def whole() -> AsyncIterator[bytes]:
        async with aclosing(rows):
            for piece in head:
                yield piece
            async for piece in lines:
                yield piece

    name = f'attachment; filename="bevindingen-{id}.csv"'
    return StreamingResponse(
        whole(), media_type=f"{_CSV}; charset=utf-8", headers={"Content-Disposition": name}
    )


def _negotiate(accept: str) -> str:
    for part in accept.lower().split(","):
        kind = part.partition(";")[0].strip()
        if kind in (_JSON, "*/*", "application/*"):
            return _JSON
        if kind in (_CSV, "text/*"):
            return _CSV
    raise Problem("formaat-niet-beschikbaar")


async def _named(rows: AsyncGenerator[Batch, None]) -> AsyncGenerator[Batch, None]:
    """The same rows; what can go wrong with content gets its name."""
    try:
        async with aclosing(rows):
            async for batch in rows:
                yield batch
    except ContentExpired:
        raise Problem("bevindingen-verlopen") from None
    except (ContentDamaged, pa.ArrowInvalid):
        raise Problem("bevindingen-onleesbaar") from None
    except TryLater:
        again = {"Retry-After": "5"}
        raise Problem("later-opnieuw", reden="de opslag antwoordt niet", headers=again) from None


async def _nothing() -> AsyncGenerator[Batch, None]:
    none: tuple[Batch, ...] = ()
    for batch in none:
        yield batch


def _finding(row: dict[str, Any]) -> m.Bevinding:
    return m.Bevinding(
        regel=row["rule"],
        ernst=row["severity"],
        rij=row.get("row"),
        kolom=row.get("column"),
        waarde=row.get("value"),
        verwacht=row.get("expected"),
        sleutel=row.get("key"),
        melding=row.get(MESSAGE),
        watTeDoen=row.get(ACTION),
    )
