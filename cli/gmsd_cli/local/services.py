"""The services as processes: what each is started with, declared in one table.

A service is given the settings that stand here and nothing else of the environment's GMSD_ variables, so that no service can come
to hold a key of a zone it does not work in because somebody exported it.
"""

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from gmsd_cli.local.places import Layout

SHARED = {
    "GMSD_KAFKA_BOOTSTRAP": "{bootstrap}",
    "GMSD_KEYS_DIR": "{keyring}",
    "GMSD_INSTANCE": "{name}-0",
    "GMSD_PORT": "{port}",
    "GMSD_STATE_DIR": "{state}",
}
"""What every service gets. Names in braces are filled in by `environment`."""

IDENTIFYING = {"GMSD_KEK_IDENTIFYING": "{keks}/identifying.kek"}
PSEUDONYMOUS = {"GMSD_KEK_PSEUDONYMOUS": "{keks}/pseudonymous.kek"}
STATISTICAL = {"GMSD_KEK_STATISTICAL": "{keks}/statistical.kek"}
JWKS = {"GMSD_JWKS": "{auth}/jwks.json"}


@dataclass(frozen=True, slots=True)
class ServiceSpec:
    """One process of the platform that speaks HTTP and is restarted when it dies.

    `settings` are templates over the names that `environment` fills in; `port_offset` counts from the platform's port base;
    `ready_path` answers 200 when the service can do its work.
    """

    name: str
    argv: tuple[str, ...]
    port_offset: int
    settings: Mapping[str, str] = field(default_factory=dict)
    ready_path: str = "/health/ready"


def _service(name: str, port_offset: int, settings: Mapping[str, str]) -> ServiceSpec:
    return ServiceSpec(name, (sys.executable, "-m", f"gmsd_{name}"), port_offset, settings)


SERVICES: tuple[ServiceSpec, ...] = (
    _service("intake", 1, {**IDENTIFYING, **JWKS}),
    _service("validation", 2, IDENTIFYING),
    _service("linkage", 3, {**IDENTIFYING, **PSEUDONYMOUS, "GMSD_PSEUDONYM_KEY": "{keks}/pseudonym.key"}),
    _service(
        "aggregation", 4, {**PSEUDONYMOUS, **STATISTICAL, "GMSD_WAREHOUSE_DSN": "chdb://{state}/warehouse"}
    ),
    _service("publication", 5, {**STATISTICAL, **JWKS, "GMSD_ROUNDING_KEY": "{keks}/rounding.key"}),
)
"""The five, in the order of the data's way through them."""


def environment(
    spec: ServiceSpec, layout: Layout, bootstrap: str, port: int, overrides: Mapping[str, str]
) -> dict[str, str]:
    """The whole environment of a service's process: ours without its GMSD_ variables, the table's, then `overrides`."""
    names: dict[str, str | int | Path] = {
        "bootstrap": bootstrap,
        "keyring": layout.keyring,
        "keks": layout.keks,
        "auth": layout.auth,
        "state": layout.service(spec.name),
        "name": spec.name,
        "port": port,
    }
    inherited = {key: value for key, value in os.environ.items() if not key.startswith("GMSD_")}
    templates = {**SHARED, **spec.settings}
    return {**inherited, **{key: value.format_map(names) for key, value in templates.items()}, **overrides}
