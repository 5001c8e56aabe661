"""`gmsd register`: deliverers and windows, from a file."""

import asyncio
from collections import Counter
from pathlib import Path
from typing import Annotated, Any

import typer

from gmsd_cli.client import IntakeClient
from gmsd_cli.console import console
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.options import State
from gmsd_cli.registration import Deliverer, Registration, Window, read
from gmsd_cli.running import Running, at_intake, find


def register(
    bestand: Annotated[
        Path,
        typer.Argument(metavar="BESTAND.toml", help="Met [[aanleveraar]] en [[venster]]; zie cli/README.md."),
    ],
    state: State = DEFAULT_STATE,
) -> None:
    """Leg aanleveraars en vensters vast. Wat al zo vastligt blijft zoals het is; het mag dus nog eens."""
    asyncio.run(_register(find(state), read(bestand)))


async def _register(platform: Running, wanted: Registration) -> None:
    async with at_intake(platform) as client:
        deliverers = {each["id"]: each for each in await client.deliverers()}
        windows = {each["periode"]: each for each in await client.windows()}
        done: Counter[str] = Counter()
        for who in wanted.aanleveraar:
            done[await _deliverer(client, who, deliverers.get(who.id))] += 1
        _tell("Aanleveraars", done)
        done.clear()
        for window in wanted.venster:
            done[await _window(client, window, windows.get(window.periode))] += 1
        _tell("Vensters", done)


async def _deliverer(client: IntakeClient, who: Deliverer, known: dict[str, Any] | None) -> str:
    if known is not None and Deliverer.model_validate(known) == who:
        return "ongewijzigd"
    await client.register(who.id, who.soort, who.naam, list(who.bestandssoorten))
    return "nieuw" if known is None else "gewijzigd"


async def _window(client: IntakeClient, window: Window, known: dict[str, Any] | None) -> str:
    until = None if window.tot is None else window.tot.isoformat()
    if known is not None and known["open"] == window.open and (known["tot"] == until or not window.open):
        return "ongewijzigd"
    await client.window(window.periode, is_open=window.open, until=until)
    return "nieuw" if known is None else "gewijzigd"


def _tell(what: str, done: Counter[str]) -> None:
    if done:
        words = ", ".join(
            f"{done[word]} {word}" for word in ("nieuw", "gewijzigd", "ongewijzigd") if done[word]
        )
        console.print(f"{what}: {words}.")
