"""Wmo files: sound ones are sound by a small checker of our own; the truth beside them says the same."""

from collections import defaultdict
from datetime import date

import polars as pl
import pytest

from gmsd_contracts.columns import version_for
from gmsd_contracts.period import bounds
from tests.nation.conftest import Delivered, Written, elfproef, to_date
from tests.oracle.arrangements import arrangements
from tests.oracle.files import wmo_rows

PERIODS = ("2025HJ01", "2025HJ02")
_TOLERATED = {
    "partly-toewijzingsnummer",
    "share-unknown",
    "ended-before-period",
    "end-without-start",
    "absent-column",
}
"""Faults under which a file is accepted, by what the small checker below calls them."""


def complaints(delivered: Delivered) -> list[str]:
    """What is wrong with a Wmo file, row by row, by the words of the file specification."""
    first, last = bounds(delivered.plan["period"])
    version = version_for("wmo", delivered.plan["period"])
    rows = delivered.rows()
    found: list[str] = []
    if sorted(rows[0]) != sorted(column.name for column in version.columns):
        found.append("absent-column")
        rows = [dict.fromkeys((column.name for column in version.columns), "") | row for row in rows]
    if len({row["aanmaakdatum_bestand"] for row in rows}) != 1:
        found.append("aanmaakdatum")
    if len({bool(row["toewijzingsnummer"]) for row in rows}) != 1:
        found.append("partly-toewijzingsnummer")
    key = (
        "bsn",
        "toewijzingsnummer",
        "type_maatwerkarrangement_declaratie",
        "type_maatwerkarrangement_toewijzing",
        "datum_start_daadwerkelijk",
        "datum_start_rechtsgeldigheid",
    )
    if len({tuple(row[name] for name in key) for row in rows}) != len(rows):
        found.append("duplicate key")
    for row in rows:
        for column in version.columns:
            value = row[column.name]
            if column.required and not value:
                found.append(f"empty {column.name}")
            if value and column.codes is not None and value not in column.codes:
                found.append(f"code {column.name}")
            if len(value) > column.length:
                found.append(f"length {column.name}")
            if value and "datum" in column.name:
                to_date(value)
        if row["gemeentecode"] != delivered.plan["deliverer"]:
            found.append("gemeente")
        if not elfproef(row["bsn"]):
            found.append("bsn")
        if not row["type_maatwerkarrangement_toewijzing"] and not row["type_maatwerkarrangement_declaratie"]:
            found.append("type")
        kind = "daadwerkelijk" if row["datum_start_daadwerkelijk"] else "rechtsgeldigheid"
        begin, end = row[f"datum_start_{kind}"], row[f"datum_einde_{kind}"]
        if not to_date(begin) <= last or (end and to_date(end) < first):
            found.append("ended-before-period" if to_date(begin) <= last else "start after the period")
        for side in ("daadwerkelijk", "rechtsgeldigheid"):
            if row[f"datum_einde_{side}"] and not row[f"datum_start_{side}"]:
                found.append("end-without-start")
            elif row[f"datum_einde_{side}"] and row[f"datum_einde_{side}"] < row[f"datum_start_{side}"]:
                found.append("end before start")
        if row["reden_beeindiging"] and not end:
            found.append("reden")
        if (
            row["ambulantisering"]
            and row["type_maatwerkarrangement_declaratie"]
            != "15"
            != row["type_maatwerkarrangement_toewijzing"]
        ):
            found.append("ambulantisering")
        if len({bool(row[f"intensiteit_{part}"]) for part in ("volume", "eenheid", "frequentie")}) != 1:
            found.append("intensiteit")
    return found


def test_files_to_accept_hold_no_fault(written: Written) -> None:
    checked = 0
    for delivered in written.deliveries("wmo"):
        if delivered.plan["expected"] == "accept" and not delivered.plan["nothing_to_report"]:
            checked += 1
            assert set(complaints(delivered)) <= _TOLERATED & set(delivered.plan["faults"])
    assert checked > 15


def test_rows_come_back_in_the_next_half_year(written: Written) -> None:
    first, second = (written.in_force("wmo", period) for period in PERIODS)
    same = ended = 0
    for key, delivered in first.items():
        if (
            key not in second
            or delivered.plan["nothing_to_report"]
            or _TOLERATED & set(delivered.plan["faults"])
        ):
            continue
        later = {
            (row["bsn"], row["type_maatwerkarrangement_declaratie"], row["datum_start_rechtsgeldigheid"]): row
            for row in second[key].rows()
        }
        for row in delivered.rows():
            again = later.get(
                (row["bsn"], row["type_maatwerkarrangement_declaratie"], row["datum_start_rechtsgeldigheid"])
            )
            if again is not None:
                assert not row["datum_einde_daadwerkelijk"], (
                    "what ended in the first half-year does not come back"
                )
                same += 1
                ended += bool(again["datum_einde_daadwerkelijk"])
    assert same > 50
    assert ended > 3


