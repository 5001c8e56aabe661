"""The disclosure test as readers get it, and what no answer may tell."""

import csv
import io
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pyarrow as pa
import pytest
import structlog

from gmsd_chassis.clock import ShiftedClock
from gmsd_contracts.cells import AUDIT
from gmsd_contracts.events.publication import PublicationReleased
from gmsd_publication import metrics
from gmsd_publication.domain.audit import to_audit, untested
from gmsd_publication.domain.protection import NearestFive
from gmsd_publication.http import toets_words
from gmsd_publication.press import Watch
from tests.publication.conftest import Site, open_site
from tests.publication.methods import Proving, Replaying, Suppressing
from tests.publication.test_protection import made
from tests.publication.world import PERIOD, consent, populated, snapshot


async def out(site: Site, name: str = "a", seed: int = 1) -> PublicationReleased:
    await site.say(await snapshot(site.content, populated(seed=seed), name))
    await site.look()
    released: PublicationReleased = site.log.said(PublicationReleased)[-1]
    return released


def browser(site: Site) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=site.url, timeout=20)


async def test_the_test_of_a_release_as_json_and_csv(tmp_path: Path) -> None:
    async with open_site(tmp_path, Proving()) as site, browser(site) as client:
        await out(site)
        release = await out(site, "b", 2)
        listed = (await client.get(f"/v1/publicaties/{release.release_id}")).json()
        answer = await client.get(listed["toets"])
        document = answer.json()
        assert document["methode"]["naam"] == "sleutelafronding-5"
        assert [one["code"] for one in document["aanvallers"] if one["hiervoorGemaakt"]] == ["A1", "A2", "A3"]
        assert len(document["aanvallers"]) == 4
        assert document["eerdereUitgaven"] == {"meegetoetst": [1], "nietMeegetoetst": []}
        assert document["stappen"][0] == {"niveau": "BU", "stap": 0}
        assert {(tuple(m["niveaus"]), m["staatEr"], m["van"], m["totEnMet"]) for m in document["betekenis"]} == {
            ((), "<5", 0, 4), (("BU",), "5", 1, 9), (("BU",), "20", 16, 24),
            (("WK", "GM", "PV", "LD"), "5", 0, 14), (("WK", "GM", "PV", "LD"), "20", 11, 29),
        }  # fmt: skip
        rows = document["regels"]
        assert sum(row["cijfers"] for row in rows if row["niveau"] != "afgeleid") == sum(
            table["aantalRegels"] for table in listed["tabellen"]
        )
        assert all(row["bewezen"] == row["cijfers"] and row["onbeslist"] == 0 for row in rows)
        assert set(rows[0]) == {"indicator", "moment", "niveau", *document["kolommen"]}
        text = await client.get(listed["toets"], params={"formaat": "csv"})
        assert text.headers["content-type"].startswith("text/csv")
        lines = list(csv.DictReader(io.StringIO(text.text)))
        assert [{name: str(value) for name, value in row.items()} for row in rows] == lines
        assert (await client.get(listed["toets"], headers={"Accept": "text/csv"})).text == text.text
        again = await client.get(listed["toets"], headers={"If-None-Match": answer.headers["etag"]})
        assert again.status_code == 304


async def test_the_evidence_can_be_had_by_anybody(tmp_path: Path) -> None:
    async with open_site(tmp_path, Proving()) as site, browser(site) as client:
        release = await out(site)
        listed = (await client.get(f"/v1/publicaties/{release.release_id}")).json()
        answer = await client.get(listed["bewijs"])
        with pa.ipc.open_stream(answer.content) as reader:
            assert reader.read_all().to_pydict() == {"column": ["a", "b"], "n": [3, 5]}
            assert reader.schema.metadata[b"schema"] == b"proof/1"
        assert [table["indicator"] for table in listed["tabellen"]] == ["U1", "U2", "P1"]
        assert [table.table for table in release.tables] == ["U1", "U2", "P1", "regio", "toets", "bewijs"]


async def test_the_companions_of_a_release_are_no_tables_of_figures(tmp_path: Path) -> None:
    async with open_site(tmp_path, Proving()) as site, browser(site) as client:
        release = await out(site)
        for name in ("toets", "bewijs", "regio"):
            assert (await client.get(f"/v1/tabellen/basis-{PERIOD}-1-{name}")).status_code == 404
        with site.store.write() as connection:
            connection.execute("DELETE FROM release_figures")
        # Whose records stand in it is read back from its tables, the companions among them or not.
        await site.say(consent("GM0344", False, 1))
        await site.look()
        for path in ("toets", "bewijs"):
            gone = await client.get(f"/v1/publicaties/{release.release_id}/{path}")
            assert (gone.status_code, gone.json()["title"]) == (410, "Publicatie ingetrokken")
        old = (await client.get(f"/v1/publicaties/{release.release_id}")).json()
        assert old["toets"] is None and old["bewijs"] is None


