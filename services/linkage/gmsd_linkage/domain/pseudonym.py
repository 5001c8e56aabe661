"""The keyed map: pseudonym = AES-256(K, tag ∥ value), one block of 16 bytes.

A permutation of blocks is collision-free by construction, which no truncated hash is; a keyed one cannot be reversed by
trying all 10⁹ BSNs, which any unkeyed hash can (EDPB Guidelines 01/2025 on pseudonymisation). One block per value, so ECB
is not a mode here but the bare permutation.
"""

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

from gmsd_contracts.columns import Tag

BLOCK = 16
VALUE_BYTES = BLOCK - 1
KEY_BYTES = 32

TAG_BYTE: dict[Tag, int] = {Tag.PERSON: 1, Tag.HOUSEHOLD: 2, Tag.TOEWIJZING: 3, Tag.COMPOSITE: 4}
"""First byte of the block. Changing one renames every pseudonym of that tag: never do."""
NO_IDENTITY = 255
"""Tag of a row that names no person: a block of its own per delivery and row, never equal to anybody's."""


class ValueTooLong(ValueError):
    """A value does not fit the block; `column` and `row` say where, the value is not told."""

    def __init__(self, row: int) -> None:
        super().__init__(f"value {row} is longer than {VALUE_BYTES} bytes")
        self.row = row


class KeyedMap:
    """K, applied to columns.

    `key`: 32 bytes, the same for all datasets and periods until it is rotated.
    """

    def __init__(self, key: bytes) -> None:
        if len(key) != KEY_BYTES:
            raise ValueError(f"the pseudonym key has {KEY_BYTES} bytes")
        self._cipher = Cipher(algorithms.AES(key), modes.ECB())  # noqa: S305 - see the module docstring

    def apply(self, tag: Tag, values: pa.StringArray) -> pa.FixedSizeBinaryArray:
        """16-byte pseudonyms of `values` (UTF-8 strings of at most 15 bytes); null stays null.

        Raises ValueTooLong for a value that does not fit.
        """
        blocks = np.zeros((len(values), BLOCK), dtype=np.uint8)
        blocks[:, 0] = TAG_BYTE[tag]
        _write(blocks, values)
        return self._encrypt(blocks, nulls=values.is_null().to_numpy(zero_copy_only=False))

    def without_identity(self, delivery: bytes, rows: npt.NDArray[np.uint32]) -> pa.FixedSizeBinaryArray:
        """One block per row that names nobody. `delivery`: the 16 bytes of the delivery id, of which 11 are used."""
        blocks = np.zeros((len(rows), BLOCK), dtype=np.uint8)
        blocks[:, 0] = NO_IDENTITY
        blocks[:, 1:12] = np.frombuffer(delivery[:11], dtype=np.uint8)
        blocks[:, 12:16] = rows.astype(">u4").view(np.uint8).reshape(-1, 4)
        return self._encrypt(blocks, nulls=np.zeros(len(rows), dtype=bool))

    def _encrypt(
        self, blocks: npt.NDArray[np.uint8], nulls: npt.NDArray[np.bool_]
    ) -> pa.FixedSizeBinaryArray:
        encryptor = self._cipher.encryptor()
        sealed = encryptor.update(blocks.tobytes()) + encryptor.finalize()
        validity = pa.py_buffer(np.packbits(~nulls, bitorder="little").tobytes())
        return pa.FixedSizeBinaryArray.from_buffers(
            pa.binary(BLOCK), len(blocks), [validity, pa.py_buffer(sealed)], null_count=int(nulls.sum())
        )


def _write(blocks: npt.NDArray[np.uint8], values: pa.StringArray) -> None:
    """Copy the bytes of each value behind its tag, without a loop over rows."""
    filled = values.fill_null("").cast(pa.binary())
    if isinstance(filled, pa.ChunkedArray):
        filled = filled.combine_chunks()
    offsets = np.frombuffer(filled.buffers()[1], dtype=np.int32)[
        filled.offset : filled.offset + len(filled) + 1
    ]
    data = np.frombuffer(filled.buffers()[2] or b"", dtype=np.uint8)
    lengths = np.diff(offsets)
    if lengths.size == 0 or lengths.max() == 0:
        return
    if lengths.max() > VALUE_BYTES:
        raise ValueTooLong(int(np.argmax(lengths > VALUE_BYTES)))
    # The i-th byte of all values at once, for each of at most 15 positions.
    for position in range(int(lengths.max())):
        present = np.flatnonzero(lengths > position)
        blocks[present, 1 + position] = data[offsets[present] + position]
