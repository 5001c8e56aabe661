"""One child process: its end, its group, its log, and what a killed supervisor leaves behind."""

import os
import sys
import time
from pathlib import Path

import psutil
import pytest

from gmsd_cli.local.memory import PeakMemory, resident
from gmsd_cli.local.process import Process, end_leftover, last_line, trim_log

SLEEPER = "import time; time.sleep(600)"
PARENT = f"import subprocess, sys, time; p = subprocess.Popen([sys.executable, '-c', {SLEEPER!r}]); print(p.pid, flush=True); time.sleep(600)"


def start(tmp_path: Path, code: str) -> Process:
    argv = [sys.executable, "-c", code]
    return Process("child", argv, os.environ, tmp_path / "child.log", tmp_path / "child.pid")


def wait_for_size(log: Path, size: int) -> None:
    while log.stat().st_size < size:
        time.sleep(0.01)


def wait_for_output(process: Process) -> str:
    while not (words := process.last_words()):
        time.sleep(0.01)
    return words


async def test_stop_is_sigterm_and_then_sigkill(tmp_path: Path) -> None:
    assert await start(tmp_path, SLEEPER).stop(10) == -15
    deaf = start(
        tmp_path, f"import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); {SLEEPER}"
    )
    wait_for_output(deaf)
    assert await deaf.stop(0.2) == -9
    assert not (tmp_path / "child.pid").exists()


async def test_what_a_killed_child_leaves_in_its_group_is_ended(tmp_path: Path) -> None:
    parent = start(tmp_path, PARENT)
    worker = psutil.Process(int(wait_for_output(parent)))
    parent.kill()
    assert await parent.exited() == -9
    worker.wait(10)
    assert not worker.is_running()


async def test_memory_counts_descendants(tmp_path: Path) -> None:
    parent = start(tmp_path, PARENT)
    try:
        worker = int(wait_for_output(parent))
        total = resident({"parent": parent.pid, "gone": 2**22 + 1})
        alone = psutil.Process(parent.pid).memory_info().rss
        assert total["gone"] == 0
        assert total["parent"] >= alone + psutil.Process(worker).memory_info().rss // 2
        peak = PeakMemory()
        peak.sample({"parent": parent.pid})
        highest = peak.bytes()["parent"]
    finally:
        await parent.stop(5)
    peak.sample({"parent": parent.pid})
    assert peak.bytes()["parent"] == highest


async def test_a_leftover_is_ended_but_a_reused_pid_is_not(tmp_path: Path) -> None:
    child = start(tmp_path, SLEEPER)
    record = tmp_path / "child.pid"
    pid, created = record.read_text().split()
    other = tmp_path / "other.pid"
    other.write_text(f"{pid} {float(created) - 60}\n")
    assert end_leftover(other) is False
    assert child.alive
    assert not other.exists()
    assert end_leftover(record) is True
    assert not psutil.pid_exists(child.pid)
    assert end_leftover(record) is False


def test_a_leftover_that_ignores_sigterm_is_killed(tmp_path: Path) -> None:
    deaf = start(
        tmp_path, f"import signal; signal.signal(15, signal.SIG_IGN); print('ready', flush=True); {SLEEPER}"
    )
    wait_for_output(deaf)
    assert end_leftover(tmp_path / "child.pid", grace=0.2) is True
    assert not psutil.pid_exists(deaf.pid)


@pytest.mark.parametrize("text", ["", "rubbish", "1 2 3", "99999999 1.0"])
def test_an_unreadable_record_ends_nothing(tmp_path: Path, text: str) -> None:
    record = tmp_path / "x.pid"
    record.write_text(text)
    assert end_leftover(record) is False
    assert not record.exists()


def test_last_line_skips_json_and_what_earlier_runs_said(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("vorige keer\n")
    start = log.stat().st_size
    log.write_text('vorige keer\n{"event": 1}\nGeen geldige poort.\n{"event": 2}\n\n')
    assert last_line(log, start) == "Geen geldige poort."
    log.write_text('vorige keer\n{"event": 1}\n')
    assert last_line(log, start) == ""
    assert last_line(tmp_path / "none") == ""


def test_last_line_masks_what_may_be_a_bsn_and_knows_a_trimmed_log(tmp_path: Path) -> None:
    log = tmp_path / "x.log"
    log.write_text("ValueError: 999900006 in column 3\n")
    assert last_line(log, start=10**6) == "ValueError: ******** in column 3"


async def test_an_outgrown_log_is_moved_while_the_child_writes_on(tmp_path: Path) -> None:
    log = tmp_path / "child.log"
    writer = start(tmp_path, "import time\nfor n in range(10**6): print(n, flush=True); time.sleep(0.001)")
    try:
        wait_for_size(log, 500)
        trim_log(log, limit=400)
        assert (tmp_path / "child.log.1").stat().st_size >= 500
        before = log.stat().st_size
        wait_for_size(log, before + 1)
        assert b"\0" not in log.read_bytes()
    finally:
        await writer.stop(5)
