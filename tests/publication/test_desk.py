"""The desk: what comes out, when, under which number, and what is taken back."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl
import pytest

import gmsd_publication
from gmsd_contracts.catalogue import INDICATORS
from gmsd_contracts.events.delivery_received_v1 import DeliveryReceived
from gmsd_contracts.events.publication import PublicationHeld, PublicationReleased, PublicationRetracted
from gmsd_contracts.slot import Slot, delivery_id
from gmsd_publication.disclosure.errors import DisclosureError, Infeasible
from gmsd_publication.domain.consent import ConsentMode
from gmsd_publication.domain.protection import NearestFive, Protected
from gmsd_publication.domain.schedule import Calendar, Manual, Quiet
from gmsd_publication.errors import REASONS, Problem
from tests.publication.world import PERIOD, Stage, consent, populated, snapshot


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.store.close()


def released(stage: Stage) -> list[PublicationReleased]:
    return stage.log.said(PublicationReleased)


def story(stage: Stage) -> list[str]:
    kinds: dict[Any, str] = {PublicationReleased: "R", PublicationRetracted: "X", PublicationHeld: "H"}
    return [
        f"{kinds[type(said.data)]}{getattr(said.data, 'number', '')}"
        for said in stage.log.events
        if type(said.data) in kinds
    ]


async def test_the_same_inputs_are_the_same_release(stage: Stage) -> None:
    made = await snapshot(stage.content, populated(), "a")
    await stage.say(made)
    await stage.look()
    await stage.say(made, consent("GM0344", True, 1))  # told again, and a consent that changes nothing
    await stage.look()
    assert story(stage) == ["R1"]
    release = released(stage)[0]
    assert (release.snapshot_id, release.protection, release.status) == ("a", "naastgelegen-5", "voorlopig")
    assert [table.table for table in release.tables] == ["U1", "U2", "P1", "regio", "toets"]
    assert [table.content.content_schema for table in release.tables] == ["release/1"] * 3 + [
        "regions/1",
        "audit/1",
    ]


async def test_a_new_store_comes_to_the_same_identity(tmp_path: Path) -> None:
    ids = []
    for name in ("one", "two"):
        stage = Stage(tmp_path / name)
        await stage.say(await snapshot(stage.content, populated(), "a"))
        await stage.look()
        ids.append(released(stage)[0].release_id)
        stage.store.close()
    assert ids[0] == ids[1]


async def test_quiet_waits_after_the_newest_change(tmp_path: Path) -> None:
    stage = Stage(tmp_path, policy=Quiet(seconds=60))
    await stage.say(await snapshot(stage.content, populated(), "a"))
    due = await stage.look()
    assert due is not None and due > stage.clock.now() and story(stage) == []
    stage.advance(40)
    await stage.say(consent("GM0344", False, 1))
    stage.advance(40)
    await stage.look()
    assert story(stage) == []
    stage.advance(30)
    await stage.look()
    assert story(stage) == ["R1"]


async def test_a_withdrawal_takes_back_every_release_that_tells_of_the_gemeente(stage: Stage) -> None:
    country = populated()
    country.row("GM0344")["datasets"] = ["brp"]
    country.cells = [row for row in country.cells if row["gemeente"] != "GM0344" or row["indicator"] == "P1"]
    await stage.say(await snapshot(stage.content, country, "without"))
    await stage.look()
    for name in ("a", "b"):
        await stage.say(await snapshot(stage.content, populated(seed=len(name)), name))
        await stage.look()
    await stage.say(consent("GM0344", False, 1))
    await stage.look()
    # Release 1 never told of Utrecht, so it stays; 2 is replaced already, and its difference with 4 would be Utrecht.
    assert story(stage) == ["R1", "R2", "R3", "X3", "X2", "R4"]
    assert released(stage)[-1].excluded == ("GM0344",)
    shown = {one.data.number: one for one in await stage.reading.releases()}
    for number in (2, 3):
        with pytest.raises(Problem) as gone:
            await stage.reading.table(shown[number].table_id("U1"))
        assert gone.value.slug == "publicatie-ingetrokken"
    assert (await stage.reading.table(shown[4].table_id("U1"))).rows.height > 0
    await stage.say(consent("GM0344", True, 2))
    await stage.look()
    assert story(stage)[-1] == "R5"
    ids = [one.release_id for one in released(stage)]
    assert len(set(ids)) == 5


async def test_an_objection_by_who_is_in_no_figure_retracts_nothing(stage: Stage) -> None:
    country = populated()
    country.row("GM0047")["datasets"] = ["brp"]
    country.cells = [row for row in country.cells if row["gemeente"] != "GM0047" or row["indicator"] == "P1"]
    await stage.say(await snapshot(stage.content, country, "a"))
    await stage.look()
    await stage.say(consent("GM0047", False, 1), consent("GM0047", False, 1, product="kosten"))
    await stage.look()
    assert "X1" not in story(stage)


async def test_an_objection_for_wijk_retracts_and_keeps_the_gemeente(stage: Stage) -> None:
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.look()
    await stage.say(consent("GM0344", False, 1, product="wijk"))
    await stage.look()
    assert story(stage) == ["R1", "X1", "R2"]
    assert released(stage)[-1].excluded == ()
    shown = (await stage.reading.releases())[0]
    rows = (await stage.reading.view(shown, "U1")).rows
    by = {
        row["region"]: row["attribute"]
        for row in rows.filter(pl.col("category") == "totaal").iter_rows(named=True)
    }
    assert (by["WK034401"], by["GM0344"]) == ("geen toestemming", "getoond")


async def test_opt_in_releases_grow_with_consent(tmp_path: Path) -> None:
    stage = Stage(tmp_path, modes={f"basis/{PERIOD}": ConsentMode.OPT_IN})
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.look()
    await stage.say(consent("GM0344", True, 1))
    await stage.look()
    assert story(stage) == ["R1", "R2"]
    assert [len(one.excluded) for one in released(stage)] == [8, 7]
    await stage.say(consent("GM0344", False, 2))
    await stage.look()
    assert story(stage) == ["R1", "R2", "X2", "R3"]


async def test_a_crash_after_the_retraction_is_healed_by_looking_again(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.look()
    await stage.say(consent("GM0344", False, 1))

    async def dies(*args: Any) -> None:
        raise MemoryError

    with monkeypatch.context() as broken, pytest.raises(MemoryError):
        broken.setattr(stage.press, "write", dies)
        await stage.look()
    assert story(stage) == ["R1", "X1"]
    assert (await stage.reading.releases())[0].retraction is not None
    await stage.look()
    assert story(stage) == ["R1", "X1", "R2"]


async def test_a_withdrawal_while_the_tables_are_made_wins(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.say(await snapshot(stage.content, populated(), "a"))
    write = stage.press.write

    async def slow(*args: Any) -> Any:
        tables = await write(*args)
        await stage.say(consent("GM0344", False, 1))
        monkeypatch.setattr(stage.press, "write", write)
        return tables

    monkeypatch.setattr(stage.press, "write", slow)
    await stage.look()
    assert story(stage) == ["R1"]
    assert released(stage)[0].excluded == ("GM0344",)


async def test_another_writer_that_takes_the_number_does_not_double_anything(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await stage.say(await snapshot(stage.content, populated(), "a"))
    last = stage.facts.last_sequence
    other = PublicationHeld(product="stapeling", period=PERIOD, sequence=1, snapshot_id="x")
    calls = iter([True])

    def stale() -> int:
        if next(calls, False):
            from tests.publication.world import event

            with stage.store.write() as connection:
                from gmsd_chassis.bus.position import Position, Received
                from gmsd_publication.adapters import fold

                fold.apply(connection, Received(event(other), Position("publications", 0, 0)))
            return 0
        return last()

    monkeypatch.setattr(stage.facts, "last_sequence", stale)
    await stage.look()
    await stage.look()
    shown = await stage.reading.releases()
    assert [(one.data.number, one.data.sequence) for one in shown] == [(1, 2)]


async def test_manual_releases_only_when_asked_and_fills_a_gap_with_what_was_out(tmp_path: Path) -> None:
    stage = Stage(tmp_path, policy=Manual(kind="manual"))
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.look()
    assert story(stage) == []
    assert (await _ask(stage)).outcome == "released"
    assert (await _ask(stage)).outcome == "exists"
    await stage.say(await snapshot(stage.content, populated(seed=5), "b"))
    await stage.look()
    assert story(stage) == ["R1"]
    await stage.say(consent("GM0344", False, 1))
    await stage.look()
    assert story(stage) == ["R1", "X1", "R2"]
    assert [one.snapshot_id for one in released(stage)] == ["a", "a"]
    await _ask(stage)
    assert released(stage)[-1].snapshot_id == "b"


async def _ask(stage: Stage) -> Any:
    import asyncio

    asked = asyncio.create_task(stage.desk.request("basis", PERIOD))
    await asyncio.sleep(0)
    await stage.look()
    return await asked


async def test_without_a_snapshot_nothing_can_be_asked(stage: Stage) -> None:
    assert (await _ask(stage)).outcome == "no_snapshot"


async def test_calendar_lets_the_newest_out_at_each_moment(tmp_path: Path) -> None:
    now = datetime.now(UTC)
    moments = (now + timedelta(hours=1), now + timedelta(hours=3))
    stage = Stage(tmp_path, policy=Calendar(kind="calendar", moments=moments))
    await stage.say(await snapshot(stage.content, populated(), "a"))
    assert await stage.look() == moments[0]
    stage.advance(2 * 3600)
    await stage.look()
    await stage.say(await snapshot(stage.content, populated(seed=4), "b"))
    await stage.look()
    assert story(stage) == ["R1"]
    stage.advance(2 * 3600)
    await stage.look()
    assert [one.snapshot_id for one in released(stage)] == ["a", "b"]


class Stubborn(NearestFive):
    """Lets go when told to."""

    willing = False

    def protect(self, exact: pl.DataFrame, *given: Any) -> Protected:
        if not self.willing:
            raise Infeasible("no rounding adds up")
        return super().protect(exact, *given)


async def test_a_release_that_is_held_says_so_once_and_never_why(tmp_path: Path) -> None:
    engine = Stubborn()
    stage = Stage(tmp_path, protection=engine)
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.look()
    await stage.look()
    assert story(stage) == ["H"]
    assert set(stage.log.said(PublicationHeld)[0].model_dump()) == {
        "product",
        "period",
        "sequence",
        "snapshot_id",
    }
    assert (await _ask(stage)).outcome == "held"
    engine.willing = True
    assert (await _ask(stage)).outcome == "released"
    assert story(stage) == ["H", "R1"]


async def test_what_cannot_be_released_is_held_and_the_next_snapshot_passes(stage: Stage) -> None:
    await stage.say(await snapshot(stage.content, populated(), "other", catalogue_version="0"))
    await stage.look()
    good = await snapshot(stage.content, populated(), "damaged")
    await stage.say(good.model_copy(update={"cells": good.cells.model_copy(update={"sha256": "0" * 64})}))
    await stage.look()
    gone = await snapshot(stage.content, populated(), "gone")
    stage.keyring.destroy_content(gone.cells.content_id)
    await stage.say(gone)
    await stage.look()
    swapped = await snapshot(stage.content, populated(), "swapped")
    await stage.say(swapped.model_copy(update={"cells": swapped.frame, "frame": swapped.cells}))
    await stage.look()
    assert story(stage) == ["H", "H", "H", "H"]
    await stage.say(await snapshot(stage.content, populated(), "good"))
    await stage.look()
    assert story(stage)[-1] == "R1"


def test_every_reason_to_hold_is_in_the_catalogue() -> None:
    import re

    source = Path(str(gmsd_publication.__file__)).parent
    texts = [path.read_text() for path in source.rglob("*.py")]
    used = {
        reason for text in texts for reason in re.findall(r'(?:SnapshotBroken|Refused)\(\s*"(\w+)"', text)
    }
    assert used | {error.reason for error in errors_of(DisclosureError)} == set(REASONS)


def errors_of(kind: type[DisclosureError]) -> set[type[DisclosureError]]:
    """A class of errors and all that are of it."""
    return {kind}.union(*(errors_of(narrower) for narrower in kind.__subclasses__()))


async def test_a_redelivery_undone_is_a_new_release(stage: Stage) -> None:
    a, b = (
        await snapshot(stage.content, populated(), "a"),
        await snapshot(stage.content, populated(seed=9), "b"),
    )
    for said in (a, b, a):
        await stage.say(said)
        await stage.look()
    assert story(stage) == ["R1", "R2", "R3"]
    assert len({one.release_id for one in released(stage)}) == 3


async def test_a_delivery_that_is_not_in_force_is_told_with_the_next_release(stage: Stage) -> None:
    country = populated()
    country.row("GM0047")["datasets"] = ["brp"]
    country.cells = [row for row in country.cells if row["gemeente"] != "GM0047" or row["indicator"] == "P1"]
    await stage.say(await snapshot(stage.content, country, "a"))
    await stage.look()
    slot = Slot(deliverer="GM0047", dataset="wmo", period=PERIOD)
    await stage.say(
        DeliveryReceived(
            slot=slot,
            delivery_id=delivery_id(slot, 1, "0" * 64, False),
            slot_version=1,
            seq=1,
            sha256="0" * 64,
            bytes=1,
        )
    )
    await stage.look()
    assert story(stage) == ["R1"]  # a file that arrives is no reason to publish
    await stage.say(await snapshot(stage.content, country, "b"))
    await stage.look()
    shown = await stage.reading.releases()
    seen = []
    for one in shown:
        rows = (await stage.reading.view(one, "U1")).rows
        seen.append(
            rows.filter((pl.col("region") == "GM0047") & (pl.col("category") == "totaal"))["attribute"][0]
        )
    assert seen == ["niet goedgekeurd", "niet geleverd"]


async def test_released_content_holds_no_exact_count(stage: Stage) -> None:
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.look()
    for table in released(stage)[0].tables[:3]:
        frame = await stage.library.table(table.content)
        assert frame.columns == [
            "indicator",
            "moment",
            "region",
            "level",
            "category",
            "value",
            "attribute",
            "excluded",
        ]
        assert (frame["value"].drop_nulls() % INDICATORS[table.table].base == 0).all()
        assert (frame["value"].drop_nulls() >= INDICATORS[table.table].threshold).all()


async def test_status_grows_final_as_periods_come_out(stage: Stage) -> None:
    for period in ("2025HJ01", "2025HJ02", "2026HJ01"):
        await stage.say(await snapshot(stage.content, populated(), f"s-{period}", period))
        await stage.look()
    assert {one.data.period: one.status for one in await stage.reading.releases()} == {
        "2025HJ01": "definitief",
        "2025HJ02": "definitief",
        "2026HJ01": "voorlopig",
    }
    assert [one.status for one in released(stage)] == ["voorlopig", "voorlopig", "voorlopig"]
