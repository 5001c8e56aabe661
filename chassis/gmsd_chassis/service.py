"""A service as a process: inboxes, folds and background work under one supervisor, behind one HTTP server.

Order: HTTP listens (live, not ready) → start-up hooks → publisher → folds caught up → background work and inboxes → the
service's own HTTP paths open. SIGTERM: inboxes take nothing new, running handlers finish, requests end, hooks, exit 0.
A crash of anything ends the process with exit 70: the supervisor restarts it, and nothing half-done was committed.
"""

import asyncio
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from errno import EACCES, EEXIST, EISDIR, ENOENT, ENOTDIR, EPERM, EROFS
from typing import NoReturn

from aiokafka.errors import KafkaError
from faststream.asgi.types import ASGIApp
from faststream.kafka import KafkaBroker

from gmsd_chassis import logs
from gmsd_chassis.asgi import Hook, ServiceApp, no_addresses
from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.bus.fold import Fold
from gmsd_chassis.bus.fuse import FuseLimits
from gmsd_chassis.bus.inbox import SETTLE_SECONDS, Inbox, Wiring
from gmsd_chassis.bus.publisher import STALLED_SECONDS, Publisher
from gmsd_chassis.bus.quarantine import Quarantine
from gmsd_chassis.clock import Clock
from gmsd_chassis.errors import EX_CONFIG, EX_SOFTWARE, EX_TEMPFAIL, ConfigError, StartPostponed, TryLater
from gmsd_chassis.health import Check, Health
from gmsd_chassis.logs import log
from gmsd_chassis.metrics import STARTS
from gmsd_chassis.serving import HTTP_DRAIN_SECONDS, Probes, Servers, listen
from gmsd_chassis.settings import ServiceSettings
from gmsd_contracts.topics import Service as ServiceName
from gmsd_contracts.topics import quarantine_of

# A handler gets 20 s to finish, HTTP 10 s before that; both fit in the 60 s a supervisor waits before it kills.
DRAIN_SECONDS = 20.0
# After a crash the process must be gone whatever hangs: a broker that does not answer, a thread that computes. Not before
# the handlers that did not crash had their time and gave back what they did not finish: that would count as their death.
GONE_SECONDS = HTTP_DRAIN_SECONDS + DRAIN_SECONDS + SETTLE_SECONDS + 10.0
OBSERVE_SECONDS = 5.0
_SETTINGS_ERRORS = frozenset({EACCES, EPERM, EROFS, ENOENT, ENOTDIR, EISDIR, EEXIST})


