"""Who delivers what, in which order and in which state: roles, faults and dialects over the gemeenten.

A *slot* is a gemeente in a period. Roles belong to gemeenten, faults to slots, dialects to gemeenten.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np

from gmsd_nation.calendar import HalfYear
from gmsd_nation.dialect import DEVIATIONS, Dialect, with_deviation
from gmsd_nation.faults import UNKNOWN_PERSONS, Fault
from gmsd_nation.places import BIG_FOUR, RECEIVERS, Atlas


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
    `remarked` the one fault of a file that is accepted all the same; `uncorrected` slots send nothing after."""

    roles: dict[Role, int]
    refused: dict[Slot, tuple[Fault, ...]]
    remarked: dict[Slot, Fault]
    uncorrected: frozenset[Slot]
    dialects: dict[int, tuple[Dialect, tuple[str, ...]]] = field(repr=False)

    def role(self, number: int) -> Role | None:
        """The role of a gemeente, None for most."""
        return next((role for role, holder in self.roles.items() if holder == number), None)

    def strange(self, number: int) -> bool:
        """Whether more than 3 % of the gemeente's clients are missing from the register."""
        return self.roles.get(Role.STRANGE) == number


def occurrences(fault: Fault, slots: int) -> int:
    """How many slots show a fault among `slots` that could."""
    return max(1, round(fault.share * slots))


def _dialects(rng: np.random.Generator, atlas: Atlas) -> dict[int, tuple[Dialect, tuple[str, ...]]]:
    """A writing habit per gemeente; deviations go to gemeenten in a drawn order, one each."""
    found: dict[int, tuple[Dialect, tuple[str, ...]]] = {}
    for place in atlas.places:
        draw = rng.random(3)
        base = Dialect(
            line_end="\r\n" if draw[0] < 0.6 else "\n", bom=bool(draw[1] < 0.3), quoted=bool(draw[2] < 0.25)
        )
        found[place.number] = (base, ())
    order = [int(n) for n in rng.permutation(len(atlas.places))]
    each = max(1, round(_DEVIATION_SHARE * len(order)))
    for n, slug in enumerate(DEVIATIONS):
        for number in order[n * each : (n + 1) * each]:
            found[number] = (with_deviation(found[number][0], slug), (slug,))
    return found


def _assign(
    rng: np.random.Generator, faults: Sequence[Fault], slots: Sequence[Slot], later: Sequence[Slot]
) -> dict[Slot, tuple[Fault, ...]]:
    """Faults over slots: a walk through the slots in a drawn order, so that no slot gets two before all have one."""
    found: dict[Slot, tuple[Fault, ...]] = {}
    order = [slots[int(i)] for i in rng.permutation(len(slots))]
    cursor = 0
    for fault in faults:
        able = set(later if fault.second_only else slots)
        for _ in range(occurrences(fault, len(able)) if able else 0):
            while order[cursor % len(order)] not in able:
                cursor += 1
            slot = order[cursor % len(order)]
            found[slot] = (*found.get(slot, ()), fault)
            cursor += 1
    return found


def plan(seed: int, atlas: Atlas, periods: Sequence[HalfYear], faults: Sequence[Fault]) -> Plan:
    """The plan for a nation. Receivers of the split gemeente stay without role or fault, so that what moves there can be
    followed; the four big cities keep out of the roles that deliver nothing."""
    rng = np.random.default_rng([seed, 4])
    free = [place for place in atlas.places if place.code not in RECEIVERS]
    small = [place.number for place in free if place.code not in BIG_FOUR]
    drawn = [int(small[i]) for i in rng.permutation(len(small))]
    roles = dict(zip(Role, drawn, strict=False)) if faults else {}
    silent = {roles[role] for role in (Role.ABSENT, Role.NOTHING) if role in roles}
    busy = set(roles.values())
    codes = [period.code for period in periods]
    slots = [(place.number, code) for code in codes for place in free if place.number not in busy]
    later = [slot for slot in slots if slot[1] != codes[0]]
    refused = _assign(rng, [fault for fault in faults if fault.expected == "reject"], slots, later)
    accepted = [fault for fault in faults if fault.expected == "accept"]
    remarked = {slot: found[0] for slot, found in _assign(rng, accepted, slots, later).items()}
    refused_slots = sorted(set(refused) - set(remarked))
    count = max(1, round(_NEVER_CORRECTED * len(refused_slots))) if refused_slots else 0
    uncorrected = frozenset(refused_slots[int(i)] for i in rng.permutation(len(refused_slots))[:count])
    dialects = _dialects(rng, atlas)
    if not faults:
        dialects = {
            number: (base, ()) if not slugs else (Dialect(), ()) for number, (base, slugs) in dialects.items()
        }
    for number in silent:
        dialects[number] = (Dialect(), ())
    return Plan(roles, refused, remarked, uncorrected, dialects)


STANDING_SLUGS = (*DEVIATIONS, UNKNOWN_PERSONS)
"""Slugs that belong to a gemeente in every period, not to one file."""
