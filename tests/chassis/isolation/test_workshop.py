"""The workshop: what goes through it, and what its child is told."""

import asyncio
import hashlib
import os

import psutil
import pytest

from gmsd_chassis.isolation import Workshop
from tests.chassis.isolation.support import JOBS, MIB, NOTHING, Sink, is_alive, source, works


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


async def test_a_job_nobody_declared_is_refused(workshop: Workshop) -> None:
    with pytest.raises(KeyError):
        await workshop.run("os:system", {}, read=NOTHING)


async def test_a_workshop_can_be_stopped_and_started(workshop: Workshop) -> None:
    pid = (await workshop.run("say_pid", {"seconds": 0}, read=NOTHING, sinks={"out": Sink()}))["pid"]
    await workshop.stop()
    assert not is_alive(pid)
    await workshop.stop()
    await works(workshop)
