"""`gmsd deliver`: send files to intake, as a deliverer does."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import typer

from gmsd_cli.client import IntakeClient, Refusal, Sending
from gmsd_cli.console import console, errors, moment, plain, size
from gmsd_cli.filenames import Stated, sendings
from gmsd_cli.local.errors import NotDone
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.options import State
from gmsd_cli.running import Running, at_intake, find
from gmsd_cli.verdict import REFUSED, show_verdict, wait_for_verdict

WAIT_SECONDS = 600.0
"""The time limit of a check of the largest file."""
EXAMPLES = 5


def deliver(
    bestanden: Annotated[
        list[Path] | None,
        typer.Argument(
            metavar="BESTAND...",
            help="CSV-bestanden, zo mogelijk genoemd <soort>_<aanleveraar>_<periode>.csv.",
            show_default=False,
        ),
    ] = None,
    bestandssoort: Annotated[str | None, typer.Option("--bestandssoort", help="Zoals wmo.")] = None,
    aanleveraar: Annotated[str | None, typer.Option("--aanleveraar", help="Zoals GM0344.")] = None,
    periode: Annotated[str | None, typer.Option("--periode", help="Zoals 2025HJ01.")] = None,
    deel: Annotated[
        str | None, typer.Option("--deel", help="Gemeente, voor wie per gemeente levert.")
    ] = None,
    niets_te_melden: Annotated[
        bool,
        typer.Option("--niets-te-melden", help="Er is niets te melden: zonder bestand, of een zonder rijen."),
    ] = False,
    wacht: Annotated[
        bool, typer.Option("--wacht", help="Wacht op het oordeel en toon de bevindingen.")
    ] = False,
    wachttijd: Annotated[
        float, typer.Option("--wachttijd", min=0, help="Hoe lang --wacht wacht, in seconden.")
    ] = WAIT_SECONDS,
    voorbeelden: Annotated[
        int,
        typer.Option("--voorbeelden", min=0, max=1000, help="Hoeveel bevindingen er per regel te zien zijn."),
    ] = EXAMPLES,
    state: State = DEFAULT_STATE,
) -> None:
    """Lever bestanden aan. Wat de opties niet zeggen, zegt de naam van het bestand.

    Eindigt met 1 als een bestand niet is aangenomen of, met --wacht, niet door de controle komt.
    """
    stated = Stated(bestandssoort, aanleveraar, periode, deel, niets_te_melden)
    plan = sendings(bestanden or [], stated)
    asyncio.run(_deliver(find(state), plan, wachttijd if wacht else None, voorbeelden))


async def _deliver(platform: Running, plan: list[Sending], within: float | None, examples: int) -> None:
    rejected = 0
    async with at_intake(platform) as client:
        answers = [(sending, await _send(client, sending)) for sending in plan]
        received = [(sending, answer) for sending, answer in answers if answer is not None]
        for sending, answer in received if within is not None else ():
            with console.status("Wacht op het oordeel …"):
                full = await wait_for_verdict(client, answer["id"], sending.deliverer, within or 0.0)
            console.print()
            console.print(f"[bold]{_named(sending)}[/bold]")
            await show_verdict(client, full, examples)
            rejected += full["status"] in REFUSED
    _require_all(len(plan), len(plan) - len(received), rejected)


def _require_all(sent: int, refused: int, rejected: int) -> None:
    """Raise NotDone, with how many of the files were not taken in, and how many did not pass the check."""
    said = [
        f"{count} van de {sent} bestanden {what}" if sent > 1 else f"het bestand {what}"
        for count, what in ((refused, "niet aangenomen"), (rejected, "niet door de controle gekomen"))
        if count
    ]
    if said:
        sentence = ", ".join(said)
        raise NotDone(f"Niet alles is gelukt: {sentence}." if sent > 1 else f"Niet gelukt: {sentence}.")


async def _send(client: IntakeClient, sending: Sending) -> dict[str, Any] | None:
    """Send one; what intake refuses at the door is told, and does not stop the others."""
    try:
        receipt = await client.deliver(sending)
    except Refusal as refusal:
        errors.print(f"{_named(sending)}: {plain(refusal.sentence)}")
        return None
    _show_receipt(sending, receipt)
    return receipt


def _named(sending: Sending) -> str:
    if sending.path is not None:
        return plain(sending.path.name)
    return plain(
        " ".join(part for part in (sending.dataset, sending.deliverer, sending.period, sending.part) if part)
    )


def _show_receipt(sending: Sending, answer: Mapping[str, Any]) -> None:
    receipt = answer["ontvangstbewijs"]
    part = f" deel {receipt['deel']}" if receipt["deel"] else ""
    nothing = ", niets te melden" if receipt["nietsTeMelden"] else ""
    console.print(
        f"{_named(sending)}: {'ontvangen' if answer['nieuw'] else 'was al ontvangen, er is niets veranderd'}"
    )
    console.print(f"  levering  {receipt['levering']}")
    console.print(
        f"  voor      {receipt['bestandssoort']} {receipt['aanleveraar']} {receipt['periode']}{part}, "
        f"nummer {receipt['volgnummer']}{nothing}"
    )
    console.print(f"  ontvangen {moment(receipt['ontvangenOp'])}, {size(receipt['bytes'])}")
    console.print(f"  sha256    {receipt['sha256']}")
