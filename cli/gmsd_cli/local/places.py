"""Where things lie: the lock file, the jar cache, and the default state directory."""

import os
from pathlib import Path

DEFAULT_STATE = Path("var/local")
"""Relative to the working directory, so that `make demo` keeps everything inside the checkout."""


def checkout() -> Path | None:
    """The root of the checkout this package runs from, or None when it was installed as a wheel."""
    root = Path(__file__).resolve().parents[3]
    return root if (root / "deploy" / "kafka" / "jars.lock").is_file() else None


def jars_lock() -> Path:
    """The list of the broker's jars. `GMSD_KAFKA_JARS_LOCK` names another.

    In the checkout a link to `deploy/kafka/jars.lock`, the one copy there is; in a wheel that file's content.
    """
    return Path(os.environ.get("GMSD_KAFKA_JARS_LOCK") or Path(__file__).parent / "jars.lock")


def jar_cache(state_dir: Path) -> Path:
    """The directory of fetched jars, shared by every state directory of a checkout: jars are no state.

    `GMSD_CACHE_DIR` names another parent; without a checkout it lies beside the state directory.
    """
    named = os.environ.get("GMSD_CACHE_DIR")
    if named:
        return Path(named) / "kafka"
    root = checkout()
    return (root / "var" / "cache" if root else state_dir.resolve().parent / "cache") / "kafka"
