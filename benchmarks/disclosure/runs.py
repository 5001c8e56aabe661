"""One task in a process of its own: its seconds, its memory, and an end."""

import os
import pickle
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Generic, ParamSpec, TypeVar

import psutil

from benchmarks.disclosure.refusals import Refused

T = TypeVar("T")
P = ParamSpec("P")
ROOT = Path(__file__).resolve().parents[2]
LOOK = 0.05
"""Seconds between looks at a child: what a peak of several processes is sampled with."""
ONE_THREAD = {f"{name}_NUM_THREADS": "1" for name in ("OMP", "OPENBLAS", "MKL")} | {"POLARS_MAX_THREADS": "1"}


WALL = 6
"""Times its limit that a task may take by the clock when others use the machine too."""


@dataclass(frozen=True)
class Run(Generic[T]):
    """`answer`: None when `trouble` says why there is none.

    `seconds`: processor seconds of the task alone, without start and imports. With one thread that is what the clock says on an
    idle core, and what others do at the same time hardly counts. `wall`: by the clock. `peak_bytes`: of the whole process,
    interpreter and libraries included; of all its processes together when it has several.
    """

    answer: T | None
    seconds: float
    wall: float
    peak_bytes: int
    trouble: str = ""


def run(limit: float, task: Callable[P, T], *arguments: P.args, **none: P.kwargs) -> Run[T]:
    """The task on one core, ended after `limit` processor seconds. `task` is a function of a module; arguments can be pickled."""
    return run_on(1, limit, task, *arguments, **none)


def run_on(cores: int, limit: float, task: Callable[P, T], *arguments: P.args, **none: P.kwargs) -> Run[T]:
    """The same on several cores, for a task that has processes of its own; `limit` counts for all of them together."""
    assert not none, "arguments are given by place"
    with TemporaryDirectory() as place:
        order, answer, complaint = (Path(place) / name for name in ("order", "answer", "complaint"))
        order.write_bytes(pickle.dumps((task, arguments)))
        command = [sys.executable, "-m", "benchmarks.disclosure.child", str(order), str(answer), str(cores)]
        with complaint.open("wb") as said:
            child = subprocess.Popen(
                command, cwd=place, env=_environment(), stdout=subprocess.DEVNULL, stderr=said
            )
            seen = _watch(child, limit)
        if child.returncode == 0:
            given, seconds, wall, peak = pickle.loads(answer.read_bytes())
            if isinstance(given, Refused):
                return Run(None, seconds, wall, peak, given.why)
            # The child's own clock leaves out its imports, but cannot see its workers.
            return Run(given, seconds if cores == 1 else seen.seconds, wall, max(peak, seen.peak_bytes))
        if seen.ended:
            return Run(
                None,
                seen.seconds,
                seen.wall,
                seen.peak_bytes,
                f"stopped after {seen.seconds:.0f} s ({seen.wall:.0f} by the clock)",
            )
        last = complaint.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
        why = f"ended with code {child.returncode}: {last[0]}"
        return Run(None, seen.seconds, seen.wall, seen.peak_bytes, why)


def _environment() -> dict[str, str]:
    """Ours, with this project importable from anywhere: a child works in a folder of its own, where tau-ARGUS leaves its logs."""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    return {**os.environ, **ONE_THREAD, "PYTHONPATH": path}


@dataclass
class _Seen:
    """Of a child and its children: processor seconds and clock since the start, the largest sum of sizes; whether it was `ended`."""

    seconds: float = 0.0
    wall: float = 0.0
    peak_bytes: int = 0
    ended: bool = False


def _watch(child: "subprocess.Popen[bytes]", limit: float) -> _Seen:
    """Wait, with an end."""
    began, seen = time.monotonic(), _Seen()
    try:
        while child.poll() is None and not seen.ended:
            looks = [_look(one) for one in _family(child.pid)]
            seen.seconds = max(seen.seconds, sum(seconds for seconds, _ in looks))
            seen.peak_bytes = max(seen.peak_bytes, sum(size for _, size in looks))
            seen.wall = time.monotonic() - began
            seen.ended = seen.seconds >= limit or seen.wall >= WALL * limit
            time.sleep(LOOK)
    finally:
        for one in _family(child.pid) if child.poll() is None else []:
            one.kill()
        child.wait()
    return seen


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _look(process: psutil.Process) -> tuple[float, int]:
    """Processor seconds and resident bytes."""
    try:
        with process.oneshot():
            times = process.cpu_times()
            return times.user + times.system, int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0.0, 0
