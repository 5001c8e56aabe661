"""The disclosure test of a release: as a document, as CSV, and for the page. Functions of what was published and declared, no more."""

import io
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import polars as pl

from gmsd_contracts.cells import DERIVED_LEVEL, PROOF_NAME
from gmsd_publication.http import toets_words as words
from gmsd_publication.http.documents import moment
from gmsd_publication.http.names import PROTECTIONS, number_words
from gmsd_publication.press import catalogue_of
from gmsd_publication.reading import Shown

PUBLIC = {
    "indicator": "indicator", "moment": "moment", "level": "niveau", "cells": "cijfers", "zeros": "nullen",
    "certified": "bewezen", "exact": "exact", "small": "klein", "undecided": "onbeslist", "limited": "beperkt",
    "narrowest_zero": "smalsteNul", "narrowest": "smalste",
}  # fmt: skip
"""Public names of the columns of `audit/1`."""
COLUMNS = {
    "cijfers": "aantal cijfers dat getoetst is; niveau afgeleid: aantallen die niet gepubliceerd zijn en wel zijn uit te rekenen",
    "nullen": "hoeveel daarvan als 0 gepubliceerd zijn (<5, <10 of <20)",
    "bewezen": "bewezen dat de beloofde ruimte er is",
    "exact": "het echte aantal is af te leiden",
    "klein": "te bewijzen dat het echte aantal 1 tot en met 4 is",
    "onbeslist": "bewezen noch weerlegd; dat is niet hetzelfde als veilig",
    "beperkt": "openbare feiten laten minder ruimte dan de methode belooft",
    "smalsteNul": "kleinste bewezen ruimte (mogelijke waarden min 1) onder de nullen; leeg: geen",
    "smalste": "kleinste bewezen ruimte onder de andere cijfers; leeg: geen",
}
_COUNTS = ("cells", "zeros", "certified", "exact", "small", "undecided", "limited")


def document(shown: Shown, audit: pl.DataFrame, base_url: str, earlier: Sequence[int]) -> dict[str, Any]:
    """Everything about the test. `earlier`: numbers of all releases before this one, tested with or not."""
    data = shown.data
    method = words.method(data.protection)
    url = f"{base_url}/v1/publicaties/{data.release_id}"
    return {
        "publicatie": str(data.release_id),
        "product": data.product,
        "periode": data.period,
        "nummer": data.number,
        "uitgebrachtOp": moment(shown.time),
        "methode": {"naam": data.protection, "uitleg": PROTECTIONS.get(data.protection, "")},
        "stappen": [{"niveau": level, "stap": step} for level, step in data.steps.items()],
        "eerdereUitgaven": {
            "meegetoetst": list(data.tested_with),
            "nietMeegetoetst": [number for number in earlier if number not in data.tested_with],
        },
        "aanvallers": [
            {"code": code, "omschrijving": text, "hiervoorGemaakt": code in method.withstands}
            for code, text in words.ATTACKERS.items()
        ],
        "waarborgen": list(method.promises),
        "grenzen": list(method.limits),
        "betekenis": [
            {"niveaus": list(each.levels), "staatEr": each.shown, "van": each.least, "totEnMet": each.most}
            for each in _meanings(shown)
        ],
        "conclusie": conclusion(audit),
        "kolommen": COLUMNS,
        "regels": audit.rename(PUBLIC).select(list(PUBLIC.values())).to_dicts(),
        "bewijs": f"{url}/bewijs" if data.companion(PROOF_NAME) else None,
        "url": f"{url}/toets",
    }


def as_csv(audit: pl.DataFrame) -> bytes:
    """RFC 4180, one line per row of the test."""
    sink = io.BytesIO()
    audit.rename(PUBLIC).select(list(PUBLIC.values())).write_csv(sink, line_terminator="\r\n")
    return sink.getvalue()


