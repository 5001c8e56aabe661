"""Every class of fault occurs, as often as declared, and where the truth says it does."""

import re
import zipfile
from collections import Counter
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import polars as pl
import pytest

from gmsd_nation import FAULTS, generate
from gmsd_nation.calendar import half_years
from gmsd_nation.dialect import DEVIATIONS
from gmsd_nation.places import RECEIVERS, atlas
from gmsd_nation.plan import Role, occurrences, plan
from gmsd_nation.register_faults import BRP_FAULTS, REGIO_FAULTS
from gmsd_nation.wreckage import picture
from tests.nation.conftest import GEMEENTEN, Written, elfproef

Row = dict[str, str]
_FROM = {"2025HJ01": "20250101", "2025HJ02": "20250701"}
_AFTER = {"2025HJ01": "20250630", "2025HJ02": "20251231"}

SHOWN: dict[str, Callable[[Row, list[Row], str], bool]] = {
    "bsn-elfproef": lambda row, rows, period: len(row["bsn"]) == 9 and not elfproef(row["bsn"]),
    "bsn-999999999": lambda row, rows, period: row["bsn"] == "999999999",
    "bsn-eight-digits": lambda row, rows, period: len(row["bsn"]) == 8,
    "duplicate-row": lambda row, rows, period: rows.count(row) == 2,
    "duplicate-key": lambda row, rows, period: (
        rows.count(row) == 1
        and sum(all(row[k] == o[k] for k in row if not k.startswith("intensiteit")) for o in rows) == 2
    ),
    "end-before-start": lambda row, rows, period: (
        row["datum_einde_daadwerkelijk"] < row["datum_start_daadwerkelijk"]
    ),
    "legal-end-before-start": lambda row, rows, period: (
        "" < row["datum_einde_rechtsgeldigheid"] < row["datum_start_rechtsgeldigheid"]
    ),
    "start-after-period": lambda row, rows, period: row["datum_start_daadwerkelijk"] > _AFTER[period],
    "wrong-gemeente": lambda row, rows, period: (
        Counter(r["gemeentecode"] for r in rows).most_common()[0][0] != row["gemeentecode"]
    ),
    "gemeentecode-form": lambda row, rows, period: re.fullmatch(r"(GM)?\d{4}", row["gemeentecode"]) is None,
    "aanmaakdatum-in-future": lambda row, rows, period: row["aanmaakdatum_bestand"] > "20990000",
    "mixed-aanmaakdatum": lambda row, rows, period: len({r["aanmaakdatum_bestand"] for r in rows}) == 2,
    "unknown-code": lambda row, rows, period: row["leveringsvorm"] not in ("", "1", "2", "3"),
    "unknown-type": lambda row, rows, period: row["type_maatwerkarrangement_declaratie"] > "18",
    "missing-required": lambda row, rows, period: row["bsn"] == "",
    "missing-type": lambda row, rows, period: not any(v for k, v in row.items() if k.startswith("type_maat")),
    "missing-start": lambda row, rows, period: (
        not any(v for k, v in row.items() if k.startswith("datum_start"))
    ),
    "letters-in-date": lambda row, rows, period: not row["datum_toewijzing"].isdigit(),
    "impossible-date": lambda row, rows, period: row["datum_toewijzing"].endswith("0230"),
    "ambulantisering-without-type-15": lambda row, rows, period: (
        row["ambulantisering"] != "" and "15" not in [v for k, v in row.items() if k.startswith("type_maat")]
    ),
    "reden-without-einddatum": lambda row, rows, period: (
        row["reden_beeindiging"] != "" and not any(v for k, v in row.items() if k.startswith("datum_einde"))
    ),
    "intensiteit-incomplete": lambda row, rows, period: (
        row["intensiteit_volume"] != "" and row["intensiteit_eenheid"] == ""
    ),
    "volume-not-whole": lambda row, rows, period: "," in row["intensiteit_volume"],
    "toewijzingsnummer-too-long": lambda row, rows, period: len(row["toewijzingsnummer"]) > 9,
    "bsn-in-other-column": lambda row, rows, period: row["type_aanbieder"] == row["bsn"],
    "partly-toewijzingsnummer": lambda row, rows, period: (
        len({bool(r["toewijzingsnummer"]) for r in rows}) == 2
    ),
    "share-unknown": lambda row, rows, period: row["leveringsvorm"] == "",
    "start-before-1900": lambda row, rows, period: row["datum_start_daadwerkelijk"] < "1900",
    "toewijzingsnummer-letters": lambda row, rows, period: not row["toewijzingsnummer"].isdigit(),
    "ended-before-period": lambda row, rows, period: "" < row["datum_einde_daadwerkelijk"] < _FROM[period],
    "end-without-start": lambda row, rows, period: (
        row["datum_einde_daadwerkelijk"] != "" and row["datum_start_daadwerkelijk"] == ""
    ),
    "surrounding-space": lambda row, rows, period: True,
    "empty-row": lambda row, rows, period: row == rows[-1],
}

