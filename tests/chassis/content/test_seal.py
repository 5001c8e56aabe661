"""The seal of one chunk: what it gives back, and everything it refuses."""

import os
import struct
import tracemalloc
from uuid import UUID, uuid4

import pytest
from backports import zstd
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from hypothesis import given
from hypothesis import strategies as st

from gmsd_chassis.content.seal import MAX_FRAME_BYTES, seal, unseal
from gmsd_chassis.errors import ContentDamaged
from gmsd_contracts.content import CHUNK_BYTES
from gmsd_contracts.topics import MAX_MESSAGE_BYTES

KEY = bytes(range(32))
OTHER_KEY = bytes(range(1, 33))
CONTENT = UUID("b1f4b5a2-6c64-4a0e-9d0b-0f3a5a3f8a11")

chunks = st.binary(max_size=4096) | st.builds(
    lambda piece, times: piece * times, st.binary(min_size=1, max_size=16), st.integers(1, 5000)
)
keys = st.sampled_from([None, KEY])
indexes = st.integers(0, 2**40)


@given(chunks, keys, st.uuids(), indexes, st.booleans())
def test_what_was_sealed_opens(
    chunk: bytes, key: bytes | None, content: UUID, index: int, is_last: bool
) -> None:
    opened = unseal(seal(chunk, key, content, index, is_last), key, content, index)
    assert (opened.data, opened.is_last) == (chunk, is_last)


@given(chunks, indexes, st.booleans(), st.data())
def test_no_changed_byte_opens(chunk: bytes, index: int, is_last: bool, data: st.DataObject) -> None:
    frame = bytearray(seal(chunk, KEY, CONTENT, index, is_last))
    place = data.draw(st.integers(0, len(frame) - 1))
    frame[place] ^= data.draw(st.integers(1, 255))
    with pytest.raises(ContentDamaged):
        unseal(bytes(frame), KEY, CONTENT, index)


@given(chunks, keys, st.data())
def test_no_part_of_a_frame_opens(chunk: bytes, key: bytes | None, data: st.DataObject) -> None:
    frame = seal(chunk, key, CONTENT, 0, True)
    with pytest.raises(ContentDamaged):
        unseal(frame[: data.draw(st.integers(0, len(frame) - 1))], key, CONTENT, 0)
    with pytest.raises(ContentDamaged):
        unseal(frame + data.draw(st.binary(min_size=1, max_size=64)), key, CONTENT, 0)


@given(st.binary(max_size=2048), keys)
def test_noise_is_damage_and_nothing_else(noise: bytes, key: bytes | None) -> None:
    for frame in (noise, seal(b"", key, CONTENT, 0, True)[:12] + noise):
        try:
            unseal(frame, key, CONTENT, 0)
        except ContentDamaged:
            continue
        # Only plain frames can be made without the key, and only by writing a valid one.
        assert key is None and zstd.decompress(frame[12:]) is not None


@given(chunks, indexes, indexes)
def test_a_chunk_opens_only_in_its_place(chunk: bytes, index: int, elsewhere: int) -> None:
    frame = seal(chunk, KEY, CONTENT, index, False)
    with pytest.raises(ContentDamaged):
        unseal(frame, KEY, uuid4(), index)
    with pytest.raises(ContentDamaged):
        unseal(frame, OTHER_KEY, CONTENT, index)
    if elsewhere != index:
        with pytest.raises(ContentDamaged):
            unseal(frame, KEY, CONTENT, elsewhere)
        moved = frame[:4] + struct.pack(">Q", elsewhere) + frame[12:]
        with pytest.raises(ContentDamaged):
            unseal(moved, KEY, CONTENT, elsewhere)


def test_a_plain_frame_does_not_pass_for_a_sealed_one() -> None:
    with pytest.raises(ContentDamaged, match="must be sealed"):
        unseal(seal(b"x", None, CONTENT, 0, True), KEY, CONTENT, 0)
    with pytest.raises(ContentDamaged, match="must be plain"):
        unseal(seal(b"x", KEY, CONTENT, 0, True), None, CONTENT, 0)


def test_the_same_chunk_never_gives_the_same_frame() -> None:
    assert len({seal(b"x", KEY, CONTENT, 0, True) for _ in range(100)}) == 100


def test_the_longest_frame_fits_a_message() -> None:
    frame = seal(os.urandom(CHUNK_BYTES), KEY, CONTENT, 2**40, True)
    # 100 bytes: key, offsets and headers of the record itself.
    assert len(frame) <= MAX_FRAME_BYTES < MAX_MESSAGE_BYTES - 100


def test_a_chunk_above_the_limit_is_refused() -> None:
    with pytest.raises(ValueError):
        seal(bytes(CHUNK_BYTES + 1), KEY, CONTENT, 0, True)


def _bomb(body: bytes, key: bytes | None) -> bytes:
    """A frame whose seal is right and whose inside is not: what a faulty or malicious holder of the key could write."""
    header = seal(b"", key, CONTENT, 0, True)[:12]
    if key is None:
        return header + body
    nonce = os.urandom(12)
    return header + nonce + AESGCM(key).encrypt(nonce, body, header + CONTENT.bytes)


@pytest.mark.parametrize("key", [None, KEY])
@pytest.mark.parametrize("states_its_size", [True, False])
def test_a_bomb_is_bounded(key: bytes | None, states_its_size: bool) -> None:
    huge = 400_000_000
    if states_its_size:
        body = zstd.compress(bytes(huge))
    else:
        compressor = zstd.ZstdCompressor()
        body = b"".join(compressor.compress(bytes(huge // 100)) for _ in range(100)) + compressor.flush()
    frame = _bomb(body, key)
    assert len(frame) < 1_000_000
    tracemalloc.start()
    with pytest.raises(ContentDamaged):
        unseal(frame, key, CONTENT, 0)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8 * CHUNK_BYTES


@pytest.mark.parametrize(
    "body", [b"", b"x", zstd.compress(b"x")[:-1], zstd.compress(b"x") + b"y", zstd.compress(b"x") * 2]
)
def test_a_sealed_chunk_holds_one_whole_zstd_frame(body: bytes) -> None:
    with pytest.raises(ContentDamaged):
        unseal(_bomb(body, KEY), KEY, CONTENT, 0)
