"""Who may be published: consent and objection per gemeente and product, and what was delivered."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from gmsd_contracts.catalogue import Product


class ConsentMode(StrEnum):
    """What silence means. The mode is set per product and period: 2015 was opt-in, 2018 opt-out."""

    OPT_OUT = "opt-out"  # published unless the gemeente objects
    OPT_IN = "opt-in"  # published only when the gemeente consents


@dataclass(frozen=True)
class Consents:
    """For one product: the newest word of each gemeente that spoke, and what silence means."""

    mode: ConsentMode = ConsentMode.OPT_OUT
    spoken: Mapping[str, bool] = field(default_factory=dict)

    def allows(self, gemeente: str) -> bool:
        """Whether the gemeente's own records may be published."""
        return self.spoken.get(gemeente, self.mode is ConsentMode.OPT_OUT)

    def refused_of(self, gemeenten: Iterable[str]) -> frozenset[str]:
        """Those of `gemeenten` that may not be published."""
        return frozenset(gemeente for gemeente in gemeenten if not self.allows(gemeente))

    @property
    def refuses_some(self) -> bool:
        """Whether there may be a gemeente that may not be published; with opt-in there always is one that was silent."""
        return self.mode is ConsentMode.OPT_IN or not all(self.spoken.values())

    def fingerprint(self) -> str:
        """Equal for states that mean the same for everybody: a consent that repeats what silence means changes nothing."""
        silence = self.mode is ConsentMode.OPT_OUT
        deviating = sorted(gemeente for gemeente, given in self.spoken.items() if given is not silence)
        return f"{self.mode}:{','.join(deviating)}"


@dataclass(frozen=True)
class Policy:
    """Everything that decides why a cell has no value, beside the figures.

    `basis` takes records out of every figure, `wijk` only empties wijken and buurten. `delivered`: (gemeente, dataset)
    for which the period has a delivery that was not taken back, in force or not.
    """

    basis: Consents = Consents()
    wijk: Consents = Consents()
    delivered: frozenset[tuple[str, str]] = frozenset()

    def of(self, product: str) -> Consents:
        """The consents of a product of the catalogue; products without a rule of their own follow their mode."""
        return self.wijk if product == Product.WIJK else self.basis

    def consent_fingerprint(self) -> str:
        """What a release depends on, of consents."""
        return f"basis={self.basis.fingerprint()};wijk={self.wijk.fingerprint()}"

    def delivery_fingerprint(self) -> str:
        """What a release depends on, of deliveries that are not in force."""
        return ",".join(f"{gemeente}/{dataset}" for gemeente, dataset in sorted(self.delivered))
