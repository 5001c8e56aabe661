"""Keyed rounding behind the seam: a release, the same truth again, and what readers get of each."""

from pathlib import Path

import polars as pl

from gmsd_contracts.cells import DERIVED_LEVEL
from gmsd_contracts.events.publication import PublicationHeld, PublicationReleased
from gmsd_publication.domain.consent import Policy
from gmsd_publication.domain.identity import trigger_id
from gmsd_publication.domain.keyed.method import KeyedRounding
from gmsd_publication.domain.methods import DEFAULT_METHOD, METHODS
from gmsd_publication.http import toets
from tests.publication.world import PERIOD, Stage, consent, populated, snapshot

KEY = bytes(range(32))


async def test_the_default_method_is_keyed_and_asks_for_its_key() -> None:
    asked = []

    def key() -> bytes:
        asked.append(True)
        return KEY

    assert isinstance(METHODS[DEFAULT_METHOD](key), KeyedRounding) and asked


async def test_the_same_key_gives_the_same_release_and_another_key_another_one(tmp_path: Path) -> None:
    found = []
    for place in range(2):
        stage = Stage(tmp_path / str(place), protection=KeyedRounding(KEY))
        await stage.say(await snapshot(stage.content, populated(5, people=300), "a"))
        await stage.look()
        (release,) = stage.log.said(PublicationReleased)
        tables = [await stage.library.table(table.content) for table in release.indicator_tables()]
        found.append((release.release_id, tables))
        stage.store.close()
    assert found[0][0] == found[1][0]
    assert all(one.equals(other) for one, other in zip(found[0][1], found[1][1], strict=True))
    triggers = {
        trigger_id("basis", PERIOD, "a", KeyedRounding(key), Policy())
        for key in (KEY, bytes(KEY), bytes(32), KEY + b"\0")
    }
    assert len(triggers) == 3
    assert not [key for key in (KEY, bytes(32)) if key.hex() in KeyedRounding(key).settings]


async def test_the_life_of_a_keyed_release(tmp_path: Path) -> None:
    stage = Stage(tmp_path, protection=KeyedRounding(KEY))
    for name in ("first", "again"):  # another snapshot of the same truth
        await stage.say(await snapshot(stage.content, populated(5, people=300), name))
        await stage.look()
    assert stage.log.said(PublicationHeld) == []
    first, again = stage.log.said(PublicationReleased)
    assert [one.tested_with for one in (first, again)] == [(), (1,)]
    assert [table.table for table in again.tables] == ["U1", "U2", "P1", "regio", "toets", "bewijs"]
    for one, other in zip(first.indicator_tables(), again.indicator_tables(), strict=True):
        before = await stage.library.table(one.content)
        after = await stage.library.table(other.content)
        # The mark of a 0 in a total says how far it may be off, and that is further in a later release.
        assert before.drop("attribute").equals(after.drop("attribute"))
        assert before.filter(pl.col("value") % 5 != 0).height == 0
        zeros = before.filter(pl.col("attribute").cast(pl.String) == "<5")
        assert zeros["value"].null_count() == zeros.height
        assert zeros.height or one.table == "P1"
    shown = (await stage.reading.releases())[0]
    audit = await stage.reading.audit(shown)
    assert audit is not None
    # Definitions leave less of what is computed than the method promises of a figure, and that is said.
    published = audit.filter(pl.col("level").cast(pl.String) != DERIVED_LEVEL)
    assert published["certified"].to_list() == published["cells"].to_list()
    assert (audit["certified"] + audit["limited"]).to_list() == audit["cells"].to_list()
    assert not audit.select(pl.sum_horizontal("exact", "small", "undecided").sum()).item()
    document = toets.document(shown, audit, "", await stage.reading.before(shown))
    assert document["stappen"] and document["betekenis"] and document["bewijs"]
    stage.store.close()


async def test_a_gemeente_that_objects_and_comes_back(tmp_path: Path) -> None:
    """Whoever is in no total that changed keeps every figure, and the retracted release is remembered too."""
    stage = Stage(tmp_path, protection=KeyedRounding(KEY))
    await stage.say(await snapshot(stage.content, populated(1), "a"))
    await stage.look()
    for version, given in enumerate((False, True), start=1):
        await stage.say(consent("GM0141", given, version))
        await stage.look()
    assert stage.log.said(PublicationHeld) == []
    first, without, back = stage.log.said(PublicationReleased)
    assert (without.excluded, back.excluded) == (("GM0141",), ())
    assert (without.tested_with, back.tested_with) == ((1,), (1, 2))
    above = pl.col("region").cast(pl.String).is_in(["PV23", "NL01"])
    for one, other in zip(first.indicator_tables(), back.indicator_tables(), strict=True):
        before, after = [(await stage.library.table(table.content)).filter(~above) for table in (one, other)]
        assert before.drop("attribute").equals(after.drop("attribute"))
    stage.store.close()
