"""What a run found, as JSON and as tables."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.latency import Timed, percentile
from benchmarks.machine import Machine
from benchmarks.nation import BaselineRun, PlatformRun
from benchmarks.printed import table, write

MEGABYTE = 1e6
SHOWN_STAGES = 14
"""The rest takes less time than the noise of the first."""


@dataclass
class Report:
    """One run. `settings` are the options it was started with; `loads` the load average at moments of the run."""

    machine: Machine
    settings: dict[str, Any]
    loads: dict[str, float]
    uploads: list[Timed]
    platform: PlatformRun
    baseline: BaselineRun
    cells_compared: int
    memory: dict[str, int]
    restarts: dict[str, int]

    def document(self) -> dict[str, Any]:
        """Everything, in seconds and bytes."""
        return {
            "machine": {
                "cores": self.machine.cores,
                "python": self.machine.python,
                "system": self.machine.system,
                "load_average": self.loads,
                "busy": self.busy,
            },
            "settings": self.settings,
            "upload_to_findings": self._upload_figures(),
            "nation": self._nation_figures(),
            "peak_memory_bytes": self._memory_figures(),
            "restarts": self.restarts,
            "stages": self._stage_figures(),
            "processor_seconds": dict(self.platform.stages.processor),
        }

    def write(self, path: Path) -> None:
        """As JSON, whole or not at all."""
        write(path, self.document())

    @property
    def busy(self) -> bool:
        """Whether somebody else used the machine when the run began."""
        return self.machine.busy

    # -- figures ---------------------------------------------------------------------------------------------------

    def _upload_figures(self) -> dict[str, Any]:
        columns = {
            "receipt": [one.posted for one in self.uploads],
            "complete_findings": [one.complete for one in self.uploads],
            "function_alone": [one.alone for one in self.uploads],
        }
        figures: dict[str, Any] = {
            name: {"p50": percentile(values, 50), "p99": percentile(values, 99)}
            for name, values in columns.items()
        }
        whole, alone = figures["complete_findings"], figures["function_alone"]
        figures["ratio"] = {name: whole[name] / alone[name] for name in whole}
        figures["uploads"] = len(self.uploads)
        figures["findings"] = sum(one.findings for one in self.uploads)
        return figures

    def _nation_figures(self) -> dict[str, Any]:
        run, bare = self.platform, self.baseline
        return {
            "files": run.files,
            "bytes": run.bytes,
            "rows_assessed": run.rows,
            "in_force": run.in_force,
            "refused": run.refused,
            "cells_compared": self.cells_compared,
            "platform_seconds": {
                "first upload to all in force": run.to_in_force,
                "first upload to last snapshot": run.to_snapshot,
                "first upload to last release": run.to_release,
            },
            "baseline_seconds": {
                "checks": bare.check_seconds,
                "cells": bare.cells_seconds,
                "checks and cells": bare.seconds,
                "with interpreter and imports": bare.wall,
            },
            "ratio": run.to_snapshot / bare.seconds,
        }

    def _memory_figures(self) -> dict[str, int]:
        return {**self.memory, "bare_polars": self.baseline.peak_memory_bytes}

    def _stage_figures(self) -> list[dict[str, Any]]:
        run = self.platform
        spent = sorted(run.stages.spent.items(), key=lambda item: -item[1].seconds)
        return [
            {
                "service": service,
                "measure": measure,
                "count": one.count,
                "seconds": one.seconds,
                "mean_seconds": one.seconds / one.count,
                "seconds_per_delivery": one.seconds / max(1, run.files),
            }
            for (service, measure), one in spent
        ]

    # -- tables ----------------------------------------------------------------------------------------------------

    def show(self, console: Console) -> None:
        """Print the tables."""
        document = self.document()
        console.print(f"[bold]{self.machine.sentence()}[/bold]")
        if self.busy:
            console.print(
                "Others use this machine: times are too long; compare the ratios, and repeat when it is idle."
            )
        console.print("load average: " + ", ".join(f"{at} {load:.1f}" for at, load in self.loads.items()))
        for section, note in (
            _uploads(document["upload_to_findings"], self.settings),
            _nation(document["nation"]),
            _memory(document["peak_memory_bytes"], document["processor_seconds"], self.restarts),
            _stages(document["stages"]),
        ):
            console.print()
            console.print(section)
            if note:
                console.print(note)


Section = tuple[Table, str]
"""A table, and a line under it (or nothing)."""


def _uploads(figures: dict[str, Any], settings: dict[str, Any]) -> Section:
    shown = table(f"1. Upload to complete findings, wmo of {settings['rows']} rows", "", "p50 ms", "p99 ms")
    for name, label in (
        ("receipt", "receipt (202)"),
        ("complete_findings", "complete findings over HTTP"),
        ("function_alone", "the same check as one function call"),
    ):
        shown.add_row(label, *(f"{figures[name][p] * 1e3:,.1f}" for p in ("p50", "p99")))
    shown.add_row("ratio", *(f"{figures['ratio'][p]:.1f}" for p in ("p50", "p99")))
    return shown, f"{figures['uploads']} uploads, {figures['findings']} findings"


def _nation(figures: dict[str, Any]) -> Section:
    shown = table("2. The nation, from first upload to snapshot", "", "seconds")
    for name, seconds in figures["platform_seconds"].items():
        shown.add_row(f"platform: {name}", f"{seconds:,.2f}")
    for name, seconds in figures["baseline_seconds"].items():
        shown.add_row(f"one Polars script: {name}", f"{seconds:,.2f}")
    shown.add_row("ratio (last snapshot / checks and cells)", f"{figures['ratio']:.1f}")
    return shown, (
        f"{figures['files']} files, {figures['bytes'] / MEGABYTE:.1f} MB, {figures['refused']} refused, "
        f"{figures['in_force']} in force; {figures['cells_compared']} cells, all equal"
    )


def _memory(memory: dict[str, int], processor: dict[str, float], restarts: dict[str, int]) -> Section:
    title = "3. Processes, descendants included (processor: during the nation)"
    shown = table(title, "", "peak MB", "processor s", "restarts")
    for name, bytes_ in memory.items():
        spent = f"{processor[name]:,.1f}" if name in processor else ""
        shown.add_row(name, f"{bytes_ / MEGABYTE:,.0f}", spent, str(restarts.get(name, "")))
    return shown, ""


def _stages(stages: list[dict[str, Any]]) -> Section:
    shown = table(
        "4. Where the nation's time goes (histograms of /metrics)",
        "service", "measure", "count", "total s", "mean ms", "ms per delivery",
    )  # fmt: skip
    for one in stages[:SHOWN_STAGES]:
        shown.add_row(
            one["service"], one["measure"], str(one["count"]), f"{one['seconds']:,.1f}",
            f"{one['mean_seconds'] * 1e3:,.1f}", f"{one['seconds_per_delivery'] * 1e3:,.1f}",
        )  # fmt: skip
    return (
        shown,
        "They overlap: a handler's seconds hold those of its publish and of what it loads or checks.",
    )
