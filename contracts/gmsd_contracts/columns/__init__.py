"""The columns of every dataset version, with type, obligation and privacy class."""

from gmsd_contracts.columns.brp_v1 import BRP_V1
from gmsd_contracts.columns.column import Column, ColumnType, Privacy, Tag
from gmsd_contracts.columns.dataset import ROW, DatasetVersion
from gmsd_contracts.columns.regio_v1 import REGIO_V1
from gmsd_contracts.columns.wmo_v1 import WMO_V1
from gmsd_contracts.period import bounds

DATASETS: dict[str, tuple[DatasetVersion, ...]] = {"wmo": (WMO_V1,), "brp": (BRP_V1,), "regio": (REGIO_V1,)}
"""Versions of each dataset, oldest first."""


def version_for(dataset: str, period: str) -> DatasetVersion:
    """The version that applies to a period. KeyError: no such dataset, or none valid then."""
    first, _ = bounds(period)
    for version in reversed(DATASETS[dataset]):
        if version.valid_from <= first:
            return version
    raise KeyError(dataset)


def version_by_id(specification: str) -> DatasetVersion:
    """The version an event names, such as `wmo/1`; KeyError when unknown."""
    for versions in DATASETS.values():
        for version in versions:
            if version.id == specification:
                return version
    raise KeyError(specification)


__all__ = [
    "DATASETS",
    "ROW",
    "Column",
    "ColumnType",
    "DatasetVersion",
    "Privacy",
    "Tag",
    "version_by_id",
    "version_for",
]
