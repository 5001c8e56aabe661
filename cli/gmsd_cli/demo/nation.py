"""The delivery plan of a generated nation, as files to send and deliverers to register."""

import asyncio
import json
import sys
from dataclasses import dataclass
from pathlib import Path

from gmsd_cli.client import Sending
from gmsd_cli.local.errors import LocalError

PLAN = "deliveries.jsonl"
COMPLETE = "manifest.sha256"
"""Written last by the generator: without it the nation is half there."""


class NationFailed(LocalError):
    """The nation could not be generated."""


@dataclass(frozen=True, slots=True)
class Deliverer:
    """Who has to be registered before it can send."""

    id: str
    kind: str
    datasets: tuple[str, ...]


async def generate(folder: Path, seed: int, scale: float, gemeenten: int | None) -> None:
    """Generate the nation unless it is there already. In a process of its own: the platform starts meanwhile. Raises NationFailed."""
    if (folder / COMPLETE).exists():
        return
    code = (
        "import sys; from gmsd_nation import generate;"
        "generate(sys.argv[1], seed=int(sys.argv[2]), scale=float(sys.argv[3]),"
        " gemeenten=int(sys.argv[4]) or None)"
    )
    arguments = (str(folder), str(seed), str(scale), str(gemeenten or 0))
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", code, *arguments, stderr=asyncio.subprocess.PIPE
    )
    try:
        _, said = await process.communicate()
    except asyncio.CancelledError:
        process.terminate()
        await process.wait()
        raise
    if process.returncode:
        last = said.decode(errors="replace").strip().splitlines()[-1:] or ["zonder melding"]
        raise NationFailed(f"Het maken van de voorbeeldnatie in {folder} is mislukt: {last[0]}")


def sendings(folder: Path) -> list[Sending]:
    """The plan in its order."""
    lines = (folder / PLAN).read_text(encoding="utf-8").splitlines()
    return [_sending(folder, json.loads(line)) for line in lines]


def _sending(folder: Path, line: dict[str, object]) -> Sending:
    path = line["path"]
    return Sending(
        dataset=str(line["dataset"]),
        deliverer=str(line["deliverer"]),
        period=str(line["period"]),
        part=str(line["part"] or ""),
        path=folder / str(path) if path else None,
        nothing_to_report=bool(line["nothing_to_report"]),
    )


def deliverers(plan: list[Sending]) -> list[Deliverer]:
    """Every sender of the plan with the datasets it sends."""
    datasets: dict[str, set[str]] = {}
    for sending in plan:
        datasets.setdefault(sending.deliverer, set()).add(sending.dataset)
    return [
        Deliverer(name, "gemeente" if name.startswith("GM") else "registerhouder", tuple(sorted(held)))
        for name, held in sorted(datasets.items())
    ]
