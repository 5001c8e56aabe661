"""The broker's jars: fetched once by coordinate, trusted only by hash."""

import hashlib
import os
import random
import shutil
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path

import requests
from jgo.maven import MavenContext

from gmsd_cli.local.errors import JarDamaged, JarUnavailable, LockUnreadable, StateUnwritable

THREADS = 8
"""46 small files: latency bound. Measured 3-8 s with 8 threads; more threads made a public repository slow down."""
ATTEMPTS = 4
BACKOFF_SECONDS = 0.5
"""Doubles per attempt with jitter: about 4 s in all, so that a wifi hiccup passes and an absent network is told soon."""

Progress = Callable[[int, int], None]
"""Called with (jars ready, jars in all)."""


@dataclass(frozen=True, slots=True)
class Jar:
    """One line of the lock: Maven coordinates and the sha256 of the file, lower-case hex."""

    group: str
    artifact: str
    version: str
    sha256: str

    @property
    def filename(self) -> str:
        return f"{self.artifact}-{self.version}.jar"

    @property
    def coordinate(self) -> str:
        return f"{self.group}:{self.artifact}:{self.version}"


def read_lock(path: Path) -> list[Jar]:
    """The jars a lock file names, in its order (which is the class path's order).

    Each line is `group:artifact:version sha256:<64 hex digits>`. Raises LockUnreadable with the line number.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as e:
        raise LockUnreadable(
            f"De lijst met Kafka-bestanden {path} is niet te lezen ({type(e).__name__}); "
            "haal deploy/kafka/jars.lock terug uit de broncode."
        ) from e
    jars: list[Jar] = []
    for number, line in enumerate(lines, start=1):
        if not line.strip() or line.startswith("#"):
            continue
        jars.append(_parse(line, path, number))
    if not jars:
        raise LockUnreadable(f"De lijst met Kafka-bestanden {path} is leeg.")
    return jars


def _parse(line: str, path: Path, number: int) -> Jar:
    parts = line.split()
    coordinate = parts[0].split(":")
    digest = parts[1].removeprefix("sha256:") if len(parts) == 2 else ""
    hexadecimal = len(digest) == 64 and all(c in "0123456789abcdef" for c in digest)
    if len(coordinate) != 3 or not all(coordinate) or not hexadecimal:
        raise LockUnreadable(f"Regel {number} van {path} is geen `groep:naam:versie sha256:…`.")
    return Jar(coordinate[0], coordinate[1], coordinate[2], digest)


def sha256(path: Path) -> str:
    """The sha256 of a file, lower-case hex."""
    with path.open("rb") as f:
        return hashlib.file_digest(f, "sha256").hexdigest()


def fetch_jars(
    lock: Path,
    cache: Path,
    mirror: str | None = None,
    progress: Progress | None = None,
    give_up: threading.Event | None = None,
) -> list[Path]:
    """Paths of every jar in `lock`, each present in `cache` with the right hash; what is missing is fetched.

    No network is touched when all are there. A cached file with another hash (a torn copy, a failing disk) is deleted and
    fetched anew. `mirror` is the base URL of a Maven repository used instead of Maven Central. Setting `give_up` ends the fetch
    within one request's time-out (10 s). Raises JarUnavailable, JarDamaged, LockUnreadable, StateUnwritable.
    """
    jars = read_lock(lock)
    try:
        missing = [jar for jar in jars if not _is_good(cache / jar.filename, jar)]
        if missing:
            cache.mkdir(parents=True, exist_ok=True)
            _sweep(cache)
            staging = Path(tempfile.mkdtemp(prefix=".fetch-", dir=cache))
            try:
                fetch = _Fetch(staging, cache, mirror, give_up or threading.Event())
                for ready in fetch.all(missing):
                    if progress:
                        progress(len(jars) - len(missing) + ready, len(jars))
            finally:
                shutil.rmtree(staging, ignore_errors=True)
    except OSError as e:
        why = os.strerror(e.errno or 0)
        raise StateUnwritable(f"De map {cache} met Kafka-bestanden is niet te schrijven ({why}).") from e
    return [cache / jar.filename for jar in jars]


def _is_good(path: Path, jar: Jar) -> bool:
    if not path.is_file():
        return False
    if sha256(path) == jar.sha256:
        return True
    path.unlink(missing_ok=True)
    return False


def _sweep(cache: Path) -> None:
    """Remove what a killed fetch left behind. One that is an hour old is no longer running: a fetch ends within minutes."""
    for staging in cache.glob(".fetch-*"):
        if time.time() - staging.stat().st_mtime > 3600:
            shutil.rmtree(staging, ignore_errors=True)


class _Fetch:
    """One run of fetching: into `staging` first, so that the cache only ever holds whole, checked files."""

    def __init__(self, staging: Path, cache: Path, mirror: str | None, give_up: threading.Event) -> None:
        self._staging = staging
        self._cache = cache
        self._give_up = give_up
        repositories = {"mirror": mirror.rstrip("/")} if mirror else None
        self._maven = MavenContext(repo_cache=staging, local_repos=[], remote_repos=repositories)

    def all(self, jars: list[Jar]) -> Iterator[int]:
        """Fetch them in parallel; yields how many are there. The first failure stops the others at their next attempt."""
        with ThreadPoolExecutor(THREADS, thread_name_prefix="jars") as pool:
            futures = [pool.submit(self._one, jar) for jar in jars]
            try:
                for n, future in enumerate(as_completed(futures), start=1):
                    future.result()
                    yield n
            except BaseException:
                self._give_up.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _one(self, jar: Jar) -> None:
        for attempt in range(ATTEMPTS):
            if self._give_up.is_set():
                raise JarUnavailable("Het ophalen van Kafka is afgebroken.")
            try:
                found = (
                    self._maven.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
                )
            except (requests.RequestException, RuntimeError) as e:
                # jgo leaves a half-written file where it would look first on the next attempt
                shutil.rmtree(self._staging / Path(*jar.group.split(".")) / jar.artifact, ignore_errors=True)
                if attempt == ATTEMPTS - 1:
                    raise JarUnavailable(
                        f"{jar.coordinate} kon niet worden opgehaald ({type(e).__name__}); controleer het netwerk "
                        "of wijs met GMSD_MAVEN_MIRROR een Maven-spiegel aan."
                    ) from e
                self._give_up.wait(BACKOFF_SECONDS * 2**attempt * random.uniform(0.7, 1.3))
                continue
            if sha256(found) != jar.sha256:
                found.unlink()
                raise JarDamaged(
                    f"{jar.coordinate} is niet het bestand dat de lijst noemt (andere sha256) en is verwijderd; "
                    "controleer de spiegel of het netwerk en probeer opnieuw."
                )
            os.replace(found, self._cache / jar.filename)
            return
