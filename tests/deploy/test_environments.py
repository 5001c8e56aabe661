"""Each service stands alone: its own lock, contracts and chassis are enough to start and become ready."""

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
from joserfc.jwk import ECKey, KeySet

from gmsd_chassis.bus.topics import ensure_topics
from gmsd_cli.local.ports import free_block
from gmsd_contracts.topics import SERVICES, TOPICS
from tests.support.process import ZONES, make_keys

ROOT = Path(__file__).parents[2]


def uv(*arguments: str) -> None:
    done = subprocess.run([sys.executable, "-m", "uv", *arguments], capture_output=True, text=True, cwd=ROOT)
    assert done.returncode == 0, done.stderr[-3000:]


def environment(folder: Path, lock: Path | None, packages: list[str]) -> Path:
    """A new virtual environment with a lock and packages of ours; its Python."""
    uv("venv", "--quiet", "--python", sys.executable, str(folder))
    python = folder / "bin" / "python"
    if lock is not None:
        uv("pip", "install", "--quiet", "--python", str(python), "--require-hashes", "-r", str(lock))
    for package in packages:
        flags = ["--no-deps", "--no-build-isolation"] if lock is not None else []
        uv("pip", "install", "--quiet", "--python", str(python), *flags, str(ROOT / package))
    return python


def test_contracts_install_on_their_own(tmp_path: Path) -> None:
    python = environment(tmp_path / "venv", None, ["contracts"])
    code = "import gmsd_contracts.generate, gmsd_contracts.catalogue; print(len(gmsd_contracts.generate.documents()))"
    done = subprocess.run([python, "-c", code], capture_output=True, text=True, cwd=tmp_path)
    assert int(done.stdout) > 40, done.stderr


@pytest.mark.broker
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_starts_with_its_own_group_only(service: str, kafka: str, tmp_path: Path) -> None:
    python = await asyncio.to_thread(
        environment,
        tmp_path / "venv",
        ROOT / "services" / service / "requirements.lock",
        ["contracts", "chassis", f"services/{service}"],
    )
    await ensure_topics(kafka, TOPICS.values())
    port = free_block(1)
    process = await asyncio.to_thread(_start, python, service, kafka, port, tmp_path)
    try:
        async with httpx.AsyncClient() as client:
            for _ in range(600):
                assert process.poll() is None, (tmp_path / "log").read_text()[-3000:]
                try:
                    ready = await client.get(f"http://127.0.0.1:{port}/health/ready")
                except httpx.TransportError:
                    ready = None
                if ready is not None and ready.status_code == 200:
                    break
                await asyncio.sleep(0.1)
            else:
                raise AssertionError((tmp_path / "log").read_text()[-3000:])
            others = (set(SERVICES) - {service}) | {"cli", "nation"}
            code = f"import importlib.util as u; print([n for n in {sorted(others)} if u.find_spec('gmsd_' + n)])"
            found = await asyncio.to_thread(_say, python, code, tmp_path)
            assert found.strip() == "[]"
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, 60)
    assert process.returncode == 0


def _say(python: Path, code: str, folder: Path) -> str:
    return subprocess.check_output([python, "-c", code], cwd=folder, text=True)


def _start(python: Path, service: str, kafka: str, port: int, root: Path) -> "subprocess.Popen[bytes]":
    make_keys(root / "keks")
    for name in ("pseudonym.key", "rounding.key"):
        (root / name).write_bytes(os.urandom(32))
    keys = KeySet([ECKey.generate_key("P-256", {"use": "sig", "kid": "test"})])
    (root / "jwks.json").write_text(json.dumps(keys.as_dict(private=False)))
    extra = {
        "intake": {"GMSD_JWKS": str(root / "jwks.json"), "GMSD_DISK_MIN_FREE_BYTES": "0"},
        "linkage": {"GMSD_PSEUDONYM_KEY": str(root / "pseudonym.key")},
        "aggregation": {"GMSD_WAREHOUSE_MIGRATIONS": str(ROOT / "deploy/clickhouse/aggregation")},
        "publication": {
            "GMSD_JWKS": str(root / "jwks.json"),
            "GMSD_ROUNDING_KEY": str(root / "rounding.key"),
        },
    }
    variables = {key: value for key, value in os.environ.items() if not key.startswith(("GMSD_", "PYTHON"))}
    variables |= {
        "GMSD_KAFKA_BOOTSTRAP": kafka,
        "GMSD_KEYS_DIR": str(root / "keys"),
        "GMSD_STATE_DIR": str(root / "state"),
        "GMSD_INSTANCE": f"alone-{root.name[-12:]}",
        "GMSD_PORT": str(port),
        **{
            f"GMSD_KEK_{zone.value.upper()}": str(root / "keks" / f"{zone.value}.kek")
            for zone in ZONES[service]
        },
        **extra.get(service, {}),
    }
    with (root / "log").open("wb") as log:
        return subprocess.Popen(
            [python, "-m", f"gmsd_{service}"], env=variables, cwd=root, stdout=log, stderr=log
        )
