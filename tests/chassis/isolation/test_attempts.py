"""How often a worker may die on one file."""

import pytest

from gmsd_chassis.isolation import MAX_DEATHS, JobFailed, WorkerDied, attempted
from gmsd_chassis.isolation.errors import Death
from gmsd_chassis.metrics import MetricRegistry


class Worker:
    """Dies as often as it is told, then answers or raises."""

    def __init__(self, deaths: list[Death], ends: Exception | None = None) -> None:
        self.registry = MetricRegistry()
        self.counter = self.registry.counter("gmsd_proef_deaths_total", "Deaths of a worker.", ("reason",))
        self._deaths = list(deaths)
        self._ends = ends
        self.begun = 0

    async def __call__(self) -> int:
        self.begun += 1
        if self._deaths:
            raise WorkerDied(self._deaths.pop(0))
        if self._ends is not None:
            raise self._ends
        return self.begun

    def counted(self, reason: str) -> bool:
        return f'gmsd_proef_deaths_total{{reason="{reason}"}}' in self.registry.exposition().decode()


async def test_two_deaths_are_survived_and_counted() -> None:
    worker = Worker(["memory", "time"])
    assert await attempted(worker, worker.counter) == 3
    assert worker.counted("geheugen")
    assert worker.counted("tijd")


async def test_the_third_death_is_the_last() -> None:
    worker = Worker(["memory", "exit", "signal", "time"])
    with pytest.raises(WorkerDied) as died:
        await attempted(worker, worker.counter)
    assert (worker.begun, died.value.kind, died.value.reason) == (MAX_DEATHS, "signal", "gecrasht")
    assert b'{reason="gecrasht"} 2.0' in worker.registry.exposition()


async def test_what_is_no_death_is_not_tried_again() -> None:
    worker = Worker(["time"], JobFailed("ValueError", "gmsd_proef:1"))
    with pytest.raises(JobFailed):
        await attempted(worker, worker.counter)
    assert worker.begun == 2
