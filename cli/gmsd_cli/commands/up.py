"""`gmsd up`: run the platform until it is told to stop."""

import asyncio
import os
from typing import Annotated

import typer
from rich.markup import escape

from gmsd_cli.console import console
from gmsd_cli.local.errors import BadSetting
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.local.services import SERVICES
from gmsd_cli.local.signals import stop_wish, unless
from gmsd_cli.local.supervisor import DEFAULT_PORT_BASE, LocalPlatform
from gmsd_cli.options import PortBase, State
from gmsd_cli.settings import Settings, refuse_unknown


def up(
    state: State = DEFAULT_STATE,
    port_base: PortBase = DEFAULT_PORT_BASE,
    zet: Annotated[
        list[str] | None,
        typer.Option("--zet", metavar="DIENST.NAAM=WAARDE", help="Instelling van een dienst; mag vaker."),
    ] = None,
) -> None:
    """Start Kafka en de vijf diensten en houd ze gaande tot Ctrl-C."""
    refuse_unknown(os.environ)
    platform = LocalPlatform(
        state,
        port_base,
        parse_overrides(zet or []),
        settings=Settings.from_environment(),
        notice=lambda sentence: console.print(escape(sentence)),
        jar_progress=_report_jars,
    )
    asyncio.run(run(platform))


async def run(platform: LocalPlatform) -> None:
    """Run a platform until a signal asks to stop; return after the clean stop. Raises LocalError."""
    with stop_wish() as wish:
        if await unless(wish, platform.start()):
            for name in platform.services:
                console.print(f"  {name:<12} {platform.url(name)}")
            console.print("Alles is gereed. Stoppen met Ctrl-C.")
            try:
                await unless(wish, platform.wait())
            finally:
                console.print("Bezig met stoppen …")
                await platform.stop()
    console.print("Gestopt.")


def _report_jars(ready: int, total: int) -> None:
    if ready == total or ready % 10 == 0:
        console.print(f"Kafka ophalen: {ready} van {total} bestanden.")


def parse_overrides(texts: list[str]) -> dict[str, dict[str, str]]:
    """`dienst.NAAM=waarde` texts as service → name → value. Raises BadSetting for another form or an unknown service."""
    names = {spec.name for spec in SERVICES}
    overrides: dict[str, dict[str, str]] = {}
    for text in texts:
        target, equals, value = text.partition("=")
        service, dot, name = target.partition(".")
        if not (equals and dot and name) or service not in names:
            raise BadSetting(
                f"--zet verwacht DIENST.NAAM=WAARDE met een dienst uit {', '.join(sorted(names))}."
            )
        overrides.setdefault(service, {})[name] = value
    return overrides
