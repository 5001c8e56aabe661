"""`gmsd generate`: files of a made-up nation, to try things with."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from gmsd_cli.console import console, plain, size
from gmsd_cli.local.errors import BadArgument, StateUnwritable, why
from gmsd_nation import PERIODS, BsnsExhausted, MarkedNumbers, Nation
from gmsd_nation import generate as generate_nation

GEMEENTEN = 342
"""Of 2026."""
LEAST = 4
"""Below this there is no room for the split gemeente and its receivers."""
FIRST_TEST_BSN, LAST_TEST_BSN = 999_900_006, 999_999_990
"""Numbers that belong to nobody; any other may be somebody's, and does not belong on a command line."""
LINES = 10
"""How often progress is told where it cannot be drawn."""


def generate(
    uit: Annotated[Path, typer.Option("--uit", help="Lege of nieuwe map waarin de natie komt.")],
    schaal: Annotated[
        float, typer.Option("--schaal", min=0.0001, max=1.0, help="Deel van de Nederlandse bevolking.")
    ] = 0.004,
    zaad: Annotated[
        int, typer.Option("--zaad", min=0, help="Begin van het toeval: hetzelfde zaad, dezelfde natie.")
    ] = 7,
    gemeenten: Annotated[
        int | None,
        typer.Option("--gemeenten", min=LEAST, max=GEMEENTEN, help="Alleen de eerste N gemeenten."),
    ] = None,
    periode: Annotated[
        list[str] | None,
        typer.Option("--periode", help="Halfjaar zoals 2025HJ01; mag vaker, binnen een jaar."),
    ] = None,
    eigen_bsn: Annotated[
        list[int] | None,
        typer.Option(
            "--eigen-bsn",
            help="Testnummer (999900006-999999990) dat een cliënt krijgt en dat ook in verkeerde kolommen staat; mag vaker.",
        ),
    ] = None,
    test_bsn: Annotated[
        bool,
        typer.Option("--test-bsn", help="Alleen testnummers; genoeg voor ongeveer 9.000 personen."),
    ] = False,
    zonder_fouten: Annotated[
        bool, typer.Option("--zonder-fouten", help="Elk bestand is in een keer goed.")
    ] = False,
) -> None:
    """Maak de bestanden van een verzonnen natie: register, regio-indeling en Wmo, met fouten en de waarheid ernaast."""
    with shown_progress() as advance:
        made = _generate(
            uit,
            seed=zaad,
            scale=schaal,
            gemeenten=gemeenten,
            periods=tuple(periode or PERIODS),
            marked=require_test_numbers(eigen_bsn or []),
            test_bsns=test_bsn,
            with_faults=not zonder_fouten,
            advance=advance,
        )
    clients = ", ".join(f"{count} cliënten in {period}" for period, count in sorted(made.wmo_clients.items()))
    console.print(
        f"{len(made.deliveries)} bestanden ({size(made.bytes_written)}) in {plain(uit)}: "
        f"{made.persons} personen, {clients}."
    )
    console.print(f"In volgorde van aanleveren staan ze in {plain(uit / 'deliveries.jsonl')}.")


def _generate(
    out: Path,
    *,
    seed: int,
    scale: float,
    gemeenten: int | None,
    periods: tuple[str, ...],
    marked: list[int],
    test_bsns: bool,
    with_faults: bool,
    advance: Callable[[int, int], None],
) -> Nation:
    """Call the generator; its errors get the words of the options."""
    faults = {} if with_faults else {"faults": ()}
    try:
        return generate_nation(
            out,
            seed,
            scale,
            periods,
            gemeenten=gemeenten,
            test_bsns=test_bsns,
            marked=marked,
            progress=advance,
            **faults,
        )
    except FileExistsError as e:
        raise BadArgument(f"De map {out} bestaat al en is niet leeg; kies een andere met --uit.") from e
    except MarkedNumbers as e:
        raise BadArgument(
            "De nummers van --eigen-bsn zijn zo niet uit te delen: geef elk nummer een keer, en vergroot --schaal of geef er minder."
        ) from e
    except BsnsExhausted as e:
        raise BadArgument("De nummers raken op: verklein --schaal, of laat --test-bsn weg.") from e
    except ValueError as e:
        raise BadArgument(
            f"Deze natie bestaat niet: geef met --periode halfjaren van een jaar (zoals 2025HJ01), elk een keer; "
            f"--gemeenten is een getal van {LEAST} tot {GEMEENTEN}."
        ) from e
    except OSError as e:
        raise StateUnwritable(f"De map {out} is niet te schrijven ({why(e)}).") from e


def require_test_numbers(numbers: list[int]) -> list[int]:
    """The same, or BadArgument that names the place of a wrong one, never the number."""
    for place, number in enumerate(numbers, 1):
        if not FIRST_TEST_BSN <= number <= LAST_TEST_BSN or not _passes(number):
            raise BadArgument(
                f"De {place}e --eigen-bsn is geen testnummer: kies uit {FIRST_TEST_BSN}-{LAST_TEST_BSN} "
                "een nummer dat de elfproef doorstaat."
            )
    return numbers


def _passes(number: int) -> bool:
    digits = [int(digit) for digit in f"{number:09d}"]
    return sum(w * d for w, d in zip((9, 8, 7, 6, 5, 4, 3, 2, -1), digits, strict=True)) % 11 == 0


@contextmanager
def shown_progress() -> Iterator[Callable[[int, int], None]]:
    """A bar on a terminal, else a line now and then; yields `advance(done, all)`."""
    if not console.is_terminal:
        yield _lines
        return
    columns = (TextColumn("Gemeenten"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("", total=None)
        yield lambda done, total: bar.update(task, completed=done, total=total)


def _lines(done: int, total: int) -> None:
    if done == total or done % max(1, total // LINES) == 0:
        console.print(f"{done} van {total} gemeenten.")
