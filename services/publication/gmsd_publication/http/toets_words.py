"""The disclosure test in plain Dutch: what each method promises, against whom, and what no method can do.

A promise is a function of the declared method alone. Nothing here may depend on a figure: a sentence that appears for some truths only
would be a figure.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from gmsd_contracts.catalogue import Level
from gmsd_contracts.cells import DERIVED_LEVEL
from gmsd_publication.disclosure.model import NAUGHT
from gmsd_publication.http.names import LEVELS

ATTACKERS = {
    "A1": "Iedereen die deze publicatie heeft, de regels kent en weet wat openbaar is.",
    "A2": "Iemand die ook de programma's en de rekenwijze precies kent, maar niet de geheime sleutel.",
    "A3": "Iemand die ook de eerdere uitgaven heeft en weet welke gemeenten opnieuw leverden.",
    "A4": "Iemand die van zichzelf, of van zichzelf en één ander, weet in welk aantal zij meetellen.",
}


@dataclass(frozen=True)
class Method:
    """`promises`: what the test proves. `limits`: what it cannot. `withstands`: attackers it was made for; the others are named."""

    promises: tuple[str, ...]
    limits: tuple[str, ...]
    withstands: tuple[str, ...]


_ALWAYS = (
    "Wie van zichzelf weet dat hij meetelt, of van zichzelf en één ander, weet dat het aantal minstens 1 of 2 is (A4). Meer volgt "
    "daar niet uit.",
    "Een gemeente herkent haar eigen aantallen. Wie zelf bekende gegevens toevoegt en op een verandering wacht, weet zoveel meer als "
    "hij toevoegde.",
    "Cijfers van anderen over dezelfde mensen, anders afgerond of precies, kunnen meer verraden. Daar is niet tegen te beveiligen.",
    "Wie op één na iedereen in een aantal kent, kent ook de laatste. Daar is niet tegen te beveiligen.",
)

_METHODS = {
    "sleutelafronding": Method(
        promises=(
            "Bij elk cijfer kan het echte aantal tot {room} hoger zijn en, als er geen 0 staat, tot {room} lager, tenzij openbare feiten dat "
            "beperken; hoe vaak dat zo is staat in de toets.",
            "Ook van een aantal dat u zelf kunt uitrekenen (een rest of een verschil binnen deze cijfers) blijven altijd meer waarden mogelijk; "
            "hoeveel op zijn minst staat in de toets.",
            "Getallen die bij elkaar horen tellen op: delen en totaal zijn samen afgerond.",
            "Een teken hangt alleen af van het getal dat er staat. Of er echt niemand is, of een paar mensen, blijkt nergens uit.",
            "Dit alles geldt ook voor wie de rekenwijze kent: onder een andere sleutel had een andere werkelijkheid dezelfde publicatie "
            "kunnen geven.",
            "Een cijfer van het fijnste niveau waarvan de gegevens niet veranderden, verandert in een volgende uitgave niet. Totalen "
            "kunnen meebewegen met wat wel veranderde.",
            "Staan hieronder eerdere uitgaven, dan kunnen achter die en deze dezelfde mensen staan: wie ze naast elkaar legt, weet van een "
            "gemeente waarvan niets veranderde niet meer dan wie er één heeft. Voor provincies en het land geldt dat niet.",
        ),
        limits=(
            "Wie de geheime sleutel heeft kan de afronding ongedaan maken. De sleutel is alleen bij deze dienst bekend.",
            "Inwoners en cliënten zijn apart afgerond, en de twee halfjaren van een jaar ook. Waar in een buurt van beide heel weinig is, kan "
            "het paar meer verraden dan elk alleen.",
            *_ALWAYS,
        ),
        withstands=("A1", "A2", "A3"),
    ),
    "naastgelegen": Method(
        promises=("Een teken hangt alleen af van of het aantal onder de 5 ligt; of er echt niemand is, blijkt niet uit het teken.",),
        limits=(
            "Elk cijfer is apart afgerond. Delen en totaal tellen daardoor niet op, en uit het verschil zijn aantallen af te leiden. "
            "Hoe vaak dat lukt staat in de toets.",
            *_ALWAYS,
        ),
        withstands=(),
    ),
}  # fmt: skip
_UNKNOWN = Method((), _ALWAYS, ())


def method(name: str) -> Method:
    """The words of a method by its public name, such as sleutelafronding-5: the family, and the base it rounds to."""
    family, _, base = name.rpartition("-")
    words = _METHODS.get(family, _UNKNOWN)
    room = str(int(base) - 1) if base.isdigit() else ""
    return replace(words, promises=tuple(text.replace("{room}", room) for text in words.promises))


def level_words(level: str) -> str:
    """`Gemeente`; `Zelf uit te rekenen` for counts that follow from others."""
    return "Zelf uit te rekenen" if level == DERIVED_LEVEL else LEVELS[Level(level)]


@dataclass(frozen=True)
class Meaning:
    """What a figure leaves open: `shown` stands in the table, the true count is `least` to `most`. `levels` empty: everywhere."""

    levels: tuple[str, ...]
    shown: str
    least: int
    most: int


def meanings(name: str, base: int, steps: Mapping[str, int]) -> list[Meaning]:
    """What readers can still infer from a number, by method, base and declared steps; [] for a method without such a promise."""
    family = name.rpartition("-")[0]
    mark = f"<{base}"
    if family == "naastgelegen":
        half = base // 2
        return [
            Meaning((), mark, 0, base - 1),
            Meaning((), str(base), base, base + half),
            Meaning((), str(4 * base), 4 * base - half, 4 * base + half),
        ]
    if family != "sleutelafronding":
        return []
    declared = sorted(set(steps.values()) or {0})
    # The mark of a 0 is its own meaning, whatever the level: one level can hold figures with less than its largest step.
    limits = sorted({base} | {base * min(max(step, 1), NAUGHT) for step in declared})
    found = [Meaning((), f"<{limit}", 0, limit - 1) for limit in limits]
    for step in declared:
        levels = tuple(level for level, own in steps.items() if own == step)
        width = base * (step + 1) - 1
        for value in (base, 4 * base):
            found.append(Meaning(levels, str(value), max(0, value - width), value + width))
    return found