def test_witnesses_use_the_wmo_in_both_gemeenten(written: Written) -> None:
    persons = pl.read_parquet(written.folder / "truth/persons/passing.parquet").filter(
        pl.col("note") == "witness"
    )
    force = written.in_force("wmo", "2025HJ01")
    users = [{row["bsn"] for row in force[(code, "")].rows()} for code in ("GM0037", "GM0047")]
    assert len(persons) == 3
    assert set(persons["bsn"].cast(pl.String)) <= users[0] & users[1]


def test_some_clients_are_not_in_the_register_and_some_live_elsewhere(written: Written) -> None:
    lives: dict[str, set[str]] = defaultdict(set)
    for delivered in written.in_force("brp", "2025HJ01").values():
        for row in delivered.rows():
            lives[row["bsn"]].add(row["gemeentecode"])
    unknown = elsewhere = 0
    strange = set()
    for (gemeente, _), delivered in written.in_force("wmo", "2025HJ01").items():
        if delivered.plan["nothing_to_report"]:
            continue
        here = {row["bsn"] for row in delivered.rows()}
        missing = {bsn for bsn in here if bsn not in lives}
        unknown += len(missing)
        elsewhere += sum(1 for bsn in here - missing if gemeente not in lives[bsn])
        if len(missing) > 0.03 * len(here):
            strange.add(gemeente)
    flagged = {line["deliverer"] for line in written.plan() if "unknown-persons" in line["faults"]}
    assert unknown > 0
    assert elsewhere > 0
    assert flagged <= strange
    assert len(flagged) == 1


@pytest.mark.parametrize("period", PERIODS)
def test_accepted_truth_equals_the_file_in_force(written: Written, period: str) -> None:
    for dataset, name in (("wmo", "deliverer"), ("brp", "part"), ("regio", "deliverer")):
        force = written.in_force(dataset, period)
        truth = {
            path.stem: path
            for path in (written.folder / f"truth/accepted/{dataset}/{period}").glob("*.parquet")
        }
        assert set(truth) == {d.plan[name] for d in force.values()}
        for delivered in force.values():
            table = pl.read_parquet(truth[delivered.plan[name]]).drop("arrangement", strict=False)
            rows = delivered.rows() if delivered.data else []
            assert [{k: v.strip() for k, v in row.items()} for row in table.to_dicts()] == [
                {name: row.get(name, "") for name in table.columns} for row in rows
            ]


def test_true_arrangements_are_those_of_the_merge_rule(written: Written) -> None:
    """Where every row was delivered, the merge rule finds from the files what was true."""
    compared = 0
    force = [written.in_force("wmo", period) for period in PERIODS]
    for (gemeente, _), first in force[0].items():
        second = force[1].get((gemeente, ""))
        plans = [first.plan, second.plan] if second else []
        if not plans or any(plan["nothing_to_report"] for plan in plans):
            continue
        if any(
            set(plan["faults"]) & {"rows-dropped", "cropped-episode", "type-vanished", *_TOLERATED}
            for plan in plans
        ):
            continue
        rows = [
            row
            for half, plan in enumerate(plans, 1)
            for row in wmo_rows(written.folder / plan["path"], gemeente, half)
        ]
        found = sorted(
            (a.person, a.begin, a.end or date.max, len(a.delivered_for)) for a in arrangements(rows, 2025)
        )
        truth = pl.read_parquet(written.folder / f"truth/arrangements/{gemeente}.parquet").filter(
            pl.col("periods") != ""
        )
        bsns = dict(
            pl.concat(
                [
                    pl.read_parquet(path, columns=["person", "bsn"])
                    for path in (written.folder / "truth/persons").glob("*.parquet")
                ]
            ).iter_rows()
        )
        last = bounds(PERIODS[1])[1]
        expected = sorted(
            (str(bsns[row["person"]]), row["begin"], row["end"] or date.max, len(row["periods"].split("|")))
            for row in truth.to_dicts()
        )
        # Arrangements given on paper only may carry a planned end, which lies behind the year.
        found = [(p, b, e if e <= last else date.max, n) for p, b, e, n in found]
        assert found == expected
        compared += 1
    assert compared >= 5