REGISTER: dict[str, Callable[[Row, list[Row], str], bool]] = {
    "brp-bsn-elfproef": lambda row, rows, period: not elfproef(row["bsn"]),
    "brp-wrong-gemeente": lambda row, rows, period: (
        Counter(r["gemeentecode"] for r in rows)[row["gemeentecode"]] < 10
    ),
    "brp-end-before-start": lambda row, rows, period: "" < row["datum_tot"] < row["datum_vanaf"],
    "brp-outside-period": lambda row, rows, period: row["datum_vanaf"] > _AFTER[period],
    "brp-death-before-birth": lambda row, rows, period: "" < row["datum_overlijden"] < row["geboortedatum"],
    "brp-two-addresses": lambda row, rows, period: (
        sum(row["bsn"] == o["bsn"] and row["datum_vanaf"] == o["datum_vanaf"] for o in rows) == 2
    ),
    "brp-wijk-elsewhere": lambda row, rows, period: row["wijkcode"][2:6] != row["gemeentecode"][2:],
    "brp-postcode-form": lambda row, rows, period: len(row["postcode"]) != 6,
    "regio-code-twice": lambda row, rows, period: sum(row["code"] == o["code"] for o in rows) == 2,
    "regio-unknown-parent": lambda row, rows, period: row["deel_van"] not in {o["code"] for o in rows},
    "regio-end-before-start": lambda row, rows, period: "" < row["geldig_tot"] < row["geldig_vanaf"],
    "regio-unknown-kind": lambda row, rows, period: row["soort"] == "XX",
}

WRECKED: dict[str, Callable[[bytes], bool]] = {
    "no-header": lambda data: data.startswith(b"GM"),
    "header-only": lambda data: data.startswith(b"gemeentecode") and data.count(b"\n") == 1,
    "empty-file": lambda data: data == b"",
    "not-csv": lambda data: data.startswith(b"\x89PNG") and b"\x00" in data,
    "utf-16": lambda data: data.startswith((b"\xff\xfe", b"\xfe\xff")),
    "null-bytes": lambda data: b"\x00" in data and data.startswith(b"gemeentecode"),
    "truncated-quote": lambda data: data.count(b'"') == 1,
    "truncated-row": lambda data: data.splitlines()[-1].count(b";") == 2,
    "extra-field": lambda data: data.splitlines()[1].count(b";") == 18,
    "zip": lambda data: zipfile.ZipFile(BytesIO(data)).namelist() == ["MSD.csv"],
    "unknown-column": lambda data: data.splitlines()[0].endswith(b";opmerking"),
    "missing-column": lambda data: b";bsn;" not in data.splitlines()[0],
    "duplicate-column": lambda data: data.splitlines()[0].split(b";").count(b"bsn") == 2,
    "one-line": lambda data: len(data.splitlines()) == 1 and len(data) > 100_000,
    "rows-despite-flag": lambda data: len(data.splitlines()) > 1,
    "nothing-in-period": lambda data: all(
        line.count(b"20241212") + line.count(b"20250611") == 2 for line in data.splitlines()[1:]
    ),
    "made-before-end": lambda data: all(
        b"20250531" in line or b"20251128" in line
        for line in re.sub(rb"(?<=\d)-(?=\d)", b"", data).splitlines()[1:]
    ),
    "absent-column": lambda data: b"ambulantisering" not in data.splitlines()[0].lower(),
}


def test_every_class_of_fault_is_shown_where_the_truth_says(written: Written) -> None:
    faults = pl.read_parquet(written.folder / "truth/faults.parquet")
    seen: Counter[str] = Counter()
    for delivered in written.deliveries("wmo"):
        here = faults.filter(pl.col("path") == delivered.plan["path"])
        assert set(here["slug"]) == set(delivered.plan["faults"])
        for slug, numbers in here.group_by("slug").agg("row").iter_rows():
            seen[slug] += 1
            if slug in WRECKED:
                assert numbers == [None]
                assert WRECKED[slug](delivered.data), slug
            if slug in SHOWN:
                assert None not in numbers
                rows = delivered.rows()
                assert all(
                    SHOWN[slug](rows[number - 1], rows, delivered.plan["period"]) for number in numbers
                ), slug
    by_comparison = {"cropped-episode", "type-vanished"}
    assert {fault.slug for fault in FAULTS} == set(SHOWN) | set(WRECKED) | by_comparison
    assert {fault.slug for fault in FAULTS} | set(DEVIATIONS) <= set(seen)


