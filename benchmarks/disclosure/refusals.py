"""What a task says when it has no answer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Refused:
    """`why`: the name of the error and its detail."""

    why: str
