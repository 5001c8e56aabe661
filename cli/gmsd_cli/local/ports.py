"""Ports of the loopback interface."""

import random
import socket

from gmsd_cli.local.errors import PortInUse


def require_free(port: int, purpose: str) -> None:
    """Raise PortInUse when something listens on 127.0.0.1:`port`; `purpose` is what it was wanted for (Dutch)."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
        # as a server does it: connections in TIME_WAIT of a previous run are no reason to refuse
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind(("127.0.0.1", port))
        except (OSError, OverflowError) as e:
            raise PortInUse(
                f"Poort {port} ({purpose}) is niet vrij; stop wat er luistert of kies een andere met --port-base."
            ) from e


def free_block(size: int) -> int:
    """The first of `size` consecutive free ports, drawn below the range that systems give to outgoing connections."""
    for _ in range(200):
        base = random.randrange(20_000, 32_000 - size)
        if all(_is_free(port) for port in range(base, base + size)):
            return base
    raise PortInUse(f"Er zijn geen {size} vrije poorten naast elkaar.")


def _is_free(port: int) -> bool:
    try:
        require_free(port, "")
    except PortInUse:
        return False
    return True
