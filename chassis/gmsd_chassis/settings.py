"""Settings from the environment. What is missing, wrong or unknown is one sentence that names the variable."""

import difflib
import json
import os
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path
from typing import Any, ClassVar

from pydantic import Field, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from gmsd_chassis.clock import Clock, ShiftedClock
from gmsd_chassis.errors import ConfigError
from gmsd_contracts.zones import Zone

PREFIX = "GMSD_"


class ServiceSettings(BaseSettings):
    """What every service is told. A subclass adds fields, each with a description, and names its zones."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, hide_input_in_errors=True, frozen=True, extra="forbid", env_ignore_empty=True
    )
    zones: ClassVar[frozenset[Zone]] = frozenset()

    kafka_bootstrap: str = Field(
        description="Kafka brokers to start from, as host:port with commas between them"
    )
    keys_dir: Path = Field(description="Directory of the KeyRing: wrapped data keys and tombstones")
    state_dir: Path = Field(description="Directory of this instance: recorded attempts, folds, spools")
    instance: str = Field(
        default="0", pattern=r"^[A-Za-z0-9._-]{1,64}$",
        description="Name of this instance, stable across restarts: its static membership in the consumer group",
    )  # fmt: skip
    host: str = Field(default="127.0.0.1", description="Address the HTTP server listens on")
    port: int = Field(ge=0, le=65535, description="Port the HTTP server listens on; 0 takes a free one")
    management_port: int | None = Field(
        default=None, ge=0, le=65535,
        description="Port of /metrics and /health/ready alone, for whoever runs the service; without it they stand on GMSD_PORT",
    )  # fmt: skip
    kek_identifying: Path | None = Field(
        default=None, description="File with the key-encryption key of zone identifying"
    )
    kek_pseudonymous: Path | None = Field(
        default=None, description="File with the key-encryption key of zone pseudonymous"
    )
    kek_statistical: Path | None = Field(
        default=None, description="File with the key-encryption key of zone statistical"
    )
    fuse_consecutive: int = Field(
        default=50, ge=1, description="Records in a row that may go to quarantine before the consumer stops"
    )
    fuse_ratio: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Share of the last 500 records that may go to quarantine before the consumer stops",
    )
    clock_shift_seconds: float = Field(
        default=0,
        description="For tests and demonstrations of expiry: seconds this service's clock runs ahead",
    )
    log_level: str = Field(
        default="INFO", pattern=r"^(DEBUG|INFO|WARNING|ERROR)$", description="DEBUG, INFO, WARNING or ERROR"
    )

    def __init__(self, **values: Any) -> None:
        """Read the environment; `values` win over it. Raises ConfigError, never pydantic's own error."""
        self._refuse_unknown()
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise ConfigError(_sentence(type(self), error)) from None
        self._check_zones()
        self._check_ports()

    def check(self) -> None:
        """Look at what the settings name, when the service is about to start. Raises ConfigError."""

    def keks(self) -> dict[Zone, bytes]:
        """The key-encryption keys this service holds: exactly those of its zones. Raises ConfigError."""
        return {
            zone: _read(f"{PREFIX}KEK_{zone.value.upper()}", path)
            for zone, path in self._kek_fields().items()
            if path is not None
        }

    def clock(self) -> Clock:
        """The wall clock, or the shifted one when a test or demonstration asked for it."""
        if self.clock_shift_seconds:
            return ShiftedClock(timedelta(seconds=self.clock_shift_seconds))
        return Clock()

    @classmethod
    def variables(cls) -> dict[str, str]:
        """Every environment variable this service reads, with its description; for documentation."""
        return {_variable(cls, name): field.description or "" for name, field in cls.model_fields.items()}

    @classmethod
    def _refuse_unknown(cls) -> None:
        known = cls.variables()
        for name in sorted(os.environ):
            if name.startswith(PREFIX) and name not in known:
                near = difflib.get_close_matches(name, known, n=1, cutoff=0)
                hint = f"; did you mean {near[0]}?" if near else ""
                raise ConfigError(f"{name} is set, but this service knows no such setting{hint}")

    def _kek_fields(self) -> dict[Zone, Path | None]:
        return {
            Zone.IDENTIFYING: self.kek_identifying,
            Zone.PSEUDONYMOUS: self.kek_pseudonymous,
            Zone.STATISTICAL: self.kek_statistical,
        }

    def _check_zones(self) -> None:
        for zone, path in self._kek_fields().items():
            name = f"{PREFIX}KEK_{zone.value.upper()}"
            if path is not None and zone not in self.zones:
                raise ConfigError(
                    f"{name} is set, but this service does not work in zone {zone.value}: remove it"
                )
            if path is None and zone in self.zones:
                raise ConfigError(
                    f"{name} is missing: this service works in zone {zone.value} and needs its key file"
                )
            if path is not None and not path.is_file():
                raise ConfigError(f"{name} names {path}, which is not a file")

    def _check_ports(self) -> None:
        if self.management_port is None and not _is_loopback(self.host):
            raise ConfigError(
                f"GMSD_HOST {self.host} is open to the network, and so would /metrics be: set GMSD_MANAGEMENT_PORT"
                " to a port that the public does not reach"
            )
        if self.port and self.management_port == self.port:
            raise ConfigError(
                f"GMSD_MANAGEMENT_PORT is GMSD_PORT ({self.port}): choose another, or leave it out"
            )


class TokenSettings(ServiceSettings):
    """What a service with a public interface is told of access tokens; `gmsd_chassis.http.bearer` checks them."""

    jwks: str = Field(
        description="JSON Web Key Set of the identity provider: a file, or an https:// address",
    )
    token_issuer: str = Field(
        default="urn:gmsd:lokaal", description="Issuer (iss) that access tokens must name"
    )
    token_audience: str = Field(
        default="gmsd-intake", description="Audience (aud) that access tokens must name; the platform has one"
    )
    token_algorithms: tuple[str, ...] = Field(
        default=("ES256", "PS256", "RS256", "EdDSA"),
        description="Signature algorithms that are accepted, as a JSON list; never one with a shared secret",
    )

    def check(self) -> None:
        """Without a key in the file every caller would be refused, for ever. An address may be away for a moment."""
        if "://" in self.jwks:
            return
        try:
            found = json.loads(_read("GMSD_JWKS", Path(self.jwks)))
        except ValueError:
            found = None
        keys = found.get("keys") if isinstance(found, dict) else None
        if not isinstance(keys, list) or not keys:
            raise ConfigError(f'GMSD_JWKS names {self.jwks}, which is no JSON Web Key Set: {{"keys": [...]}}')


def _read(variable: str, path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(f"{variable} names {path}, which cannot be read: {error.strerror}") from None


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _variable(cls: type[ServiceSettings], field: str) -> str:
    alias = cls.model_fields[field].validation_alias
    return alias if isinstance(alias, str) else f"{PREFIX}{field.upper()}"


def _sentence(cls: type[ServiceSettings], error: ValidationError) -> str:
    problems = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        field = str(problem["loc"][0]) if problem["loc"] else ""
        if field not in cls.model_fields:
            problems.append(f"{field or 'settings'}: {problem['msg']}")
            continue
        name, meaning = _variable(cls, field), cls.model_fields[field].description
        missing = problem["type"] == "missing"
        problems.append(
            f"{name} is missing ({meaning})" if missing else f"{name}: {problem['msg']} ({meaning})"
        )
    return "; ".join(problems)
