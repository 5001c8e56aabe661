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


@dataclass(frozen=True)
class Run(Generic[T]):
    """`answer`: None when `trouble` says why there is none. `seconds`: the task alone, without start and imports.

    `peak_bytes`: of the whole process, interpreter and libraries included; of all its processes together when it has several.
    """

    answer: T | None
    seconds: float
    peak_bytes: int
    trouble: str = ""


def run(limit: float, task: Callable[P, T], *arguments: P.args, **none: P.kwargs) -> Run[T]:
    """The task on one core, ended after `limit` seconds. `task` is a function of a module; arguments can be pickled."""
    return run_on(1, limit, task, *arguments, **none)


def run_on(cores: int, limit: float, task: Callable[P, T], *arguments: P.args, **none: P.kwargs) -> Run[T]:
    """The same on several cores, for a task that has processes of its own."""
    assert not none, "arguments are given by place"
    with TemporaryDirectory() as place:
        order, answer, complaint = (Path(place) / name for name in ("order", "answer", "complaint"))
        order.write_bytes(pickle.dumps((task, arguments)))
        command = [sys.executable, "-m", "benchmarks.disclosure.child", str(order), str(answer), str(cores)]
        with complaint.open("wb") as said:
            child = subprocess.Popen(
                command, cwd=ROOT, env={**os.environ, **ONE_THREAD}, stdout=subprocess.DEVNULL, stderr=said
            )
            seconds, sampled = _watch(child, limit)
        if child.returncode == 0:
            given, seconds, peak = pickle.loads(answer.read_bytes())
            if isinstance(given, Refused):
                return Run(None, seconds, peak, given.why)
            return Run(given, seconds, max(peak, sampled))
        if seconds >= limit:
            return Run(None, seconds, sampled, f"stopped after {limit:.0f} s")
        last = complaint.read_text(errors="replace").strip().splitlines()[-1:] or ["no word"]
        return Run(None, seconds, sampled, f"ended with code {child.returncode}: {last[0]}")


def _watch(child: "subprocess.Popen[bytes]", limit: float) -> tuple[float, int]:
    """Wait, with an end. Seconds since the start, imports included, and the largest sum of sizes seen."""
    began, peak = time.monotonic(), 0
    try:
        while child.poll() is None and time.monotonic() - began < limit:
            peak = max(peak, sum(_size(one) for one in _family(child.pid)))
            time.sleep(LOOK)
    finally:
        for one in _family(child.pid) if child.poll() is None else []:
            one.kill()
        child.wait()
    return time.monotonic() - began, peak


def _family(pid: int) -> list[psutil.Process]:
    try:
        parent = psutil.Process(pid)
        return [parent, *parent.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


def _size(process: psutil.Process) -> int:
    try:
        return int(process.memory_info().rss)
    except psutil.NoSuchProcess:
        return 0
