"""`python -m benchmarks.disclosure`: every goal, one after another."""

import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from benchmarks.disclosure.data import Data
from benchmarks.disclosure.goals import GOALS
from benchmarks.disclosure.report import Report
from benchmarks.machine import machine
from benchmarks.printed import write

WIDE = 170
QUICK_KEYS = 5


def main(
    only: Annotated[str, typer.Option(help="These goals, as G2,G7.")] = "",
    quick: Annotated[bool, typer.Option("--quick", help="Small tables, few keys, a small nation.")] = False,
    sleutels: Annotated[int, typer.Option(min=2, help="Secret keys in the sample of G4.")] = 100,
    grens: Annotated[int, typer.Option(min=1, help="Seconds that a peer may take.")] = 60,
    uit: Annotated[Path, typer.Option(help="The figures as JSON.")] = Path("var/bench-disclosure.json"),
) -> None:
    """Print what disclosure control does beside its peers, goal by goal."""
    console = Console(highlight=False, width=None if sys.stdout.isatty() else WIDE)
    chosen = [name.strip().upper() for name in only.split(",") if name.strip()] or list(GOALS)
    unknown = [name for name in chosen if name not in GOALS]
    if unknown:
        raise typer.BadParameter(f"no goal {unknown[0]}; there are {', '.join(GOALS)}", param_hint="--only")
    here = machine()
    console.print(f"[bold]{here.sentence()}[/bold]")
    if here.busy:
        console.print(
            "Others use this machine: times are too long; compare the ratios, and repeat when it is idle."
        )
    console.print(
        "Every run has a process of its own on one core (the nation: two). Demands on time are held against processor seconds, "
        "which on one thread are the clock's of an idle core (the nation: against the clock); memory is the whole process's."
    )
    data = Data(quick, min(sleutels, QUICK_KEYS) if quick else sleutels, float(grens))
    settings = {"only": chosen, "quick": quick, "keys": data.keys, "peer_seconds": grens}
    report = Report(here, settings, {name: GOALS[name][0] for name in chosen}, [])
    for name in chosen:
        report.lines += GOALS[name][1](data)
        report.show(console, name)
    report.verdict(console)
    write(uit, report.document())
    console.print(f"\n{uit}")


if __name__ == "__main__":
    typer.run(main)
