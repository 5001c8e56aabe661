"""Apache Kafka on this machine: one node, formatted once, started from its jars."""

import asyncio
import base64
import os
import shutil
import subprocess
import threading
import uuid
from pathlib import Path

from gmsd_cli.local.cluster import Cluster, coordinates_groups, describe
from gmsd_cli.local.errors import BrokerFailed, DiskFull, ForeignState, StateUnwritable
from gmsd_cli.local.jars import Progress, fetch_jars
from gmsd_cli.local.java import find_java
from gmsd_cli.local.places import jar_cache, jars_lock
from gmsd_cli.local.ports import require_free
from gmsd_cli.local.process import Process, end_leftover, last_line
from gmsd_cli.local.properties import NODE_ID, parse, render, server_properties
from gmsd_cli.settings import Settings

FREE_BYTES = 1024**3
"""Less room than this and a broker may halt halfway a segment: refuse before it starts."""
START_SECONDS = 90.0
"""2-5 s on an idle machine; recovery after kill -9 of a full disk on a busy two-core machine takes most of a minute."""
STOP_SECONDS = 30.0
"""A controlled shutdown takes 1-3 s; after this, SIGKILL, which costs only recovery time at the next start."""


class LocalKafka:
    """One combined KRaft broker and controller on 127.0.0.1, with its state in one directory.

    `state_dir` holds server.properties, data/ and log/; `port` is the clients' port. The node survives kill -9 without losing what
    it acknowledged (the page cache belongs to the operating system); it does not survive power loss.
    """

    def __init__(
        self,
        state_dir: Path,
        port: int,
        controller_port: int,
        settings: Settings | None = None,
        progress: Progress | None = None,
    ) -> None:
        """Settings come from the environment when None; `progress` hears of jars that are fetched."""
        self.state_dir = state_dir.resolve()
        self.port = port
        self.controller_port = controller_port
        self.cluster: Cluster | None = None
        self._settings = settings or Settings.from_environment()
        self._progress = progress
        self._jars: list[Path] = []
        self._process: Process | None = None

    @property
    def bootstrap(self) -> str:
        return f"127.0.0.1:{self.port}"

    @property
    def process(self) -> Process | None:
        """The broker's process, None before the first start."""
        return self._process

    @property
    def pid(self) -> int | None:
        return self._process.pid if self._process and self._process.alive else None

    async def start(self, within: float = START_SECONDS) -> Cluster:
        """Format when new, start, and return once the broker answers. A second call while it runs changes nothing.

        Raises LocalError (see errors.py); a state directory that is not this broker's is left as it was.
        """
        if self.cluster is not None and self.pid is not None:
            return self.cluster
        await self.launch()
        return await self.ready(within)

    async def launch(self) -> Process:
        """Everything up to the running process; it may not answer yet. What a supervisor calls to start it again."""
        java = await asyncio.to_thread(find_java, self._settings.java)
        if not self._jars:
            self._jars = await self._fetch_jars()
        await asyncio.to_thread(end_leftover, self._record)
        require_free(self.port, "Kafka")
        require_free(self.controller_port, "Kafka-controller")
        self._prepare()
        if not (self._data / "meta.properties").exists():
            await asyncio.to_thread(self._format, java)
        argv = [*self._jvm(java), f"-Xmx{self._settings.heap_mb}m", "kafka.Kafka", str(self._config)]
        self._process = Process(
            "kafka", argv, _environment(), self.state_dir / "log" / "console.log", self._record
        )
        return self._process

    async def _fetch_jars(self) -> list[Path]:
        lock, cache = jars_lock(self._settings), jar_cache(self._settings, self.state_dir)
        give_up = threading.Event()
        try:
            return await asyncio.to_thread(
                fetch_jars, lock, cache, self._settings.mirror, self._progress, give_up
            )
        except asyncio.CancelledError:
            # the thread outlives the task, and the event loop waits for its threads at the end
            give_up.set()
            raise

    async def ready(self, within: float = START_SECONDS) -> Cluster:
        """Wait until the broker answers an API call. Raises BrokerFailed when it dies or stays silent."""
        process = self._process
        if process is None:
            raise RuntimeError("ready() before launch()")
        deadline = asyncio.get_running_loop().time() + within
        while asyncio.get_running_loop().time() < deadline:
            if not process.alive:
                why = last_line(self._log) or process.last_words()
                raise BrokerFailed(f"Kafka stopte bij het starten ({_shorten(why)}); zie {self._log}.")
            self.cluster = await describe(self.bootstrap)
            if self.cluster is not None and await coordinates_groups(self.bootstrap):
                return self.cluster
            await asyncio.sleep(0.1)
        raise BrokerFailed(f"Kafka gaf na {within:.0f} seconden geen antwoord; zie {self._log}.")

    async def stop(self, grace: float = STOP_SECONDS) -> None:
        """Controlled shutdown by SIGTERM, SIGKILL after `grace` seconds. Harmless when it does not run."""
        if self._process is not None:
            await self._process.stop(grace)

    def kill(self) -> None:
        """SIGKILL, as a crash would."""
        if self._process is not None:
            self._process.kill()

    @property
    def _data(self) -> Path:
        return self.state_dir / "data"

    @property
    def _config(self) -> Path:
        return self.state_dir / "server.properties"

    @property
    def _log(self) -> Path:
        return self.state_dir / "log" / "kafka.log"

    @property
    def _record(self) -> Path:
        return self.state_dir / "kafka.pid"

    def _prepare(self) -> None:
        """Directories, room, ownership and configuration; touches nothing of a state that is not ours."""
        try:
            self._data.mkdir(parents=True, exist_ok=True)
            (self.state_dir / "log").mkdir(exist_ok=True)
            free = shutil.disk_usage(self._data).free
            if free < FREE_BYTES:
                raise DiskFull(
                    f"Er is te weinig schijfruimte voor Kafka in {self.state_dir}: {free // 2**20} MiB vrij, "
                    f"{FREE_BYTES // 2**20} MiB nodig."
                )
            self._require_own_data()
            properties = server_properties(self._data, self.port, self.controller_port)
            self._config.write_text(render(properties), encoding="ascii")
        except OSError as e:
            why = os.strerror(e.errno or 0)
            raise StateUnwritable(f"De map {self.state_dir} is niet te schrijven ({why}).") from e

    def _require_own_data(self) -> None:
        meta = self._data / "meta.properties"
        if meta.exists():
            found = parse(meta.read_text(encoding="utf-8", errors="replace"))
            if found.get("node.id") != str(NODE_ID) or not found.get("cluster.id"):
                raise ForeignState(
                    f"{self._data} hoort bij een ander Kafka-cluster (node.id {found.get('node.id', 'ontbreekt')}); "
                    "kies een andere map met --state."
                )
        elif any(child.is_dir() for child in self._data.iterdir()):
            raise ForeignState(
                f"{self._data} bevat topics maar geen meta.properties en wordt niet overschreven; "
                "zet dat bestand terug of kies een andere map met --state."
            )

    def _format(self, java: Path) -> None:
        """Write the cluster's identity. An interrupted format is repeated: without meta.properties nothing was formatted."""
        argv = [*self._jvm(java), "-Xmx128m", "kafka.tools.StorageTool", "format"]
        argv += ["--ignore-formatted", "-t", new_cluster_id(), "-c", str(self._config)]
        done = subprocess.run(
            argv, env=_environment(), capture_output=True, text=True, timeout=120, check=False
        )
        if done.returncode != 0:
            lines = (done.stderr or done.stdout).strip().splitlines()
            raise BrokerFailed(
                f"Kafka kon {self._data} niet inrichten ({_shorten(lines[-1] if lines else '')})."
            )

    def _jvm(self, java: Path) -> list[str]:
        return [
            str(java),
            "-server",
            "-Djava.awt.headless=true",
            # a broker out of heap hangs half alive; dead, it is started again
            "-XX:+ExitOnOutOfMemoryError",
            "-XX:-UsePerfData",
            # starts and recovers with a fifth less processor time, and moves bytes as fast: the work is copying, not code
            "-XX:TieredStopAtLevel=1",
            # zstd-jni, lz4 and snappy load native code; Java 24+ prints a warning for each otherwise
            "--enable-native-access=ALL-UNNAMED",
            f"-Dlog4j2.configurationFile={Path(__file__).parent / 'log4j2.xml'}",
            f"-Dgmsd.kafka.log={self._log}",
            "-cp",
            os.pathsep.join(str(jar) for jar in self._jars),
        ]


def new_cluster_id() -> str:
    """A random Kafka Uuid: 22 URL-safe base64 characters that do not start with '-' (it would read as an option)."""
    while (candidate := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode("ascii").rstrip("=")).startswith(
        "-"
    ):
        continue
    return candidate


def _environment() -> dict[str, str]:
    """The environment of a JVM: ours, without gmsd's own settings (a key's path is none of the broker's business)."""
    return {key: value for key, value in os.environ.items() if not key.startswith("GMSD_")}


def _shorten(text: str) -> str:
    return text[:200] or "zonder melding"
