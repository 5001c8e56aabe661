"""`regio` version 1: the region classification, each region with the days on which it existed."""

from datetime import date

from gmsd_contracts.columns.codes import SOORT_REGIO
from gmsd_contracts.columns.column import KEEP, Column, ColumnType
from gmsd_contracts.columns.dataset import DatasetVersion

REGIO_V1 = DatasetVersion(
    name="regio",
    version=1,
    title="Regio-indeling",
    deliverer="registerhouder",
    period_kind="HJ",
    valid_from=date(2015, 1, 1),
    columns=(
        Column(
            name="code",
            type=ColumnType.REGION,
            description="Code van de regio",
            example="WK034401",
            privacy=KEEP,
            length=10,
            required=True,
        ),
        Column(
            name="naam",
            type=ColumnType.TEXT,
            description="Naam van de regio",
            example="Wijk 01 Binnenstad",
            privacy=KEEP,
            length=120,
            required=True,
        ),
        Column(
            name="soort",
            type=ColumnType.CODE,
            description="Soort regio",
            example="WK",
            privacy=KEEP,
            length=4,
            required=True,
            codes=SOORT_REGIO,
        ),
        Column(
            name="geldig_vanaf",
            type=ColumnType.DATE,
            description="Eerste dag waarop de regio bestaat",
            example="20250101",
            privacy=KEEP,
            length=10,
            required=True,
        ),
        Column(
            name="geldig_tot",
            type=ColumnType.DATE,
            description="Laatste dag waarop de regio bestaat; leeg is: bestaat nog",
            example="20250331",
            privacy=KEEP,
            length=10,
        ),
        Column(
            name="deel_van",
            type=ColumnType.TEXT,
            description="Codes van de regio's waar deze deel van is, gescheiden door |",
            example="GM0344",
            privacy=KEEP,
            length=120,
        ),
    ),
)
