"""The indicator catalogue: what aggregation computes and publication shows. Definitions in indicators.md of the docs.

One declaration per indicator; category order is the bit order of `cells/1` and never changes within a version.
"""

from enum import StrEnum
from typing import Literal

from pydantic import BaseModel, ConfigDict, PositiveInt

from gmsd_contracts.columns.codes import WMO020

CATALOGUE_VERSION = "1"
TOTAL = "totaal"


class Product(StrEnum):
    """What consent and objection are given for."""

    BASIS = "basis"
    WIJK = "wijk"
    STAPELING = "stapeling"
    BESCHERMD_WONEN = "beschermd_wonen"
    KOSTEN = "kosten"
    LEVENSWEG = "levensweg"
    DAKLOOSHEID = "dakloosheid"


class Level(StrEnum):
    """Region levels, finest first, with the prefix of their codes."""

    BUURT = "BU"
    WIJK = "WK"
    GEMEENTE = "GM"
    PROVINCIE = "PV"
    LAND = "LD"


LEVELS = tuple(Level)


class Moment(StrEnum):
    """Stand on the last day of the period, or at any time in it."""

    PEILDATUM = "peildatum"
    PERIODE = "periode"


class Attribute(StrEnum):
    """What a reader may know of a cell beside its value. None of them tells a true zero from a small count."""

    SHOWN = "getoond"
    BELOW = "<5"  # published as 0, and counts as 0 in sums
    BELOW_10 = "<10"  # the same at base 10, and where a total may be two bases of 5 off
    BELOW_20 = "<20"  # the same for two bases of 10
    SUPPRESSED = "onderdrukt"  # one mark for primaries, secondaries and zeros alike
    IMPOSSIBLE = "onmogelijk"  # by definition, never from data
    NOT_DELIVERED = "niet geleverd"
    NOT_APPROVED = "niet goedgekeurd"
    NO_CONSENT = "geen toestemming"
    NO_REGION = "regio bestond niet"


ZERO = frozenset({Attribute.BELOW, Attribute.BELOW_10, Attribute.BELOW_20})
"""Of what is published as 0."""
OPEN = frozenset({Attribute.SHOWN, Attribute.SUPPRESSED}) | ZERO
"""What the protection step may answer for a cell. The other attributes close a cell before it gets there."""


def below(limit: int) -> Attribute:
    """The mark of what is published as 0 and is less than `limit`: the base of a rounding, or the threshold under which counts are
    not shown. Raises ValueError for a limit that readers have no mark for."""
    return Attribute(f"<{limit}")


class Category(BaseModel):
    """A class of the indicator's one dimension."""

    model_config = ConfigDict(frozen=True)
    code: str
    label: str


class Group(BaseModel):
    """A subtotal over categories in which somebody counts once."""

    model_config = ConfigDict(frozen=True)
    code: str
    label: str
    members: tuple[str, ...]


class Indicator(BaseModel):
    """`counts`: a person once per (sub)total, or every arrangement. `delivered_by_gemeente`: consent applies.

    `exclusive`: who or what counts does so in exactly one category, so categories add up to the total.

    `base` and `threshold` are those of its protection; `per_1000_of` names the indicator of its denominator;
    `held_by` the indicator that counts, cell by cell, the persons who hold what this one counts.
    """

    model_config = ConfigDict(frozen=True)
    id: str
    title: str
    definition: str
    unit: Literal["personen", "arrangementen"]
    counts: Literal["persons once", "arrangements"]
    product: Product
    moments: tuple[Moment, ...]
    levels: tuple[Level, ...] = LEVELS
    dimension: str
    categories: tuple[Category, ...]
    groups: tuple[Group, ...] = ()
    sources: tuple[str, ...]
    delivered_by_gemeente: bool
    base: PositiveInt = 5
    threshold: PositiveInt = 5
    per_1000_of: str | None = None
    held_by: str | None = None
    exclusive: bool = False

    def cells(self) -> dict[str, int]:
        """Category, group and total codes with the mask of the categories they count."""
        bit = {category.code: 1 << i for i, category in enumerate(self.categories)}
        masks = dict(bit)
        for group in self.groups:
            masks[group.code] = sum(bit[code] for code in group.members)
        masks[TOTAL] = (1 << len(self.categories)) - 1
        return masks

    def labels(self) -> dict[str, str]:
        """Dutch names of the codes of `cells`."""
        categories = {category.code: category.label for category in self.categories}
        groups = {group.code: group.label for group in self.groups}
        return categories | groups | {TOTAL: "Totaal"}


