"""The platform: starts in order, restarts what dies, refuses what cannot work, and leaves nothing running."""

import asyncio
import os
import signal
import socket
import sys
import time
import uuid
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import psutil
import pytest

from gmsd_cli.local import supervisor
from gmsd_cli.local.cluster import describe
from gmsd_cli.local.errors import (
    AlreadyRunning,
    BrokerFailed,
    ForeignState,
    PortInUse,
    SecretDamaged,
    ServiceMisconfigured,
    ServiceNotReady,
    StateUnwritable,
)
from gmsd_cli.local.places import Layout
from gmsd_cli.local.ports import free_block
from gmsd_cli.local.services import IDENTIFYING, SERVICES, ServiceSpec, environment
from gmsd_cli.local.supervisor import LocalPlatform
from gmsd_cli.settings import Settings
from gmsd_contracts.topics import LINKS, Topic

TINY = str(Path(__file__).with_name("tiny_service.py"))


def tiny(name: str, offset: int, *args: str) -> ServiceSpec:
    return ServiceSpec(
        name, (sys.executable, TINY, *args), offset, {**IDENTIFYING, "GMSD_EXTRA": "{state}/x"}
    )


def topic() -> Topic:
    return replace(LINKS, name=f"links.{uuid.uuid4().hex[:8]}", partitions=1)


def platform_on(kafka: str, state: Path, *services: ServiceSpec, **more: object) -> LocalPlatform:
    options = {"services": services, "topics": [topic()], "settings": Settings(bootstrap=kafka), **more}
    return LocalPlatform(state, free_block(11), **options)  # type: ignore[arg-type]


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(120):
        while not condition():  # noqa: ASYNC110 - what is awaited happens in another process
            await asyncio.sleep(0.05)


async def about(platform: LocalPlatform, name: str) -> dict[str, str]:
    async with httpx.AsyncClient(trust_env=False) as client:
        answer = await client.get(platform.url(name))
        return dict(answer.json())


async def started_again(platform: LocalPlatform, name: str, before: int) -> None:
    await until(lambda: platform.pid(name) not in (None, before))
    await platform.wait_ready()


def running_under(state: Path, within: float = 10.0) -> list[str]:
    """Command lines of live processes that have anything of this state directory in their environment or arguments.

    Asked again for a while as long as there are any: a killed process stays in the list until the kernel has reaped it.
    """
    end = time.monotonic() + within
    while (found := _running_now(state)) and time.monotonic() < end:
        time.sleep(0.1)
    return found


def _running_now(state: Path) -> list[str]:
    found = []
    for process in psutil.process_iter(["cmdline", "environ", "status"]):
        words = [*(process.info["cmdline"] or []), *(process.info["environ"] or {}).values()]
        if process.info["status"] != psutil.STATUS_ZOMBIE and any(str(state) in word for word in words):
            found.append(" ".join(process.info["cmdline"] or []))
    return found


@pytest.mark.broker
async def test_a_whole_platform_with_its_own_broker(tmp_path: Path) -> None:
    base = free_block(11)
    said: list[str] = []
    platform = LocalPlatform(
        tmp_path,
        base,
        {"one": {"GMSD_MORE": "yes"}},
        services=[tiny("one", 1), tiny("two", 2)],
        topics=[topic()],
        settings=Settings(),
        notice=said.append,
    )
    async with platform:
        assert platform.bootstrap == f"127.0.0.1:{base + 9}"
        one = await about(platform, "one")
        expected = {
            "GMSD_KAFKA_BOOTSTRAP": platform.bootstrap,
            "GMSD_KEYS_DIR": str(tmp_path / "keyring"),
            "GMSD_INSTANCE": "one-0",
            "GMSD_PORT": str(base + 1),
            "GMSD_STATE_DIR": str(tmp_path / "services" / "one"),
            "GMSD_KEK_IDENTIFYING": str(tmp_path / "keks" / "identifying.kek"),
            "GMSD_EXTRA": str(tmp_path / "services" / "one" / "x"),
            "GMSD_MORE": "yes",
        }
        assert {key: value for key, value in one.items() if key.startswith("GMSD_")} == expected

        platform.kill("two")
        broker = platform.pid("kafka")
        assert broker is not None
        platform.kill("kafka")
        await started_again(platform, "two", int((await about(platform, "one"))["pid"]))
        await started_again(platform, "kafka", broker)
        assert await describe(platform.bootstrap) is not None
        assert (platform.restarts("one"), platform.restarts("two"), platform.restarts("kafka")) == (0, 1, 1)
        assert (await about(platform, "one"))["pid"] == one["pid"]

        with pytest.raises(AlreadyRunning, match=f"proces {psutil.Process().pid}"):
            await LocalPlatform(tmp_path, free_block(11), settings=Settings()).start()
        assert await about(platform, "one") == one
    assert running_under(tmp_path) == []
    assert {"one", "two", "kafka"} <= platform.peak_memory().keys()
    assert all(size > 10**6 for size in platform.peak_memory().values())
    assert any("two stopte (signaal 9)" in sentence for sentence in said)


