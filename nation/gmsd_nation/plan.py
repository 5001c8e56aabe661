"""Who delivers what, in which order and in which state: roles, faults and dialects over the gemeenten.

A *slot* is a gemeente in a period. Roles belong to gemeenten, faults to slots, dialects to gemeenten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from gmsd_nation.calendar import HalfYear
from gmsd_nation.dialect import DEVIATIONS, Dialect, with_deviation
from gmsd_nation.faults import Fault
from gmsd_nation.places import BIG_FOUR, RECEIVERS, Atlas
from gmsd_nation.register_faults import BRP_FAULTS, REGIO_FAULTS


class Role(StrEnum):
    """What a gemeente does that most do not."""

    ABSENT = "never delivers the Wmo"
    NOTHING = "has nothing to report"
    FEWER = "redelivers with fewer rows in the first period: A, then B"
    AGAIN = "redelivers A, B, A in the last period"
    STRANGE = "has many clients who are not in the register"


_DEVIATION_SHARE = 0.04
"""Share of the gemeenten that write each accepted deviation of form (one gemeente at least)."""

_NEVER_CORRECTED = 0.08
"""Share of the refused slots that are never corrected (one at least, when there are any)."""

Slot = tuple[int, str]
"""Number of the gemeente, code of the period."""


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before a row is drawn. `refused` lists per slot the faults of successive files;
    `remarked` the one fault of a file that is accepted all the same; `uncorrected` slots send nothing after. `register`
    is as `refused` for the register's parts, `classification` lists the faults of the region file of the first period."""

    roles: dict[Role, int]
    refused: dict[Slot, tuple[Fault, ...]]
    remarked: dict[Slot, Fault]
    uncorrected: frozenset[Slot]
    dialects: dict[int, tuple[Dialect, tuple[str, ...]]] = field(repr=False)
    register: dict[Slot, tuple[Fault, ...]]
    classification: tuple[Fault, ...]

    def role(self, number: int) -> Role | None:
        """The role of a gemeente, None for most."""
        return next((role for role, holder in self.roles.items() if holder == number), None)

    def strange(self, number: int) -> bool:
        """Whether more than 3 % of the gemeente's clients are missing from the register."""
        return self.roles.get(Role.STRANGE) == number


def occurrences(fault: Fault, slots: int) -> int:
    """How many slots show a fault among `slots` that could."""
    return max(1, round(fault.share * slots))


def _dialects(
    rng: np.random.Generator, atlas: Atlas, seldom: set[int]
) -> dict[int, tuple[Dialect, tuple[str, ...]]]:
    """A writing habit per gemeente; deviations go to gemeenten in a drawn order, one each, those that `seldom` send
    anything sound last."""
    found: dict[int, tuple[Dialect, tuple[str, ...]]] = {}
    for place in atlas.places:
        draw = rng.random(3)
        base = Dialect(
            line_end="\r\n" if draw[0] < 0.6 else "\n", bom=bool(draw[1] < 0.3), quoted=bool(draw[2] < 0.25)
        )
        found[place.number] = (base, ())
    order = sorted((int(n) for n in rng.permutation(len(atlas.places))), key=lambda n: n in seldom)
    each = max(1, round(_DEVIATION_SHARE * len(order)))
    for n, slug in enumerate(DEVIATIONS):
        for number in order[n * each : (n + 1) * each]:
            found[number] = (with_deviation(found[number][0], slug), (slug,))
    return found


def _assign(
    rng: np.random.Generator, faults: Sequence[Fault], slots: Sequence[Slot]
) -> dict[Slot, tuple[Fault, ...]]:
    """Faults over slots: rounds through the slots in a drawn order, so that no slot gets two before all have one."""
    found: dict[Slot, tuple[Fault, ...]] = {}
    order = [slots[int(i)] for i in rng.permutation(len(slots))]
    cursor = 0
    for fault in faults if order else ():
        for _ in range(occurrences(fault, len(order))):
            slot = order[cursor % len(order)]
            found[slot] = (*found.get(slot, ()), fault)
            cursor += 1
    return found


def _assign_one(
    rng: np.random.Generator, faults: Sequence[Fault], slots: Sequence[Slot], later: Sequence[Slot]
) -> dict[Slot, Fault]:
    """At most one fault per slot; those that need an earlier period choose first. Where slots run out, faults are left
    out, which happens below 12 gemeenten only."""
    found: dict[Slot, Fault] = {}
    order = [slots[int(i)] for i in rng.permutation(len(slots))]
    for fault in sorted(faults, key=lambda fault: not fault.second_only):
        able = [slot for slot in order if not fault.second_only or slot in set(later)]
        free = [slot for slot in able if slot not in found]
        for slot in free[: occurrences(fault, len(able))]:
            found[slot] = fault
    return found


def plan(seed: int, atlas: Atlas, periods: Sequence[HalfYear], faults: Sequence[Fault]) -> Plan:
    """The plan for a nation. Receivers of the split gemeente stay without role or fault, so that what moves there can be
    followed; the four big cities keep out of the roles that deliver nothing."""
    rng = np.random.default_rng([seed, 4])
    free = [place for place in atlas.places if place.code not in RECEIVERS]
    small = [place.number for place in free if place.code not in BIG_FOUR]
    drawn = [int(small[i]) for i in rng.permutation(len(small))]
    # With few gemeenten there are fewer roles, so that three are left for the faults.
    roles = dict(zip(Role, drawn[: max(0, len(drawn) - 3)], strict=False)) if faults else {}
    silent = {roles[role] for role in (Role.ABSENT, Role.NOTHING) if role in roles}
    busy = set(roles.values())
    codes = [period.code for period in periods]
    slots = [(place.number, code) for code in codes for place in free if place.number not in busy]
    later = [slot for slot in slots if slot[1] != codes[0]]
    refused = _assign(rng, [fault for fault in faults if fault.expected == "reject"], slots)
    remarked = _assign_one(rng, [fault for fault in faults if fault.expected == "accept"], slots, later)
    refused_slots = sorted(set(refused) - set(remarked))
    count = max(1, round(_NEVER_CORRECTED * len(refused_slots))) if refused_slots else 0
    uncorrected = frozenset(refused_slots[int(i)] for i in rng.permutation(len(refused_slots))[:count])
    dialects = _dialects(rng, atlas, silent | {number for number, _ in uncorrected})
    if not faults:
        dialects = {
            number: (base, ()) if not slugs else (Dialect(), ()) for number, (base, slugs) in dialects.items()
        }
    for number in silent:
        dialects[number] = (Dialect(), ())
    parts = [(place.number, code) for code in codes for place in free]
    register = _assign(rng, BRP_FAULTS, parts) if faults else {}
    return Plan(roles, refused, remarked, uncorrected, dialects, register, REGIO_FAULTS if faults else ())
