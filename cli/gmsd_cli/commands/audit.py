"""`gmsd audit`: what published tables give away, whoever published them."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from gmsd_cli.console import console, plain, show_table
from gmsd_cli.local.errors import BadArgument
from gmsd_publication.disclosure.convention import Convention

if TYPE_CHECKING:
    from gmsd_cli.disclosures import Told
    from gmsd_publication.disclosure.audit import Findings
    from gmsd_publication.disclosure.published import Published

SHOWN = 20
FOUND = 1


def audit(
    bestanden: Annotated[
        list[Path],
        typer.Argument(
            metavar="BESTAND...",
            help="Gepubliceerde tabellen als CSV: een kolom per dimensie en een kolom met het aantal.",
            show_default=False,
        ),
    ],
    hierarchie: Annotated[
        Path,
        typer.Option(
            "--hierarchy", help="CSV met kolommen dimensie, code, ligt_in en eventueel naam en indeling."
        ),
    ],
    waarde: Annotated[str, typer.Option("--waarde", help="De kolom met het aantal.")] = "aantal",
    methode: Annotated[
        Convention, typer.Option("--methode", help="Hoe de aantallen gepubliceerd zijn.")
    ] = Convention.EXACT,
    drempel: Annotated[int, typer.Option("--drempel", min=2, help="Aantallen hieronder zijn klein.")] = 5,
    merkkolom: Annotated[
        str | None, typer.Option("--merkkolom", help="De kolom met tekens, als die niet in de waarde staan.")
    ] = None,
    geheim: Annotated[
        list[str] | None,
        typer.Option("--geheim", help="Een teken voor geheim; mag vaker. Zonder deze optie: . x * en leeg."),
    ] = None,
    nooit_nul: Annotated[
        bool,
        typer.Option(
            "--nooit-nul", help="Achter een teken als <5 staat nooit een nul: nullen zijn gewoon te zien."
        ),
    ] = False,
    ontbrekend_is_nul: Annotated[
        bool,
        typer.Option("--ontbrekend-is-nul", help="Een combinatie die een bestand weglaat, komt niet voor."),
    ] = False,
    alleen_bewijs: Annotated[
        bool,
        typer.Option(
            "--alleen-bewijs", help="Zoek alleen onthullingen; dan is niets bewezen veilig. Veel sneller."
        ),
    ] = False,
    toon: Annotated[
        int, typer.Option("--toon", min=0, help="Hoeveel onthullingen er worden uitgelegd.")
    ] = SHOWN,
    als_json: Annotated[bool, typer.Option("--json", help="Alles als JSON op stdout.")] = False,
) -> None:
    """Reken na wat gepubliceerde tabellen samen prijsgeven, en leg elke onthulling uit.

    Eindigt met 0 als er niets gevonden is, 1 bij onthullingen, 2 als de invoer niet klopt. Rekent met hoogstens 300.000 cellen;
    boven 50.000 onbekende cellen wordt alleen naar onthullingen gezocht en is niets bewezen veilig.
    """
    from gmsd_cli.disclosures import Told
    from gmsd_publication.disclosure.audit import BOUNDS_ONLY, Effort
    from gmsd_publication.disclosure.audit import audit as run
    from gmsd_publication.disclosure.description import read
    from gmsd_publication.disclosure.errors import Contradictory, CyclicHierarchy, DisclosureError
    from gmsd_publication.disclosure.intervals import intervals
    from gmsd_publication.disclosure.published import HIDDEN, published

    try:
        tables = published(
            bestanden, read(hierarchie), waarde, merkkolom, geheim or HIDDEN, ontbrekend_is_nul
        )
        low, high = intervals(methode, tables.figures, tables.marks, drempel, int(nooit_nul))
        findings = run(tables.model, low, high, BOUNDS_ONLY if alleen_bewijs else Effort(), drempel)
    except CyclicHierarchy as error:
        raise BadArgument(
            f"De hiërarchie loopt rond: {error.detail}. Haal een van deze regels weg."
        ) from error
    except Contradictory as error:
        raise BadArgument(
            f"De tabellen spreken elkaar tegen: {error.detail}. Controleer --methode, de hiërarchie en de cijfers."
        ) from error
    except DisclosureError as error:
        raise BadArgument(f"Niet te gebruiken: {error.detail}.") from error
    told = Told(findings)
    if als_json:
        typer.echo(json.dumps(_data(tables, findings, told, methode), ensure_ascii=False, indent=1))
    else:
        _show(tables, findings, told, methode, toon)
    if told.cells:
        raise typer.Exit(FOUND)


def _show(tables: "Published", findings: "Findings", told: "Told", method: Convention, shown: int) -> None:
    from gmsd_cli.disclosures import VERDICTS
    from gmsd_publication.disclosure.audit import Verdict

    unpublished = int((~tables.model.published).sum())
    console.print(
        f"{number(findings.printed.size)} cellen, waarvan {number(unpublished)} niet gepubliceerd; "
        f"methode {method.value}, drempel {findings.threshold}.\n"
    )
    counts = findings.counts()
    show_table(
        ("oordeel", "cellen", "betekenis"),
        [
            (word, number(counts[verdict]), meaning)
            for verdict, (word, meaning) in VERDICTS.items()
            if counts[verdict]
        ],
    )
    if findings.witnesses is None and counts[Verdict.UNDECIDED]:
        console.print("\nEr zijn geen tabellen gezocht of gevonden die laten zien wat veilig is.")
    cells = told.cells
    if not cells:
        console.print("\nGeen onthulling gevonden.")
    else:
        console.print(
            f"\n{number(len(cells))} onthullingen; smalle cellen tellen mee als optellen ze smaller maakt:"
        )
    for cell in cells[:shown]:
        console.print(f"- {plain(told.sentence(cell))}")
    if len(cells) > shown:
        console.print(f"En nog {number(len(cells) - shown)}: zie --toon of --json.")


def _data(tables: "Published", findings: "Findings", told: "Told", method: Convention) -> dict[str, object]:
    from gmsd_cli.disclosures import VERDICTS

    counts = findings.counts()
    return {
        "methode": method.value,
        "drempel": findings.threshold,
        "cellen": findings.printed.size,
        "nietGepubliceerd": int((~tables.model.published).sum()),
        "oordelen": {word: counts[verdict] for verdict, (word, _) in VERDICTS.items()},
        "onthullingen": [told.data(cell) for cell in told.cells],
    }


def number(count: int) -> str:
    """A count with Dutch thousands."""
    return f"{count:,}".replace(",", ".")
