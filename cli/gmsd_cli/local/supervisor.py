"""The whole platform on one machine: the broker, its topics, the keys, and the services, kept alive until stopped."""

import asyncio
import contextlib
import json
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from pathlib import Path
from types import TracebackType

from gmsd_chassis.bus.topics import DeclaredTopic
from gmsd_cli.local.cluster import describe, recognise
from gmsd_cli.local.errors import BrokerFailed, ServiceNotReady, StateUnwritable
from gmsd_cli.local.files import write_private
from gmsd_cli.local.jars import Progress
from gmsd_cli.local.kafka import STOP_SECONDS as KAFKA_STOP_SECONDS
from gmsd_cli.local.kafka import LocalKafka
from gmsd_cli.local.keeper import Keeper, Notice
from gmsd_cli.local.keys import ensure_secrets
from gmsd_cli.local.lock import StateLock
from gmsd_cli.local.memory import PeakMemory
from gmsd_cli.local.places import Layout
from gmsd_cli.local.ports import require_free
from gmsd_cli.local.process import Process, end_leftover, last_line, trim_log
from gmsd_cli.local.readiness import all_answer, not_answering
from gmsd_cli.local.services import SERVICES, ServiceSpec, environment
from gmsd_cli.local.topics import make_topics
from gmsd_cli.settings import Settings
from gmsd_contracts.topics import TOPICS

DEFAULT_PORT_BASE = 8400
KAFKA_OFFSET, CONTROLLER_OFFSET = 9, 10
"""Ports count from the base: +1..+5 the services, +9 the broker, +10 its controller."""
HOPELESS_AFTER = 5
"""Restarts of one service before the platform was ever ready: some 5 s of trying, then its last words are worth more than patience."""
READY_SECONDS = 120.0
"""Five Python services start in some 10 s on two idle cores; a replay of a large log or a busy machine takes longer."""
SERVICE_STOP_SECONDS = 60.0
"""A service drains what it holds, commits and gives back the rest in some 35 s; after this SIGKILL, which counts as a death
of the delivery it was at, and three of those put it aside."""
SAMPLE_SECONDS = 1.0


def _silent(sentence: str) -> None:
    """The default notice: nobody listens."""


