"""`gmsd demo`: everything, from nothing to a published figure."""

import asyncio
import os
from typing import Annotated

import typer
from rich.markup import escape

from gmsd_cli.console import console
from gmsd_cli.demo.run import OVERRIDES, NotPublished, run, show
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.local.signals import stop_wish, unless
from gmsd_cli.local.supervisor import DEFAULT_PORT_BASE, LocalPlatform
from gmsd_cli.options import PortBase, State
from gmsd_cli.settings import Settings, refuse_unknown

DEMO_SCALE = 0.042
"""750,000 inhabitants: over 50,000 Wmo clients in a half-year, in the 342 gemeenten."""


def demo(
    state: State = DEFAULT_STATE,
    port_base: PortBase = DEFAULT_PORT_BASE,
    once: Annotated[bool, typer.Option("--once", help="Stop zodra de publicatie uit is.")] = False,
    schaal: Annotated[
        float, typer.Option("--schaal", min=0.0001, max=1.0, help="Deel van de Nederlandse bevolking.")
    ] = DEMO_SCALE,
    gemeenten: Annotated[
        int | None, typer.Option("--gemeenten", min=4, help="Alleen de eerste N gemeenten.")
    ] = None,
    zaad: Annotated[
        int, typer.Option("--zaad", help="Begin van het toeval: hetzelfde zaad, dezelfde natie.")
    ] = 7,
) -> None:
    """Start het platform, lever een voorbeeldnatie aan, geef akkoord en publiceer; blijf daarna dienen tot Ctrl-C."""
    refuse_unknown(os.environ)
    platform = LocalPlatform(
        state,
        port_base,
        OVERRIDES,
        settings=Settings.from_environment(),
        notice=lambda sentence: console.print(escape(sentence)),
    )
    asyncio.run(_demo(platform, once=once, scale=schaal, gemeenten=gemeenten, seed=zaad))


async def _demo(
    platform: LocalPlatform, *, once: bool, scale: float, gemeenten: int | None, seed: int
) -> None:
    result = platform.layout.root / "demo.json"
    result.unlink(missing_ok=True)  # yesterday's success says nothing about today

    async def work() -> None:
        outcome = await run(platform, platform.layout.root / "nation", seed, scale, gemeenten)
        outcome.write(result, platform)
        show(outcome, platform)

    with stop_wish() as wish:
        try:
            done = await unless(wish, work())
            if not done and once:
                raise NotPublished("Onderbroken voordat de publicatie uit was.")
            if done and not once:
                console.print("Stoppen met Ctrl-C.")
                await unless(wish, platform.wait())
        finally:
            console.print("Bezig met stoppen …")
            await platform.stop()
    console.print("Gestopt.")
