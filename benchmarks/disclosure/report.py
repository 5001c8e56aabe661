"""What was found of every goal, as tables and as JSON."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.disclosure.lines import MEGABYTE, Line
from benchmarks.disclosure.quoted import QUOTES
from benchmarks.machine import Machine
from benchmarks.printed import table


@dataclass
class Report:
    """`goals`: what each asks. `lines`: in the order in which they were measured. `settings`: the options of the run."""

    machine: Machine
    settings: dict[str, Any]
    goals: dict[str, str]
    lines: list[Line]

    def document(self) -> dict[str, Any]:
        """Everything, in seconds and bytes."""
        return {
            "machine": {
                "cores": self.machine.cores,
                "python": self.machine.python,
                "system": self.machine.system,
                "load_average": self.machine.load,
                "busy": self.machine.busy,
            },
            "settings": self.settings,
            "goals": self.goals,
            "lines": [line.document() for line in self.lines],
        }

    def show(self, console: Console, goal: str) -> None:
        """Print one goal: what it asks, what was found, what others did."""
        console.print(f"\n[bold]{goal}[/bold] {self.goals[goal]}")
        console.print(_section([line for line in self.lines if line.goal == goal]))
        for quote in QUOTES:
            if quote.goal == goal:
                console.print(
                    f"  quoted: {quote.who}, {quote.what}: {quote.found} ({quote.source})", markup=False
                )

    def verdict(self, console: Console) -> None:
        """Print how many demands are met, and each that is not."""
        judged = [line for line in self.lines if line.met is not None]
        missed = [line for line in judged if not line.met]
        left_out = sum(line.found.startswith("skipped") for line in self.lines)
        console.print(f"\n{len(judged) - len(missed)} of {len(judged)} demands met, {left_out} skipped")
        for line in missed:
            console.print(f"NOT MET {line.goal} {line.what}: {line.found}; asked {line.asked}", markup=False)


def _section(lines: Sequence[Line]) -> Table:
    shown = table("", "", "what", "found", "asked", "", "cpu s", "s", "MB")
    for column in shown.columns[1:4]:
        column.justify, column.no_wrap, column.overflow = "left", False, "fold"
    for line in lines:
        shown.add_row(
            line.who, line.what, line.found, line.asked, line.verdict,
            "" if line.seconds is None else f"{line.seconds:,.2f}",
            "" if line.wall is None else f"{line.wall:,.1f}",
            "" if line.peak_bytes is None else f"{line.peak_bytes / MEGABYTE:,.0f}",
        )  # fmt: skip
    return shown
