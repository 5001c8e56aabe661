"""Jobs that raise, die, loop, are cancelled: how it is told, and that the next job never notices."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncGenerator
from pathlib import Path

import psutil
import pytest

from gmsd_chassis.errors import ConfigError, ContentExpired, TryLater, Unprocessable
from gmsd_chassis.isolation import JobFailed, WorkerDied, Workshop
from tests.chassis.isolation import jobs as jobs_module
from tests.chassis.isolation.support import JOBS, NOTHING, ROOT, Sink, dies, is_alive, source, works


@pytest.mark.parametrize(
    ("job", "kind", "module"),
    [
        ("raise_secret", "ValueError", "jobs"),
        ("raise_in_library", "InvalidOperationError", "jobs"),
        ("leave", "SystemExit", "jobs"),
        ("unknown_sink", "KeyError", "bench"),
        ("too_long_a_result", "ResultTooLong", "jobs"),
        ("write_file", "OSError", "jobs"),
    ],
)
async def test_a_job_that_raises_is_told_by_type_and_place_only(
    workshop: Workshop, tmp_path: Path, job: str, kind: str, module: str
) -> None:
    path = tmp_path / "leak"
    with pytest.raises(JobFailed) as caught:
        await workshop.run(job, {"path": str(path)}, read=NOTHING, sinks={"out": Sink()})
    failed = caught.value
    place, line = failed.where.rsplit(":", 1)
    assert failed.kind == kind and place.endswith(f".{module}") and int(line) > 0
    assert jobs_module.SECRET not in str(failed) + repr(failed.__cause__) + repr(failed.__context__)
    assert not path.exists() or path.stat().st_size == 0
    await works(workshop)


@pytest.mark.parametrize(
    ("job", "kind", "code"),
    [
        ("devour", "memory", None),
        ("reserve", "memory", None),
        ("reserve_in_polars", "memory", None),
        ("segfault", "signal", 11),
        ("exit_at_once", "exit", 7),
    ],
)
async def test_a_job_that_dies_is_told_how(workshop: Workshop, job: str, kind: str, code: int | None) -> None:
    with pytest.raises(WorkerDied) as caught:
        await workshop.run(job, {}, read=NOTHING, sinks={"out": Sink()})
    assert (caught.value.kind, caught.value.code) == (kind, code)
    await works(workshop)


@pytest.mark.parametrize("job", ["loop", "loop_in_c"])
async def test_a_job_without_end_is_ended(job: str) -> None:
    async with Workshop(jobs=JOBS, seconds=0.5, warm=()) as workshop:
        with pytest.raises(WorkerDied) as caught:
            await workshop.run(job, {}, read=NOTHING)
        assert caught.value.kind == "time"
        await works(workshop)


async def test_a_slow_reader_is_not_the_jobs_fault() -> None:
    async def slow() -> AsyncGenerator[bytes, None]:
        for _ in range(3):
            await asyncio.sleep(0.5)
            yield b"x"

    async with Workshop(jobs=JOBS, seconds=1, warm=()) as workshop:
        answer = await workshop.run("echo", {}, read=slow, sinks={"out": Sink()})
        assert answer["size"] == 3


async def test_what_a_job_started_dies_with_it() -> None:
    sink = Sink()
    async with Workshop(jobs=JOBS, seconds=1.5, warm=()) as workshop:
        with pytest.raises(WorkerDied):
            await workshop.run("sleep_with_grandchild", {}, read=NOTHING, sinks={"out": sink})
        await dies(int(sink.data))


@pytest.mark.parametrize(
    "error", [Unprocessable("no_such_encoding"), ContentExpired("gone"), TryLater("broker_away")]
)
async def test_what_the_reader_raises_comes_through_unchanged(workshop: Workshop, error: Exception) -> None:
    with pytest.raises(type(error)) as caught:
        await workshop.run("echo", {}, read=source(b"abc", then=error), sinks={"out": Sink()})
    assert caught.value is error
    await works(workshop)


async def test_what_a_sink_raises_comes_through_unchanged(workshop: Workshop) -> None:
    error = TryLater("broker_away")
    with pytest.raises(TryLater) as caught:
        await workshop.run("echo", {}, read=source(b"abc"), sinks={"out": Sink(fail=error)})
    assert caught.value is error
    await works(workshop)


async def test_a_cancelled_job_ends_and_the_next_passes(workshop: Workshop) -> None:
    sink = Sink()
    task = asyncio.create_task(workshop.run("say_pid", {"seconds": 1000}, read=NOTHING, sinks={"out": sink}))
    while not sink.data:  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert not is_alive(int(sink.data))
    await works(workshop)


async def test_a_child_that_died_between_two_jobs_is_nobodys_fault(workshop: Workshop) -> None:
    pid = (await workshop.run("say_pid", {"seconds": 0}, read=NOTHING, sinks={"out": Sink()}))["pid"]
    psutil.Process(pid).kill()
    while is_alive(pid):  # noqa: ASYNC110
        await asyncio.sleep(0.01)
    await works(workshop)


@pytest.mark.parametrize("path", ["no_such_module:job", f"{jobs_module.__name__}:no_such_job"])
async def test_a_job_that_cannot_be_imported_is_named(path: str) -> None:
    with pytest.raises(ConfigError, match=path):
        await Workshop(jobs={"job": path}).start()


async def test_the_child_does_not_outlive_a_killed_parent(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import asyncio, json, sys\n"
        "from gmsd_chassis.isolation import Workshop\n"
        "class Say:\n"
        "    async def write(self, data): print(data.decode(), flush=True)\n"
        "async def nothing():\n"
        "    return\n"
        "    yield b''\n"
        "async def main():\n"
        "    async with Workshop(jobs=json.loads(sys.argv[1])) as workshop:\n"
        "        await workshop.run('say_pid', {'seconds': 1000}, read=nothing, sinks={'out': Say()})\n"
        "asyncio.run(main())\n"
    )
    parent = await asyncio.create_subprocess_exec(
        sys.executable,
        str(script),
        json.dumps({"say_pid": JOBS["say_pid"]}),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONPATH": os.pathsep.join((os.environ.get("PYTHONPATH", ""), str(ROOT)))},
    )
    assert parent.stdout is not None
    child = int(await parent.stdout.readline())
    assert is_alive(child)
    parent.kill()
    await parent.wait()
    await dies(child)
