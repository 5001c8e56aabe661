"""How a job can end badly. None of these carries the text of an exception: it may hold a cell value."""

from typing import Literal

Death = Literal["memory", "time", "signal", "exit"]

_REASONS: dict[Death, str] = {"memory": "geheugen", "time": "tijd", "signal": "gecrasht", "exit": "gecrasht"}


class WorkerDied(Exception):
    """The child did not survive the job; another has taken its place.

    `kind`: it needed more memory than it may have, more time, was killed by a signal, or left by itself.
    `code`: the signal's number or the exit code, where there is one.
    """

    def __init__(self, kind: Death, code: int | None = None) -> None:
        super().__init__(kind if code is None else f"{kind} {code}")
        self.kind: Death = kind
        self.code = code

    @property
    def reason(self) -> str:
        """The slug in events and metrics, in Dutch because deliverers see it: geheugen, tijd, gecrasht."""
        return _REASONS[self.kind]


class JobFailed(Exception):
    """The job raised. `kind`: the exception's type; `where`: `module:line` of the innermost frame of our own code."""

    def __init__(self, kind: str, where: str) -> None:
        super().__init__(f"{kind} at {where}")
        self.kind = kind
        self.where = where
