"""Jars: trusted by hash only, no network when they are there, one sentence when there is none."""

import hashlib
import os
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from gmsd_cli.local import jars
from gmsd_cli.local.errors import JarDamaged, JarUnavailable, LockUnreadable, StateUnwritable
from gmsd_cli.local.jars import fetch_jars, read_lock
from gmsd_cli.local.places import jars_lock
from gmsd_cli.settings import Settings

NOWHERE = "http://127.0.0.1:9"
GOOD = b"a jar's bytes " * 1000


class Mirror(ThreadingHTTPServer):
    """A Maven repository of byte strings by path; `faults` answers to give first, per path."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), MirrorHandler)
        self.files: dict[str, bytes] = {}
        self.faults: dict[str, list[str]] = {}
        self.asked: list[str] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/maven"


class MirrorHandler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        path = self.path.removeprefix("/maven/")
        self.server.asked.append(path)
        faults = self.server.faults.get(path, [])
        fault = faults.pop(0) if faults else ""
        body = self.server.files.get(path)
        if body is None or fault == "503":
            self.send_response(503 if fault else 404)
            self.end_headers()
            return
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body[: len(body) // 2] if fault == "cut" else body)

    def log_message(self, format: str, *args: object) -> None:
        """Quiet."""


@pytest.fixture
def mirror(monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirror]:
    monkeypatch.setattr(jars, "BACKOFF_SECONDS", 0.01)
    server = Mirror()
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def write_lock(path: Path, *contents: bytes) -> Path:
    lines = [f"nl.test:part{n}:1.{n} sha256:{hashlib.sha256(c).hexdigest()}" for n, c in enumerate(contents)]
    path.write_text("\n".join(lines) + "\n")
    return path


def place(n: int) -> str:
    return f"nl/test/part{n}/1.{n}/part{n}-1.{n}.jar"


def test_fetches_in_lock_order_and_then_needs_no_network(tmp_path: Path, mirror: Mirror) -> None:
    contents = [GOOD + bytes([n]) for n in range(20)]
    (tmp_path / "cache" / ".fetch-killed").mkdir(parents=True)
    os.utime(tmp_path / "cache" / ".fetch-killed", (0, 0))
    lock = write_lock(tmp_path / "jars.lock", *contents)
    mirror.files = {place(n): c for n, c in enumerate(contents)}
    seen: list[tuple[int, int]] = []
    paths = fetch_jars(lock, tmp_path / "cache", mirror.url, lambda done, total: seen.append((done, total)))
    assert [p.read_bytes() for p in paths] == contents
    assert seen[-1] == (20, 20)
    assert fetch_jars(lock, tmp_path / "cache", NOWHERE) == paths
    assert sorted(p.name for p in (tmp_path / "cache").iterdir()) == sorted(p.name for p in paths)


def test_hash_mismatch_is_deleted_and_named(tmp_path: Path, mirror: Mirror) -> None:
    lock = write_lock(tmp_path / "jars.lock", GOOD, GOOD + b"1")
    mirror.files = {place(0): GOOD, place(1): b"something else"}
    with pytest.raises(JarDamaged, match=r"nl\.test:part1:1\.1 .* verwijderd"):
        fetch_jars(lock, tmp_path / "cache", mirror.url)
    assert not (tmp_path / "cache" / "part1-1.1.jar").exists()
    assert not [
        p for p in (tmp_path / "cache").rglob("*") if p.is_file() and p.read_bytes() == b"something else"
    ]


def test_a_damaged_cached_jar_is_fetched_anew(tmp_path: Path, mirror: Mirror) -> None:
    lock = write_lock(tmp_path / "jars.lock", GOOD)
    mirror.files = {place(0): GOOD}
    (path,) = fetch_jars(lock, tmp_path / "cache", mirror.url)
    path.write_bytes(GOOD[:-1])
    assert fetch_jars(lock, tmp_path / "cache", mirror.url)[0].read_bytes() == GOOD


@pytest.mark.parametrize("fault", ["503", "cut"])
def test_a_passing_fault_of_the_network_is_retried(tmp_path: Path, mirror: Mirror, fault: str) -> None:
    lock = write_lock(tmp_path / "jars.lock", GOOD)
    mirror.files, mirror.faults = {place(0): GOOD}, {place(0): [fault, fault]}
    assert fetch_jars(lock, tmp_path / "cache", mirror.url)[0].read_bytes() == GOOD
    assert mirror.asked.count(place(0)) == 3


def test_no_network_is_one_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(jars, "BACKOFF_SECONDS", 0.01)
    lock = write_lock(tmp_path / "jars.lock", *(GOOD + bytes([n]) for n in range(30)))
    with pytest.raises(JarUnavailable, match="GMSD_MAVEN_MIRROR"):
        fetch_jars(lock, tmp_path / "cache", NOWHERE)
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_fetch_that_is_given_up_ends_without_asking(tmp_path: Path, mirror: Mirror) -> None:
    lock = write_lock(tmp_path / "jars.lock", *(GOOD + bytes([n]) for n in range(30)))
    given_up = threading.Event()
    given_up.set()
    with pytest.raises(JarUnavailable, match="afgebroken"):
        fetch_jars(lock, tmp_path / "cache", mirror.url, give_up=given_up)
    assert mirror.asked == []
    assert list((tmp_path / "cache").iterdir()) == []


def test_a_cache_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateUnwritable, match="niet te schrijven"):
        fetch_jars(write_lock(tmp_path / "jars.lock", GOOD), tmp_path / "file" / "cache", NOWHERE)


@pytest.mark.parametrize(
    "line",
    ["nl.test:part 1 sha256:00", "nl.test:part:1", "a:b:1 sha256:" + "g" * 64, "a::1 sha256:" + "0" * 64],
)
def test_a_malformed_line_is_named_by_number(tmp_path: Path, line: str) -> None:
    lock = write_lock(tmp_path / "jars.lock", GOOD)
    lock.write_text(lock.read_text() + line + "\n")
    with pytest.raises(LockUnreadable, match="Regel 2"):
        read_lock(lock)


def test_an_absent_or_empty_lock_is_named(tmp_path: Path) -> None:
    with pytest.raises(LockUnreadable, match="niet te lezen"):
        read_lock(tmp_path / "none")
    (tmp_path / "empty").write_text("\n")
    with pytest.raises(LockUnreadable, match="leeg"):
        read_lock(tmp_path / "empty")


def test_the_lock_that_comes_with_gmsd_names_one_kafka() -> None:
    locked = read_lock(jars_lock(Settings()))
    kafka_versions = {jar.version for jar in locked if jar.group == "org.apache.kafka"}
    assert kafka_versions == {"4.2.1"}
    assert len({jar.filename for jar in locked}) == len(locked)