async def test_refusals(site: Site) -> None:
    release = await out(site)
    async with browser(site) as client:
        where = f"/v1/publicaties/{release.release_id}"
        assert (await client.get(f"{where}/toets")).status_code == 200
        missing = await client.get(f"{where}/bewijs")  # nearest 5 proves nothing
        assert (missing.status_code, missing.json()["title"]) == (404, "Geen onthullingstoets")
        assert (await client.get(f"{where}/toets?formaat=xlsx")).status_code == 400
        assert (await client.get(f"{where}/bewijs?formaat=csv")).status_code == 400
        assert (await client.get(f"{where}/toets", headers={"Accept": "image/png"})).status_code == 406
        for other in ("1", "6e7c2a30-0000-4000-8000-000000000000"):
            for path in ("toets", "bewijs"):
                assert (await client.get(f"/v1/publicaties/{other}/{path}")).status_code == 404


async def test_the_page_tells_what_was_tested_and_what_can_still_be_inferred(tmp_path: Path) -> None:
    async with open_site(tmp_path, Proving()) as site, browser(site) as client:
        await out(site)
        text = (await client.get("/")).text
        assert "Onthullingstoets" in text
        assert re.search(r"Van alle [\d.]+ gepubliceerde cijfers is bewezen", text)
        assert '<td>Elk niveau</td><th scope="row">&lt;5</th><td>0 tot en met 4</td>' in text
        assert '<th scope="row">5</th><td>1 tot en met 9</td>' in text
        for code in toets_words.ATTACKERS:
            assert f"<strong>{code}</strong>" in text
        assert "Dit is de eerste uitgave over deze periode." in text
        await out(site, "b", 2)
        assert "Getoetst samen met uitgave 1." in (await client.get("/")).text


async def test_a_method_that_proves_nothing_says_so(site: Site) -> None:
    await out(site)
    async with browser(site) as client:
        text = (await client.get("/")).text
    assert "dat is niet hetzelfde als veilig" in text
    assert "Hiertegen is de methode gemaakt" not in text


FROZEN = datetime(2026, 5, 1, 9, 30, tzinfo=UTC)


async def everything(root: Path, method: NearestFive, seed: int) -> dict[str, bytes]:
    """Every public answer about a release, by path."""
    async with open_site(root, method) as site, browser(site) as client:
        await site.say(consent("GM0141", False, 1))
        release = await out(site, "same", seed)
        paths = ["/v1/publicaties", f"/v1/publicaties/{release.release_id}"]
        paths += [f"{paths[1]}/toets", f"{paths[1]}/toets?formaat=csv", f"{paths[1]}/bewijs"]
        for table in ("U1", "U2", "P1"):
            paths += [f"/v1/tabellen/basis-{PERIOD}-1-{table}?formaat={form}" for form in ("csv", "json")]
        for moment in ("peildatum", "periode"):
            for gemeente in ("", "Utrecht", "Almelo"):
                paths.append(f"/?moment={moment}&gemeente={gemeente}&vergelijk=Zwolle")
        answers = {path: await client.get(path) for path in paths}
        assert {answer.status_code for answer in answers.values()} == {200}
        here = site.url.encode()
        return {path: answer.content.replace(here, b"") for path, answer in answers.items()}