@pytest.mark.broker
async def test_a_killed_service_comes_back_and_its_workers_do_not_stay(kafka: str, tmp_path: Path) -> None:
    async with platform_on(kafka, tmp_path, tiny("one", 1)) as platform:
        for _ in range(2):
            before = await about(platform, "one")
            platform.kill("one")
            await started_again(platform, "one", int(before["pid"]))
            assert (
                not psutil.pid_exists(int(before["worker"]))
                or psutil.Process(int(before["worker"])).status() == psutil.STATUS_ZOMBIE
            )
        assert platform.restarts("one") == 2
    assert running_under(tmp_path) == []


@pytest.mark.broker
async def test_refused_settings_stop_everything_with_the_service_s_sentence(
    kafka: str, tmp_path: Path
) -> None:
    platform = platform_on(kafka, tmp_path, tiny("good", 1), tiny("bad", 2, "refuse"))
    with pytest.raises(
        ServiceMisconfigured, match="^bad weigert te starten: GMSD_VERKEERD is geen instelling"
    ) as caught:
        await platform.start()
    assert caught.value.exit_code == 78
    assert platform.restarts("bad") == 0
    assert running_under(tmp_path) == []


@pytest.mark.broker
async def test_refused_settings_after_a_restart_end_the_wait(kafka: str, tmp_path: Path) -> None:
    async with platform_on(kafka, tmp_path, tiny("good", 1), tiny("bad", 2, "refuse2")) as platform:
        platform.kill("bad")
        with pytest.raises(ServiceMisconfigured, match="^bad weigert"):
            await asyncio.wait_for(platform.wait(), 120)
    assert running_under(tmp_path) == []


@pytest.mark.broker
async def test_a_service_that_never_gets_ready_is_named(kafka: str, tmp_path: Path) -> None:
    platform = platform_on(kafka, tmp_path, tiny("good", 1), tiny("slow", 2, "silent"), ready_within=1.5)
    with pytest.raises(ServiceNotReady, match=r"^Niet gereed: slow \(.*slow\.log"):
        await platform.start()
    assert running_under(tmp_path) == []


@pytest.mark.broker
async def test_a_service_that_keeps_dying_is_named_by_its_last_words(kafka: str, tmp_path: Path) -> None:
    spec = ServiceSpec("broken", (sys.executable, "-m", "no_such_service"), 1)
    with pytest.raises(ServiceNotReady, match="broken: 5 keer herstart, .*No module named no_such_service"):
        await platform_on(kafka, tmp_path, tiny("good", 2), spec).start()
    assert running_under(tmp_path) == []


@pytest.mark.broker
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
async def test_a_signal_stops_everything_cleanly(kafka: str, tmp_path: Path, number: signal.Signals) -> None:
    script = (
        "import asyncio, pathlib, sys\n"
        "from gmsd_cli.commands.up import run\n"
        "from gmsd_cli.local.services import ServiceSpec\n"
        "from gmsd_cli.local.supervisor import LocalPlatform\n"
        f"specs = [ServiceSpec('one', (sys.executable, {TINY!r}), 1)]\n"
        f"state = pathlib.Path({str(tmp_path)!r})\n"
        f"asyncio.run(run(LocalPlatform(state, {free_block(11)}, services=specs, topics=[])))\n"
    )
    child = await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        script,
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, "GMSD_KAFKA_BOOTSTRAP": kafka},
    )
    assert child.stdout is not None
    async with asyncio.timeout(120):
        while b"Alles is gereed" not in await child.stdout.readline():
            assert child.returncode is None
        child.send_signal(number)
        said, _ = await child.communicate()
    assert child.returncode == 0
    assert said.decode().splitlines()[-1] == "Gestopt."
    assert running_under(tmp_path) == []


@pytest.mark.broker
async def test_a_cancelled_start_leaves_nothing(kafka: str, tmp_path: Path) -> None:
    platform = platform_on(kafka, tmp_path, tiny("slow", 1, "silent"))
    start = asyncio.create_task(platform.start())
    await until(lambda: bool(running_under(tmp_path)))
    start.cancel()
    with pytest.raises(asyncio.CancelledError):
        await start
    assert running_under(tmp_path) == []
    async with platform_on(kafka, tmp_path, tiny("slow", 1)):
        pass


@pytest.mark.broker
async def test_a_port_in_use_is_named_before_anything_starts(kafka: str, tmp_path: Path) -> None:
    platform = platform_on(kafka, tmp_path, tiny("good", 1), tiny("late", 5))
    with socket.socket() as s:
        s.bind(("127.0.0.1", platform.port("late")))
        s.listen()
        with pytest.raises(PortInUse, match=rf"Poort {platform.port('late')} \(late\)"):
            await platform.start()
    assert not (tmp_path / "keks").exists()
    assert not (tmp_path / "logs").exists()


