"""What a keyed release promises of its figures, checked cell by cell against the oracle's exact counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from typing import Any

from gmsd_cli.demo.outcome import Published
from tests.e2e.stage import Stage
from tests.oracle.figures import AGES, GROUPS, Figures, upwards

BASE = 5
CLOSED = frozenset({"regio bestond niet", "niet geleverd", "niet goedgekeurd", "geen toestemming"})
BELOW = {"<5": 5, "<10": 10, "<20": 20}
"""Marks of a published 0, by which the count is less than this; the second in totals of a later release."""
Figure = tuple[str, str, str, str]
"""Indicator, moment, region, category."""


async def check_published(
    stage: Stage, found: Published, truth: Figures, objectors: Iterable[str] = ()
) -> Counter[str]:
    """Every region has all its cells; a closed one says why, any other keeps the promise of the method; all that readers know
    of the figures together holds; and the disclosure test left nothing open. How often each attribute stood there."""
    assert found.release.protection == "sleutelafronding-5"
    delivered = [item async for item in stage.client.deliveries(periode=found.snapshot.period)]
    figures: dict[Figure, int] = {}
    seen: Counter[str] = Counter()
    for indicator in ("U1", "U2", "P1"):
        standing = _Standing(delivered, truth, indicator, set(objectors))
        rows = await stage.public_rows(found, indicator)
        assert {row["regio"] for row in rows} == set(truth.regions)
        assert len(set(Counter(row["regio"] for row in rows).values())) == 1, (
            "every region has the same cells"
        )
        for row in rows:
            cell = (indicator, row["moment"], row["regio"], row["categorie"])
            closed = standing.closed(row["regio"])
            level = truth.regions[row["regio"]].level
            figure = _figure(row, closed, truth.counts.get(cell, 0), found.release.steps[level])
            if figure is not None:
                figures[cell] = figure
            seen[row["attribuut"]] += 1
    _check_together(figures, truth)
    await _check_test(stage, found, seen)
    return seen


def _figure(row: dict[str, str], closed: str | None, count: int, step: int) -> int | None:
    """What a row publishes, 0 where the mark says that; None where it is closed. `step`: the K that the release declares for its level."""
    if closed is not None:
        assert (row["attribuut"], row["aantal"]) == (closed, ""), (row, closed)
        return None
    if row["attribuut"] in BELOW:
        assert row["aantal"] == "", row
        assert count < BELOW[row["attribuut"]] <= BASE * max(step, 1), (row, count, step)
        return 0
    assert row["attribuut"] == "getoond", row
    figure = int(row["aantal"])
    assert figure > 0 and figure % BASE == 0, row
    assert abs(figure - count) < BASE * (step + 1), (row, count, step)
    return figure


def _check_together(figures: dict[Figure, int], truth: Figures) -> None:
    """Sums over categories and over regions, and the inequalities that the definitions give."""
    parts = _parts(truth)
    for (indicator, moment, region, category), figure in figures.items():

        def among(*codes: str, one: Figure = (indicator, moment, region, category)) -> list[int]:
            return [figures[one[0], one[1], one[2], code] for code in codes]

        where = indicator, moment, region, category
        members = _members(indicator, category)
        if members and indicator == "U1":
            assert max(among(*members)) <= figure <= sum(among(*members)), where
        elif members:
            assert figure == sum(among(*members)), where
        below = [figures[indicator, moment, part, category] for part in parts[region]
                 if (indicator, moment, part, category) in figures]  # fmt: skip
        level = truth.regions[region].level
        if level == "GM" or (indicator == "U1" and level in ("PV", "LD")):
            # Who lives in no known wijk counts in the gemeente only; who counts in two gemeenten counts once above them.
            assert not below or (
                figure >= sum(below) if level == "GM" else max(below) <= figure <= sum(below)
            ), where
        elif below:
            assert figure == sum(below), where
        if moment == "peildatum" and indicator != "P1":
            assert figure <= figures[indicator, "periode", region, category], where
        if indicator == "U1":
            held = figures["U2", moment, region, category]
            assert figure <= held and (figure > 0) == (held > 0), where


def _members(indicator: str, category: str) -> list[str]:
    if indicator == "P1":
        return [code for code, _ in AGES] if category == "totaal" else []
    return sorted(GROUPS) if category == "totaal" else sorted(GROUPS.get(category, ()))


def _parts(truth: Figures) -> dict[str, list[str]]:
    """The regions one level down inside each region."""
    found: dict[str, list[str]] = defaultdict(list)
    order = ("BU", "WK", "GM", "PV", "LD")
    for code, region in truth.regions.items():
        for outer in upwards(code, truth.regions)[1:]:
            if order.index(truth.regions[outer].level) == order.index(region.level) + 1:
                found[outer].append(code)
    return found


async def _check_test(stage: Stage, found: Published, seen: Counter[str]) -> None:
    """The audit counts every published figure as proved, the evidence is there, and readers are told the same."""
    release = found.release
    audit, proof = release.companion("audit/1"), release.companion("proof/1")
    assert audit is not None and proof is not None
    assert {audit.table, proof.table} == {"toets", "bewijs"}
    document = (await stage.public.get(f"/v1/publicaties/{release.release_id}/toets")).json()
    lines = document["regels"]
    assert len(lines) == audit.rows
    assert sum(line["cijfers"] for line in lines if line["niveau"] != "afgeleid") == sum(
        seen[attribute] for attribute in set(seen) - CLOSED
    )
    for line in lines:
        assert line["bewezen"] + line["beperkt"] == line["cijfers"], line
        assert line["niveau"] == "afgeleid" or not line["beperkt"], "definitions limit computed counts alone"
        assert not any(line[name] for name in ("exact", "klein", "onbeslist")), line
    assert document["eerdereUitgaven"]["meegetoetst"] == list(release.tested_with)
    assert {line["niveau"]: line["stap"] for line in document["stappen"]} == release.steps
    assert (await stage.public.get(f"/v1/publicaties/{release.release_id}/bewijs")).status_code == 200
    assert proof.rows > 0


class _Standing:
    """Why a region has no figures of an indicator, from what was delivered and decided for the period itself."""

    def __init__(
        self, delivered: list[dict[str, Any]], truth: Figures, indicator: str, objectors: set[str]
    ) -> None:
        self._truth, self._indicator, self._objectors = truth, indicator, objectors
        self._parts = {
            d["deel"] for d in delivered if d["bestandssoort"] == "brp" and d["status"] == "VAN_KRACHT"
        }
        self._own: dict[str, set[str]] = {}
        for item in delivered:
            who = item["deel"] if item["bestandssoort"] == "brp" else item["aanleveraar"]
            if item["bestandssoort"] == ("brp" if indicator == "P1" else "wmo"):
                self._own.setdefault(who, set()).add(item["status"])

    def closed(self, region: str) -> str | None:
        """The attribute that stands in the place of every number of the region; None when there are numbers."""
        level = self._truth.regions[region].level
        if level in ("PV", "LD"):
            below = [
                g
                for g, r in self._truth.regions.items()
                if r.level == "GM" and region in upwards(g, self._truth.regions)
            ]
            reasons = {self._gemeente(g) for g in below}
            # A total over nobody takes their reason; over somebody it is a number.
            return None if None in reasons or not below else _strongest(reasons)
        lies_in = upwards(region, self._truth.regions)
        gemeente = next((r for r in lies_in if self._truth.regions[r].level == "GM"), None)
        if not self._truth.regions[region].exists or gemeente is None:
            return "regio bestond niet"
        reason = self._gemeente(gemeente)
        if reason is None and level in ("WK", "BU") and gemeente not in self._parts:
            return "niet geleverd"  # nobody knows who lives in which wijk
        return reason

    def _gemeente(self, gemeente: str) -> str | None:
        if not self._truth.regions[gemeente].exists:
            return "regio bestond niet"
        states = self._own.get(gemeente, set())
        if not states:
            return "niet geleverd"
        if "VAN_KRACHT" not in states:
            return "niet goedgekeurd"
        return "geen toestemming" if gemeente in self._objectors and self._indicator != "P1" else None


def _strongest(reasons: set[str | None]) -> str | None:
    order = ("geen toestemming", "niet goedgekeurd", "niet geleverd", "regio bestond niet")
    return next((reason for reason in order if reason in reasons), None)
