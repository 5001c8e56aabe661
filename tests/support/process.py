"""One service as a real process, with keys of its own."""

import asyncio
import os
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

import httpx

from gmsd_cli.local.ports import free_block
from gmsd_contracts.zones import Zone

ZONES = {
    "intake": (Zone.IDENTIFYING,),
    "validation": (Zone.IDENTIFYING,),
    "linkage": (Zone.IDENTIFYING, Zone.PSEUDONYMOUS),
    "aggregation": (Zone.PSEUDONYMOUS, Zone.STATISTICAL),
    "publication": (Zone.STATISTICAL,),
}


class ServiceProcess:
    """A started `python -m gmsd_<name>`."""

    def __init__(self, name: str, port: int, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.url = f"http://127.0.0.1:{port}"
        self.process = process
        self.log = log

    def kill(self) -> None:
        """SIGKILL, by pid."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait()

    async def ready(self, seconds: float = 60) -> None:
        """Wait for /health/ready; fails with the log when the process ended."""
        async with httpx.AsyncClient() as client:
            for _ in range(int(seconds * 10)):
                if self.process.poll() is not None:
                    raise AssertionError(f"{self.name} ended: {self.log.read_text()[-4000:]}")
                try:
                    if (await client.get(f"{self.url}/health/ready")).status_code == 200:
                        return
                except httpx.TransportError:
                    pass
                await asyncio.sleep(0.1)
        raise AssertionError(f"{self.name} was not ready in {seconds} s: {self.log.read_text()[-4000:]}")


def make_keys(folder: Path) -> dict[Zone, bytes]:
    """Key-encryption keys as files `<zone>.kek` in a folder, made once, and their bytes; beside them `rounding.key`."""
    folder.mkdir(parents=True, exist_ok=True)
    rounding = folder / "rounding.key"
    if not rounding.exists():
        rounding.write_bytes(os.urandom(32))
    keys = {}
    for zone in (Zone.IDENTIFYING, Zone.PSEUDONYMOUS, Zone.STATISTICAL):
        path = folder / f"{zone.value}.kek"
        if not path.exists():
            path.write_bytes(os.urandom(32))
        keys[zone] = path.read_bytes()
    return keys


def _start(name: str, environment: Mapping[str, str], log: Path) -> "subprocess.Popen[bytes]":
    with log.open("ab") as out:
        return subprocess.Popen(
            [sys.executable, "-m", f"gmsd_{name}"], env=environment, stdout=out, stderr=out
        )


@asynccontextmanager
async def service(
    name: str, bootstrap: str, root: Path, extra: Mapping[str, str] | None = None
) -> AsyncIterator[ServiceProcess]:
    """Start a service with keys under `root/keks` and the key ring under `root/keys`; SIGTERM at the end."""
    make_keys(root / "keks")
    port = free_block(1)
    state = root / name
    state.mkdir(parents=True, exist_ok=True)
    environment = {key: value for key, value in os.environ.items() if not key.startswith("GMSD_")}
    environment |= {
        "GMSD_KAFKA_BOOTSTRAP": bootstrap,
        "GMSD_KEYS_DIR": str(root / "keys"),
        "GMSD_STATE_DIR": str(state),
        "GMSD_PORT": str(port),
        **{
            f"GMSD_KEK_{zone.value.upper()}": str(root / "keks" / f"{zone.value}.kek") for zone in ZONES[name]
        },
        **({"GMSD_ROUNDING_KEY": str(root / "keks" / "rounding.key")} if name == "publication" else {}),
        **(extra or {}),
    }
    log = state / "service.log"
    process = _start(name, environment, log)
    started = ServiceProcess(name, port, process, log)
    try:
        await started.ready()
        yield started
    finally:
        if process.poll() is None:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
