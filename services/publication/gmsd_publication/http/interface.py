"""The routes under /v1."""

import hashlib
import json
from collections.abc import AsyncIterable
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse
from fastapi.sse import EventSourceResponse, ServerSentEvent
from starlette.concurrency import iterate_in_threadpool, run_in_threadpool

from gmsd_chassis.http.bearer import PLATFORM, TokenCheck
from gmsd_chassis.http.problem import Fault
from gmsd_contracts.catalogue import Level, Moment, Product
from gmsd_contracts.period import bounds
from gmsd_publication import metrics
from gmsd_publication.desk import Desk
from gmsd_publication.errors import Problem
from gmsd_publication.http import documents, rows, toets
from gmsd_publication.http import openapi as spec
from gmsd_publication.http.answering import PUBLIC_CACHE, accepted, cached, download, with_tag
from gmsd_publication.http.feed import MAX_READERS, Feed
from gmsd_publication.http.headers import API_VERSION
from gmsd_publication.http.names import PUBLIC_TYPES
from gmsd_publication.http.query import Query
from gmsd_publication.reading import Reading, Shown, TableView

RECONNECT_MS = 3_000
ARROW_STREAM = "application/vnd.apache.arrow.stream"
MAX_ORDER_BYTES = 4_096
_PRODUCTS = [product.value for product in Product]


def interface(*, reading: Reading, feed: Feed, desk: Desk, tokens: TokenCheck, public_url: str) -> APIRouter:
    """All routes, wired."""
    router = APIRouter(prefix="/v1")

    def base_of(request: Request) -> str:
        return public_url or str(request.base_url).rstrip("/")

    @router.get("/publicaties", operation_id="publicatiesOphalen", openapi_extra=spec.PUBLICATIONS)
    async def publications(request: Request) -> Response:
        query = Query(request, ("product", "periode", "actueel"))
        product = query.one("product", _PRODUCTS)
        period = _period(query)
        current = query.one("actueel", ("true", "false"))
        query.done()
        last = await feed.newest()
        found = [
            documents.publication(shown, base_of(request))
            for shown in await reading.releases(product, period)
        ]
        if current is not None:
            found = [document for document in found if document["actueel"] is (current == "true")]
        return cached(request, {"publicaties": found, "laatsteVolgnummer": last})

    @router.get(
        "/publicaties/{publicatieId}", operation_id="publicatieOphalen", openapi_extra=spec.PUBLICATION
    )
    async def publication(publicatieId: str, request: Request) -> Response:  # noqa: N803
        Query(request, ()).done()
        shown = await _release(reading, publicatieId)
        return cached(request, documents.publication(shown, base_of(request)))

    @router.get("/publicaties/{publicatieId}/toets", operation_id="toetsOphalen", openapi_extra=spec.AUDIT)
    async def audit(publicatieId: str, request: Request) -> Response:  # noqa: N803
        query = Query(request, ("formaat",))
        wanted = query.one("formaat", ("json", "csv"))
        query.done()
        form = wanted or accepted(request)
        shown = await _release(reading, publicatieId)
        found = await reading.audit(shown)
        if found is None:
            raise Problem("toets-onbekend")
        if form == "csv":
            name = f"gmsd-{shown.table_id('toets')}.csv"
            return download(request, toets.as_csv(found), "text/csv; charset=utf-8; header=present", name)
        document = toets.document(shown, found, base_of(request), await reading.before(shown))
        return cached(request, document, vary="Accept")

    @router.get("/publicaties/{publicatieId}/bewijs", operation_id="bewijsOphalen", openapi_extra=spec.PROOF)
    async def proof(publicatieId: str, request: Request) -> Response:  # noqa: N803
        Query(request, ()).done()
        shown = await _release(reading, publicatieId)
        found = await reading.proof(shown)
        if found is None:
            raise Problem("toets-onbekend")
        return download(request, found, ARROW_STREAM, f"gmsd-{shown.table_id('bewijs')}.arrows")

    @router.get("/tabellen/{tabelId}", operation_id="tabelOphalen", openapi_extra=spec.TABLE)
    async def table(tabelId: str, request: Request) -> Response:  # noqa: N803
        query = Query(request, ("formaat", "regio", "niveau", "moment"))
        wanted = query.one("formaat", ("json", "csv"))
        levels = query.many("niveau", [level.value for level in Level])
        moments = query.many("moment", [moment.value for moment in Moment])
        regions = query.many("regio")
        query.done()
        form = wanted or accepted(request)
        view = await reading.table(tabelId)
        if not set(regions) <= set(view.regions.by_code):
            query.fault("regio", "Een code uit de regio-indeling van de periode, zoals GM0344.")
            query.done()
        return await _table(
            request, view, rows.Filters(sorted(regions), sorted(levels), sorted(moments)), form
        )

    async def position(request: Request) -> int | None:
        """The number after which to begin; None when the reader names one we do not have."""
        query = Query(request, ("lastEventId",))
        asked = query.one("lastEventId")
        query.done()
        if feed.readers >= MAX_READERS:
            raise Problem("later-opnieuw", headers={"Retry-After": "30"})
        last = request.headers.get("last-event-id") or asked
        if last is None:
            return 0
        known = last.isascii() and last.isdigit() and len(last) < 12 and int(last) <= await feed.newest()
        return int(last) if known else None

    where = Depends(position)

    @router.get(
        "/gebeurtenissen",
        operation_id="gebeurtenissenVolgen",
        response_class=EventSourceResponse,
        openapi_extra=spec.EVENTS,
    )
    async def events(request: Request, after: int | None = where) -> AsyncIterable[ServerSentEvent]:
        base = base_of(request)
        feed.readers += 1
        metrics.READERS.set(feed.readers)
        try:
            yield ServerSentEvent(comment="gmsd", retry=RECONNECT_MS)
            begin = await feed.newest() if after is None else after
            if after is None:
                reset = {"publicaties": f"{base}/v1/publicaties", "laatsteVolgnummer": begin}
                yield ServerSentEvent(event="reset", data=reset)
            async for entry in feed.follow(begin):
                yield ServerSentEvent(
                    event=PUBLIC_TYPES[entry.event.type],
                    id=str(entry.event.data.sequence),
                    data=documents.cloud_event(entry.event, base),
                )
        finally:
            feed.readers -= 1
            metrics.READERS.set(feed.readers)

    @router.post("/vrijgaven", operation_id="vrijgeven", openapi_extra=spec.ORDER)
    async def order(request: Request) -> Response:
        await tokens.caller(request.headers.get("authorization"), [PLATFORM])
        product, period = await _order(request)
        made = await desk.request(product, period)
        if made.outcome == "no_snapshot":
            raise Problem("geen-momentopname", product=product, periode=period)
        if made.outcome == "held" or made.release is None:
            raise Problem("publicatie-aangehouden")
        document = documents.publication(await reading.release(made.release), base_of(request))
        status = 201 if made.outcome == "released" else 200
        return JSONResponse(document, status_code=status, headers={"Location": document["url"]})

    @router.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return JSONResponse(request.app.openapi(), headers={"Cache-Control": PUBLIC_CACHE})

    return router


