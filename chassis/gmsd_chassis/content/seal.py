"""One chunk of content as a frame: zstd, then AES-256-GCM.

A frame is a header of 12 bytes (`GC`, version, flags, index) and a body. The header and the content_id are the
additional authenticated data: a frame moved to another place, to another content, or given another `is_last` does not
open. Public content has no key: its frames have the same header, and the sha256 in the ContentRef protects them.
"""

import os
import struct
from dataclasses import dataclass
from uuid import UUID

from backports import zstd
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from gmsd_chassis.errors import ContentDamaged
from gmsd_contracts.content import CHUNK_BYTES

_HEADER = struct.Struct(">2sBBQ")
_MAGIC = b"GC"
_VERSION = 1
_LAST = 0b01
_SEALED = 0b10
_NONCE_BYTES = (
    12  # 96 bits, random: one key seals at most some thousands of chunks, far below the 2**32 of SP 800-38D
)
_TAG_BYTES = 16
# Level 3: 380 MB/s on one core, CSV of deliveries shrinks fivefold; level 9 gains a quarter at a fifth of the speed.
_LEVEL = 3
# 1 MiB: the least window that holds a whole chunk.
_WINDOW_LOG = 20
# What zstd can add to bytes that do not compress (ZSTD_COMPRESSBOUND), rounded up.
_ZSTD_OVERHEAD = CHUNK_BYTES // 256 + 1024

MAX_FRAME_BYTES = _HEADER.size + _NONCE_BYTES + _TAG_BYTES + CHUNK_BYTES + _ZSTD_OVERHEAD
"""No frame is longer; below Kafka's 1 MiB message."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """An opened frame: at most `CHUNK_BYTES` of plaintext, and whether the content ends here."""

    data: bytes
    is_last: bool


def seal(chunk: bytes, key: bytes | None, content_id: UUID, index: int, is_last: bool) -> bytes:
    """The frame of one chunk.

    `key` is the content's data key (32 bytes), or None for public content. ValueError for a chunk above `CHUNK_BYTES`.
    """
    if len(chunk) > CHUNK_BYTES:
        raise ValueError(f"a chunk of {len(chunk)} bytes is longer than {CHUNK_BYTES}")
    flags = (_LAST if is_last else 0) | (_SEALED if key is not None else 0)
    header = _HEADER.pack(_MAGIC, _VERSION, flags, index)
    body = zstd.compress(chunk, level=_LEVEL)
    if key is None:
        return header + body
    nonce = os.urandom(_NONCE_BYTES)
    return header + nonce + AESGCM(key).encrypt(nonce, body, header + content_id.bytes)


def unseal(frame: bytes, key: bytes | None, content_id: UUID, index: int) -> Chunk:
    """Open the frame that must be chunk `index` of this content.

    Raises ContentDamaged, with what is wrong and where, for anything that `seal` did not make with these arguments.
    Never allocates more than `CHUNK_BYTES` for the plaintext, whatever the frame claims.
    """
    if len(frame) < _HEADER.size:
        raise ContentDamaged(f"chunk {index}: shorter than its header")
    magic, version, flags, found = _HEADER.unpack_from(frame)
    if magic != _MAGIC or version != _VERSION or flags & ~(_LAST | _SEALED):
        raise ContentDamaged(f"chunk {index}: not a frame of version {_VERSION}")
    if found != index:
        raise ContentDamaged(f"chunk {index}: chunk {found} stands in its place")
    # It would not open either way; said apart, because it means a topic in the wrong zone and not a broken disk.
    if bool(flags & _SEALED) != (key is not None):
        raise ContentDamaged(
            f"chunk {index}: sealed where it must be plain, or plain where it must be sealed"
        )
    body = frame[_HEADER.size :] if key is None else _decrypt(frame, key, content_id, index)
    return Chunk(_decompress(body, index), bool(flags & _LAST))


def _decrypt(frame: bytes, key: bytes, content_id: UUID, index: int) -> bytes:
    header, rest = frame[: _HEADER.size], frame[_HEADER.size :]
    if len(rest) < _NONCE_BYTES + _TAG_BYTES:
        raise ContentDamaged(f"chunk {index}: shorter than its nonce and tag")
    try:
        return AESGCM(key).decrypt(rest[:_NONCE_BYTES], rest[_NONCE_BYTES:], header + content_id.bytes)
    except InvalidTag:
        raise ContentDamaged(f"chunk {index}: does not open with this content's key and place") from None


def _decompress(body: bytes, index: int) -> bytes:
    # max_length bounds what is allocated whatever the frame states, the window bounds what the decoder keeps.
    decompressor = zstd.ZstdDecompressor(options={zstd.DecompressionParameter.window_log_max: _WINDOW_LOG})
    try:
        data = decompressor.decompress(body, max_length=CHUNK_BYTES + 1)
    except zstd.ZstdError:
        raise ContentDamaged(f"chunk {index}: not a zstd frame of ours") from None
    if len(data) > CHUNK_BYTES:
        raise ContentDamaged(f"chunk {index}: inflates to more than {CHUNK_BYTES} bytes")
    if not decompressor.eof or decompressor.unused_data:
        raise ContentDamaged(f"chunk {index}: not one whole zstd frame")
    return data
