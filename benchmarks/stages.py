"""Where the time goes: what each service says of itself on /metrics, and the processor time of each process."""

from collections.abc import Mapping
from dataclasses import dataclass

import httpx
import psutil
from prometheus_client.parser import text_string_to_metric_families

from gmsd_cli.local.supervisor import LocalPlatform

Key = tuple[str, str]
"""service, metric with its labels"""


@dataclass(frozen=True, slots=True)
class Spent:
    """Observations of one histogram of seconds, and their sum."""

    count: int
    seconds: float

    def since(self, before: "Spent") -> "Spent":
        return Spent(self.count - before.count, self.seconds - before.seconds)


@dataclass(frozen=True, slots=True)
class Reading:
    """`spent` per service and metric; `processor`: seconds of processor per process, its descendants included."""

    spent: Mapping[Key, Spent]
    processor: Mapping[str, float]

    def since(self, before: "Reading") -> "Reading":
        """What came on top. A service that was restarted in between begins anew and is counted from its restart."""
        nothing = Spent(0, 0.0)
        grown = {key: now.since(before.spent.get(key, nothing)) for key, now in self.spent.items()}
        restarted = {key[0] for key, spent in grown.items() if spent.count < 0}
        spent = {key: self.spent[key] if key[0] in restarted else grown[key] for key in grown}
        processor = {
            name: seconds
            if seconds < before.processor.get(name, 0.0)
            else seconds - before.processor.get(name, 0.0)
            for name, seconds in self.processor.items()
        }
        return Reading({key: one for key, one in spent.items() if one.count > 0}, processor)


async def read(platform: LocalPlatform) -> Reading:
    """The state of every counter now."""
    spent: dict[Key, Spent] = {}
    async with httpx.AsyncClient(timeout=30.0, trust_env=False) as client:
        for service in platform.services:
            answer = await client.get(platform.url(service) + "/metrics")
            spent |= {
                (service, name): one for name, one in histograms(answer.raise_for_status().text).items()
            }
    names = [*platform.services, "kafka"]
    roots = {name: pid for name in names if (pid := platform.pid(name)) is not None}
    return Reading(spent, {name: _processor(pid) for name, pid in roots.items()})


def histograms(exposition: str) -> dict[str, Spent]:
    """Every `gmsd_…_seconds` histogram of a page of metrics, by name and labels."""
    found: dict[str, Spent] = {}
    for family in text_string_to_metric_families(exposition):
        if family.type != "histogram" or not family.name.startswith("gmsd_"):
            continue
        sums: dict[str, float] = {}
        counts: dict[str, int] = {}
        for sample in family.samples:
            label = ",".join(value for key, value in sorted(sample.labels.items()) if key != "le")
            name = f"{family.name}{{{label}}}" if label else family.name
            if sample.name.endswith("_sum"):
                sums[name] = sample.value
            elif sample.name.endswith("_count"):
                counts[name] = int(sample.value)
        found |= {name: Spent(counts[name], sums[name]) for name in sums}
    return found


def _processor(pid: int) -> float:
    """User and system seconds of a process, of its living descendants, and of those that were reaped."""
    root = psutil.Process(pid)
    total = 0.0
    for process in [root, *root.children(recursive=True)]:
        try:
            times = process.cpu_times()
        except psutil.NoSuchProcess:
            continue  # reaped in between: its parent's children_* hold it, if that is read later
        total += times.user + times.system + times.children_user + times.children_system
    return total
