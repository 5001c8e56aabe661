"""What the child takes from itself before it touches a file."""

import contextlib
import ctypes
import os
import resource
import signal
import sys
import threading
import time

_PR_SET_PDEATHSIG = 1
_PR_SET_DUMPABLE = 4


def confine(address_space_bytes: int) -> None:
    """Bound this process for good: memory, no files, no core, and no life after its parent."""
    _volunteer_for_the_oom_killer()
    _die_with(os.getppid())
    # Plaintext never reaches a disk: no file can grow, and a crash leaves no core.
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_AS, (address_space_bytes, address_space_bytes))


def _volunteer_for_the_oom_killer() -> None:
    # Where the kernel does not offer this (macOS), the limits below still hold.
    with (
        contextlib.suppress(FileNotFoundError, PermissionError),
        open("/proc/self/oom_score_adj", "w") as file,
    ):
        file.write("1000")


def _die_with(parent: int) -> None:
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        for option, value in ((_PR_SET_PDEATHSIG, signal.SIGKILL), (_PR_SET_DUMPABLE, 0)):
            # RLIMIT_CORE does not bind a core that is piped to a collector; "not dumpable" does.
            if libc.prctl(option, value, 0, 0, 0) != 0:
                raise OSError(ctypes.get_errno(), "prctl")
    else:
        threading.Thread(target=_watch, args=(parent,), daemon=True).start()
    if os.getppid() != parent:  # it died before we asked to be told
        os._exit(1)


def _watch(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)
