"""What is to be seen while the demo runs."""

import asyncio
import contextlib
import time

import httpx
from prometheus_client.parser import text_string_to_metric_families
from rich.live import Live
from rich.table import Table

from gmsd_chassis.errors import TryLater
from gmsd_cli.campaign import Campaign
from gmsd_cli.console import console
from gmsd_cli.demo.outcome import News, news

ORDER = (
    "ONTVANGEN",
    "TE_BEOORDELEN",
    "AKKOORD",
    "VAN_KRACHT",
    "VERVANGEN",
    "AFGEKEURD",
    "MISLUKT",
    "VERLOPEN",
)
# A person at a terminal sees every other second; a log file gets a line when it is worth one.
LIVE_SECONDS, LINE_SECONDS = 2.0, 10.0
PROTECTION = "gmsd_publication_protection_progress"


class Progress:
    """Deliveries per state, speed, releases; drawn in place on a terminal, else a line now and then."""

    def __init__(self, campaign: Campaign, bootstrap: str, publication: str) -> None:
        self._campaign = campaign
        self._bootstrap, self._publication = bootstrap, publication
        self._began = time.monotonic()
        self._news = News({}, {})

    async def show(self) -> None:
        """Until cancelled."""
        if not console.is_terminal:
            while True:
                console.print(await self._line())
                await asyncio.sleep(LINE_SECONDS)
        with Live(console=console, refresh_per_second=2) as live:
            while True:
                live.update(await self._table())
                await asyncio.sleep(LIVE_SECONDS)

    async def _facts(self) -> list[tuple[str, str]]:
        tally = self._campaign.tally
        seconds = max(time.monotonic() - self._began, 0.001)
        rows = sum(tally.rows.values())
        states = tally.per_state()
        with contextlib.suppress(TryLater):  # the broker is away for a moment: what was last heard stands
            self._news = await news(self._bootstrap)
        heard = self._news
        releases = ", ".join(
            f"{period} nr. {found.release.number}" for period, found in sorted(heard.live.items())
        )
        snapshots = ", ".join(f"{period} {count}×" for period, count in sorted(heard.snapshots.items()))
        protected = protected_share(await _metrics(self._publication))
        return [
            ("verstuurd", f"{tally.sent} van {tally.planned} bestanden, {tally.bytes / 1e6:.0f} MB"),
            *((state, str(states[state])) for state in ORDER if state in states),
            ("snelheid", f"{rows / seconds:,.0f} rijen/s over {seconds:.0f} s".replace(",", ".")),
            ("momentopnamen", snapshots or "nog geen"),
            *([("onthullingscontrole", f"{protected:.0%}")] if protected is not None else []),
            ("publicaties", releases or "nog geen"),
        ]

    async def _line(self) -> str:
        return "  ".join(f"{name} {value}" for name, value in await self._facts())

    async def _table(self) -> Table:
        table = Table(show_header=False, box=None)
        for name, value in await self._facts():
            table.add_row(name, value)
        return table


async def _metrics(service: str) -> str:
    """The Prometheus text of a service; empty while it does not answer."""
    with contextlib.suppress(httpx.HTTPError):
        async with httpx.AsyncClient(trust_env=False, timeout=LIVE_SECONDS) as client:
            answer = await client.get(f"{service}/metrics")
            return answer.text if answer.status_code == httpx.codes.OK else ""
    return ""


def protected_share(exposition: str) -> float | None:
    """How much of the release that publication protects now is done, of the one that is least far; None while it does none, and of
    a text that is no exposition."""
    try:
        families = list(text_string_to_metric_families(exposition))
    except ValueError:
        return None
    found = [sample.value for one in families if one.name == PROTECTION for sample in one.samples]
    return min((share for share in found if share < 1), default=None)
