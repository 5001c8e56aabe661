"""Intake's HTTP interface, as a deliverer or the platform team uses it."""

import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import UUID

import anyio
import httpx

from gmsd_cli.local.places import Layout
from gmsd_cli.local.tokens import LIFETIME_SECONDS, issue_token

PIECE_BYTES = 256 * 1024
STATES = (
    "ONTVANGEN",
    "TE_BEOORDELEN",
    "AKKOORD",
    "VAN_KRACHT",
    "VERVANGEN",
    "AFGEKEURD",
    "MISLUKT",
    "VERLOPEN",
    "INGETROKKEN",
)
"""The words of the interface for where a delivery is, in the order of its life."""


class Refusal(Exception):
    """Intake said no: the problem document's title and detail, in Dutch, with the HTTP status."""

    def __init__(self, status: int, problem: Mapping[str, Any]) -> None:
        self.status = status
        self.slug = str(problem.get("type", "")).rpartition(":")[2]
        faults = "; ".join(f"{fault['plaats']}: {fault['melding']}" for fault in problem.get("errors") or [])
        self.sentence = f"{problem.get('title', status)}. {problem.get('detail', '')} {faults}".strip()
        super().__init__(self.sentence)


@dataclass(frozen=True, slots=True)
class Sending:
    """A file and what its sender states about it. `path` None: only the statement that there is nothing to report."""

    dataset: str
    deliverer: str
    period: str
    part: str = ""
    path: Path | None = None
    nothing_to_report: bool = False

    @property
    def slot(self) -> tuple[str, str, str, str]:
        return self.deliverer, self.dataset, self.period, self.part

    def query(self) -> dict[str, str]:
        """The public names of what is stated."""
        stated = {"bestandssoort": self.dataset, "aanleveraar": self.deliverer, "periode": self.period}
        if self.part:
            stated["deel"] = self.part
        if self.nothing_to_report:
            stated["nietsTeMelden"] = "true"
        return stated


class Tokens:
    """Tokens of the local platform, renewed before they end."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._held: dict[str | None, tuple[str, float]] = {}

    def header(self, deliverer: str | None) -> dict[str, str]:
        """For a deliverer, or for the platform team (None)."""
        token, until = self._held.get(deliverer, ("", 0.0))
        if time.monotonic() > until:
            token = issue_token(self._layout, "platform" if deliverer is None else "aanleveraar", deliverer)
            # Half its life: a request that waits long still arrives with a token that counts.
            self._held[deliverer] = (token, time.monotonic() + LIFETIME_SECONDS / 2)
        return {"Authorization": f"Bearer {token}"}


class IntakeClient:
    """Every call raises Refusal for an answer of 400 or more, httpx.TransportError when nobody answers."""

    def __init__(self, client: httpx.AsyncClient, tokens: Tokens) -> None:
        self._client = client
        self._tokens = tokens

    async def deliver(self, sending: Sending) -> dict[str, Any]:
        """Send a file, streamed; the receipt."""
        content = b"" if sending.path is None else _pieces(sending.path)
        return await self._ask(
            "POST", "/v1/leveringen", sending.deliverer, params=sending.query(), content=content, timeout=None
        )

    async def delivery(self, delivery: UUID | str, deliverer: str | None = None) -> dict[str, Any]:
        """One delivery, with everything known about it."""
        return await self._ask("GET", f"/v1/leveringen/{delivery}", deliverer)

    async def deliveries(self, **wanted: str) -> AsyncIterator[dict[str, Any]]:
        """All deliveries, newest first, by the filters of the interface (periode, status, …)."""
        params = {"aantal": "1000", **wanted}
        while True:
            page = await self._ask("GET", "/v1/leveringen", None, params=params)
            for delivery in page["leveringen"]:
                yield delivery
            if page["volgende"] is None:
                return
            params["cursor"] = page["volgende"]

    async def akkoord(self, delivery: UUID | str, deliverer: str, warnings: list[str]) -> dict[str, Any]:
        """Say akkoord, confirming these warnings."""
        body = {"bevestigdeWaarschuwingen": warnings}
        return await self._ask("POST", f"/v1/leveringen/{delivery}/akkoord", deliverer, json=body)

    async def withdraw(self, delivery: UUID | str, deliverer: str | None) -> dict[str, Any]:
        """Take a delivery back."""
        return await self._ask("POST", f"/v1/leveringen/{delivery}/intrekken", deliverer)

    async def requeue(self, delivery: UUID | str) -> dict[str, Any]:
        """Send a failed delivery through its stage again."""
        return await self._ask("POST", f"/v1/leveringen/{delivery}/opnieuw", None)

    async def findings(self, delivery: UUID | str, deliverer: str) -> AsyncIterator[dict[str, Any]]:
        """The kept findings of a delivery, a page fetched when it is needed."""
        params = {"aantal": "1000"}
        while True:
            page = await self._ask("GET", f"/v1/leveringen/{delivery}/bevindingen", deliverer, params=params)
            for finding in page["bevindingen"]:
                yield finding
            if page["volgende"] is None:
                return
            params["cursor"] = page["volgende"]

    async def deliverers(self) -> list[dict[str, Any]]:
        """Every registered deliverer."""
        return list((await self._ask("GET", "/v1/aanleveraars", None))["aanleveraars"])

    async def windows(self) -> list[dict[str, Any]]:
        """Every period that was ever opened or closed."""
        return list((await self._ask("GET", "/v1/vensters", None))["vensters"])

    async def register(self, deliverer: str, kind: str, name: str, datasets: list[str]) -> None:
        """Register a deliverer; the last registration counts."""
        body = {"soort": kind, "naam": name, "bestandssoorten": datasets}
        await self._ask("PUT", f"/v1/aanleveraars/{deliverer}", None, json=body)

    async def window(self, period: str, *, is_open: bool = True, until: str | None = None) -> None:
        """Open or close a period."""
        body = {"open": is_open, **({"tot": until} if until else {})}
        await self._ask("PUT", f"/v1/vensters/{period}", None, json=body)

    async def consent(self, gemeente: str, product: str, period: str, given: bool) -> None:
        """Consent or objection of a gemeente."""
        path = f"/v1/toestemmingen/{gemeente}/{product}/{period}"
        await self._ask("PUT", path, gemeente, json={"toestemming": given})

    async def status(self) -> dict[str, Any]:
        """Deliveries per state and what waits."""
        return await self._ask("GET", "/v1/status", None)

    async def _ask(self, method: str, path: str, deliverer: str | None, **request: Any) -> dict[str, Any]:
        answer = await self._client.request(method, path, headers=self._tokens.header(deliverer), **request)
        if answer.status_code >= 400:
            is_problem = "problem+json" in answer.headers.get("content-type", "")
            raise Refusal(answer.status_code, answer.json() if is_problem else {})
        document: dict[str, Any] = answer.json()
        return document


async def _pieces(path: Path) -> AsyncIterator[bytes]:
    async with await anyio.open_file(path, "rb") as file:
        while piece := await file.read(PIECE_BYTES):
            yield piece


@asynccontextmanager
async def intake(url: str, layout: Layout) -> AsyncIterator[IntakeClient]:
    """A client of the intake that answers at `url`, with the local platform's tokens."""
    # Reading is slow while a service replays or restarts; connecting never is.
    timeout = httpx.Timeout(60.0, connect=5.0)
    limits = httpx.Limits(max_connections=32, max_keepalive_connections=32)
    # A proxy from the environment must not stand between us and our own loopback.
    async with httpx.AsyncClient(base_url=url, timeout=timeout, limits=limits, trust_env=False) as client:
        yield IntakeClient(client, Tokens(layout))
