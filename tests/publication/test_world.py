"""The country of these tests is one that could be: a method of protection may hold figures that no population has."""

import pytest

from gmsd_publication.domain.consent import Consents, Policy
from gmsd_publication.domain.release_model import release_model
from tests.publication.methods import Remembering
from tests.publication.test_protection import made
from tests.publication.world import BASIS, populated


@pytest.mark.parametrize("people", [6, 900])
@pytest.mark.parametrize("policy", [Policy(), Policy(basis=Consents(spoken={"GM0344": False}))])
def test_the_figures_of_the_country_are_those_of_a_population(people: int, policy: Policy) -> None:
    method = Remembering()
    built = made(populated(3, people), policy, protection=method)
    release = release_model(method.exact[0], BASIS, built.regions)
    release.model.check()
    release.model.check_truth(release.truth)
