"""What parent and child say to each other over their socket: frames of a length, a kind and a payload.

The child asks, the parent answers: the child sends PULL and gets DATA or END; it sends WRITE and goes on. Both sides are
single-file, and the socket's own buffer is the back-pressure: neither can run ahead, and neither can deadlock.
"""

import struct
from enum import IntEnum

HEADER = struct.Struct(">IB")

MAX_PAYLOAD = 1024 * 1024
"""Longest payload of DATA and WRITE; longer writes are cut."""
MAX_RESULT = 4 * 1024 * 1024
"""Longest JOB and RESULT: arguments and results are facts about a file, the file itself goes through `read` and `write`."""

OUT_OF_MEMORY = 86
"""Exit code of a child that had no memory left to say so."""


class Kind(IntEnum):
    """What a frame is."""

    SETUP = 1  # parent, once: JSON {jobs, warm, address_space}: paths `module:function`, modules, bytes
    READY = 2  # child, once: jobs are imported
    JOB = 3  # parent: JSON {path, args, sinks}
    PULL = 4  # child: next piece; payload b"\x01" = from the beginning
    DATA = 5  # parent: a piece
    END = 6  # parent: no more pieces
    WRITE = 7  # child: u8 index of the sink, then bytes
    RESULT = 8  # child: JSON of what the job returned
    FAILED = 9  # child: JSON {kind, where}
    NOT_READY = 10  # child, instead of READY: JSON {path, kind}


def head(kind: Kind, length: int) -> bytes:
    """The header of a frame."""
    return HEADER.pack(length, kind)
