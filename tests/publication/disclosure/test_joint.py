"""People counted in two gemeenten are taken from figures that stay those of people."""

from contextlib import suppress

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from gmsd_publication.disclosure.errors import NotProved
from gmsd_publication.domain.keyed.joint import Crowd, pairs
from gmsd_publication.domain.keyed.population import Kind
from gmsd_publication.domain.relations import relations
from tests.publication.disclosure.test_population import SMALL, draw_population

FOUND = relations(SMALL)
KIND = Kind(SMALL, FOUND)
PRESENCE = np.array(FOUND.presence)


def doubles_of(one: tuple[int, int], other: tuple[int, int]) -> np.ndarray:
    """What two people who are the same person count once too many."""
    counted = np.zeros(KIND.width, dtype=np.int64)
    for slots, moment in ((KIND.early_slots, 0), (KIND.late_slots, 1)):
        counted[slots] = ((one[moment] & KIND.masks) != 0) & ((other[moment] & KIND.masks) != 0)
    return counted


@given(seed=st.integers(0, 2**32), places=st.integers(2, 4), asked=st.integers(1, 3))
@settings(max_examples=300, deadline=None)
def test_whoever_is_taken_leaves_a_population(seed: int, places: int, asked: int) -> None:
    rng = np.random.default_rng(seed)
    people = [draw_population(KIND, rng, int(rng.integers(1, 5))) for _ in range(places)]
    doubles = np.zeros(KIND.width, dtype=np.int64)
    for _ in range(asked):
        one, other = (people[at] for at in rng.choice(places, 2, replace=False))
        first, second = int(rng.integers(len(one.late))), int(rng.integers(len(other.late)))
        doubles += doubles_of(
            (int(one.early[first]), int(one.late[first])), (int(other.early[second]), int(other.late[second]))
        )
    crowd = Crowd(KIND, FOUND, np.array([KIND.recount(each) for each in people]))
    with suppress(NotProved):
        list(pairs(KIND, crowd, doubles, np.arange(places)))
    assert (crowd.figures >= 0).all()
    assert (crowd.figures @ FOUND.matrix(FOUND.counts).T >= 0).all()
    assert not (crowd.figures @ FOUND.matrix(FOUND.equations).T).any()
    assert ((crowd.figures[:, PRESENCE[:, 0]] > 0) == (crowd.figures[:, PRESENCE[:, 1]] > 0)).all()
    for figures in crowd.figures:
        left = KIND.population(figures)
        assert KIND.stands(left) and (KIND.recount(left) == figures).all()
