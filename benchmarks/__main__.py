"""`python -m benchmarks`: everything in one run."""

import asyncio
import shutil
import sys
from collections.abc import Coroutine
from dataclasses import replace
from pathlib import Path
from tempfile import mkdtemp
from typing import Annotated, Any

import typer
from rich.console import Console

from benchmarks.latency import Disagreement, uploads
from benchmarks.machine import Machine, machine
from benchmarks.nation import BaselineFailed, baseline, compare, deliver
from benchmarks.report import Report
from benchmarks.wmo_files import wmo_files
from gmsd_cli.client import Refusal, intake
from gmsd_cli.commands.demo import DEMO_SCALE
from gmsd_cli.demo.nation import generate, sendings
from gmsd_cli.demo.run import OVERRIDES
from gmsd_cli.local.errors import LocalError
from gmsd_cli.local.ports import free_block
from gmsd_cli.local.signals import stop_wish, unless
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_cli.settings import Settings

PORTS = 11
WIDE = 140


def main(
    schaal: Annotated[float, typer.Option(min=0.0001, max=1.0, help="Share of the population.")] = DEMO_SCALE,
    gemeenten: Annotated[int | None, typer.Option(min=4, help="The first N gemeenten only.")] = None,
    aantal: Annotated[int, typer.Option(min=1, max=1000, help="Uploads of the first benchmark.")] = 50,
    rijen: Annotated[int, typer.Option(min=20, help="Rows of each of them.")] = 5000,
    zaad: Annotated[int, typer.Option(help="Seed of every file.")] = 7,
    uit: Annotated[Path, typer.Option(help="The figures as JSON.")] = Path("var/bench.json"),
    werk: Annotated[
        Path, typer.Option(help="Where the nation is kept and the state lies during the run.")
    ] = Path("var/bench"),
) -> None:
    """Print what the shape costs, in one run: findings, the nation, memory, stages."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    settings = {"scale": schaal, "gemeenten": gemeenten, "uploads": aantal, "rows": rijen, "seed": zaad}
    here = machine()
    console.print(here.sentence())
    if here.busy:
        console.print("Others use this machine: times will be too long.")
    werk.mkdir(parents=True, exist_ok=True)
    state = Path(mkdtemp(prefix="state-", dir=werk))
    try:
        report = asyncio.run(_unless_stopped(_measure(here, settings, werk.resolve(), state, console)))
    except (LocalError, Disagreement, BaselineFailed, Refusal, TimeoutError) as error:
        console.print(f"No figures: {type(error).__name__}: {error}", markup=False)
        raise typer.Exit(1) from None
    finally:
        shutil.rmtree(state)
    if report is None:
        console.print("Stopped before the end: no figures.")
        raise typer.Exit(130)
    report.show(console)
    report.write(uit)
    console.print(f"\n{uit}")


async def _unless_stopped(work: Coroutine[Any, Any, Report]) -> Report | None:
    """None when Ctrl-C or SIGTERM came first: the platform has been stopped then, no process is left behind."""
    found: list[Report] = []

    async def keep() -> None:
        found.append(await work)

    with stop_wish() as wish:
        await unless(wish, keep())
    return found[0] if found else None


async def _measure(
    here: Machine, chosen: dict[str, Any], work: Path, state: Path, console: Console
) -> Report:
    """The platform first, everything of it; then, on the machine it left, the script."""
    console.print("generating the files")
    nation = work / f"nation-{chosen['seed']}-{chosen['scale']}-{chosen['gemeenten'] or 'all'}"
    await generate(nation, chosen["seed"], chosen["scale"], chosen["gemeenten"])
    plan = sendings(nation)
    files = wmo_files(state / "files", chosen["uploads"], chosen["rows"], chosen["seed"])
    # A broker of our own: what lies on somebody else's would be counted too.
    settings = replace(Settings.from_environment(), bootstrap=None)
    platform = LocalPlatform(
        state / "platform", free_block(PORTS), OVERRIDES, settings=settings, notice=console.print
    )
    loads = {"begin": here.load}
    async with platform, intake(platform.url("intake"), platform.layout) as client:
        console.print(f"delivering {len(plan)} files")
        run = await deliver(platform, client, plan, console.print)
        loads["after the nation"] = machine().load
        console.print(f"uploading {len(files)} files one by one")
        timed = await uploads(client, files)
        loads["after the uploads"] = machine().load
        memory = platform.peak_memory()
        restarts = {name: platform.restarts(name) for name in (*platform.services, "kafka")}
    console.print("running the Polars script")
    bare = await baseline(plan, state)
    loads["after the script"] = machine().load
    return Report(here, chosen, loads, timed, run, bare, compare(run, bare), memory, restarts)


if __name__ == "__main__":
    typer.run(main)