@pytest.mark.broker
async def test_state_of_another_cluster_or_without_its_keys_is_refused(kafka: str, tmp_path: Path) -> None:
    async with platform_on(kafka, tmp_path, tiny("one", 1)):
        pass
    known = (tmp_path / "cluster-id").read_text()
    (tmp_path / "cluster-id").write_text("another\n")
    with pytest.raises(ForeignState, match=r"cluster another en niet bij"):
        await platform_on(kafka, tmp_path, tiny("one", 1)).start()
    (tmp_path / "cluster-id").write_text(known)
    (tmp_path / "keks" / "pseudonym.key").unlink()
    with pytest.raises(SecretDamaged, match=r"pseudonym\.key ontbreekt"):
        await platform_on(kafka, tmp_path, tiny("one", 1)).start()


@pytest.mark.broker
async def test_a_file_that_cannot_be_written_is_named_and_all_is_stopped(kafka: str, tmp_path: Path) -> None:
    (tmp_path / "platform.json" / "x").mkdir(parents=True)
    with pytest.raises(StateUnwritable, match=f"De map {tmp_path} is niet te schrijven"):
        await platform_on(kafka, tmp_path, tiny("one", 1)).start()
    assert running_under(tmp_path) == []


async def test_a_named_broker_that_does_not_answer_is_named(tmp_path: Path) -> None:
    address = f"127.0.0.1:{free_block(1)}"
    with pytest.raises(BrokerFailed, match=f"Op {address} "):
        await platform_on(address, tmp_path, tiny("one", 1)).start()


@pytest.mark.broker
async def test_what_a_killed_supervisor_left_is_ended_by_the_next(kafka: str, tmp_path: Path) -> None:
    first = platform_on(kafka, tmp_path, tiny("one", 1))
    base = first.port_base
    script = (
        "import asyncio, pathlib, sys\n"
        "from gmsd_cli.local.services import ServiceSpec\n"
        "from gmsd_cli.local.supervisor import LocalPlatform\n"
        "from gmsd_cli.settings import Settings\n"
        "async def main():\n"
        f"    spec = ServiceSpec('one', (sys.executable, {TINY!r}), 1)\n"
        f"    p = LocalPlatform(pathlib.Path({str(tmp_path)!r}), {base}, services=[spec], topics=[],\n"
        f"        settings=Settings(bootstrap={kafka!r}))\n"
        "    async with p: print(p.pid('one'), flush=True); await asyncio.sleep(600)\n"
        "asyncio.run(main())\n"
    )
    supervisor = await asyncio.create_subprocess_exec(
        sys.executable, "-c", script, stdout=asyncio.subprocess.PIPE
    )
    assert supervisor.stdout is not None
    orphan = int(await asyncio.wait_for(supervisor.stdout.readline(), 120))
    supervisor.kill()
    await supervisor.wait()
    assert psutil.pid_exists(orphan)
    async with first:
        assert not psutil.pid_exists(orphan)


def test_each_service_gets_the_keys_of_its_zones_and_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GMSD_PSEUDONYM_KEY", "/leaked")
    monkeypatch.setenv("GMSD_ROUNDING_KEY", "/leaked")
    keys = {
        spec.name: {
            name
            for name in environment(spec, Layout(tmp_path), "b:1", 1, {})
            if "KEK" in name or name.endswith("_KEY")
        }
        for spec in SERVICES
    }
    identifying, pseudonymous, statistical = (
        "GMSD_KEK_IDENTIFYING",
        "GMSD_KEK_PSEUDONYMOUS",
        "GMSD_KEK_STATISTICAL",
    )
    assert keys == {
        "intake": {identifying},
        "validation": {identifying},
        "linkage": {identifying, pseudonymous, "GMSD_PSEUDONYM_KEY"},
        "aggregation": {pseudonymous, statistical},
        "publication": {statistical, "GMSD_ROUNDING_KEY"},
    }
    dsn = {s.name: environment(s, Layout(tmp_path), "b:1", 1, {}).get("GMSD_WAREHOUSE_DSN") for s in SERVICES}
    assert {name for name, value in dsn.items() if value} == {"aggregation"}
    assert dsn["aggregation"] == f"chdb://{tmp_path}/services/aggregation/warehouse"


async def test_leftovers_get_the_time_that_a_service_needs_and_the_broker_goes_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = LocalPlatform(tmp_path, free_block(11), settings=Settings(bootstrap="127.0.0.1:1"))
    platform.layout.run.mkdir(parents=True)
    for name in ("intake", "kafka", "validation"):
        (platform.layout.run / f"{name}.pid").touch()
    ended: list[tuple[str, float]] = []

    def end(record: Path, grace: float) -> bool:
        ended.append((record.stem, grace))
        return True

    monkeypatch.setattr(supervisor, "end_leftover", end)
    await platform._end_leftovers()
    assert sorted(ended[:2]) == [("intake", 60.0), ("validation", 60.0)]
    assert ended[2:] == [("kafka", 60.0)]
