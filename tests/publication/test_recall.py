"""Taking back: nothing that is away, unreadable or busy elsewhere keeps a release readable that may not be."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_chassis.bus.backoff import Backoff
from gmsd_chassis.errors import TryLater
from gmsd_contracts.events.publication import PublicationReleased, PublicationRetracted
from gmsd_publication.domain.consent import ConsentMode, Consents, Policy
from gmsd_publication.domain.schedule import Figures, must_retract
from gmsd_publication.press import REGIONS_TABLE
from tests.publication.world import Stage, consent, populated, snapshot

EARLY, LATE = "2025HJ01", "2025HJ02"


@pytest.fixture
async def stage(tmp_path: Path) -> AsyncIterator[Stage]:
    made = Stage(tmp_path)
    yield made
    made.store.close()


async def release_both(stage: Stage) -> None:
    for period in (EARLY, LATE):
        await stage.say(await snapshot(stage.content, populated(), f"first-{period}", period))
    await stage.look()
    assert len(stage.log.said(PublicationReleased)) == 2


def forget_figures(stage: Stage) -> None:
    """As after a rebuild by replay: whose records stand in a release must be read from its tables again."""
    with stage.store.write() as connection:
        connection.execute("DELETE FROM release_figures")


def retracted(stage: Stage) -> list[str]:
    return [said.period for said in stage.log.said(PublicationRetracted)]


async def test_a_period_that_waits_holds_up_no_retraction_and_no_release_of_another(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await release_both(stage)
    build = stage.press.build

    async def away(made: Any, *given: Any) -> Any:
        if made.period == EARLY:
            raise TryLater("content_away")
        return await build(made, *given)

    monkeypatch.setattr(stage.press, "build", away)
    await stage.say(await snapshot(stage.content, populated(seed=3), "second", EARLY))
    await stage.say(consent("GM0344", False, 1, period=LATE))
    look = await stage.desk.round()
    assert retracted(stage) == [LATE]
    assert [(said.period, said.number) for said in stage.log.said(PublicationReleased)][2:] == [(LATE, 2)]
    assert [(key, later.reason) for key, later in look.late.items()] == [(("basis", EARLY), "content_away")]


async def test_retractions_of_every_period_go_before_the_first_release(stage: Stage) -> None:
    await release_both(stage)
    await stage.say(consent("GM0344", False, 1, period=EARLY), consent("GM0344", False, 1, period=LATE))
    before = len(stage.log.events)
    await stage.look()
    order = [type(said.data) for said in stage.log.events[before:]]
    assert order == [PublicationRetracted, PublicationRetracted, PublicationReleased, PublicationReleased]


async def test_a_withdrawal_during_a_build_goes_before_the_release_after_it(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = "2026HJ01"
    await release_both(stage)
    await stage.say(await snapshot(stage.content, populated(), f"first-{last}", last))
    await stage.look()
    write = stage.press.write

    async def meanwhile(*args: Any) -> Any:
        monkeypatch.setattr(stage.press, "write", write)
        tables = await write(*args)
        await stage.say(consent("GM0344", False, 1, period=last))
        return tables

    monkeypatch.setattr(stage.press, "write", meanwhile)
    for period in (EARLY, LATE):
        await stage.say(await snapshot(stage.content, populated(seed=5), f"second-{period}", period))
    before = len(stage.log.events)
    await stage.desk.round()
    order = [(type(said.data), said.data.period) for said in stage.log.events[before + 1 :]]
    assert order == [
        (PublicationReleased, EARLY),
        (PublicationRetracted, last),
        (PublicationReleased, LATE),
        (PublicationReleased, last),
    ]


async def test_tables_that_are_away_keep_no_older_release_of_their_period_readable(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    for seed in (0, 4):
        await stage.say(await snapshot(stage.content, populated(seed=seed), f"s{seed}", LATE))
        await stage.look()
    forget_figures(stage)
    read = stage.press.figures_of

    async def newest_away(event: PublicationReleased) -> Any:
        if event.number == 2:
            raise TryLater("content_away")
        return await read(event)

    monkeypatch.setattr(stage.press, "figures_of", newest_away)
    await stage.say(consent("GM0344", False, 1, period=LATE))
    look = await stage.desk.round()
    assert [said.number for said in stage.log.said(PublicationRetracted)] == [1]
    # Nothing comes out beside a release that may still have to go: their difference would be the objector.
    assert len(stage.log.said(PublicationReleased)) == 2 and list(look.late) == [("basis", LATE)]
    monkeypatch.setattr(stage.press, "figures_of", read)
    await stage.look()
    assert [said.number for said in stage.log.said(PublicationRetracted)] == [1, 2]
    assert stage.log.said(PublicationReleased)[-1].excluded == ("GM0344",)


@pytest.mark.parametrize("lost", ["regions", "table"])
async def test_an_unreadable_release_goes_as_soon_as_anybody_objects(stage: Stage, lost: str) -> None:
    await stage.say(await snapshot(stage.content, populated(), "a", LATE))
    await stage.look()
    release = stage.log.said(PublicationReleased)[0]
    ref = next(t.content for t in release.tables if (t.table == REGIONS_TABLE) == (lost == "regions"))
    stage.keyring.destroy_content(ref.content_id)
    stage.library.forget(release.contents())
    forget_figures(stage)
    await stage.look()
    assert retracted(stage) == []  # nobody objects, so it can tell of nobody who does
    await stage.say(consent("GM0344", False, 1, period=LATE))
    await stage.look()
    assert retracted(stage) == [LATE]
    assert stage.log.said(PublicationReleased)[-1].excluded == ("GM0344",)
    await stage.look()
    assert retracted(stage) == [LATE]  # the release in its place can be read, and stays


async def test_a_running_desk_retracts_while_another_period_backs_off(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    await release_both(stage)
    stage.desk._backoff = Backoff(first=3600, cap=3600)
    build, tries, tried = stage.press.build, 0, asyncio.Event()

    async def away(made: Any, *given: Any) -> Any:
        nonlocal tries
        if made.period == EARLY:
            tries += 1
            tried.set()
            raise TryLater("content_away")
        return await build(made, *given)

    monkeypatch.setattr(stage.press, "build", away)
    await stage.say(await snapshot(stage.content, populated(seed=3), "second", EARLY))
    running = asyncio.create_task(stage.desk.run())
    try:
        async with asyncio.timeout(30):
            await tried.wait()
            await stage.say(consent("GM0344", False, 1, period=LATE))
            while len(stage.log.said(PublicationReleased)) < 3:  # noqa: ASYNC110 - the desk has no hook
                await asyncio.sleep(0.02)
    finally:
        running.cancel()
    assert retracted(stage) == [LATE]
    assert tries < 10  # once per new fact and not again before its back-off


GEMEENTEN = st.sampled_from(["GM0001", "GM0002", "GM0003"])
CONSENTS = st.builds(
    Consents, mode=st.sampled_from(ConsentMode), spoken=st.dictionaries(GEMEENTEN, st.booleans())
)


@given(
    figures=st.builds(Figures, whole=st.frozensets(GEMEENTEN), inside=st.frozensets(GEMEENTEN)),
    policy=st.builds(Policy, basis=CONSENTS, wijk=CONSENTS),
)
def test_unreadable_retracts_whenever_some_readable_figures_would(figures: Figures, policy: Policy) -> None:
    if must_retract(figures, policy):
        assert must_retract(None, policy)
