"""From files to published figures, on real Kafka and the real engine, against the oracle."""

import hashlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from gmsd_cli.client import Refusal, Sending
from gmsd_cli.demo.outcome import Published
from tests.e2e.published import check_published
from tests.e2e.stage import PERIODS, Stage, check_snapshot, register, small_nation, stage
from tests.oracle.figures import Cell, upwards

KEPT = ("moment", "regio", "categorie", "aantal", "exclusief", "gemeentenGeteld", "gemeentenTotaal")
"""Columns of a row that a release before and after a withdrawal have in common; the mark of a 0 says how far a later one may be off."""

pytestmark = [pytest.mark.e2e, pytest.mark.asyncio(loop_scope="module")]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def delivered(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[tuple[Stage, list[Sending]]]:
    """A platform on which the whole plan was delivered and decided."""
    root = tmp_path_factory.mktemp("spine")
    plan = small_nation(root)
    async with stage(root) as running:
        await register(running, plan)
        tally = await running.deliver(plan)
        assert not set(tally.per_state()) - {"VAN_KRACHT", "VERVANGEN", "AFGEKEURD"}, tally.per_state()
        yield running, plan


async def test_every_exact_cell_equals_the_oracle_and_every_published_one_keeps_its_promise(
    delivered: tuple[Stage, list[Sending]],
) -> None:
    stage, _ = delivered
    releases = await stage.releases()
    for period in PERIODS:
        truth = await check_snapshot(stage, releases[period])
        seen = await check_published(stage, releases[period], truth)
        assert seen["getoond"] > 500
        assert {"<5", "niet geleverd"} <= set(seen)


async def test_what_the_plan_says_is_what_happened(delivered: tuple[Stage, list[Sending]]) -> None:
    """Accepted and rejected as the generator of the faults expects, file by file."""
    stage, plan = delivered
    assert plan[0].path is not None
    folder = plan[0].path.parents[4]
    verdicts: dict[tuple[str, ...], set[str]] = {}
    async for found in stage.client.deliveries():
        full = await stage.client.delivery(found["id"])
        receipt = full["ontvangstbewijs"]
        slot = (found["aanleveraar"], found["bestandssoort"], found["periode"], found["deel"] or "")
        said = "accept" if full["controle"]["oordeel"] == "ok" else "reject"
        verdicts.setdefault((*slot, receipt["sha256"]), set()).add(said)
    for line in (folder / "deliveries.jsonl").read_text().splitlines():
        planned = json.loads(line)
        if planned["path"] is None:
            continue
        slot = (planned["deliverer"], planned["dataset"], planned["period"], planned["part"] or "")
        # What was refused at the door is no delivery.
        answers = verdicts.get((*slot, _digest(folder / planned["path"])), {"reject"})
        assert planned["expected"] in answers, (planned["path"], planned["faults"], answers)


async def test_the_same_rows_in_another_order_change_no_figure(
    delivered: tuple[Stage, list[Sending]], tmp_path: Path
) -> None:
    stage, _ = delivered
    period = PERIODS[1]
    before = (await stage.releases())[period]
    figures = await _figures(stage, before)
    accepted = await stage.accepted(period)
    (gemeente, _), original = max(
        ((slot, path) for slot, path in accepted.wmo.items() if slot[1] == 2),
        key=lambda item: item[1].stat().st_size,
    )
    header, *rows = original.read_bytes().splitlines(keepends=True)
    turned = tmp_path / original.name
    turned.write_bytes(header + b"".join(reversed(rows)))
    sending = Sending("wmo", gemeente, period, path=turned)
    await stage.deliver(_after(stage, sending, await _count(stage, sending)))
    release = await stage.newer_release(period, before.release.number)
    assert before.release.number in release.release.tested_with
    assert await stage.snapshot_cells(release) == await stage.snapshot_cells(before)
    await check_published(stage, release, await check_snapshot(stage, release))
    assert await _figures(stage, release) == figures


async def test_a_redelivery_without_some_rows_changes_exactly_their_cells(
    delivered: tuple[Stage, list[Sending]], tmp_path: Path
) -> None:
    stage, _ = delivered
    before = await stage.releases()
    period = PERIODS[1]
    was = await stage.snapshot_cells(before[period])
    accepted = await stage.accepted(period)
    (gemeente, half), original = max(
        ((slot, path) for slot, path in accepted.wmo.items() if slot[1] == 2),
        key=lambda item: item[1].stat().st_size,
    )
    lines = original.read_bytes().splitlines(keepends=True)
    shorter = tmp_path / original.name
    shorter.write_bytes(b"".join(lines[: len(lines) // 2]))
    sending = Sending("wmo", gemeente, f"2025HJ0{half}", path=shorter)
    await stage.deliver(_after(stage, sending, await _count(stage, sending)))
    release = await stage.newer_release(period, before[period].release.number)
    truth = await check_snapshot(stage, release)
    now = await stage.snapshot_cells(release)
    changed = {cell for cell in was.keys() | now.keys() if was.get(cell) != now.get(cell)}
    assert changed
    for indicator, _, region, _ in changed:
        assert indicator != "P1"
        assert gemeente in upwards(region, truth.regions) or region[:2] in ("PV", "NL", "LD")
    await check_published(stage, release, truth)
    old, new = await _figures(stage, before[period]), await _figures(stage, release)
    assert old.keys() == new.keys()
    moved = {cell for cell in old if old[cell] != new[cell]}
    assert moved, "half of the largest file was left out"
    # Whoever lives in a gemeente and in none of its wijken counts in no published part of it: there the total itself is the finest.
    assert not {cell for cell in moved - changed if truth.regions[cell[2]].level == "BU"}
    # The other way round: A, B, A ends with A, and with A's cells.
    back = Sending("wmo", gemeente, f"2025HJ0{half}", path=original)
    await stage.deliver(_after(stage, back, await _count(stage, back)))
    restored = await stage.newer_release(period, release.release.number)
    assert await stage.snapshot_cells(restored) == was
    await check_published(stage, restored, await check_snapshot(stage, restored))


async def test_akkoord_on_an_old_version_names_the_newer(
    delivered: tuple[Stage, list[Sending]], tmp_path: Path
) -> None:
    stage, _ = delivered
    accepted = await stage.accepted(PERIODS[1])
    (gemeente, half), original = sorted(accepted.wmo.items(), key=lambda item: item[1].stat().st_size)[-2]
    lines = original.read_bytes().splitlines(keepends=True)
    ids = []
    for count in (2, 3):
        path = tmp_path / f"{count}.csv"
        path.write_bytes(b"".join(lines[: count + 1]))
        sending = Sending("wmo", gemeente, f"2025HJ0{half}", path=path)
        ids.append((await stage.client.deliver(sending))["id"])
    newer = await _wait(stage, ids[1], {"TE_BEOORDELEN", "AFGEKEURD"})
    assert newer["status"] == "TE_BEOORDELEN"
    with pytest.raises(Refusal) as refused:
        await stage.client.akkoord(ids[0], gemeente, [])
    assert refused.value.status == 409
    assert ids[1] in refused.value.sentence
    await stage.client.withdraw(ids[1], gemeente)
    still = [found for found in await stage.in_force() if found["aanleveraar"] == gemeente]
    assert any(found["periode"] == f"2025HJ0{half}" for found in still), "the version in force stays in force"


async def test_withdrawn_consent_takes_a_gemeente_out_and_changes_nothing_else(
    delivered: tuple[Stage, list[Sending]],
) -> None:
    stage, _ = delivered
    period = PERIODS[1]
    before = (await stage.releases())[period]
    truth = await check_snapshot(stage, before)
    accepted = await stage.accepted(period)
    gemeente = max(
        (g for g, half in accepted.wmo if half == 2), key=lambda g: accepted.wmo[g, 2].stat().st_size
    )
    old = {name: await stage.public_rows(before, name) for name in ("U1", "U2", "P1")}
    old_tables = (await stage.public.get(f"/v1/publicaties/{before.release.release_id}")).json()["tabellen"]

    await stage.client.consent(gemeente, "basis", period, given=False)
    after = await stage.newer_release(period, before.release.number)
    assert after.release.excluded == (gemeente,)
    for table in old_tables:
        assert (await stage.public.get(table["url"])).status_code == 410
    without = await stage.oracle(period, objectors=[gemeente])
    seen = await check_published(stage, after, without, objectors=[gemeente])
    assert seen["geen toestemming"] > 0
    for indicator, rows in old.items():
        new = {
            (r["moment"], r["regio"], r["categorie"]): r for r in await stage.public_rows(after, indicator)
        }
        assert len(new) == len(rows)
        for row in rows:
            now = new[row["moment"], row["regio"], row["categorie"]]
            inside = gemeente in upwards(row["regio"], truth.regions)
            above = row["regio"] in upwards(gemeente, truth.regions)[1:]
            touched = indicator != "P1" and (inside or above)
            assert now["exclusief"] == (gemeente if indicator != "P1" and above else "")
            if not touched:
                assert now["aantal"] == row["aantal"], now
    await stage.client.consent(gemeente, "basis", period, given=True)
    restored = await stage.newer_release(period, after.release.number)
    assert restored.release.excluded == ()
    await check_published(stage, restored, truth)
    for indicator, rows in old.items():
        again = await stage.public_rows(restored, indicator)
        for was, now in zip(rows, again, strict=True):
            # A total over the gemeente changed and changed back: it is rounded again, with the step of a later release.
            if indicator == "P1" or was["regio"] not in upwards(gemeente, truth.regions)[1:]:
                assert [now[name] for name in KEPT] == [was[name] for name in KEPT]


async def test_what_the_platform_takes_back_leaves_its_slot_empty(
    delivered: tuple[Stage, list[Sending]],
) -> None:
    """Erasure of what is in force: its cells go, and what it had replaced does not come back."""
    stage, _ = delivered
    period = PERIODS[1]
    before = (await stage.releases())[period]
    replaced = {
        (found["aanleveraar"], found["periode"])
        async for found in stage.client.deliveries(status="VERVANGEN", bestandssoort="wmo")
    }
    newest = next(
        found
        for found in await stage.in_force()
        if found["bestandssoort"] == "wmo"
        and (found["aanleveraar"], found["periode"]) in replaced
        and found["periode"] == period
    )
    await stage.client.withdraw(newest["id"], None)
    after = await stage.newer_release(period, before.release.number)
    truth = await check_snapshot(stage, after)
    await check_published(stage, after, truth)
    left = [found for found in await stage.in_force() if found["aanleveraar"] == newest["aanleveraar"]]
    assert not [found for found in left if found["bestandssoort"] == "wmo" and found["periode"] == period]


async def _figures(stage: Stage, found: Published) -> dict[Cell, tuple[str, str]]:
    """The number of every cell and why there is none, as the public gets them. A 0 in a total of a later release has another mark."""
    return {
        (name, row["moment"], row["regio"], row["categorie"]): (
            row["aantal"],
            row["attribuut"].replace("<10", "<5"),
        )
        for name in ("U1", "U2", "P1")
        for row in await stage.public_rows(found, name)
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _after(stage: Stage, sending: Sending, already: int) -> list[Sending]:
    """A plan for one slot in which `already` files were sent before: the campaign skips as many."""
    return [sending] * (already + 1)


async def _count(stage: Stage, sending: Sending) -> int:
    found = [f async for f in stage.client.deliveries(aanleveraar=sending.deliverer, periode=sending.period)]
    return sum(f["bestandssoort"] == sending.dataset and (f["deel"] or "") == sending.part for f in found)


async def _wait(stage: Stage, delivery: str, states: set[str]) -> dict[str, object]:
    import asyncio

    for _ in range(300):
        full = await stage.client.delivery(delivery)
        if full["status"] in states:
            return full
        await asyncio.sleep(0.1)
    raise AssertionError(f"the delivery is {full['status']}, not one of {states}")
