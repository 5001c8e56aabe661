"""What disclosure control refuses is held: said to the platform team in full, to the public in one word."""

import asyncio
import json
import weakref
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import structlog

from gmsd_contracts.events.publication import PublicationHeld, PublicationReleased
from gmsd_publication.disclosure.errors import DisclosureError, WorkersLost
from gmsd_publication.domain.protection import Model, NearestFive, Protected
from gmsd_publication.errors import REASONS
from gmsd_publication.press import MAX_LOSSES
from tests.publication.conftest import open_site
from tests.publication.test_desk import errors_of
from tests.publication.test_interface import read_stream
from tests.publication.world import PERIOD, Stage, populated, snapshot

ERRORS = sorted(errors_of(DisclosureError), key=lambda kind: kind.__name__)


class Refusing(NearestFive):
    """Raises for one period, while it is told to."""

    def __init__(self, error: BaseException | None, period: str = PERIOD) -> None:
        self.error, self.period = error, period

    def protect(self, exact: pl.DataFrame, model: Model, *given: Any) -> Protected:
        if self.error is not None and model.period == self.period:
            raise self.error
        return super().protect(exact, model, *given)


@pytest.mark.parametrize("kind", ERRORS)
async def test_every_refusal_is_held_with_its_own_reason_in_the_log_and_the_others_go_on(
    tmp_path: Path, kind: type[DisclosureError]
) -> None:
    method = Refusing(kind("BU03440101 totaal"))
    stage = Stage(tmp_path, protection=method)
    with structlog.testing.capture_logs() as lines:
        await stage.say(await snapshot(stage.content, populated(), "a"))
        await stage.say(await snapshot(stage.content, populated(), "other", "2026HJ01"))
        await stage.look()
    held = stage.log.said(PublicationHeld)
    assert [(one.period, one.snapshot_id) for one in held] == [(PERIOD, "a")]
    assert [one.period for one in stage.log.said(PublicationReleased)] == ["2026HJ01"]
    told = [line for line in lines if line["event"] == "held"]
    assert {(line["reason"], line["detail"]) for line in told} == {(kind.reason, "BU03440101 totaal")}
    assert REASONS[kind.reason]
    method.error = None
    await stage.say(await snapshot(stage.content, populated(seed=2), "b"))
    await stage.look()
    assert [one.snapshot_id for one in stage.log.said(PublicationReleased)] == ["other", "b"]
    stage.store.close()


async def test_lost_workers_are_tried_again_and_hold_at_the_third_time(tmp_path: Path) -> None:
    method = Refusing(WorkersLost("killed"))
    stage = Stage(tmp_path, protection=method)
    await stage.say(await snapshot(stage.content, populated(), "a"))
    await stage.say(await snapshot(stage.content, populated(), "other", "2026HJ01"))
    for times in range(1, MAX_LOSSES):
        with structlog.testing.capture_logs() as lines:
            late = (await stage.desk.round()).late
        assert [(line["detail"], line["times"]) for line in lines if line["event"] == "workers_lost"] == [
            ("killed", times)
        ]
        assert {key: later.reason for key, later in late.items()} == {("basis", PERIOD): "workers_lost"}
    assert stage.log.said(PublicationHeld) == []
    assert [one.period for one in stage.log.said(PublicationReleased)] == ["2026HJ01"]
    assert not (await stage.desk.round()).late
    assert [one.snapshot_id for one in stage.log.said(PublicationHeld)] == ["a"]
    method.error = None
    await stage.say(await snapshot(stage.content, populated(seed=2), "b"))
    await stage.look()
    assert [one.snapshot_id for one in stage.log.said(PublicationReleased)] == ["other", "b"]
    stage.store.close()


async def test_a_refusal_keeps_nothing_of_what_was_computed(tmp_path: Path) -> None:
    held: list[weakref.ref[Any]] = []

    class Large:
        """What a release is computed with."""

    class Working(NearestFive):
        def protect(self, *given: Any) -> Protected:
            large = Large()
            held.append(weakref.ref(large))
            raise WorkersLost("killed")

    stage = Stage(tmp_path, protection=Working())
    await stage.say(await snapshot(stage.content, populated(), "a"))
    late = (await stage.desk.round()).late
    assert len(late) == len(held) == 1
    assert held[0]() is None
    stage.store.close()


@pytest.mark.parametrize("error", [MemoryError(), RuntimeError("a defect"), ZeroDivisionError()])
async def test_what_nobody_foresaw_is_no_hold(tmp_path: Path, error: Exception) -> None:
    stage = Stage(tmp_path, protection=Refusing(error))
    await stage.say(await snapshot(stage.content, populated(), "a"))
    with pytest.raises(type(error)):
        await stage.look()
    assert stage.log.said(PublicationHeld) == []
    stage.store.close()


async def test_the_public_hears_one_word_whatever_held_it(tmp_path: Path) -> None:
    said = []
    for place, error in enumerate(("disclosure", "snapshot")):
        method = Refusing(ERRORS[0]("BU03440101 totaal") if error == "disclosure" else None)
        async with open_site(tmp_path / str(place), method) as site:
            country = populated()
            if error == "snapshot":
                country.cells[0]["region"] = "BU99999999"
            await site.say(await snapshot(site.content, country, "a"))
            await site.look()
            await asyncio.sleep(0.3)
            (message,) = await asyncio.wait_for(read_stream(site, 1), 10)
            document: dict[str, Any] = json.loads(message["data"])
            said.append(document["data"])
            async with httpx.AsyncClient() as client:
                text = (await client.get(f"{site.url}/v1/publicaties")).text + message["data"]
            assert not [reason for reason in REASONS if reason in text]
            assert "0344" not in text and "9999" not in text
    assert said[0] == said[1] == {"product": "basis", "periode": PERIOD, "reden": "onthullingscontrole"}
