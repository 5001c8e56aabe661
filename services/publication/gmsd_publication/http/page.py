"""The page: one address, server-rendered, complete without a script."""

import re
from dataclasses import dataclass, field
from urllib.parse import urlencode

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse, Response
from starlette.concurrency import run_in_threadpool

from gmsd_chassis.redaction import mask
from gmsd_contracts.catalogue import Moment, Product
from gmsd_publication.domain.regions import Region
from gmsd_publication.errors import Problem
from gmsd_publication.http import site, toets
from gmsd_publication.http.feed import Feed
from gmsd_publication.http.names import (
    LEVELS,
    MOMENTS,
    PROTECTIONS,
    PUBLIC_TYPES,
    date_words,
    peildatum_words,
    period_words,
)
from gmsd_publication.http.page_model import Content, content, gemeenten
from gmsd_publication.reading import Reading, Shown, TableView

INDICATOR = "U1"
_PRODUCT = Product.BASIS.value
# Long compounds of the catalogue, with the place where they may break; browsers know no Dutch hyphenation everywhere.
_PARTS = ("arrangementen", "voorzieningen", "hulpmiddelen", "ondersteuning")
_SOFT_HYPHEN = "\u00ad"
_FOREVER = "public, max-age=31536000, immutable"


@dataclass
class Choice:
    """What the reader asked, and what is wrong with it per field."""

    gemeente: str = ""
    vergelijk: str = ""
    periode: str = ""
    moment: Moment = Moment.PEILDATUM
    errors: dict[str, str] = field(default_factory=dict)


def page(*, reading: Reading, feed: Feed) -> APIRouter:
    """The page and its files."""
    router = APIRouter(include_in_schema=False)
    environment = site.environment()
    environment.filters["breekbaar"] = _breakable
    environment.globals.update(
        date_words=date_words,
        peildatum_words=peildatum_words,
        period_words=period_words,
        moments=MOMENTS,
        levels=LEVELS,
        protections=PROTECTIONS,
        audit_headings=toets.HEADINGS,
        event_types=" ".join(PUBLIC_TYPES.values()),
    )
    template = environment.get_template("pagina.html")

    @router.get("/")
    async def show(request: Request) -> HTMLResponse:
        last = await feed.newest()
        choice = _choice(request)
        shown = await _shown(reading, choice)
        if shown is None:
            held = await run_in_threadpool(template.render, last=last, shown=None, choice=choice, periods=[])
            return HTMLResponse(held, headers={"Cache-Control": "no-cache"})
        view = await reading.view(shown, INDICATOR)
        found = await reading.audit(shown)
        tested = None if found is None else toets.section(shown, found, await reading.before(shown))
        known = gemeenten(view)
        chosen = _chosen(choice, known)
        text = await run_in_threadpool(
            _render, template, last=last, choice=choice, view=view, known=known, chosen=chosen, tested=tested,
            periods=await _periods(reading),
        )  # fmt: skip
        # 200 also with a wrong name: the page answers with the country's figures and says at the field what is wrong.
        return HTMLResponse(text, headers={"Cache-Control": "no-cache"})

    @router.get("/static/{version}/{name}")
    async def file(version: str, name: str) -> Response:
        if site.VERSIONS.get(name) != version:
            raise Problem("niet-gevonden")
        return Response(site.FILES[name], media_type=site.KINDS[name], headers={"Cache-Control": _FOREVER})

    return router


def _render(
    template: "object", *, view: TableView, chosen: list[Region], choice: Choice, **values: object
) -> str:
    made: Content = content(view, chosen, choice.moment)
    return template.render(  # type: ignore[attr-defined,no-any-return]
        content=made, view=view, shown=view.shown, choice=choice, query=_query(choice), **values
    )


def _breakable(text: str) -> str:
    """With soft hyphens before the known last parts of long words."""
    for part in _PARTS:
        text = re.sub(rf"(?<=\w){part}", _SOFT_HYPHEN + part, text)
    return text


async def _periods(reading: Reading) -> list[str]:
    shown = await reading.releases(_PRODUCT)
    live = {each.data.period for each in shown if each.current and each.retraction is None}
    return sorted(live, reverse=True)


async def _shown(reading: Reading, choice: Choice) -> Shown | None:
    if choice.periode:
        found = await reading.current(_PRODUCT, choice.periode)
        if found is not None:
            return found
    newest = await reading.current(_PRODUCT)
    if newest is not None:
        if choice.periode:
            choice.errors["periode"] = "Voor deze periode is er geen publicatie; hieronder staat de nieuwste."
        choice.periode = newest.data.period
    return newest


def _choice(request: Request) -> Choice:
    given = request.query_params
    choice = Choice(
        # What was typed comes back in its field, except what could be somebody's number.
        gemeente=mask(given.get("gemeente", "").strip()[:80]),
        vergelijk=mask(given.get("vergelijk", "").strip()[:80]),
        periode=given.get("periode", "").strip()[:8],
    )
    wanted = given.get("moment", "")
    if wanted in [moment.value for moment in Moment]:
        choice.moment = Moment(wanted)
    elif wanted:
        choice.errors["moment"] = "Kies de peildatum of de hele periode."
    return choice


def _chosen(choice: Choice, known: list[Region]) -> list[Region]:
    """The gemeenten behind the two fields, by code or name; what is not found becomes an error at its field."""
    by_text: dict[str, Region] = {}
    for region in known:
        by_text[region.code.casefold()] = region
        by_text[region.name.casefold()] = region
    chosen: list[Region] = []
    for name in ("gemeente", "vergelijk"):
        text = getattr(choice, name)
        if not text:
            continue
        if text.casefold() not in by_text:
            near = [each.name for each in known if text.casefold() in each.name.casefold()][:5]
            hint = f" Bedoelt u {', '.join(near)}?" if near else " Kies een naam uit de lijst."
            choice.errors[name] = f"Deze gemeente kennen we niet in deze periode.{hint}"
            continue
        region = by_text[text.casefold()]
        if region not in chosen:
            chosen.append(region)
        setattr(choice, name, region.name)
    return chosen


def _query(choice: Choice) -> str:
    values = {"gemeente": choice.gemeente, "vergelijk": choice.vergelijk, "periode": choice.periode}
    return urlencode(
        {name: value for name, value in values.items() if value} | {"moment": choice.moment.value}
    )