class Service:
    """Everything one process runs. `http` is an ASGI app (FastAPI) for every path but /health/… and /metrics.

    `startup` hooks run before anything reads or writes the log and may raise TryLater (retried); `shutdown` hooks run last.
    `background` runs from the moment the folds are caught up until the end; one that raises crashes the process.
    `checks` are added to readiness. `stopping` is set on SIGTERM: long responses (SSE) watch it.
    """

    def __init__(
        self,
        *,
        name: ServiceName,
        settings: ServiceSettings,
        publisher: Publisher | None = None,
        inboxes: Sequence[Inbox] = (),
        folds: Sequence[Fold] = (),
        background: Sequence[Hook] = (),
        http: ASGIApp | None = None,
        checks: Mapping[str, Check] | None = None,
        startup: Sequence[Hook] = (),
        shutdown: Sequence[Hook] = (),
        clock: Clock | None = None,
    ) -> None:
        self.name = name
        self.settings = settings
        self.publisher = publisher or Publisher(
            settings.kafka_bootstrap, client_id=f"{name}-{settings.instance}"
        )
        self.health = Health()
        self.stopping = asyncio.Event()
        self.exit_code = 0
        self._inboxes, self._folds, self._background = tuple(inboxes), tuple(folds), tuple(background)
        self._startup, self._shutdown = tuple(startup), tuple(shutdown)
        self._http = http or no_addresses
        self._clock = clock or settings.clock()
        self._open = False
        self._tasks: list[asyncio.Task[None]] = []
        self._attempts: Attempts | None = None
        self._servers: Servers | None = None
        self._refused: ConfigError | None = None
        self._probes = Probes(self.health)
        inside = {} if settings.management_port is not None else self._probes.inside
        public = self._probes.live | inside
        self._broker = KafkaBroker(
            settings.kafka_bootstrap,
            client_id=f"{name}-{settings.instance}",
            # Publisher is the only producer: FastStream's would be a second connection that nobody uses.
            consumer_only=True,
            allow_auto_create_topics=False,
            graceful_timeout=DRAIN_SECONDS,
            logger=None,
        )
        self.app = ServiceApp(
            self._broker,
            logger=None,
            asgi_routes=list(public.items()),
        )
        self.app.up, self.app.down = self.start, self.stop
        self.app.fallback = lambda: self._http if self._open else None
        self._add_checks(checks or {})

    def run(self) -> int:
        """Serve until SIGTERM or a crash; returns the exit code. Raises ConfigError, StartPostponed."""
        logs.configure(self.name, self.settings.instance, logs.level_of(self.settings.log_level))
        # uvicorn raises the signal again after its own shutdown: it must find a handler that does nothing.
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: None)
        settings, management = self.settings, None
        settings.check()
        public = (self.app, listen(settings.host, settings.port, "GMSD_PORT"))
        if settings.management_port is not None:
            inside = listen(settings.host, settings.management_port, "GMSD_MANAGEMENT_PORT")
            management = (self._probes.management, inside)
        self._servers = Servers(public, management, self.begin_stop)
        asyncio.run(self._servers.serve())
        if self._refused is not None:
            raise self._refused
        return self.exit_code

    async def start(self) -> None:
        """Begin; returns at once, so that /health answers while the rest comes up."""
        self._spawn("service", self._come_up)

    async def stop(self) -> None:
        """Drain and close, in the reverse order of start."""
        self.begin_stop()
        await self._broker.stop()
        for inbox in self._inboxes:
            await inbox.settled()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.publisher.stop()
        for hook in self._shutdown:
            await hook()
        for fold in self._folds:
            fold.store.close()
        if self._attempts is not None:
            self._attempts.close()
        log.info("stopped")

    def begin_stop(self) -> None:
        """Take nothing new; what runs may finish."""
        self.stopping.set()
        for inbox in self._inboxes:
            inbox.stop()

    def crash(self, reason: str, error: BaseException) -> None:
        """End the process. Only the type of the error is logged."""
        if self.exit_code:
            return
        if isinstance(error, ConfigError):
            self.exit_code, self._refused = EX_CONFIG, error
            log.critical("configuration_refused", sentence=error.sentence)
        else:
            self.exit_code = EX_SOFTWARE
            log.critical("crashed", reason=reason, error=error)
        if self._servers is not None:
            last = threading.Timer(GONE_SECONDS, self._be_gone)
            last.daemon = True
            last.start()
            self.begin_stop()
            self._servers.stop()

    def _be_gone(self) -> NoReturn:
        for inbox in self._inboxes:
            inbox.abandon()
        os._exit(self.exit_code)

    # -- coming up -------------------------------------------------------------------------------------------------

    async def _come_up(self) -> None:
        log.info("starting", port=self.settings.port)
        self._attempts = Attempts(self.settings.state_dir / "attempts.sqlite", self._clock)
        STARTS.set(await self._attempts.started())
        for hook in self._startup:
            await self._patiently(hook)
        await self.publisher.start()
        self._spawn("observe", self._observe)
        for fold in self._folds:
            self._spawn(f"fold {fold.name}", fold.run)
        for fold in self._folds:
            await fold.wait_caught_up()
        self._open = True
        for number, work in enumerate(self._background):
            self._spawn(getattr(work, "__qualname__", f"background {number}"), work)
        await self._start_inboxes()

    async def _start_inboxes(self) -> None:
        if not self._inboxes or self._attempts is None:
            return
        limits = FuseLimits(self.settings.fuse_consecutive, self.settings.fuse_ratio)
        quarantine = Quarantine(quarantine_of(self.name), self.publisher, self._clock)
        wiring = Wiring(
            self._broker, self.settings.instance, self.publisher, quarantine, self._attempts, self.crash
        )
        for inbox in self._inboxes:
            await inbox.attach(wiring, limits)
        await self._patiently(self._start_broker)
        for inbox in self._inboxes:
            inbox.watch()

    async def _start_broker(self) -> None:
        try:
            await self._broker.start()
        except KafkaError as error:
            log.warning("log_unreachable", error=error)
            await self._broker.stop()
            raise TryLater("log_unreachable") from error

    async def _patiently(self, hook: Hook) -> None:
        backoff, attempt = Backoff(), 0
        while True:
            try:
                await hook()
            except TryLater as later:
                attempt += 1
                log.warning("start_retried", reason=later.reason, attempt=attempt)
                await asyncio.sleep(backoff.delay(attempt, later.after))
            else:
                return

    async def _observe(self) -> None:
        while True:
            for inbox in self._inboxes:
                await inbox.observe()
            for fold in self._folds:
                await fold.observe()
            await self.health.ready()
            await asyncio.sleep(OBSERVE_SECONDS)

    def _spawn(self, name: str, work: Hook) -> None:
        async def guarded() -> None:
            try:
                await work()
            except asyncio.CancelledError:
                raise
            except BaseException as error:  # noqa: BLE001 - whatever ends a part of the service ends the service
                self.crash(f"{name} failed", error)

        self._tasks.append(asyncio.create_task(guarded(), name=name))

    # -- health ----------------------------------------------------------------------------------------------------

    def _add_checks(self, checks: Mapping[str, Check]) -> None:
        self.health.add("service", self._service_problem)
        self.health.add("publisher", self._publisher_problem)
        for inbox in self._inboxes:
            self.health.add(f"inbox {inbox.group}", inbox.problem)
        for fold in self._folds:
            self.health.add(f"fold {fold.name}", fold.problem)
        for name, check in checks.items():
            self.health.add(name, check)

    async def _service_problem(self) -> str | None:
        if self.exit_code or self.stopping.is_set():
            return "stopping"
        return None if self._open else "starting"

    async def _publisher_problem(self) -> str | None:
        stalled = self.publisher.stalled
        return f"no acknowledgement for {stalled:.0f} s" if stalled > STALLED_SECONDS else None


def run_service(factory: Callable[[], Service]) -> NoReturn:
    """What `__main__` calls: build, run, exit. What an operator has to change or wait for is one sentence on stderr."""
    # Folds and spools are the owner's alone, whatever the shell or the image says.
    os.umask(0o077)
    try:
        code = _built(factory).run()
    except ConfigError as error:
        print(error.sentence, file=sys.stderr)
        sys.exit(EX_CONFIG)
    except StartPostponed as error:
        print(error.sentence, file=sys.stderr)
        sys.exit(EX_TEMPFAIL)
    sys.exit(code)


def _built(factory: Callable[[], Service]) -> Service:
    try:
        return factory()
    except OSError as error:
        if error.errno not in _SETTINGS_ERRORS:
            raise
        place = error.filename if isinstance(error.filename, str) else "a file or directory of the settings"
        why = error.strerror or type(error).__name__
        raise ConfigError(
            f"{place} cannot be used: {why}; give it to the user this service runs as"
        ) from None
