"""What publication is told."""

from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from gmsd_chassis.errors import ConfigError
from gmsd_chassis.settings import TokenSettings
from gmsd_contracts.catalogue import Product
from gmsd_contracts.envelope import DEFAULT_OIN
from gmsd_contracts.period import bounds
from gmsd_contracts.zones import Zone
from gmsd_publication.disclosure.rounding.targets import KEY_BYTES
from gmsd_publication.domain.consent import ConsentMode
from gmsd_publication.domain.methods import DEFAULT_METHOD, METHODS
from gmsd_publication.domain.protection import Protection
from gmsd_publication.domain.schedule import Manual, ReleasePolicy


class PublicationSettings(TokenSettings):
    """Publication reads exact cells and writes public tables; it never holds a key of persons."""

    zones: ClassVar[frozenset[Zone]] = frozenset({Zone.STATISTICAL})

    oin: str = Field(
        default=DEFAULT_OIN,
        pattern=r"^[0-9]{20}$",
        description="Organisatie-identificatienummer of the platform, in the source of every event",
    )
    public_url: str = Field(
        default="",
        pattern=r"^(https?://[^\s?#]+[^/\s?#])?$",
        description="Address under which the public reaches this service, without a slash at the end; empty is: as asked",
    )
    protection: str = Field(
        default=DEFAULT_METHOD, description=f"Method that makes exact cells publishable: {', '.join(METHODS)}"
    )
    rounding_key: Path | None = Field(
        default=None,
        description="File with the secret of keyed rounding, at least 32 random bytes, of publication alone. Never rotated "
        "within a series: what did not change must keep its published figure",
    )
    release_policies: dict[str, Annotated[ReleasePolicy, Field(discriminator="kind")]] = Field(
        default_factory=dict,
        description='When a product is released, as JSON: {"basis": {"kind": "quiet", "seconds": 1}}, '
        '{"kind": "manual"} or {"kind": "calendar", "moments": ["2026-05-15T06:30:00+02:00"]}; manual when not named',
    )
    consent_modes: dict[str, ConsentMode] = Field(
        default_factory=dict,
        description='What silence of a gemeente means, as JSON: {"basis": "opt-out", "wijk/2025HJ02": "opt-in"}; '
        "opt-out when not named",
    )

    def policy_of(self, product: str) -> ReleasePolicy:
        """When releases of a product come out. Unless told otherwise somebody decides: the difference between two releases
        that follow on single deliveries can be one person."""
        return self.release_policies.get(product, Manual())

    def protection_step(self) -> Protection:
        """The chosen method. Raises ConfigError for a name that does not exist, and for one without the key that it needs."""
        if self.protection not in METHODS:
            known = ", ".join(sorted(METHODS))
            raise ConfigError(f"GMSD_PROTECTION names no method of protection: choose one of {known}")
        return METHODS[self.protection](self.read_rounding_key)

    def read_rounding_key(self) -> bytes:
        """The secret's bytes. Raises ConfigError when the file is absent or too short."""
        path = self.rounding_key
        if path is None:
            raise ConfigError(
                f"GMSD_ROUNDING_KEY is missing: GMSD_PROTECTION {self.protection} needs a secret file of at least "
                f"{KEY_BYTES} bytes; make it once with (umask 077; head -c {KEY_BYTES} /dev/urandom > rounding.key) "
                "and keep it as long as the figures"
            )
        try:
            key = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"GMSD_ROUNDING_KEY names {path}, which cannot be read: {error.strerror}"
            ) from None
        if len(key) < KEY_BYTES:
            raise ConfigError(
                f"GMSD_ROUNDING_KEY names {path}, which has {len(key)} bytes: it needs at least {KEY_BYTES}"
            )
        return key

    def check_products(self) -> None:
        """Raises ConfigError when a policy or mode names a product or period that does not exist."""
        known = {product.value for product in Product}
        for variable, keys in (
            ("GMSD_RELEASE_POLICIES", list(self.release_policies)),
            ("GMSD_CONSENT_MODES", list(self.consent_modes)),
        ):
            for key in keys:
                product, _, period = key.partition("/")
                if product not in known or (period and variable == "GMSD_RELEASE_POLICIES"):
                    raise ConfigError(
                        f"{variable} names {key}, which is no product: {', '.join(sorted(known))}"
                    )
                if period:
                    _check_period(variable, period)


def _check_period(variable: str, period: str) -> None:
    try:
        bounds(period)
    except ValueError as error:
        raise ConfigError(f"{variable} names {period}: {error}") from None