_WMO_CATEGORIES = tuple(Category(code=code, label=label) for code, label in WMO020.items())

# The four main groups of StatLine and waarstaatjegemeente (VNG; monitorlangdurigezorg.nl): ondersteuning thuis =
# begeleiding, persoonlijke verzorging, kortdurend verblijf, dagbesteding, the other individual and group support and
# the other maatwerkarrangementen. Woondiensten and vervoer: with the hulpmiddelen en diensten.
_WMO_GROUPS = (
    Group(code="hulp_huishouden", label="Hulp bij het huishouden", members=("01",)),
    Group(
        code="ondersteuning_thuis",
        label="Ondersteuning thuis",
        members=("02", "03", "04", "06", "07", "09", "10"),
    ),
    Group(
        code="hulpmiddelen_diensten",
        label="Hulpmiddelen en diensten",
        members=("05", "08", "11", "12", "13", "14"),
    ),
    Group(code="verblijf_opvang", label="Verblijf en opvang", members=("15", "16", "17", "18")),
)

AGE_CLASSES: tuple[tuple[str, str, int, int], ...] = (
    ("0-17", "0 tot en met 17 jaar", 0, 17),
    ("18-23", "18 tot en met 23 jaar", 18, 23),
    ("24-49", "24 tot en met 49 jaar", 24, 49),
    ("50-67", "50 tot en met 67 jaar", 50, 67),
    ("68-80", "68 tot en met 80 jaar", 68, 80),
    ("81+", "81 jaar en ouder", 81, 999),
)
"""Code, label, first and last age of P1, in completed years on the peildatum.

A birth date leaves linkage as its month, so age = year and month of the peildatum minus those of birth; a peildatum is
the last day of a month, so this is the exact age."""

CATALOGUE: tuple[Indicator, ...] = (
    Indicator(
        id="U1",
        title="Cliënten met een maatwerkarrangement Wmo",
        definition=(
            "Personen met ten minste één maatwerkarrangement op de peildatum of in de periode. "
            "Een persoon telt één keer per (sub)totaal; delen kunnen samen meer zijn dan het totaal."
        ),
        unit="personen",
        counts="persons once",
        product=Product.BASIS,
        moments=(Moment.PEILDATUM, Moment.PERIODE),
        dimension="type maatwerkarrangement",
        categories=_WMO_CATEGORIES,
        groups=_WMO_GROUPS,
        sources=("wmo", "brp", "regio"),
        delivered_by_gemeente=True,
        per_1000_of="P1",
    ),
    Indicator(
        id="U2",
        title="Maatwerkarrangementen Wmo",
        definition="Maatwerkarrangementen, na samenvoeging van rijen, op de peildatum of in de periode.",
        unit="arrangementen",
        counts="arrangements",
        product=Product.BASIS,
        moments=(Moment.PEILDATUM, Moment.PERIODE),
        dimension="type maatwerkarrangement",
        categories=_WMO_CATEGORIES,
        groups=_WMO_GROUPS,
        sources=("wmo", "brp", "regio"),
        delivered_by_gemeente=True,
        per_1000_of="P1",
        held_by="U1",
        exclusive=True,
    ),
    Indicator(
        id="P1",
        title="Inwoners naar leeftijd",
        definition="Personen die op de peildatum volgens het personenregister in de regio wonen.",
        unit="personen",
        counts="persons once",
        product=Product.BASIS,
        moments=(Moment.PEILDATUM,),
        dimension="leeftijd",
        categories=tuple(Category(code=code, label=label) for code, label, _, _ in AGE_CLASSES),
        sources=("brp", "regio"),
        delivered_by_gemeente=False,
        exclusive=True,
    ),
)

INDICATORS = {indicator.id: indicator for indicator in CATALOGUE}