class LocalPlatform:
    """`async with LocalPlatform(state_dir) as platform:` runs gmsd; leaving stops it, services first and the broker last.

    `overrides` adds settings per service: {"publication": {"GMSD_…": "…"}}. With a bootstrap address in `settings`
    (GMSD_KAFKA_BOOTSTRAP) no broker is started. Everything it makes lies under `state_dir`.
    """

    def __init__(
        self,
        state_dir: Path,
        port_base: int = DEFAULT_PORT_BASE,
        overrides: Mapping[str, Mapping[str, str]] | None = None,
        *,
        services: Sequence[ServiceSpec] = SERVICES,
        topics: Iterable[DeclaredTopic] | None = None,
        settings: Settings | None = None,
        notice: Notice = _silent,
        jar_progress: Progress | None = None,
        ready_within: float = READY_SECONDS,
    ) -> None:
        self.layout = Layout(state_dir.resolve())
        self.port_base = port_base
        self.overrides = overrides or {}
        self.services = {spec.name: spec for spec in services}
        self._topics = TOPICS.values() if topics is None else topics
        self._notice = notice
        self._ready_within = ready_within
        self._lock = StateLock(self.layout.run / "lock")
        settings = settings or Settings.from_environment()
        self._kafka = (
            None
            if settings.bootstrap
            else LocalKafka(
                self.layout.kafka,
                port_base + KAFKA_OFFSET,
                port_base + CONTROLLER_OFFSET,
                settings,
                jar_progress,
            )
        )
        self._bootstrap = settings.bootstrap or f"127.0.0.1:{port_base + KAFKA_OFFSET}"
        self._broker: Keeper | None = None
        self._keepers: dict[str, Keeper] = {}
        self._memory = PeakMemory()
        self._background: list[asyncio.Task[None]] = []

    @property
    def bootstrap(self) -> str:
        """host:port of the broker."""
        return self._bootstrap

    def port(self, service: str) -> int:
        return self.port_base + self.services[service].port_offset

    def url(self, service: str) -> str:
        """Where a service answers, without a slash at the end."""
        return f"http://127.0.0.1:{self.port(service)}"

    def pid(self, name: str) -> int | None:
        """The process of a service or of `kafka`; None when it does not run now."""
        process = self._keeper(name).process
        return process.pid if process is not None and process.alive else None

    def restarts(self, name: str) -> int:
        """How often a service or `kafka` was started again."""
        return self._keeper(name).restarts

    def kill(self, name: str) -> None:
        """SIGKILL a service or `kafka`, as a crash would; it will be started again."""
        process = self._keeper(name).process
        if process is not None:
            process.kill()

    def peak_memory(self) -> dict[str, int]:
        """Highest resident bytes per process so far, sampled each second, descendants included."""
        return self._memory.bytes()

    async def start(self) -> None:
        """Return once every service is ready. Whatever goes wrong, all that was started is stopped before the error is raised.

        Raises LocalError.
        """
        try:
            self._make(self.layout.root)
            self._lock.acquire()
            await self._start()
        except OSError as e:
            await self.stop()
            why = os.strerror(e.errno or 0)
            raise StateUnwritable(f"De map {self.layout.root} is niet te schrijven ({why}).") from e
        except BaseException:
            await self.stop()
            raise

    async def _start(self) -> None:
        await self._end_leftovers()
        for spec in self.services.values():
            require_free(self.port(spec.name), spec.name)
        layout = self.layout
        self._make(layout.logs, layout.run, layout.keyring, *map(layout.service, self.services))
        ensure_secrets(self.layout)
        await self._start_broker()
        await make_topics(self._bootstrap, self._topics, self._notice)
        self._publish_addresses()
        for spec in self.services.values():
            self._keepers[spec.name] = Keeper(spec.name, self._launcher(spec), self._notice)
            await self._start_service(self._keepers[spec.name])
        self._background.append(asyncio.create_task(self._sample(), name="sample memory"))
        await self._wait_ready(restarts=HOPELESS_AFTER)

    async def wait_ready(self) -> None:
        """Return once the broker and every service answer, for instance after a kill. Raises LocalError."""
        await self._wait_ready()

    async def wait(self) -> None:
        """Return when the platform is stopped; raise LocalError when a service refuses its settings after a restart."""
        tasks = [keeper.task for keeper in self._all_keepers() if keeper.task is not None]
        if not tasks:
            await asyncio.Event().wait()
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()

    async def stop(self) -> None:
        """Stop everything: services first, together, then the broker. Harmless when it is called again."""
        for task in self._background:
            task.cancel()
        await asyncio.gather(*self._background, return_exceptions=True)
        self._background.clear()
        await asyncio.gather(*(keeper.stop(SERVICE_STOP_SECONDS) for keeper in self._keepers.values()))
        if self._broker is not None:
            await self._broker.stop(KAFKA_STOP_SECONDS)
        if self._kafka is not None:
            await self._kafka.stop()
        self._lock.release()

    async def __aenter__(self) -> "LocalPlatform":
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()

    def _keeper(self, name: str) -> Keeper:
        if name == "kafka" and self._broker is not None:
            return self._broker
        return self._keepers[name]

    def _all_keepers(self) -> list[Keeper]:
        return [*self._keepers.values(), *([self._broker] if self._broker else [])]

    def _make(self, *directories: Path) -> None:
        for directory in directories:
            # the owner's only: stores hold persons under pseudonym
            directory.mkdir(mode=0o700, parents=True, exist_ok=True)

    async def _end_leftovers(self) -> None:
        """A supervisor that was itself killed leaves its children running: end them, services before the broker."""
        records = sorted(self.layout.run.glob("*.pid"))
        broker = [record for record in records if record.stem == "kafka"]
        for group in ([record for record in records if record not in broker], broker):
            ended = await asyncio.gather(
                *(asyncio.to_thread(end_leftover, record, SERVICE_STOP_SECONDS) for record in group)
            )
            for record, was_running in zip(group, ended, strict=True):
                if was_running:
                    self._notice(f"{record.stem} draaide nog van een vorige keer en is gestopt.")

    async def _start_broker(self) -> None:
        if self._kafka is None:
            cluster = await describe(self._bootstrap, within=10.0)
            if cluster is None:
                raise BrokerFailed(f"Op {self._bootstrap} (GMSD_KAFKA_BOOTSTRAP) antwoordt geen Kafka.")
        else:
            self._broker = Keeper("kafka", self._kafka.launch, self._notice)
            await self._broker.start()
            cluster = await self._kafka.ready()
            self._notice(f"Kafka luistert op {self._bootstrap}.")
        recognise(cluster, self.layout.cluster_id)

    def _publish_addresses(self) -> None:
        addresses = {
            "bootstrap": self._bootstrap,
            "services": {name: self.url(name) for name in self.services},
        }
        write_private(self.layout.addresses, json.dumps(addresses, indent=1).encode())

    def _launcher(self, spec: ServiceSpec) -> Callable[[], Awaitable[Process]]:
        async def launch() -> Process:
            env = environment(
                spec, self.layout, self._bootstrap, self.port(spec.name), self.overrides.get(spec.name, {})
            )
            return Process(
                spec.name, spec.argv, env, self.layout.log(spec.name), self.layout.record(spec.name)
            )

        return launch

    async def _start_service(self, keeper: Keeper) -> None:
        try:
            await keeper.start()
        except OSError as e:
            raise ServiceNotReady(f"{keeper.name} kan niet worden gestart ({type(e).__name__}).") from e

    async def _wait_ready(self, restarts: int | None = None) -> None:
        """Until all answer, a service refuses its settings, one has been restarted `restarts` times, or time is up."""
        urls = {name: self.url(name) + spec.ready_path for name, spec in self.services.items()}
        answered = asyncio.create_task(all_answer(self._bootstrap, urls))
        refused = asyncio.create_task(self.wait())
        hopeless = asyncio.create_task(self._restarted(restarts))
        tasks = {answered, refused, hopeless}
        try:
            done, _ = await asyncio.wait(
                tasks, timeout=self._ready_within, return_when=asyncio.FIRST_COMPLETED
            )
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
        if refused in done:
            refused.result()
        if answered not in done:
            raise ServiceNotReady(await self._why_not_ready(urls))
        answered.result()

    async def _restarted(self, times: int | None) -> None:
        while times is None or all(keeper.restarts < times for keeper in self._keepers.values()):  # noqa: ASYNC110 - no event: a count
            await asyncio.sleep(SAMPLE_SECONDS / 2)

    async def _why_not_ready(self, urls: dict[str, str]) -> str:
        late = await not_answering(urls)
        if not late:
            return f"Kafka of een dienst was na {self._ready_within:.0f} seconden niet gereed; probeer het nog eens."
        worst = max(late, key=self.restarts)
        log = self.layout.log(worst)
        return (
            f"Niet gereed: {', '.join(late)} ({worst}: {self.restarts(worst)} keer herstart, "
            f"laatste melding: {last_line(log) or 'geen'}); zie {log}."
        )

    async def _sample(self) -> None:
        while True:
            running = {k.name: k.process.pid for k in self._all_keepers() if k.process and k.process.alive}
            await asyncio.to_thread(self._memory.sample, running)
            for name in self.services:
                with contextlib.suppress(OSError):
                    trim_log(self.layout.log(name))
            await asyncio.sleep(SAMPLE_SECONDS)
