"""The wmo rules once more: one row at a time, in plain Python, from datasets.md and not from the code."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date

from gmsd_contracts.columns import DATASETS

_COLUMNS = {column.name: column for column in DATASETS["wmo"][0].columns}
_FIRST, _LAST, _TODAY = date(2025, 1, 1), date(2025, 6, 30), date(2025, 8, 20)
_PAIRS = (
    ("datum_start_rechtsgeldigheid", "datum_einde_rechtsgeldigheid"),
    ("datum_start_daadwerkelijk", "datum_einde_daadwerkelijk"),
)
_TYPES = ("type_maatwerkarrangement_toewijzing", "type_maatwerkarrangement_declaratie")
_TRIO = ("intensiteit_volume", "intensiteit_eenheid", "intensiteit_frequentie")
_KEY = (
    "bsn", "toewijzingsnummer", *_TYPES, "type_aanbieder", "leveringsvorm", "datum_start_daadwerkelijk",
    "datum_start_rechtsgeldigheid",
)  # fmt: skip


def _date(value: str) -> date | None:
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        value = value.replace("-", "")
    if not re.fullmatch(r"[1-9]\d{7}", value, re.ASCII):
        return None
    try:
        return date(int(value[:4]), int(value[4:6]), int(value[6:]))
    except ValueError:
        return None


def _field(name: str, value: str) -> tuple[object, list[str]]:
    """The value, None when at fault or empty, and the rules that fire."""
    kind = _COLUMNS[name].type.value
    if value == "":
        return None, ["ALG-101"] if name in ("gemeentecode", "aanmaakdatum_bestand", "bsn") else []
    if kind == "datum":
        found = _date(value)
        if found is None:
            return None, ["ALG-105"]
        return found, ["ALG-106"] if "-" in value else []
    if kind == "bsn":
        if not re.fullmatch(r"[0-9]{9}", value):
            return None, ["ALG-108"]
        if value in ("000000000", "999999999"):
            return None, ["ALG-109"]
        total = sum((9 - i) * int(value[i]) for i in range(8)) - int(value[8])
        return (value, []) if total % 11 == 0 else (None, ["ALG-110"])
    if kind == "code":
        return (value, []) if value in (_COLUMNS[name].codes or {}) else (None, ["ALG-104"])
    if kind == "gemeentecode":
        if re.fullmatch(r"(GM)?[0-9]{4}", value):
            return "GM" + value[-4:], []
        return None, ["ALG-112"]
    if len(value) > 9:
        return None, ["ALG-102"]
    if kind == "geheel getal":
        return (int(value), []) if re.fullmatch(r"[0-9]+", value) else (None, ["ALG-107"])
    return (value, []) if re.fullmatch(r"[A-Za-z0-9._/-]+", value) else (None, ["ALG-103"])


def _row(given: Mapping[str, str], values: Mapping[str, object]) -> list[str]:
    fired = []
    if values["gemeentecode"] not in (None, "GM0344"):
        fired.append("WMO-001")
    made = values["aanmaakdatum_bestand"]
    if isinstance(made, date):
        fired += ["WMO-002"] * (made > _TODAY) + ["WMO-004"] * (made < _LAST)
    for number, (start, end) in enumerate(_PAIRS):
        begin, finish = values[start], values[end]
        if isinstance(begin, date) and isinstance(finish, date) and finish < begin:
            fired.append(f"WMO-01{number}")
        if given[end] and not given[start]:
            fired.append(f"WMO-01{number + 2}")
        if isinstance(begin, date) and begin < date(1900, 1, 1):
            fired.append(f"WMO-01{number + 7}")
    begin, finish = _interval(given, values)
    if begin is not None and begin > _LAST:
        fired.append("WMO-014")
    if begin is not None and finish is not None and begin <= finish < _FIRST:
        fired.append("WMO-015")
    number_ = values["toewijzingsnummer"]
    if isinstance(number_, str) and not number_.isdecimal():
        fired.append("WMO-021")
    if given["reden_beeindiging"] and not any(given[end] for _, end in _PAIRS):
        fired.append("WMO-030")
    if given["ambulantisering"] and all(given[t] == "" or values[t] not in (None, "15") for t in _TYPES):
        fired.append("WMO-040")
    if 0 < sum(bool(given[name]) for name in _TRIO) < 3:
        fired.append("WMO-041")
    fired += ["ALG-114"] * (not any(given[name] for name in _TYPES))
    fired += ["ALG-114"] * (not any(given[start] for start, _ in _PAIRS))
    return fired


def _interval(given: Mapping[str, str], values: Mapping[str, object]) -> tuple[date | None, date | None]:
    pair = _PAIRS[1] if given["datum_start_daadwerkelijk"] else _PAIRS[0]
    begin, finish = (values[name] for name in pair)
    return (begin if isinstance(begin, date) else None), (finish if isinstance(finish, date) else None)


def _outside(given: Mapping[str, str], values: Mapping[str, object]) -> bool:
    begin, finish = _interval(given, values)
    return (begin is not None and begin > _LAST) or (finish is not None and finish < _FIRST)


def findings(rows: Sequence[Mapping[str, str]]) -> Counter[tuple[str, int | None]]:
    """(rule, row) of everything that must be found in a file of these rows, with how often."""
    found: Counter[tuple[str, int | None]] = Counter()
    kept: list[tuple[int, Mapping[str, str], dict[str, object]]] = []
    for number, raw in enumerate(rows, 1):
        given = {name: value.strip() for name, value in raw.items()}
        if not any(given.values()):
            found["ALG-018", number] += 1
            found["ALG-020", number] += sum(raw[name] != given[name] for name in raw)
            continue
        found["ALG-020", number] += sum(raw[name] != given[name] for name in raw)
        values: dict[str, object] = {}
        for name, value in given.items():
            values[name], fired = _field(name, value)
            found.update((rule, number) for rule in fired)
        found.update((rule, number) for rule in _row(given, values))
        kept.append((number, given, values))
    _over_rows(kept, found)
    return +found


def _over_rows(
    kept: list[tuple[int, Mapping[str, str], dict[str, object]]], found: Counter[tuple[str, int | None]]
) -> None:
    if not kept:
        found["ALG-012", None] += 1
        return
    made = [values["aanmaakdatum_bestand"] for _, _, values in kept]
    first = next((value for value in made if value is not None), None)
    for (number, _, _), value in zip(kept, made, strict=True):
        found["WMO-003", number] += value is not None and value != first
    found["WMO-016", None] += all(_outside(given, values) for _, given, values in kept)
    numbered = sum(bool(given["toewijzingsnummer"]) for _, given, _ in kept)
    found["WMO-020", None] += 0 < numbered < len(kept)
    for name in ("type_aanbieder", "datum_toewijzing", "leveringsvorm", "datum_start_daadwerkelijk"):
        empty = sum(not given[name] for _, given, _ in kept)
        found["WMO-050", None] += empty < len(kept) and empty * 20 > len(kept)
    lines: dict[tuple[object, ...], set[tuple[str, ...]]] = {}
    for number, given, values in kept:
        good = all(values[name] is not None or not given[name] for name in _KEY)
        key = (good, *((values if good else given)[name] for name in _KEY))
        line = tuple(given.values())
        seen = lines.setdefault(key, set())
        if line in seen:
            found["WMO-060", number] += 1
        elif seen:
            found["WMO-061", number] += 1
        seen.add(line)
