"""`gmsd akkoord`: approve a delivery, its warnings confirmed."""

import asyncio
from typing import Annotated
from uuid import UUID

import typer

from gmsd_cli.console import ask, console, plain
from gmsd_cli.local.errors import BadArgument, NotDone
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.options import State
from gmsd_cli.running import Running, at_intake, find
from gmsd_cli.verdict import show_findings

EXAMPLES = 3
"""Enough to recognise what a warning is about."""


def akkoord(
    levering: Annotated[str, typer.Argument(metavar="ID", help="De levering, zoals op het ontvangstbewijs.")],
    bevestig_alles: Annotated[
        bool, typer.Option("--bevestig-alles", help="Bevestig alle waarschuwingen zonder te vragen.")
    ] = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Geef namens de aanleveraar akkoord op een levering, na bevestiging van de waarschuwingen."""
    asyncio.run(_akkoord(find(state), delivery_id(levering), bevestig_alles))


def delivery_id(text: str) -> UUID:
    """The id as typed. Raises BadArgument."""
    try:
        return UUID(text)
    except ValueError:
        raise BadArgument(
            "Dit is geen kenmerk van een levering; het staat op het ontvangstbewijs en in `gmsd status`."
        ) from None


async def _akkoord(platform: Running, delivery: UUID, confirm_all: bool) -> None:
    async with at_intake(platform) as client:
        full = await client.delivery(delivery)
        check = full["controle"]
        warnings: list[str] = [] if check is None else check["teBevestigen"]
        if warnings and full["status"] == "TE_BEOORDELEN":
            console.print(f"Te bevestigen waarschuwingen: {', '.join(map(plain, warnings))}")
            await show_findings(client, full, EXAMPLES, frozenset(warnings))
            if not confirm_all and not ask("\nKloppen deze gegevens, en geeft u akkoord?"):
                raise NotDone("Er is geen akkoord gegeven.")
        answer = await client.akkoord(delivery, full["aanleveraar"], warnings)
    waits = f"; de levering wacht op {plain(answer['wachtOp'])}" if answer["wachtOp"] else ""
    console.print(f"Akkoord gegeven op {answer['id']}. Status {answer['status']}{waits}.")
