"""One way after another: the first that is not refused, and nothing kept of those that were."""

import gc
import weakref
from functools import partial

import pytest

from gmsd_publication.disclosure.errors import Contradictory, Infeasible, WorkLimit
from gmsd_publication.disclosure.rounding.attempts import first_found, or_none


class Large:
    """What an attempt works on."""


def refuse(refusal: Exception) -> int:
    raise refusal


def test_the_first_that_is_not_refused_is_taken_and_no_more_is_tried() -> None:
    tried: list[int] = []

    def attempt(number: int) -> int:
        tried.append(number)
        return number if number > 1 else refuse(Infeasible("no"))

    assert first_found(partial(attempt, number) for number in range(4)) == 2
    assert tried == [0, 1, 2]


def test_the_last_refusal_is_told() -> None:
    with pytest.raises(WorkLimit, match="second"):
        first_found([lambda: refuse(Infeasible("first")), lambda: refuse(WorkLimit("second"))])
    with pytest.raises(Infeasible, match="nothing"):
        first_found([])
    assert or_none(lambda: refuse(WorkLimit("no"))) is None


def test_another_error_is_no_refusal() -> None:
    with pytest.raises(Contradictory):
        first_found([lambda: refuse(Contradictory("wrong")), lambda: 1])


def test_what_a_refused_attempt_held_is_free_when_the_next_begins() -> None:
    held: list[weakref.ref[Large]] = []

    def attempt() -> int:
        large = Large()
        assert not any(one() for one in held)
        held.append(weakref.ref(large))
        raise Infeasible("no")

    with pytest.raises(Infeasible):
        first_found([attempt, attempt, attempt])
    assert len(held) == 3


def test_nothing_is_held_after_the_last_refusal_either() -> None:
    held: list[weakref.ref[Large]] = []

    def attempt() -> int:
        large = Large()
        held.append(weakref.ref(large))
        raise Infeasible("no")

    gc.disable()  # what goes only with the collector is held until it runs
    try:
        assert or_none(partial(first_found, [attempt, attempt])) is None
        assert not any(one() for one in held)
    finally:
        gc.enable()
