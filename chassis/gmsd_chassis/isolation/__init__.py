"""Work on a file, in a child process with bounded memory and time."""

from gmsd_chassis.isolation.attempts import MAX_DEATHS, attempted
from gmsd_chassis.isolation.bench import Bench
from gmsd_chassis.isolation.errors import JobFailed, WorkerDied
from gmsd_chassis.isolation.workshop import Workshop

__all__ = ["MAX_DEATHS", "Bench", "JobFailed", "WorkerDied", "Workshop", "attempted"]
