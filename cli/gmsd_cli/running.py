"""The platform that runs on this machine, as the other commands find it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from gmsd_cli.client import IntakeClient, Refusal, intake
from gmsd_cli.local.cluster import describe
from gmsd_cli.local.errors import NoAnswer, NotRunning, Refused
from gmsd_cli.local.places import Layout


@dataclass(frozen=True, slots=True)
class Running:
    """Where the broker (host:port) and the services (name → url) of a state directory listen, or last listened."""

    layout: Layout
    bootstrap: str
    services: Mapping[str, str]

    def not_running(self) -> NotRunning:
        """The error for when none of them answers any more."""
        return NotRunning(
            f"Het platform van {self.layout.root} draait niet meer; start het met `gmsd up --state {self.layout.root}`."
        )

    async def require_broker(self) -> None:
        """Raise NoAnswer unless the broker answers: asked first, because its client logs each refused connection."""
        if await describe(self.bootstrap) is None:
            raise NoAnswer(
                f"Kafka antwoordt niet op {self.bootstrap}; kijk met `gmsd status` of het platform draait."
            )


def find(state: Path) -> Running:
    """Read `platform.json` of a state directory. Raises NotRunning when it is absent or unreadable."""
    layout = Layout(state.resolve())
    try:
        addresses = json.loads(layout.addresses.read_text(encoding="utf-8"))
        return Running(layout, addresses["bootstrap"], dict(addresses["services"]))
    except FileNotFoundError:
        raise NotRunning(
            f"In {layout.root} draait geen platform; start het met `gmsd up` of wijs een andere map aan met --state."
        ) from None
    except (OSError, ValueError, KeyError, TypeError) as e:
        raise NotRunning(
            f"{layout.addresses} is onleesbaar ({type(e).__name__}); start het platform opnieuw met `gmsd up`."
        ) from e


@asynccontextmanager
async def at_intake(platform: Running) -> AsyncIterator[IntakeClient]:
    """A client of its intake. What intake refuses inside becomes Refused, no answer NoAnswer."""
    url = platform.services["intake"]
    try:
        async with intake(url, platform.layout) as client:
            yield client
    except Refusal as refusal:
        raise Refused(refusal.sentence) from refusal
    except httpx.TransportError as e:
        raise NoAnswer(
            f"Intake antwoordt niet op {url} ({type(e).__name__}); kijk met `gmsd status` of het platform draait."
        ) from e
