"""The workshop: what goes through it, what dies in it, and that the next job never notices."""

import asyncio
import hashlib
import json
import os
import sys
from collections.abc import AsyncGenerator, AsyncIterator, Callable
from pathlib import Path
from types import TracebackType
from typing import Self
from uuid import uuid4

import psutil
import pytest

from gmsd_chassis.errors import ConfigError, ContentExpired, TryLater, Unprocessable
from gmsd_chassis.isolation import JobFailed, WorkerDied, Workshop
from gmsd_contracts.content import ContentRef
from tests.chassis.isolation import jobs as jobs_module

NAMES = [
    name
    for name, value in vars(jobs_module).items()
    if callable(value) and getattr(value, "__module__", "") == jobs_module.__name__
]
JOBS = {name: f"{jobs_module.__name__}:{name}" for name in NAMES}
MIB = 1024 * 1024


class Sink:
    """A ContentWriter that keeps, or only counts, what it is given."""

    def __init__(self, keep: bool = True, fail: Exception | None = None) -> None:
        self.content_id = uuid4()
        self.data = bytearray()
        self.size = 0
        self.peak = 0
        self._keep, self._fail = keep, fail

    async def write(self, data: bytes) -> None:
        if self._fail is not None:
            raise self._fail
        self.size += len(data)
        self.peak = max(self.peak, psutil.Process().memory_info().rss)
        if self._keep:
            self.data += data

    async def close(self, rows: int | None = None) -> ContentRef:
        raise NotImplementedError

    async def abort(self) -> None:
        raise NotImplementedError

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        return None


def source(*pieces: bytes, then: Exception | None = None) -> Callable[[], AsyncIterator[bytes]]:
    """A reader of these pieces, that raises at the end if it must."""

    async def read() -> AsyncGenerator[bytes, None]:
        for piece in pieces:
            yield piece
        if then is not None:
            raise then

    return read


NOTHING = source()


ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def jobs_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    """A service's jobs are installed; these are not."""
    monkeypatch.syspath_prepend(ROOT)


@pytest.fixture
async def workshop() -> AsyncIterator[Workshop]:
    # Not warm: two seconds of imports for each of thirty tests.
    async with Workshop(jobs=JOBS, memory_bytes=600 * MIB, seconds=60, warm=()) as shop:
        yield shop


async def works(workshop: Workshop) -> None:
    """The next job passes."""
    sink = Sink()
    assert (await workshop.run("echo", {"n": 1}, read=source(b"abc", b"def"), sinks={"out": sink}))[
        "size"
    ] == 6
    assert sink.data == b"abcdef"


async def test_jobs_follow_each_other_in_one_child(workshop: Workshop) -> None:
    pids = set()
    for _ in range(5):
        await works(workshop)
        sink = Sink()
        pids.add((await workshop.run("say_pid", {"seconds": 0}, read=NOTHING, sinks={"out": sink}))["pid"])
    assert len(pids) == 1 and os.getpid() not in pids


async def test_arguments_and_results_pass(workshop: Workshop) -> None:
    args = {"spec": "wmo/1", "limits": [1, 2.5, None], "naam": "gemeente Súdwest-Fryslân"}
    answer = await workshop.run("echo", args, read=NOTHING, sinks={"out": Sink()})
    assert answer == {"size": 0, "args": args}


async def test_content_can_be_read_again(workshop: Workshop) -> None:
    pieces = [os.urandom(300_000) for _ in range(7)] + [b"", os.urandom(3 * MIB)]
    answer = await workshop.run("digest_twice", {}, read=source(*pieces))
    assert answer["digests"] == [hashlib.sha256(b"".join(pieces)).hexdigest()] * 2


async def test_csv_becomes_arrow(workshop: Workshop) -> None:
    import pyarrow as pa

    rows = "".join(f"{number};x{number % 7}\n" for number in range(100_000)).encode()
    sink = Sink()
    answer = await workshop.run("arrow", {}, read=source(b"a;b\n", rows), sinks={"out": sink})
    table = pa.ipc.open_stream(pa.py_buffer(bytes(sink.data))).read_all()
    assert answer == {"rows": 100_000, "threads": 2}
    assert sum(table["a"].to_pylist()) == sum(range(100_000))


async def test_sinks_are_kept_apart(workshop: Workshop) -> None:
    even, odd = Sink(), Sink()
    await workshop.run("two_sinks", {}, read=NOTHING, sinks={"even": even, "odd": odd})
    assert even.data == b"".join(b"%d," % number for number in range(0, 100, 2))
    assert odd.data == b"".join(b"%d," % number for number in range(1, 100, 2))


async def test_200_mb_pass_through_a_parent_that_stays_small(workshop: Workshop) -> None:
    before = psutil.Process().memory_info().rss
    sink = Sink(keep=False)
    await workshop.run("generate", {"bytes": 200 * MIB}, read=NOTHING, sinks={"out": sink})
    through = Sink(keep=False)
    piece = os.urandom(MIB)
    answer = await workshop.run("echo", {}, read=source(*[piece] * 200), sinks={"out": through})
    assert sink.size == through.size == answer["size"] == 200 * MIB
    assert max(sink.peak, through.peak) - before < 60 * MIB


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
        assert not is_alive(int(sink.data))


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


async def test_jobs_asked_for_at_once_wait_for_each_other(workshop: Workshop) -> None:
    sinks = [Sink() for _ in range(5)]
    answers = await asyncio.gather(
        *(workshop.run("echo", {"n": n}, read=source(b"x" * n), sinks={"out": sinks[n]}) for n in range(5))
    )
    assert [answer["size"] for answer in answers] == [len(sink.data) for sink in sinks] == [0, 1, 2, 3, 4]


async def test_a_talkative_child_does_not_wait(workshop: Workshop) -> None:
    assert await workshop.run("babble", {}, read=NOTHING) == {}


async def test_the_child_is_told_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GMSD_KEK_IDENTIFYING", "00" * 32)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    async with Workshop(jobs=JOBS) as workshop:
        seen = await workshop.run("environment", {}, read=NOTHING)
    assert not [name for name in seen["variables"] if name.startswith(("GMSD", "AWS"))]
    assert seen["modules"] == ["polars", "pyarrow"]
    # stdin, stdout, stderr, the socket, and the directory being listed.
    assert seen["descriptors"] == 5


@pytest.mark.parametrize("path", ["no_such_module:job", f"{jobs_module.__name__}:no_such_job"])
async def test_a_job_that_cannot_be_imported_is_named(path: str) -> None:
    with pytest.raises(ConfigError, match=path):
        await Workshop(jobs={"job": path}).start()


async def test_a_job_nobody_declared_is_refused(workshop: Workshop) -> None:
    with pytest.raises(KeyError):
        await workshop.run("os:system", {}, read=NOTHING)


async def test_a_workshop_can_be_stopped_and_started(workshop: Workshop) -> None:
    children = psutil.Process().children()
    await workshop.stop()
    assert not [child for child in children if is_alive(child.pid)]
    await workshop.stop()
    await works(workshop)


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
    for _ in range(100):
        if not is_alive(child):
            return
        await asyncio.sleep(0.1)
    raise AssertionError("the child outlived its parent")


def is_alive(pid: int) -> bool:
    """Whether the process runs; one that only waits to be reaped does not."""
    try:
        return bool(psutil.Process(pid).status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False
