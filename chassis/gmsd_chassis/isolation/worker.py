"""The child process: `python -m gmsd_chassis.isolation.worker FD`. Imports the jobs once, then runs them one by one."""

import gc
import importlib
import json
import os
import socket
import sys
from collections.abc import Callable
from types import TracebackType
from typing import Any

from gmsd_chassis.isolation.bench import Bench, Line
from gmsd_chassis.isolation.confine import confine
from gmsd_chassis.isolation.wire import MAX_RESULT, OUT_OF_MEMORY, Kind

Job = Callable[[Bench, dict[str, Any]], dict[str, Any]]


class ResultTooLong(Exception):
    """A job returned more than `MAX_RESULT` bytes of JSON: what is large goes through a sink."""


def main(descriptor: int) -> None:
    """Serve the parent until it closes the socket."""
    line = Line(socket.socket(fileno=descriptor))
    _, payload = line.receive()
    setup = json.loads(payload)
    confine(setup["address_space"])
    jobs: dict[str, Job] = {}
    for path in (*setup["warm"], *setup["jobs"]):
        module, _, function = path.partition(":")
        try:
            found = importlib.import_module(module)
            if function:
                jobs[path] = getattr(found, function)
        except Exception as error:  # noqa: BLE001  # told to the parent, which says it to the operator
            line.send(Kind.NOT_READY, _encode({"path": path, "kind": type(error).__name__}))
            return
    # What was imported lives as long as this process: out of the collector's sight, a collection after each job costs
    # microseconds instead of 69 ms, a third of what a small delivery took.
    gc.collect()
    gc.freeze()
    line.send(Kind.READY)
    while True:
        try:
            _, payload = line.receive()
        except EOFError:
            return
        order = json.loads(payload)
        kind, answer = _run(jobs[order["path"]], Bench(line, order["sinks"]), order["args"])
        line.send(kind, answer)
        gc.collect()


def _run(job: Job, bench: Bench, args: dict[str, Any]) -> tuple[Kind, bytes]:
    try:
        answer = _encode(job(bench, args))
        if len(answer) > MAX_RESULT:
            raise ResultTooLong
    # Everything a job can raise, also SystemExit and the BaseException that a panic in Polars becomes.
    except BaseException as error:  # noqa: BLE001
        return Kind.FAILED, _encode({"kind": _kind(error), "where": _where(error, job)})
    return Kind.RESULT, answer


def _kind(error: BaseException) -> str:
    return "MemoryError" if isinstance(error, MemoryError) else type(error).__name__


def _where(error: BaseException, job: Job) -> str:
    """`module:line` of the innermost frame in the job's own package or ours; never a library's, which says nothing."""
    ours = (job.__module__.partition(".")[0], "gmsd_")
    own = [f"{module}:{line}" for module, line in _places(error.__traceback__) if module.startswith(ours)]
    if own:
        return own[-1]
    code = getattr(job, "__code__", None)
    return f"{job.__module__}:{code.co_firstlineno if code else 0}"


def _places(trace: TracebackType | None) -> list[tuple[str, int]]:
    places = []
    while trace is not None:
        places.append((str(trace.tb_frame.f_globals.get("__name__", "?")), trace.tb_lineno))
        trace = trace.tb_next
    return places


def _encode(answer: dict[str, Any]) -> bytes:
    return json.dumps(answer).encode()


if __name__ == "__main__":
    try:
        main(int(sys.argv[1]))
    except MemoryError:  # so short that not even the failure could be told
        os._exit(OUT_OF_MEMORY)
