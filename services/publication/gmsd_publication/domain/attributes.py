"""Why a region's cells have no value: one attribute per region and indicator, none where figures are open.

Order of reasons: the region did not exist; nothing was delivered; what was delivered is not in force; no consent. So an
objection by a gemeente that delivered nothing hides nothing, and is not told.
"""

from collections.abc import Mapping

import polars as pl

from gmsd_contracts.catalogue import Attribute, Indicator, Level
from gmsd_contracts.columns import DATASETS
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.regions import Regions

ATTRIBUTE = pl.Enum([attribute.value for attribute in Attribute])
_RESIDENCE = (
    "brp"  # without it nobody has a buurt: everybody would be "wijk onbekend", and every buurt a false "<5"
)


def own_sources(indicator: Indicator) -> tuple[str, ...]:
    """The datasets of the indicator that gemeenten deliver themselves."""
    return tuple(name for name in indicator.sources if DATASETS[name][-1].deliverer == "gemeente")


class GemeenteFacts:
    """For one indicator: why each gemeente is missing, as a gemeente and in its wijken and buurten."""

    def __init__(
        self, indicator: Indicator, regions: Regions, in_force: Mapping[str, frozenset[str]], policy: Policy
    ) -> None:
        self.whole: dict[str, Attribute | None] = {}
        self.inside: dict[str, Attribute | None] = {}
        self.excluded: set[str] = set()
        for region in regions.by_code.values():
            if region.level is not Level.GEMEENTE:
                continue
            code, effective = region.code, in_force.get(region.code, frozenset())
            reason = None if region.exists else Attribute.NO_REGION
            reason = reason or _missing(indicator, code, effective, policy)
            if reason is None and indicator.delivered_by_gemeente and not policy.basis.allows(code):
                reason = Attribute.NO_CONSENT
                self.excluded.add(code)
            self.whole[code] = reason
            self.inside[code] = reason or _inside(indicator, code, effective, policy)


def _missing(
    indicator: Indicator, gemeente: str, effective: frozenset[str], policy: Policy
) -> Attribute | None:
    if not indicator.delivered_by_gemeente:
        # The register's part of a gemeente is not the gemeente's to approve: it is there or it is not.
        return None if _RESIDENCE in effective else Attribute.NOT_DELIVERED
    lacking = [name for name in own_sources(indicator) if name not in effective]
    if not lacking:
        return None
    delivered = all((gemeente, name) in policy.delivered for name in lacking)
    return Attribute.NOT_APPROVED if delivered else Attribute.NOT_DELIVERED


def _inside(
    indicator: Indicator, gemeente: str, effective: frozenset[str], policy: Policy
) -> Attribute | None:
    if not indicator.delivered_by_gemeente:
        return None
    if not policy.wijk.allows(gemeente):
        return Attribute.NO_CONSENT
    return None if _RESIDENCE in effective else Attribute.NOT_DELIVERED


def of_regions(
    indicator: Indicator, regions: Regions, in_force: Mapping[str, frozenset[str]], policy: Policy
) -> pl.DataFrame:
    """region (Enum), closed (ATTRIBUTE or null: open), excluded (gemeenten left out of this total by objection).

    A total over no gemeente at all has no value either: it takes the reason of its gemeenten, objection first.
    """
    facts = GemeenteFacts(indicator, regions, in_force, policy)
    members: dict[str, list[str]] = {}
    for code in facts.whole:
        region = regions.by_code[code]
        for total in (regions.land, region.provincie):
            if total is not None:
                members.setdefault(total, []).append(code)
    closed: list[str | None] = []
    excluded: list[list[str]] = []
    for region in regions.by_code.values():
        inside = members.get(region.code, [])
        reason = _reason(region.code, region.level, region.exists, region.gemeente, facts, inside)
        closed.append(None if reason is None else reason.value)
        excluded.append(sorted(code for code in inside if code in facts.excluded))
    return pl.DataFrame(
        {"region": regions.table["region"], "closed": closed, "excluded": excluded},
        {"region": regions.code, "closed": ATTRIBUTE, "excluded": pl.List(pl.String)},
    )


def _reason(
    code: str, level: Level, exists: bool, gemeente: str | None, facts: GemeenteFacts, inside: list[str]
) -> Attribute | None:
    if not exists:
        return Attribute.NO_REGION
    if level is Level.GEMEENTE:
        return facts.whole[code]
    if level in (Level.WIJK, Level.BUURT):
        return Attribute.NO_REGION if gemeente is None else facts.inside[gemeente]
    reasons = {facts.whole[member] for member in inside}
    if None in reasons:
        return None
    order = (Attribute.NO_CONSENT, Attribute.NOT_APPROVED, Attribute.NOT_DELIVERED)
    return next((reason for reason in order if reason in reasons), Attribute.NO_REGION)
