"""The broker's jars: fetched once by coordinate, trusted only by hash."""

import hashlib
import os
import random
import shutil
import tempfile
import threading
from collections.abc import Callable
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
    lock: Path, cache: Path, mirror: str | None = None, progress: Progress | None = None
) -> list[Path]:
    """Paths of every jar in `lock`, each present in `cache` with the right hash; what is missing is fetched.

    No network is touched when all are there. A cached file with another hash (a torn copy, a failing disk) is deleted and
    fetched anew. `mirror` is the base URL of a Maven repository used instead of Maven Central.
    Raises JarUnavailable, JarDamaged, LockUnreadable, StateUnwritable.
    """
    jars = read_lock(lock)
    missing = [jar for jar in jars if not _is_good(cache / jar.filename, jar)]
    done = len(jars) - len(missing)
    if missing:
        try:
            cache.mkdir(parents=True, exist_ok=True)
            staging = Path(tempfile.mkdtemp(prefix=".fetch-", dir=cache))
        except OSError as e:
            raise StateUnwritable(
                f"De map {cache} is niet te schrijven ({os.strerror(e.errno or 0)})."
            ) from e
        try:
            _fetch_all(missing, staging, cache, mirror, lambda n: progress and progress(done + n, len(jars)))
        finally:
            shutil.rmtree(staging, ignore_errors=True)
    return [cache / jar.filename for jar in jars]


def _is_good(path: Path, jar: Jar) -> bool:
    if not path.is_file():
        return False
    if sha256(path) == jar.sha256:
        return True
    path.unlink(missing_ok=True)
    return False


def _fetch_all(
    missing: list[Jar], staging: Path, cache: Path, mirror: str | None, report: Callable[[int], object]
) -> None:
    """Fetch in parallel; the first failure stops the others at their next attempt, so that no network is told once."""
    context = MavenContext(
        repo_cache=staging, local_repos=[], remote_repos={"mirror": mirror.rstrip("/")} if mirror else None
    )
    given_up = threading.Event()
    with ThreadPoolExecutor(THREADS, thread_name_prefix="jars") as pool:
        futures = [pool.submit(_fetch, context, jar, staging, cache, given_up) for jar in missing]
        try:
            for n, future in enumerate(as_completed(futures), start=1):
                future.result()
                report(n)
        except BaseException:
            given_up.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _fetch(context: MavenContext, jar: Jar, staging: Path, cache: Path, given_up: threading.Event) -> None:
    """Fetch one jar into the cache. Returns without it only when another jar's failure has ended the whole fetch."""
    for attempt in range(ATTEMPTS):
        if given_up.is_set():
            return
        try:
            found = context.project(jar.group, jar.artifact).at_version(jar.version).artifact().resolve()
        except (requests.RequestException, OSError, RuntimeError) as e:
            # jgo leaves a half-written file where it would look first on the next attempt
            shutil.rmtree(staging / Path(*jar.group.split(".")) / jar.artifact, ignore_errors=True)
            if attempt == ATTEMPTS - 1:
                raise JarUnavailable(
                    f"{jar.coordinate} kon niet worden opgehaald ({type(e).__name__}); controleer het netwerk "
                    "of wijs met GMSD_MAVEN_MIRROR een Maven-spiegel aan."
                ) from e
            given_up.wait(BACKOFF_SECONDS * 2**attempt * random.uniform(0.7, 1.3))
            continue
        if sha256(found) != jar.sha256:
            found.unlink()
            raise JarDamaged(
                f"{jar.coordinate} is niet het bestand dat de lijst noemt (andere sha256) en is verwijderd; "
                "controleer de spiegel of het netwerk en probeer opnieuw."
            )
        os.replace(found, cache / jar.filename)
        return