def test_faults_of_the_register_holders(written: Written) -> None:
    """Each occurs where the truth says, and a right file follows."""
    faults = pl.read_parquet(written.folder / "truth/faults.parquet")
    seen = set()
    for dataset in ("brp", "regio"):
        open_slots: dict[tuple[str, str], bool] = {}
        for delivered in written.deliveries(dataset):
            refused = delivered.plan["expected"] == "reject"
            open_slots[delivered.plan["period"], delivered.plan["part"]] = refused
            if refused:
                (slug,) = delivered.plan["faults"]
                seen.add(slug)
                rows = delivered.rows()
                numbers = faults.filter(pl.col("path") == delivered.plan["path"])["row"].to_list()
                assert numbers
                assert all(REGISTER[slug](rows[n - 1], rows, delivered.plan["period"]) for n in numbers), slug
        assert not any(open_slots.values())
    assert seen == set(REGISTER) == {fault.slug for fault in (*BRP_FAULTS, *REGIO_FAULTS)}


def test_expected_outcome_follows_the_fault(written: Written) -> None:
    refusing = {fault.slug for fault in (*FAULTS, *BRP_FAULTS, *REGIO_FAULTS) if fault.expected == "reject"}
    for line in written.plan():
        assert (line["expected"] == "reject") == bool(refusing & set(line["faults"])), line["path"]


@pytest.mark.parametrize("gemeenten", [30, None])
@pytest.mark.parametrize("seed", [1, 2])
def test_faults_occur_as_often_as_declared(seed: int, gemeenten: int | None) -> None:
    map_ = atlas(seed, 0.042, gemeenten)
    periods = half_years(("2025HJ01", "2025HJ02"))
    made = plan(seed, map_, periods, FAULTS)
    refused = Counter(fault.slug for faults in made.refused.values() for fault in faults)
    remarked = Counter(fault.slug for fault in made.remarked.values())
    free = len(map_.places) - len(RECEIVERS) - len(Role)
    for fault in FAULTS:
        slots = free if fault.second_only else 2 * free
        counted = (refused if fault.expected == "reject" else remarked)[fault.slug]
        assert counted == occurrences(fault, slots)
        assert counted == 1 or abs(counted / slots - fault.share) <= 0.5 / slots
    assert made.uncorrected
    assert not {map_.places[number].code for number, _ in made.refused} & set(RECEIVERS)


def test_roles_show_in_the_plan(written: Written) -> None:
    lines = [line for line in written.plan() if line["dataset"] == "wmo"]
    for period in ("2025HJ01", "2025HJ02"):
        here = [line for line in lines if line["period"] == period]
        nothing = [line for line in here if line["nothing_to_report"] and line["expected"] == "accept"]
        assert len(nothing) == 1
        assert len({line["deliverer"] for line in here}) == GEMEENTEN - 1, "one never delivers"
    slots: dict[tuple[str, str], list[str]] = {}
    for line in lines:
        slots.setdefault((line["deliverer"], line["period"]), []).append(line["expected"])
    assert any("accept" not in outcomes for outcomes in slots.values()), "somebody never corrects"
    digests = {}
    for key, outcomes in slots.items():
        if outcomes.count("accept") > 1:
            paths = [line["path"] for line in lines if (line["deliverer"], line["period"]) == key]
            digests[len(paths)] = [(written.folder / path).read_bytes() for path in paths]
            supersedes = [line["supersedes"] for line in lines if line["path"] in paths]
            assert supersedes == [None, *paths[:-1]]
    assert len(digests[2][1]) < len(digests[2][0])
    assert digests[3][0] == digests[3][2] != digests[3][1]


def test_a_nation_without_faults(written: Written, tmp_path_factory: pytest.TempPathFactory) -> None:
    nation = generate(tmp_path_factory.mktemp("sound") / "n", 3, 0.002, gemeenten=10, faults=())
    assert all(
        delivery.expected == "accept" and not delivery.nothing_to_report for delivery in nation.deliveries
    )
    assert {slug for delivery in nation.deliveries for slug in delivery.faults} == {"windows-1252"}


def test_the_smallest_nation_keeps_the_split_and_the_witnesses(tmp_path: Path) -> None:
    """Four gemeenten leave no room for roles; every class of refused fault still has a file."""
    nation = generate(tmp_path / "n", 3, 0.001, gemeenten=4)
    slugs = {slug for delivery in nation.deliveries for slug in delivery.faults}
    assert {fault.slug for fault in FAULTS if fault.expected == "reject"} <= slugs
    assert {delivery.part for delivery in nation.deliveries} >= {"GM9901", "GM0037", "GM0047"}


def test_a_picture_is_no_text() -> None:
    with pytest.raises(UnicodeDecodeError):
        picture(b"x" * 100).decode("utf-8")
