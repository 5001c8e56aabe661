"""`gmsd status`: every delivery, and how the platform is."""

import asyncio
from collections import Counter
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from gmsd_cli.client import STATES
from gmsd_cli.condition import Condition, conditions
from gmsd_cli.console import console, errors, moment, plain, show_table
from gmsd_cli.local.errors import BadArgument, LocalError, NotDone
from gmsd_cli.local.places import DEFAULT_STATE
from gmsd_cli.options import State
from gmsd_cli.running import Running, at_intake, find

HEADINGS = (
    "levering",
    "aanleveraar",
    "soort",
    "periode",
    "deel",
    "nr",
    "status",
    "sinds",
    "duur",
    "wacht op",
)


def status(
    periode: Annotated[
        str | None, typer.Option("--periode", help="Alleen deze periode, zoals 2025HJ01.")
    ] = None,
    aanleveraar: Annotated[
        str | None, typer.Option("--aanleveraar", help="Alleen deze aanleveraar, zoals GM0344.")
    ] = None,
    status: Annotated[
        str | None, typer.Option("--status", help=f"Alleen deze status: {', '.join(STATES)}.")
    ] = None,
    state: State = DEFAULT_STATE,
) -> None:
    """Toon elke levering met haar status en waar zij op wacht, en hoe Kafka en de diensten eraan toe zijn.

    Eindigt met 1 als een dienst niet gereed is.
    """
    wanted = {"periode": periode, "aanleveraar": aanleveraar, "status": status and _state(status)}
    asyncio.run(_status(find(state), {name: value for name, value in wanted.items() if value}))


def _state(text: str) -> str:
    name = text.upper().replace("-", "_")
    if name not in STATES:
        raise BadArgument(f"De status {text} bestaat niet; kies uit {', '.join(STATES)}.")
    return name


async def _status(platform: Running, wanted: dict[str, str]) -> None:
    services = await conditions(platform)
    if not any(service.answers for service in services):
        raise platform.not_running()
    deliveries = await _deliveries(platform, services, wanted)
    if deliveries:
        show_table(HEADINGS, [_row(each) for each in deliveries])
        console.print()
    show_table(("dienst", "adres", "toestand", "achterstand"), [_condition(each) for each in services])
    console.print()
    console.print(summary(deliveries, services))
    unwell = [each.name for each in services if not each.ready]
    if unwell:
        raise NotDone(f"Niet gereed: {', '.join(unwell)}.")


async def _deliveries(
    platform: Running, services: list[Condition], wanted: dict[str, str]
) -> list[dict[str, Any]] | None:
    """None when intake cannot tell, which is said. One that did not answer just now is not waited for again."""
    if not all(service.answers for service in services if service.name == "intake"):
        errors.print("De leveringen zijn nu niet op te vragen, want intake antwoordt niet.")
        return None
    try:
        async with at_intake(platform) as client:
            return [each async for each in client.deliveries(**wanted)]
    except LocalError as e:
        errors.print(f"De leveringen zijn nu niet op te vragen. {plain(e.sentence)}")
        return None


def _row(each: dict[str, Any]) -> tuple[object, ...]:
    return (
        each["id"],
        each["aanleveraar"],
        each["bestandssoort"],
        each["periode"],
        each["deel"],
        each["volgnummer"],
        each["status"],
        moment(each["sinds"]),
        lasted(datetime.fromisoformat(each["sinds"]), datetime.now(UTC)),
        each["wachtOp"],
    )


def lasted(since: datetime, now: datetime) -> str:
    """How long ago, in the largest unit that fits: `3 d`, `5 u`, `12 min`, `40 s`."""
    seconds = max(0, int((now - since).total_seconds()))
    for unit, length in (("d", 86400), ("u", 3600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit}"
    return f"{seconds} s"


def _condition(each: Condition) -> tuple[object, ...]:
    if each.lag is None:
        lag = "" if each.name == "kafka" else "onbekend"
    else:
        behind = [f"{name} {count}" for name, count in sorted(each.lag.items()) if count]
        lag = f"{sum(each.lag.values())}" + (f" ({', '.join(behind)})" if behind else "")
    return each.name, each.where, each.problem or "gereed", lag


def summary(deliveries: list[dict[str, Any]] | None, services: list[Condition]) -> str:
    """One line: how many deliveries per state, how many of the processes are ready."""
    if deliveries is None:
        said = "Leveringen onbekend"
    elif not deliveries:
        said = "Geen leveringen"
    else:
        counts = Counter(each["status"] for each in deliveries)
        per = ", ".join(f"{counts[name]} {name}" for name in STATES if counts[name])
        said = f"{len(deliveries)} levering{'' if len(deliveries) == 1 else 'en'}: {per}"
    ready = sum(each.ready for each in services)
    return f"{said}. {ready} van {len(services)} processen gereed."
