"""Upload → complete findings, over HTTP and beside the same check as a function call."""

import asyncio
import time
from dataclasses import dataclass
from datetime import UTC, date, datetime
from statistics import quantiles

import pyarrow as pa

from benchmarks.wmo_files import PERIOD, WmoFile
from gmsd_cli.campaign import patiently
from gmsd_cli.client import IntakeClient, Refusal
from gmsd_contracts.columns import version_for
from gmsd_contracts.slot import Slot
from gmsd_validation.domain.assess import Order, assess

POLL_SECONDS = 0.02
"""Between two questions whether the findings are there; what is measured is at most this much too long."""
LONGEST_SECONDS = 120.0


class Disagreement(Exception):
    """Two ways of doing the same gave different answers: times beside each other would compare nothing."""


@dataclass(frozen=True, slots=True)
class Timed:
    """Seconds of one file. `posted`: until the receipt; `complete`: until the last finding was read; `alone`: the pure function."""

    posted: float
    complete: float
    alone: float
    findings: int


def percentile(values: list[float], percent: int) -> float:
    """Interpolated between the samples, the ends included; of one sample that one."""
    return quantiles(values, n=100, method="inclusive")[percent - 1] if len(values) > 1 else values[0]


async def uploads(client: IntakeClient, files: list[WmoFile]) -> list[Timed]:
    """One after another, then the function on each. Raises Disagreement, and TimeoutError when findings do not come."""
    await patiently(lambda: client.window(PERIOD))
    for file in files:
        who = file.sending.deliverer
        await patiently(lambda who=who: client.register(who, "gemeente", who, ["wmo"]))
    uploaded = [await _upload(client, file) for file in files]
    alone(files[0])  # the first call imports and compiles
    # Only now: behind each upload the later stages are still at work on it.
    return [_beside(file, *one) for file, one in zip(files, uploaded, strict=True)]


async def _upload(client: IntakeClient, file: WmoFile) -> tuple[float, float, int]:
    began = time.perf_counter()
    receipt = await client.deliver(file.sending)
    posted = time.perf_counter() - began
    async with asyncio.timeout(LONGEST_SECONDS):
        found = await _findings(client, receipt["id"], file.sending.deliverer)
    return posted, time.perf_counter() - began, found


def _beside(file: WmoFile, posted: float, complete: float, found: int) -> Timed:
    began = time.perf_counter()
    expected = alone(file)
    spent = time.perf_counter() - began
    if found != expected:
        raise Disagreement(
            f"{file.sending.deliverer}: {found} findings by the platform, {expected} by the function"
        )
    return Timed(posted, complete, spent, found)


async def _findings(client: IntakeClient, delivery: str, deliverer: str) -> int:
    while True:
        try:
            return len([finding async for finding in client.findings(delivery, deliverer)])
        except Refusal as refusal:
            if refusal.slug != "nog-geen-bevindingen":
                raise
        await asyncio.sleep(POLL_SECONDS)


def alone(file: WmoFile) -> int:
    """Assess the same bytes by validation's pure function, in this process; the number of findings kept."""
    sending = file.sending
    slot = Slot(deliverer=sending.deliverer, dataset=sending.dataset, period=sending.period)
    order = Order(slot, version_for(sending.dataset, sending.period).id, False, _today())
    held: list[pa.RecordBatch] = []
    assessment = assess(lambda: iter([file.data]), order, records=held.append, findings=held.append)
    return assessment.findings


def _today() -> date:
    return datetime.now(UTC).date()
