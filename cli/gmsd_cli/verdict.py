"""The verdict on a delivery, waited for and told to whoever sent it."""

import asyncio
from collections.abc import Mapping
from typing import Any

import httpx

from gmsd_cli.client import IntakeClient, Refusal
from gmsd_cli.console import console, plain
from gmsd_cli.local.errors import NoAnswer, StillWaiting

POLL_SECONDS = 0.5
AWAY_SECONDS = 30.0
"""Intake that dies is back within some 10 s; after this it is worth saying that it is away."""
UNDECIDED = "ONTVANGEN"
REFUSED = frozenset({"AFGEKEURD", "MISLUKT", "VERLOPEN", "INGETROKKEN"})
"""States in which a delivery will not come in force by itself."""
_SEVERITIES = ("FATAAL", "FOUT", "WAARSCHUWING", "INFO")


async def wait_for_verdict(
    client: IntakeClient, delivery: str, deliverer: str, within: float
) -> dict[str, Any]:
    """The delivery in full, once the technical check is over. Raises StillWaiting, NoAnswer, Refusal."""
    loop = asyncio.get_running_loop()
    end, heard = loop.time() + within, loop.time()
    while True:
        try:
            full = await client.delivery(delivery, deliverer)
        except (httpx.TransportError, Refusal) as e:
            if isinstance(e, Refusal) and e.status < 500:
                raise
            if loop.time() - heard > AWAY_SECONDS:
                raise NoAnswer(
                    f"Intake antwoordt al {AWAY_SECONDS:.0f} seconden niet. De levering {delivery} is ontvangen; "
                    "kijk later met `gmsd status`."
                ) from e
        else:
            heard = loop.time()
            if full["status"] != UNDECIDED:
                return full
        if loop.time() > end:
            raise StillWaiting(
                f"Na {within:.0f} seconden is levering {delivery} nog niet gecontroleerd; kijk later met `gmsd status`."
            )
        await asyncio.sleep(POLL_SECONDS)


async def show_verdict(client: IntakeClient, full: Mapping[str, Any], examples: int) -> None:
    """The state, what was found per rule, and what to do now."""
    check = full["controle"]
    status = full["status"]
    if check is None:
        console.print(f"Status {status}: {plain(full['wachtOp'] or 'er is geen controle uitgevoerd')}.")
        return
    console.print(
        f"Status {status}: {_counted(check)} in {check['rijen']} rijen ({plain(check['specificatie'])})."
    )
    await show_findings(client, full, examples)
    console.print(_what_now(full))


async def show_findings(
    client: IntakeClient, full: Mapping[str, Any], examples: int, rules: frozenset[str] | None = None
) -> None:
    """Per rule how often, its words, what to do, and the first examples; only `rules` when they are given."""
    counts = {
        each["regel"]: each
        for each in full["controle"]["tellingen"]
        if each["aantal"] and (rules is None or each["regel"] in rules)
    }
    if not counts:
        return
    wanted = {rule: min(each["aantal"], examples) for rule, each in counts.items()}
    try:
        found = await _examples(client, full, wanted)
    except Refusal as refusal:
        # The counts stand in the event; the examples hold values and are destroyed in time.
        console.print(plain(refusal.sentence))
        found = {}
    for rule in sorted(counts, key=lambda rule: (_rank(counts[rule]["ernst"]), rule)):
        _show_rule(counts[rule], found.get(rule, []))


async def _examples(
    client: IntakeClient, full: Mapping[str, Any], wanted: Mapping[str, int]
) -> dict[str, list[dict[str, Any]]]:
    found: dict[str, list[dict[str, Any]]] = {}
    open_rules = {rule for rule, count in wanted.items() if count}
    async for finding in client.findings(full["id"], full["aanleveraar"]):
        rule = finding["regel"]
        if rule in open_rules:
            kept = found.setdefault(rule, [])
            kept.append(finding)
            if len(kept) == wanted[rule]:
                open_rules.remove(rule)
                if not open_rules:
                    break
    return found


def _show_rule(count: Mapping[str, Any], found: list[dict[str, Any]]) -> None:
    console.print()
    console.print(f"[bold]{plain(count['regel'])}[/bold]  {plain(count['ernst'])}  {count['aantal']} keer")
    for finding in found:
        console.print(f"  {_place(finding)}{plain(finding['melding'] or finding['verwacht'] or '')}")
    if found and count["aantal"] > len(found):
        console.print(f"  … en nog {count['aantal'] - len(found)} keer.")
    if found and found[0]["watTeDoen"]:
        console.print(f"  Wat te doen: {plain(found[0]['watTeDoen'])}")


def _place(finding: Mapping[str, Any]) -> str:
    parts = []
    if finding["rij"] is not None:
        parts.append(f"rij {finding['rij']}")
    if finding["kolom"]:
        parts.append(f"kolom {plain(finding['kolom'])}")
    if finding["waarde"]:
        parts.append(f"waarde '{plain(finding['waarde'])}'")
    if finding["sleutel"]:
        parts.append(f"sleutel {plain(finding['sleutel'])}")
    return f"{', '.join(parts)}: " if parts else ""


def _counted(check: Mapping[str, Any]) -> str:
    per: dict[str, int] = {}
    for each in check["tellingen"]:
        per[each["ernst"]] = per.get(each["ernst"], 0) + each["aantal"]
    said = [f"{per[severity]} keer {severity}" for severity in _SEVERITIES if per.get(severity)]
    return ", ".join(said) or "geen bevindingen"


def _rank(severity: str) -> int:
    return _SEVERITIES.index(severity) if severity in _SEVERITIES else len(_SEVERITIES)


def _what_now(full: Mapping[str, Any]) -> str:
    match full["status"]:
        case "AFGEKEURD":
            return "\nDe levering is afgekeurd. Corrigeer het bestand en lever het opnieuw aan."
        case "TE_BEOORDELEN":
            return f"\nDe levering is technisch in orde. Geef akkoord met: gmsd akkoord {full['id']}"
        case _:
            return f"De levering wacht op {plain(full['wachtOp'])}." if full["wachtOp"] else ""
