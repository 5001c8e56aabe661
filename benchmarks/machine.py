"""On what the figures were taken, and whether others were using it."""

import os
import platform
from dataclasses import dataclass

BUSY_PER_CORE = 0.5
"""Load per core above which times say more about the neighbours: half of the machine is not ours."""


@dataclass(frozen=True, slots=True)
class Machine:
    """`load`: running or waiting processes, mean of the last minute."""

    cores: int
    python: str
    system: str
    load: float

    @property
    def busy(self) -> bool:
        """Whether times taken now are to be distrusted; ratios of the same run suffer less."""
        return self.load > BUSY_PER_CORE * self.cores

    def sentence(self) -> str:
        """One line for the head of a report."""
        return f"{self.cores} cores, Python {self.python}, {self.system}, load average {self.load:.1f}"


def machine() -> Machine:
    """This machine, now."""
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return Machine(cores, platform.python_version(), platform.system(), round(os.getloadavg()[0], 2))
