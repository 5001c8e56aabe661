"""Where a service listens, who may read what there, and what it says when it cannot start."""

import socket
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from gmsd_chassis import service
from gmsd_chassis.bus.attempts import Attempts
from gmsd_chassis.bus.fold_store import FoldStore
from gmsd_chassis.bus.inbox import SETTLE_SECONDS
from gmsd_chassis.errors import EX_CONFIG, EX_TEMPFAIL, ConfigError
from gmsd_chassis.serving import HTTP_DRAIN_SECONDS
from gmsd_cli.local.ports import free_block

from .test_service import Tiny


@pytest.fixture
def tiny(tmp_path: Path) -> Iterator[Tiny]:
    """Without a log: alive, not ready."""
    tiny = Tiny(f"127.0.0.1:{free_block(1)}", tmp_path)
    yield tiny
    if tiny.process is not None and tiny.process.poll() is None:
        tiny.process.kill()
        tiny.process.wait()


async def test_with_a_management_port_the_public_reads_neither_metrics_nor_readiness(tiny: Tiny) -> None:
    inside = free_block(1)
    tiny.environment["GMSD_MANAGEMENT_PORT"] = str(inside)
    process = tiny.start()
    await tiny.answers("/health/live", 200)
    for path in ("/metrics", "/health/ready"):
        answer = await tiny.get(path)
        assert answer is not None
        assert (answer.status_code, answer.json()["title"]) == (503, "De dienst start op"), (
            "as any other path"
        )
        assert "gmsd_" not in answer.text
    public, tiny.port = tiny.port, inside
    assert await tiny.status("/health/live") == 200
    assert await tiny.status("/health/ready") == 503
    assert await tiny.status("/telling/x") == 404
    metrics = await tiny.get("/metrics")
    assert metrics is not None and "gmsd_service_starts 1.0" in metrics.text
    process.terminate()
    tiny.port = public
    assert await tiny.exit_code() == 0


async def test_its_files_are_its_own(tiny: Tiny, tmp_path: Path) -> None:
    process = tiny.start()
    await tiny.answers("/health/live", 200)
    process.terminate()
    assert await tiny.exit_code() == 0
    made = [tmp_path / "state", *(tmp_path / "state").iterdir()]
    assert len(made) > 1
    assert [path for path in made if stat.S_IMODE(path.stat().st_mode) & 0o077] == []


async def _sentence(tiny: Tiny, code: int) -> str:
    tiny.start()
    assert await tiny.exit_code() == code
    text = tiny.errors.read_text()
    assert "Traceback" not in text
    return text.splitlines()[-1]


async def test_a_taken_port_is_one_sentence_and_worth_a_restart(tiny: Tiny) -> None:
    with socket.create_server(("127.0.0.1", tiny.port)):
        sentence = await _sentence(tiny, EX_TEMPFAIL)
    assert sentence.startswith(f"Port {tiny.port} (GMSD_PORT) is taken")


async def test_a_state_directory_that_cannot_be_made_is_one_sentence(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    tiny.environment["GMSD_STATE_DIR"] = str(tmp_path / "file" / "state")
    sentence = await _sentence(tiny, EX_CONFIG)
    assert sentence.startswith(f"{tmp_path}/file/state cannot be made")
    assert "GMSD_STATE_DIR" in sentence


async def test_what_is_refused_after_the_start_is_the_last_sentence(tiny: Tiny, tmp_path: Path) -> None:
    (tmp_path / "state" / "attempts.sqlite").mkdir(parents=True)
    sentence = await _sentence(tiny, EX_CONFIG)
    assert sentence.startswith(f"{tmp_path}/state/attempts.sqlite cannot be opened")


@pytest.mark.parametrize("store", [Attempts, lambda path: FoldStore(path, [])])
def test_a_file_that_is_no_store_is_refused_by_name(store: object, tmp_path: Path) -> None:
    (tmp_path / "s.sqlite").write_bytes(b"not what SQLite wrote, and long enough to tell" * 100)
    with pytest.raises(ConfigError, match=r"s\.sqlite is not what we wrote"):
        store(tmp_path / "s.sqlite")  # type: ignore[operator]


def test_the_last_resort_comes_after_every_handler_had_its_time() -> None:
    drained = HTTP_DRAIN_SECONDS + service.DRAIN_SECONDS + SETTLE_SECONDS
    assert drained + 5 <= service.GONE_SECONDS < 60
