"""What a protection step is shown of the releases that came out before."""

from pathlib import Path
from typing import Any

import polars as pl
from polars.testing import assert_frame_equal

from gmsd_contracts.events.publication import PublicationReleased
from gmsd_publication.domain.protection import REMEMBERED
from tests.publication.methods import Remembering
from tests.publication.world import Stage, cell, consent, populated, region, snapshot


async def stage_with(root: Path, *seeds: int) -> tuple[Stage, Remembering]:
    method = Remembering()
    stage = Stage(root, protection=method)
    for seed in seeds:
        await stage.say(await snapshot(stage.content, populated(seed=seed), f"s{seed}"))
        await stage.look()
    return stage, method


async def test_figures_and_truth_of_the_releases_before_come_in_their_order(tmp_path: Path) -> None:
    _, method = await stage_with(tmp_path, 1, 2, 3)
    assert [[one.number for one in shown] for shown in method.earlier] == [[], [1], [1, 2]]
    for place, one in enumerate(method.earlier[2]):
        assert one.whole
        assert_frame_equal(one.figures, method.figures[place])
        assert one.exact is not None
        assert_frame_equal(one.exact, method.exact[place])
        assert one.figures.schema == method.figures[2].schema


async def test_a_release_that_was_taken_back_is_still_known_to_people(tmp_path: Path) -> None:
    stage, method = await stage_with(tmp_path, 1)
    await stage.say(consent("GM0344", False, 1))
    await stage.look()
    (first,) = method.earlier[1]
    assert (first.number, first.whole) == (1, True)
    assert_frame_equal(first.figures, method.figures[0])
    assert first.exact is not None
    assert_frame_equal(first.exact, method.exact[0])
    await stage.say(await snapshot(stage.content, populated(seed=2), "s2"))
    await stage.look()
    second = method.earlier[2][1]
    # Without the objector: its cells were closed, and its records in no total.
    assert second.exact is not None
    assert_frame_equal(second.exact, method.exact[1])
    assert_frame_equal(second.figures, method.figures[1])
    assert not second.figures.filter(
        (pl.col("indicator") == "U1") & (pl.col("region").cast(pl.String) == "GM0344")
    ).height


async def test_no_more_releases_than_fit_and_the_event_says_which(tmp_path: Path) -> None:
    seeds = range(1, REMEMBERED + 3)
    stage, method = await stage_with(tmp_path, *seeds)
    last = len(method.earlier)
    expected = list(range(last - REMEMBERED, last))
    assert [one.number for one in method.earlier[-1]] == expected
    released: list[PublicationReleased] = stage.log.said(PublicationReleased)
    assert list(released[-1].tested_with) == expected
    assert released[0].tested_with == ()


async def test_of_an_expired_snapshot_the_figures_stay(tmp_path: Path) -> None:
    method = Remembering()
    stage = Stage(tmp_path, protection=method)
    gone = await snapshot(stage.content, populated(), "a")
    await stage.say(gone)
    await stage.look()
    stage.keyring.destroy_content(gone.cells.content_id)
    await stage.say(await snapshot(stage.content, populated(seed=2), "b"))
    await stage.look()
    (first,) = method.earlier[1]
    assert first.exact is None
    assert_frame_equal(first.figures, method.figures[0])


async def test_a_release_that_cannot_be_read_is_left_out_and_not_named(
    tmp_path: Path, monkeypatch: Any
) -> None:
    stage, method = await stage_with(tmp_path, 1, 2)
    first = stage.log.said(PublicationReleased)[0]
    table = stage.library.table
    lost = first.tables[0].content.content_id

    async def damaged(ref: Any) -> pl.DataFrame:
        from gmsd_chassis.errors import ContentDamaged

        if ref.content_id == lost:
            raise ContentDamaged("cut")
        return await table(ref)

    monkeypatch.setattr(stage.library, "table", damaged)
    await stage.say(await snapshot(stage.content, populated(seed=3), "s3"))
    await stage.look()
    assert [one.number for one in method.earlier[2]] == [2]
    assert stage.log.said(PublicationReleased)[-1].tested_with == (2,)


async def test_a_region_that_is_gone_leaves_the_earlier_release_less_than_whole(tmp_path: Path) -> None:
    method = Remembering()
    stage = Stage(tmp_path, protection=method)
    old = populated()
    old.frame.append(region("BU03440199", "Opgeheven", "BU", "WK034401", "GM0344", "PV26"))
    old.cells.append(cell("U1", "peildatum", "BU03440199", 1, 7))
    await stage.say(await snapshot(stage.content, old, "old"))
    await stage.look()
    await stage.say(await snapshot(stage.content, populated(), "new"))
    await stage.look()
    (first,) = method.earlier[1]
    assert not first.whole
    here = pl.col("region").cast(pl.String) != "BU03440199"
    kept = method.figures[0].filter(here)
    assert first.figures.height == kept.height
    assert first.figures["value"].to_list() == kept["value"].to_list()
    assert first.exact is not None
    assert first.exact["count"].to_list() == method.exact[0].filter(here)["count"].to_list()


async def test_a_method_that_looks_at_no_earlier_release_is_not_said_to_be_tested_with_one(
    tmp_path: Path,
) -> None:
    stage = Stage(tmp_path)
    for seed in (1, 2):
        await stage.say(await snapshot(stage.content, populated(seed=seed), f"s{seed}"))
        await stage.look()
    assert [one.tested_with for one in stage.log.said(PublicationReleased)] == [(), ()]
