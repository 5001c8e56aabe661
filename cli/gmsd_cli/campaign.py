"""Many deliverers at once: every slot's files in their order, akkoord for what passes."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

import httpx

from gmsd_cli.client import IntakeClient, Refusal, Sending

WAITS = frozenset({"ONTVANGEN", "TE_BEOORDELEN", "AKKOORD"})
"""States that go on by themselves or by akkoord; every other one ends this delivery's turn."""
UPLOADS = 6
"""At once: enough to keep two cores busy, few enough that the spool's and the sockets' memory stays small."""
POLL_SECONDS = 0.5


@dataclass(slots=True)
class Turn:
    """A slot's files that have not been sent, and the delivery that is under way."""

    waiting: deque[Sending]
    current: str | None = None
    state: str = ""


@dataclass(slots=True)
class Tally:
    """What happened so far. `states`: the last known state of each delivery made by this campaign."""

    planned: int = 0
    sent: int = 0
    bytes: int = 0
    refused: list[tuple[Sending, str]] = field(default_factory=list)
    states: dict[str, str] = field(default_factory=dict)
    rows: dict[str, int] = field(default_factory=dict)

    def per_state(self) -> dict[str, int]:
        counts: dict[str, int] = defaultdict(int)
        for state in self.states.values():
            counts[state] += 1
        return dict(counts)


class Campaign:
    """Sends a plan. Resumes: of a slot in which intake has n deliveries, the first n files of the plan were sent.

    A service that is down for a moment is waited for; what intake refuses ends the slot's turn and stands in the tally.
    """

    def __init__(self, client: IntakeClient, sendings: Iterable[Sending]) -> None:
        self._client = client
        self._turns: dict[tuple[str, str, str, str], Turn] = {}
        for sending in sendings:
            self._turns.setdefault(sending.slot, Turn(deque())).waiting.append(sending)
        self.tally = Tally(planned=sum(len(turn.waiting) for turn in self._turns.values()))
        self._places = asyncio.Semaphore(UPLOADS)

    async def run(self) -> Tally:
        """Return when no slot has anything left to send or to wait for."""
        await self._resume()
        open_slots = set(self._turns)
        while open_slots:
            await asyncio.gather(*(self._send_next(self._turns[slot]) for slot in open_slots))
            open_slots = {
                slot for slot in open_slots if self._turns[slot].current or self._turns[slot].waiting
            }
            if open_slots:
                await self._look(open_slots)
                await asyncio.sleep(POLL_SECONDS)
        return self.tally

    async def _resume(self) -> None:
        for period in {slot[2] for slot in self._turns}:
            for found in await patiently(lambda period=period: self._known(period)):
                slot = (found["aanleveraar"], found["bestandssoort"], found["periode"], found["deel"] or "")
                turn = self._turns.get(slot)
                if turn is not None and turn.waiting:
                    turn.waiting.popleft()
                    self.tally.sent += 1
                    self.tally.states[found["id"]] = found["status"]
                    turn.current, turn.state = found["id"], found["status"]

    async def _known(self, period: str) -> list[dict[str, Any]]:
        """Oldest first: the last of a slot is the one its turn is at."""
        return [found async for found in self._client.deliveries(periode=period)][::-1]

    async def _send_next(self, turn: Turn) -> None:
        if turn.current is not None or not turn.waiting:
            return
        async with self._places:
            sending = turn.waiting[0]
            try:
                receipt = await patiently(lambda: self._client.deliver(sending))
            except Refusal as refusal:
                self.tally.refused.append((sending, refusal.slug))
            else:
                turn.current, turn.state = receipt["id"], receipt["status"]
                self.tally.states[receipt["id"]] = receipt["status"]
            turn.waiting.popleft()
            self.tally.sent += 1
            self.tally.bytes += sending.path.stat().st_size if sending.path else 0

    async def _look(self, slots: set[tuple[str, str, str, str]]) -> None:
        """Ask for the states of all deliveries at once, and act on those that moved."""
        states: dict[str, str] = {}
        for period in {slot[2] for slot in slots}:
            known = await patiently(lambda period=period: self._known(period))
            states |= {found["id"]: found["status"] for found in known}
        moved = []
        for slot in slots:
            turn = self._turns[slot]
            if turn.current is not None and turn.current in states:
                turn.state = states[turn.current]
                self.tally.states[turn.current] = turn.state
                moved.append((slot[0], turn))
        await asyncio.gather(*(self._act(deliverer, turn) for deliverer, turn in moved))

    async def _act(self, deliverer: str, turn: Turn) -> None:
        delivery = turn.current
        if delivery is None or turn.state in WAITS - {"TE_BEOORDELEN"}:
            return
        async with self._places:
            if turn.state == "TE_BEOORDELEN":
                await self._say_akkoord(deliverer, delivery)
            else:
                turn.current = None  # an end: the slot's next file may be sent

    async def _say_akkoord(self, deliverer: str, delivery: str) -> None:
        full: dict[str, Any] = await patiently(lambda: self._client.delivery(delivery, deliverer))
        self.tally.rows[delivery] = full["controle"]["rijen"]
        try:
            warnings = full["controle"]["teBevestigen"]
            await patiently(lambda: self._client.akkoord(delivery, deliverer, warnings))
        except Refusal as refusal:
            if refusal.status != 409:
                raise
            # It moved on in the meantime; the next look tells where.


async def patiently(ask: Any) -> Any:
    """Ask again while nobody answers: a service that dies is back within seconds. A refusal of 503 says when to come back."""
    for attempt in range(120):
        try:
            return await ask()
        except httpx.TransportError:
            pass
        except Refusal as refusal:
            if refusal.status < 500:
                raise
        await asyncio.sleep(min(2.0, 0.2 * 2**attempt))
    return await ask()