async def test_two_truths_behind_one_publication_give_the_same_answers_to_the_byte(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Marks, rates, coverage, notes, the test and its evidence: nothing in any answer is a function of the truth."""
    monkeypatch.setattr(ShiftedClock, "now", lambda clock: FROZEN)
    method = Replaying()
    first = await everything(tmp_path / "one", method, 1)
    second = await everything(tmp_path / "two", method, 6)
    other = await everything(tmp_path / "other", Proving(), 6)
    assert list(first) == list(second)
    assert [path for path in first if first[path] != second[path]] == []
    # The other truth does show, when it is what is published.
    assert [path for path in first if "tabellen" in path and first[path] == other[path]] == []


async def test_what_is_suppressed_has_one_mark_and_no_number_anywhere(tmp_path: Path) -> None:
    async with open_site(tmp_path, Suppressing()) as site, browser(site) as client:
        await out(site)
        table = (await client.get(f"/v1/tabellen/basis-{PERIOD}-1-U1")).json()
        hidden = [row for row in table["regels"] if row["aantal"] is None]
        assert {row["attribuut"] for row in hidden} == {"onderdrukt"}
        assert {row["per1000"] for row in hidden} == {None}
        assert "onderdrukt" in table["attributen"]
        assert "onderdrukt" in (await client.get("/?gemeente=Utrecht")).text


def test_a_total_over_a_suppressed_number_of_inhabitants_has_no_sum_for_a_denominator() -> None:
    from gmsd_publication.domain import derived
    from gmsd_publication.domain.consent import Consents, Policy

    built = made(populated(), Policy(basis=Consents(spoken={"GM0141": False})))
    people = built.tables["P1"]
    zwolle = (pl.col("region").cast(pl.String) == "GM0193") & (pl.col("category").cast(pl.String) == "totaal")
    hidden = people.with_columns(
        value=pl.when(~zwolle).then("value"),
        attribute=pl.when(zwolle)
        .then(pl.lit("onderdrukt", people.schema["attribute"]))
        .otherwise("attribute"),
    )
    before = dict(derived.denominators(built.tables["U1"], people, built.regions).iter_rows())
    after = dict(derived.denominators(built.tables["U1"], hidden, built.regions).iter_rows())
    assert before["PV23"] is not None and before["NL01"] is not None
    assert (after["PV23"], after["NL01"], after["GM0193"]) == (None, None, None)
    assert after["PV26"] == before["PV26"]  # its own published number needs no sum


def test_nearest_five_is_tested_and_certifies_nothing() -> None:
    built = made(populated())
    audit = built.audit
    assert audit.select(pl.col("certified", "limited").sum()).row(0) == (0, 0)
    assert audit["small"].sum() > 0
    assert (audit["undecided"] + audit["small"] + audit["exact"] >= audit["cells"]).all()
    assert to_audit(audit).schema.equals(AUDIT)
    shown = {
        name: table.filter(pl.col("attribute").cast(pl.String) == "<5").height
        for name, table in built.tables.items()
    }
    assert {name: audit.filter(pl.col("indicator") == name)["zeros"].sum() for name in built.tables} == shown


def test_the_audit_counts_marks_at_base_ten_too() -> None:
    figures = pl.DataFrame({
        "indicator": ["U1"] * 3, "moment": ["periode"] * 3, "level": ["GM"] * 3, "attribute": ["<10", "getoond", "onderdrukt"],
    })  # fmt: skip
    assert untested(figures).select("cells", "zeros").row(0) == (3, 1)


@pytest.mark.parametrize(("steps", "base", "expected"), [
    ({}, 5, [("<5", 0, 4), ("5", 1, 9), ("20", 16, 24)]),
    ({}, 10, [("<10", 0, 9), ("10", 1, 19), ("40", 31, 49)]),
    ({"GM": 8}, 10, [("<10", 0, 9), ("<20", 0, 19), ("10", 0, 99), ("40", 0, 129)]),
    ({"GM": 1}, 5, [("<5", 0, 4), ("5", 0, 14), ("20", 11, 29)]),
    ({"BU": 1, "GM": 2}, 5, [
        ("<5", 0, 4), ("<10", 0, 9), ("5", 0, 14), ("20", 11, 29), ("5", 0, 19), ("20", 6, 34),
    ]),
    ({"GM": 8}, 5, [("<5", 0, 4), ("<10", 0, 9), ("5", 0, 49), ("20", 0, 64)]),
])  # fmt: skip
def test_what_a_keyed_figure_means(steps: dict[str, int], base: int, expected: list[Any]) -> None:
    found = toets_words.meanings(f"sleutelafronding-{base}", base, steps)
    assert [(each.shown, each.least, each.most) for each in found] == expected
    assert toets_words.meanings("iets-anders", base, steps) == []


@pytest.mark.parametrize("count", range(30))
def test_what_nearest_five_says_a_figure_means_is_so(count: int) -> None:
    shown = "<5" if count < 5 else str((count + 2) // 5 * 5)
    for meaning in toets_words.meanings("naastgelegen-5", 5, {}):
        assert (meaning.least <= count <= meaning.most) == (shown == meaning.shown)


async def test_progress_is_measured(tmp_path: Path) -> None:
    async with open_site(tmp_path, Proving()) as site:
        metrics.PROTECTION_PROGRESS.set(0, product="basis")
        await out(site)
        assert metrics.PROTECTION_PROGRESS.value(product="basis") == 1.0


def test_progress_is_logged_now_and_then(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("gmsd_publication.press.time.monotonic", lambda: now)
    watch = Watch("basis", PERIOD)
    with structlog.testing.capture_logs() as lines:
        for done in range(1, 97):
            now += 0.25
            watch(done, 96)
    assert [line["done"] for line in lines] == [20, 40, 60, 80]
    assert {(line["event"], line["parts"]) for line in lines} == {("protecting", 96)}
