"""The other side of `runs`: one task in a process of its own. Started as a script, so nothing is imported that it does not need."""

import os
import pickle
import sys
import time
from pathlib import Path

from benchmarks.disclosure.refusals import Refused


def main(order: Path, answer: Path, cores: int) -> None:
    """Read (task, arguments) from `order`, do it, write (what it gave, processor seconds, seconds, peak bytes) to `answer`."""
    keep_to(cores)
    task, arguments = pickle.loads(order.read_bytes())
    began, spent = time.perf_counter(), time.process_time()
    try:
        given = task(*arguments)
    except Exception as error:  # noqa: BLE001 - whatever a peer or we raise is what is reported of it
        given = Refused(f"{type(error).__name__}: {getattr(error, 'detail', error)}")
    spent, wall = time.process_time() - spent, time.perf_counter() - began
    answer.write_bytes(pickle.dumps((given, spent, wall, peak_bytes())))


def keep_to(cores: int) -> None:
    """As many cores as the comparison allows, said to the kernel: a peer's solver has no option of ours for its threads."""
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[-cores:])


def peak_bytes() -> int:
    """The largest resident size of this process since it began.

    Not `getrusage`: Linux lets ru_maxrss survive exec, so a small child would report what its parent weighed.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource

    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))
