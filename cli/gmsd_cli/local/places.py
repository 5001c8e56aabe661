"""Where things lie: the lock file, the jar cache, and everything under a state directory."""

from dataclasses import dataclass
from pathlib import Path

from gmsd_cli.settings import Settings

DEFAULT_STATE = Path("var/local")
"""Relative to the working directory, so that `make demo` keeps everything inside the checkout."""


def jars_lock(settings: Settings) -> Path:
    """The list of the broker's jars.

    In the checkout a link to `deploy/kafka/jars.lock`, the one copy there is; in a wheel that file's content.
    """
    return settings.jars_lock or Path(__file__).parent / "jars.lock"


def jar_cache(settings: Settings, state_dir: Path) -> Path:
    """The directory of fetched jars. In a checkout all state directories share one, since jars are no state; else it lies
    beside the state directory."""
    if settings.cache_dir:
        return settings.cache_dir / "kafka"
    root = Path(__file__).resolve().parents[3]
    inside = (root / "deploy" / "kafka" / "jars.lock").is_file()
    return (root / "var" / "cache" if inside else state_dir.resolve().parent / "cache") / "kafka"


@dataclass(frozen=True, slots=True)
class Layout:
    """The state directory of one platform, by name."""

    root: Path

    @property
    def kafka(self) -> Path:
        return self.root / "kafka"

    @property
    def keks(self) -> Path:
        """Key-encryption keys, one per zone, the pseudonym key and the rounding key."""
        return self.root / "keks"

    @property
    def keyring(self) -> Path:
        """The directory key ring: wrapped data keys, one per content."""
        return self.root / "keyring"

    @property
    def auth(self) -> Path:
        """The token signing key and its public JWKS."""
        return self.root / "auth"

    @property
    def logs(self) -> Path:
        return self.root / "logs"

    @property
    def run(self) -> Path:
        """One file per running process, and the lock."""
        return self.root / "run"

    @property
    def cluster_id(self) -> Path:
        """The Kafka cluster this state belongs to, written after the first start."""
        return self.root / "cluster-id"

    @property
    def addresses(self) -> Path:
        """platform.json: where the broker and the services listen, for the other commands."""
        return self.root / "platform.json"

    def service(self, name: str) -> Path:
        """A service's own state."""
        return self.root / "services" / name

    def log(self, name: str) -> Path:
        return self.logs / f"{name}.log"

    def record(self, name: str) -> Path:
        return self.run / f"{name}.pid"
