"""Published figures as the values of a release model."""

import numpy as np
import polars as pl

from gmsd_publication.domain.places import fill_computed
from gmsd_publication.domain.release_model import Release


def values_of(release: Release, figures: pl.DataFrame) -> np.ndarray:
    """[n]: 0 for what is published as less than its base; what nobody publishes is computed, as a reader does."""
    values = np.zeros(release.model.size, dtype=np.int64)
    values[release.order] = figures["value"].fill_null(0).to_numpy()
    for family in release.families:
        own = values[family.cells]
        fill_computed(family.sums, own)
        values[family.cells] = own
    return values
