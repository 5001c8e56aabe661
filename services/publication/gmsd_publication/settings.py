"""What publication is told."""

from typing import Annotated, ClassVar

from pydantic import Field

from gmsd_chassis.errors import ConfigError
from gmsd_chassis.settings import TokenSettings
from gmsd_contracts.catalogue import Product
from gmsd_contracts.envelope import DEFAULT_OIN
from gmsd_contracts.period import bounds
from gmsd_contracts.zones import Zone
from gmsd_publication.domain.consent import ConsentMode
from gmsd_publication.domain.protection import PROTECTIONS, Protection
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
    protection: str = Field(default="naastgelegen-5", description="Method that makes exact cells publishable")
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
        """The chosen method. Raises ConfigError for a name that does not exist."""
        if self.protection not in PROTECTIONS:
            known = ", ".join(sorted(PROTECTIONS))
            raise ConfigError(f"GMSD_PROTECTION names no method of protection: choose one of {known}")
        return PROTECTIONS[self.protection]

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
