"""Every way in which disclosure control says no. `reason` is a code of the service's catalogue; `detail` names what and where.

A detail may hold names of cells, equations, files, columns and settings, never an exact count: it goes to logs.
"""

from typing import ClassVar


class DisclosureError(Exception):
    """No release, no audit. Subclasses say why."""

    reason: ClassVar[str] = "disclosure"

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotAdditive(DisclosureError):
    """The exact counts break an equation, or a count that is a difference would be negative."""

    reason = "not_additive"


class Contradictory(DisclosureError):
    """Facts exclude one another: a public bound and an equation, a definitional zero and a count."""

    reason = "contradictory"


class Infeasible(DisclosureError):
    """No publication satisfies the equations within the declared steps."""

    reason = "infeasible"


class WorkLimit(DisclosureError):
    """The solver used up its work before it had an answer. The limit is work, never seconds: a replay ends alike."""

    reason = "work_limit"


class WorkersLost(DisclosureError):
    """A process that rounds was killed or could not be started, for want of memory as a rule. Nothing was decided: it may be tried again."""

    reason = "workers_lost"


class CyclicHierarchy(DisclosureError):
    """A region or class lies in itself."""

    reason = "cyclic_hierarchy"


class BrokenDecomposition(DisclosureError):
    """An equation joins blocks that do not lie in one another, so solving block by block would not be valid."""

    reason = "broken_decomposition"


class MixedBases(DisclosureError):
    """An equation joins cells with different rounding bases."""

    reason = "mixed_bases"


class KeyMissing(DisclosureError):
    """The secret key of keyed rounding is absent or too short."""

    reason = "key_missing"


class InputInvalid(DisclosureError):
    """A file, a hierarchy or an option is not what it should be. `detail` says which line and what was expected."""

    reason = "input_invalid"


class NotProved(DisclosureError):
    """The auditor could not certify a cell; `detail` names the first."""

    reason = "not_proved"
