"""`gmsd quarantine`: see what services put aside, and send it through again."""

import asyncio
from typing import Annotated

import typer

from gmsd_chassis.redaction import mask
from gmsd_cli.console import ask, console, moment, plain, show_table, size
from gmsd_cli.local.errors import BadArgument, NotDone
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.options import State
from gmsd_cli.quarantine import Position, Quarantined, at, masked, quarantined, require_requeueable
from gmsd_cli.quarantine import requeue as write_back
from gmsd_cli.running import Running, find
from gmsd_contracts.topics import SERVICES, Service

app = typer.Typer(
    no_args_is_help=True, help="Berichten die een dienst niet kon verwerken: bekijken en terugzetten."
)

PositionArgument = Annotated[
    str, typer.Argument(metavar="POSITIE", help="Zoals validation/0/12, uit `list`.")
]


@app.command("list")
def list_(
    dienst: Annotated[
        str | None, typer.Option("--dienst", help=f"Alleen van deze dienst: {', '.join(SERVICES)}.")
    ] = None,
    state: State = DEFAULT_STATE,
) -> None:
    """Toon per bericht waarom, waarvandaan, wanneer en hoe groot; nooit de inhoud."""
    asyncio.run(_list(find(state), _services(dienst)))


@app.command()
def show(positie: PositionArgument, state: State = DEFAULT_STATE) -> None:
    """Toon de kopregels van een bericht, met BSN's gemaskeerd; van de inhoud alleen grootte en sha256."""
    asyncio.run(_show(find(state), Position.parse(positie)))


@app.command()
def requeue(
    posities: Annotated[
        list[str], typer.Argument(metavar="POSITIE...", help="Zoals validation/0/12, uit `list`.")
    ],
    ja: Annotated[bool, typer.Option("--ja", help="Zonder te vragen.")] = False,
    state: State = DEFAULT_STATE,
) -> None:
    """Schrijf berichten ongewijzigd terug naar het topic waar ze vandaan komen, met een kopregel die dat zegt."""
    asyncio.run(_requeue(find(state), [Position.parse(text) for text in dict.fromkeys(posities)], sure=ja))


def _services(name: str | None) -> tuple[Service, ...]:
    found = tuple(service for service in SERVICES if name in (None, service))
    if not found:
        raise BadArgument(f"De dienst {name} bestaat niet; kies uit {', '.join(SERVICES)}.")
    return found


async def _list(platform: Running, services: tuple[Service, ...]) -> None:
    rows = [_row(each) async for each in quarantined(platform, services)]
    if rows:
        show_table(("positie", "reden", "afkomstig van", "tijd", "grootte"), rows)
    console.print(f"{len(rows) or 'Geen'} bericht{'' if len(rows) == 1 else 'en'} in quarantaine.")


def _row(each: Quarantined) -> tuple[object, ...]:
    return (
        each.position,
        mask(each.why.get("reason", "onbekend")),
        mask(each.origin),
        moment(each.why.get("time")),
        size(each.size) if each.is_whole else "niet gekopieerd",
    )


async def _show(platform: Running, position: Position) -> None:
    each = await at(platform, position)
    facts = [
        ("positie", each.position),
        ("reden", mask(each.why.get("reason", "onbekend"))),
        ("toelichting", mask(each.why.get("detail", ""))),
        ("groep", mask(each.why.get("group", "onbekend"))),
        ("afkomstig van", mask(each.origin)),
        ("tijd", moment(each.why.get("time"))),
        ("sleutel", "geen" if each.key is None else masked(each.key)),
        (
            "inhoud",
            f"{size(each.size)}, sha256 {each.sha256}" if each.is_whole else "te groot om te kopiëren",
        ),
    ]
    for name, value in facts:
        console.print(f"{name:<14} {plain(value)}")
    console.print(f"{'kopregels':<14} {len(each.headers) or 'geen'}")
    for header, content in each.headers:
        console.print(f"  {plain(mask(header))}: {plain(masked(content))}")


async def _requeue(platform: Running, positions: list[Position], *, sure: bool) -> None:
    found = [await at(platform, position) for position in positions]
    for each in found:
        require_requeueable(each)
    show_table(("positie", "reden", "afkomstig van", "tijd", "grootte"), [_row(each) for each in found])
    if not sure and not ask(f"{len(found)} bericht{'' if len(found) == 1 else 'en'} terugzetten?"):
        raise NotDone("Er is niets teruggezet.")
    for each in found:
        console.print(f"{each.position} staat nu ook op {await write_back(platform, each)}.")
    console.print("In quarantaine blijft het staan tot de bewaartermijn om is.")
