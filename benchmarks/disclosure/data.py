"""What a run measures on, and how long it may."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from benchmarks.disclosure import instances
from benchmarks.disclosure.instances import FOLDER, Instance
from benchmarks.disclosure.runs import Run, run
from benchmarks.disclosure.tasks import rounding
from gmsd_publication.disclosure.model import Ints


@dataclass(frozen=True)
class Data:
    """`quick`: small tables, few keys, a small nation. `keys`: secret keys in a sample (G4). `limit`: seconds for a peer.

    `released`: by instance, the one keyed release that several goals look at.
    """

    quick: bool
    keys: int
    limit: float
    released: dict[str, Run[Ints]] = field(default_factory=dict)

    @property
    def minutes(self) -> int:
        """The same in whole minutes, at least one: tau-ARGUS counts in minutes."""
        return max(1, round(self.limit / 60))

    @property
    def grace(self) -> float:
        """Seconds after which tau-ARGUS is ended: it is told its limit, and looks at the clock now and then."""
        return 1.25 * 60 * self.minutes + 15

    @property
    def patience(self) -> float:
        """Seconds after which a run of ours is ended, so that a run of everything ends: it is late long before."""
        return 4 * self.limit

    @cached_property
    def own(self) -> Instance:
        """Our own tables."""
        return instances.own(wijken=3, buurten=3) if self.quick else instances.own()

    @cached_property
    def z3(self) -> Instance | None:
        """SSB's smaller tables."""
        return instances.shared("z3")

    @cached_property
    def sosial(self) -> Instance | None:
        """SSB's larger ones, left out of a quick run."""
        return None if self.quick else instances.shared("sosialFiktiv")

    @property
    def tables(self) -> Iterator[Instance]:
        """What there is of z3 and our own."""
        yield from filter(None, (self.z3, self.own))

    def keyed(self, of: Instance) -> Run[Ints]:
        """The default mode's release under the first key, made once."""
        if of.name not in self.released:
            self.released[of.name] = run(self.patience, rounding.keyed, of.model, of.truth, 0)
        return self.released[of.name]

    def why_without(self, name: str) -> str:
        """Why one of SSB's is not there."""
        if name == "sosialFiktiv" and self.quick:
            return "left out of a quick run"
        return f"{FOLDER} names no folder with {name}.csv"
