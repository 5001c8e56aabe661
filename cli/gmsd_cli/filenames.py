"""What the name of a file says about it: `<dataset>_<deliverer>_<period>.csv`, with `_<part>` for who sends per gemeente."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gmsd_cli.client import Sending
from gmsd_cli.local.errors import BadArgument, why

NAME = re.compile(
    r"(?P<dataset>[a-z][a-z_]{1,30})_(?P<deliverer>[A-Z0-9]{2,20})_(?P<period>20[0-9]{2}[A-Z]{2}[0-9]{2})"
    r"(?:_(?P<part>[A-Z0-9]{2,20}))?\.[cC][sS][vV]"
)
OPTIONS = {"dataset": "--bestandssoort", "deliverer": "--aanleveraar", "period": "--periode"}


@dataclass(frozen=True, slots=True)
class Stated:
    """What the options say; None where the name of the file decides."""

    dataset: str | None = None
    deliverer: str | None = None
    period: str | None = None
    part: str | None = None
    nothing_to_report: bool = False


def sendings(files: Sequence[Path], stated: Stated) -> list[Sending]:
    """One per file, or one without file for who has nothing to report. Nothing has been sent when this raises BadArgument:
    a file that is not there, a name that says too little, two files for one slot."""
    if not files and not stated.nothing_to_report:
        raise BadArgument("Noem ten minste een bestand, of geef --niets-te-melden.")
    for path in files:
        _require_readable(path)
    paths: list[Path | None] = [*files] or [None]
    found = [_sending(path, stated) for path in paths]
    taken: dict[tuple[str, str, str, str], Sending] = {}
    for sending in found:
        other = taken.setdefault(sending.slot, sending)
        if other is not sending:
            raise BadArgument(
                f"{other.path} en {sending.path} zijn voor dezelfde aanleveraar, bestandssoort, periode en deel; "
                "het tweede zou het eerste vervangen. Lever er een van aan."
            )
    return found


def _require_readable(path: Path) -> None:
    try:
        with path.open("rb"):
            pass
    except OSError as e:
        raise BadArgument(f"Het bestand {path} is niet te lezen ({why(e)}).") from e


def _sending(path: Path | None, stated: Stated) -> Sending:
    match = None if path is None else NAME.fullmatch(path.name)
    said: dict[str, str | None] = {} if match is None else match.groupdict()
    values = {name: getattr(stated, name) or said.get(name) for name in OPTIONS}
    missing = [OPTIONS[name] for name, value in values.items() if not value]
    if missing:
        what = (
            "Zonder bestand"
            if path is None
            else f"De naam {path.name} is niet <soort>_<aanleveraar>_<periode>.csv:"
        )
        raise BadArgument(f"{what} moet u opgeven: {', '.join(missing)}.")
    return Sending(
        dataset=values["dataset"] or "",
        deliverer=values["deliverer"] or "",
        period=values["period"] or "",
        part=(said.get("part") or "") if stated.part is None else stated.part,
        path=path,
        nothing_to_report=stated.nothing_to_report,
    )