def conclusion(audit: pl.DataFrame) -> str:
    """The whole test in a few sentences."""
    shown = audit.filter(pl.col("level") != DERIVED_LEVEL).select(pl.col(_COUNTS).sum()).row(0, named=True)
    total = audit.select(pl.col(_COUNTS).sum()).row(0, named=True)
    said = []
    if shown["certified"] == shown["cells"]:
        said.append(
            f"Van alle {_n(shown['cells'])} gepubliceerde cijfers is bewezen dat het echte aantal er niet uit volgt."
        )
    elif shown["certified"]:
        said.append(
            f"Van {_n(shown['certified'])} van de {_n(shown['cells'])} cijfers is bewezen dat het echte aantal er niet uit volgt."
        )
    else:
        said.append(f"Van geen van de {_n(shown['cells'])} cijfers is bewezen hoeveel ruimte er overblijft.")
    for count, text in (
        ("exact", "Van {} is het echte aantal precies af te leiden."),
        ("small", "Van {} is te bewijzen dat het echte aantal 1 tot en met 4 is."),
        (
            "limited",
            "Van {} aantallen die u zelf kunt uitrekenen laten de definities minder ruimte, maar altijd meer dan één waarde.",
        ),
        ("undecided", "Over {} is niets beslist; dat is niet hetzelfde als veilig."),
    ):
        if total[count]:
            said.append(text.format(_n(total[count])))
    return " ".join(said)


@dataclass(frozen=True)
class Line:
    """One level of the whole release on the page; counts as text."""

    level: str
    counts: tuple[str, ...]


@dataclass(frozen=True)
class Section:
    """The test on the page. `steps`: whether levels differ in what their figures mean."""

    conclusion: str
    lines: tuple[Line, ...]
    meanings: tuple[tuple[str, str, str], ...]
    steps: bool
    attackers: tuple[tuple[str, str, bool], ...]
    promises: tuple[str, ...]
    limits: tuple[str, ...]
    earlier: str
    url: str
    proof: str | None


EVERYWHERE = "Elk niveau"
HEADINGS = ("cijfers", "als <5", "bewezen", "precies af te leiden", "als 1–4 te bewijzen", "onbeslist")


def section(shown: Shown, audit: pl.DataFrame, earlier: Sequence[int]) -> Section:
    """What the page says of the test, all indicators and moments of the release together."""
    data = shown.data
    method = words.method(data.protection)
    levels = audit.group_by("level", maintain_order=True).agg(pl.col(_COUNTS).sum())
    lines = tuple(
        Line(
            words.level_words(row["level"]),
            tuple(_n(row[name]) for name in ("cells", "zeros", "certified", "exact", "small", "undecided")),
        )
        for row in levels.iter_rows(named=True)
    )
    meanings = _meanings(shown)
    return Section(
        conclusion=conclusion(audit),
        lines=lines,
        meanings=tuple(
            (
                ", ".join(words.level_words(level) for level in each.levels) or EVERYWHERE,
                each.shown,
                f"{_n(each.least)} tot en met {_n(each.most)}",
            )
            for each in meanings
        ),
        steps=any(each.levels for each in meanings),
        attackers=tuple((code, text, code in method.withstands) for code, text in words.ATTACKERS.items()),
        promises=method.promises,
        limits=method.limits,
        earlier=_earlier(data.tested_with, earlier),
        url=f"/v1/publicaties/{data.release_id}/toets",
        proof=f"/v1/publicaties/{data.release_id}/bewijs" if data.companion(PROOF_NAME) else None,
    )


def _meanings(shown: Shown) -> list[words.Meaning]:
    bases = {indicator.base for indicator in catalogue_of(shown.data.product)}
    return [
        each
        for base in sorted(bases)
        for each in words.meanings(shown.data.protection, base, shown.data.steps)
    ]


def _earlier(tested_with: Sequence[int], earlier: Sequence[int]) -> str:
    if not earlier:
        return "Dit is de eerste uitgave over deze periode."
    left = [number for number in earlier if number not in tested_with]
    said = []
    if tested_with:
        said.append(f"Getoetst samen met uitgave {_list(tested_with)}.")
    if left:
        said.append(f"Niet samen getoetst met uitgave {_list(left)}.")
    return " ".join(said)


def _list(numbers: Sequence[int]) -> str:
    texts = [str(number) for number in sorted(numbers)]
    return texts[0] if len(texts) == 1 else f"{', '.join(texts[:-1])} en {texts[-1]}"


def _n(value: int) -> str:
    return number_words(value)
