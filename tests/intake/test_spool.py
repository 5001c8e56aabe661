"""The spool: noise on disk, gone afterwards."""

import hashlib
import os
from pathlib import Path
from types import SimpleNamespace

import pytest
from cryptography.exceptions import InvalidTag
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gmsd_intake.adapters.spool import CHUNK, SpoolDirectory
from gmsd_intake.errors import Problem


def directory(path: Path, max_bytes: int = 16 * CHUNK) -> SpoolDirectory:
    return SpoolDirectory(path / "spool", max_bytes=max_bytes, min_free=0)


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.integers(0, CHUNK + 100), max_size=6), st.integers())
async def test_what_is_read_is_what_was_written(tmp_path: Path, sizes: list[int], seed: int) -> None:
    pieces = [hashlib.shake_128(f"{seed}/{n}".encode()).digest(size) for n, size in enumerate(sizes)]
    async with directory(tmp_path).open() as spool:
        for piece in pieces:
            await spool.write(piece)
        await spool.finish()
        whole = b"".join(pieces)
        assert (spool.size, spool.sha256) == (len(whole), hashlib.sha256(whole).hexdigest())
        for _ in range(2):
            assert b"".join([piece async for piece in spool.read()]) == whole
    assert not list((tmp_path / "spool").iterdir())


async def test_the_disk_holds_noise(tmp_path: Path) -> None:
    async with directory(tmp_path).open() as spool:
        await spool.write(b"999990019;" * 60_000)
        await spool.finish()
        (path,) = (tmp_path / "spool").iterdir()
        assert path.stat().st_size >= 600_000
        assert b"999990019" not in path.read_bytes()


async def test_a_changed_byte_is_noticed(tmp_path: Path) -> None:
    async with directory(tmp_path).open() as spool:
        await spool.write(b"a" * 1000)
        await spool.finish()
        (path,) = (tmp_path / "spool").iterdir()
        with path.open("r+b") as file:
            file.seek(10)
            file.write(b"\0" if path.read_bytes()[10] else b"\1")
        with pytest.raises(InvalidTag):
            _ = [piece async for piece in spool.read()]


def test_what_an_earlier_process_left_is_swept(tmp_path: Path) -> None:
    spool = directory(tmp_path)
    (spool.path / "oud.spool").write_bytes(b"ruis")
    assert (spool.sweep(), spool.sweep()) == (1, 0)
    assert not list(spool.path.iterdir())


async def test_limits_have_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    spools = directory(tmp_path, max_bytes=CHUNK)
    with pytest.raises(Problem, match="bestand-te-groot"):
        spools.require_room(CHUNK + 1)
    async with spools.open() as spool:
        with pytest.raises(Problem, match="bestand-te-groot"):
            await spool.write(b"x" * (CHUNK + 1))
    async with spools.open() as spool:
        await spool.write(b"PK")
        with pytest.raises(Problem, match="zip-geweigerd"):
            await spool.write(b"\x03\x04")
    monkeypatch.setattr("shutil.disk_usage", lambda _: SimpleNamespace(free=-1))
    with pytest.raises(Problem, match="schijf-vol") as full:
        spools.require_room(0)
    assert full.value.headers["Retry-After"]


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no /dev/full here")
async def test_a_disk_that_fills_up_while_writing_is_named(tmp_path: Path) -> None:
    spools = directory(tmp_path)
    spool = spools.open()
    os.symlink("/dev/full", spool._path)
    spool._file = spool._path.open("rb+", buffering=0)
    with pytest.raises(Problem, match="schijf-vol"):
        async with spool:
            await spool.write(b"x" * CHUNK)
    assert not list(spools.path.iterdir())
