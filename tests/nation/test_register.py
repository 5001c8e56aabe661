"""Regions and register: what stands in the files agrees with itself and with the classification."""

from collections import defaultdict
from datetime import date

import pytest

from gmsd_contracts.columns import version_for
from gmsd_contracts.period import bounds
from tests.nation.conftest import Written, to_date

PERIODS = ("2025HJ01", "2025HJ02")


@pytest.fixture(scope="module")
def classification(written: Written) -> dict[str, dict[str, dict[str, str]]]:
    """Per period the regions by code."""
    return {
        period: {row["code"]: row for row in written.in_force("regio", period)["CBS", ""].rows()}
        for period in PERIODS
    }


def test_headers_are_those_of_the_contracts(written: Written) -> None:
    for dataset in ("regio", "brp"):
        for delivered in written.deliveries(dataset):
            expected = [column.name for column in version_for(dataset, delivered.plan["period"]).columns]
            assert list(delivered.rows()[0]) == expected


def test_parents_exist_and_kinds_are_nested(classification: dict[str, dict[str, dict[str, str]]]) -> None:
    parent_kind = {
        "PV": {"LD"},
        "GM": {"PV", "BW", "SK"},
        "WK": {"GM"},
        "BU": {"WK"},
        "LD": set(),
        "BW": set(),
        "SK": set(),
    }
    for regions in classification.values():
        for row in regions.values():
            parents = row["deel_van"].split("|") if row["deel_van"] else []
            assert {regions[parent]["soort"] for parent in parents} == parent_kind[row["soort"]]
            assert len(parents) == len(parent_kind[row["soort"]])
            prefix = {"LD": "NL", "PV": "PV", "GM": "GM", "WK": "WK", "BU": "BU", "BW": "BW", "SK": "SK"}
            assert row["code"].startswith(prefix[row["soort"]])
            length = {"WK": 8, "BU": 10, "GM": 6}.get(row["soort"], len(row["code"]))
            assert len(row["code"]) == length
    codes = [code for code in classification["2025HJ01"] if code[:2] in ("WK", "BU")]
    assert any(any(letter.isalpha() for letter in code[2:]) for code in codes)


def test_spells_overlap_the_period_and_each_other_never(written: Written) -> None:
    for period in PERIODS:
        first, last = bounds(period)
        spells: dict[str, list[tuple[date, date]]] = defaultdict(list)
        for delivered in written.in_force("brp", period).values():
            for row in delivered.rows():
                since = to_date(row["datum_vanaf"])
                until = to_date(row["datum_tot"]) if row["datum_tot"] else date.max
                assert since <= last
                assert until >= first
                assert since <= until
                assert to_date(row["geboortedatum"]) <= since
                assert until == date.max or until <= last, "an end behind the period is not known yet"
                if row["datum_overlijden"]:
                    assert row["datum_tot"] <= row["datum_overlijden"]
                spells[row["bsn"]].append((since, until))
        for stays in spells.values():
            stays.sort()
            assert all(a[1] < b[0] for a, b in zip(stays, stays[1:], strict=False))
        assert any(len(stays) > 1 for stays in spells.values())


def test_addresses_exist_on_every_day_of_the_spell(
    written: Written, classification: dict[str, dict[str, dict[str, str]]]
) -> None:
    for period in PERIODS:
        first, last = bounds(period)
        regions = classification[period]
        for delivered in written.in_force("brp", period).values():
            for row in delivered.rows():
                assert row["gemeentecode"] == delivered.plan["part"]
                assert regions[row["buurtcode"]]["deel_van"] == row["wijkcode"]
                assert regions[row["wijkcode"]]["deel_van"] == row["gemeentecode"]
                buurt = regions[row["buurtcode"]]
                since = max(to_date(row["datum_vanaf"]), first)
                until = min(to_date(row["datum_tot"]), last) if row["datum_tot"] else last
                assert to_date(buurt["geldig_vanaf"]) <= since
                assert not buurt["geldig_tot"] or until <= to_date(buurt["geldig_tot"])


def test_the_split_gemeente_ends_and_its_inhabitants_live_on(written: Written) -> None:
    first = {row["code"]: row for d in written.in_force("regio", "2025HJ01").values() for row in d.rows()}
    second = {row["code"] for d in written.in_force("regio", "2025HJ02").values() for row in d.rows()}
    assert first["GM9901"]["geldig_tot"] == "20250331"
    assert "GM9901" not in second
    spells: dict[str, list[dict[str, str]]] = defaultdict(list)
    for delivered in written.in_force("brp", "2025HJ01").values():
        for row in delivered.rows():
            spells[row["bsn"]].append(row)
    before = {bsn for bsn, rows in spells.items() if any(row["gemeentecode"] == "GM9901" for row in rows)}
    after: set[str] = set()
    for bsn in before:
        ends = {row["datum_tot"] for row in spells[bsn] if row["gemeentecode"] == "GM9901"}
        later = [row for row in spells[bsn] if row["gemeentecode"] != "GM9901"]
        if later:
            assert ends == {"20250331"}
            assert [row["datum_vanaf"] for row in later] == ["20250401"]
            after.add(later[0]["gemeentecode"])
            assert first[later[0]["buurtcode"]]["geldig_vanaf"] == "20250401"
    assert after == {"GM0037", "GM0047"}
    assert not any(line["deliverer"] == "GM9901" for line in written.plan())


def test_life_happens(written: Written) -> None:
    """Births, deaths and household sizes occur inside the period."""
    first, last = bounds("2025HJ01")
    rows = [row for d in written.in_force("brp", "2025HJ01").values() for row in d.rows()]
    assert any(first <= to_date(row["geboortedatum"]) <= last for row in rows)
    assert any(row["datum_overlijden"] for row in rows)
    sizes: dict[str, set[str]] = defaultdict(set)
    for row in rows:
        sizes[row["huishoudennummer"]].add(row["bsn"])
    mean = sum(map(len, sizes.values())) / len(sizes)
    assert 1.8 < mean < 2.6
    assert {row["type_huishouden"] for row in rows} == {"1", "2", "3", "4", "5", "6"}