async def _release(reading: Reading, text: str) -> Shown:
    try:
        release = UUID(text)
    except ValueError:
        raise Problem("publicatie-onbekend") from None
    return await reading.release(release)


def _period(query: Query) -> str | None:
    period = query.one("periode")
    if period is not None and not _is_period(period):
        query.fault("periode", "Een periode zoals 2025HJ02 of 2025JJ00.")
        return None
    return period


def _is_period(text: object) -> bool:
    try:
        bounds(str(text))
    except ValueError:
        return False
    return True


async def _order(request: Request) -> tuple[str, str]:
    body = b""
    async for piece in request.stream():
        body += piece
        if len(body) > MAX_ORDER_BYTES:
            raise Problem("verzoek-te-groot")
    try:
        given = json.loads(body)
    except ValueError:
        given = None
    if not isinstance(given, dict):
        fault = Fault("body", 'Stuur JSON zoals {"product": "basis", "periode": "2025HJ02"}.')
        raise Problem("verzoek-ongeldig", faults=[fault])
    faults = []
    if given.get("product") not in _PRODUCTS:
        faults.append(Fault("product", f"Toegestaan: {', '.join(_PRODUCTS)}."))
    if not _is_period(given.get("periode")):
        faults.append(Fault("periode", "Een periode zoals 2025HJ02 of 2025JJ00."))
    if not set(given) <= {"product", "periode"}:
        faults.append(Fault("body", "Onbekend veld. Toegestaan: product, periode."))
    if faults:
        raise Problem("verzoek-ongeldig", faults=faults)
    return given["product"], given["periode"]


async def _table(request: Request, view: TableView, filters: rows.Filters, form: str) -> Response:
    # What the answer depends on; the table itself never changes, its status does.
    parts = (API_VERSION, view.id, str(view.shown.data.release_id), view.shown.status, form, repr(filters))
    tag = hashlib.sha256("|".join(parts).encode()).hexdigest()[:32]
    selected = await run_in_threadpool(rows.select, view, filters)

    def respond(headers: dict[str, str]) -> Response:
        headers["Vary"] = "Accept"
        if form == "csv":
            headers["Content-Disposition"] = f'attachment; filename="gmsd-{view.id}.csv"'
            pieces, kind = rows.as_csv(view, selected), "text/csv; charset=utf-8; header=present"
        else:
            pieces, kind = rows.as_json(view, selected), "application/json"
        return StreamingResponse(iterate_in_threadpool(pieces), headers=headers, media_type=kind)

    return with_tag(request, tag, respond)
