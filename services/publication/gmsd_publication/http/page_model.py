"""What the page shows, from one table: regions side by side, categories under their main groups."""

from dataclasses import dataclass

import polars as pl

from gmsd_contracts.catalogue import TOTAL, Attribute, Level, Moment
from gmsd_publication.domain.regions import Region
from gmsd_publication.http.figures import Figure
from gmsd_publication.http.names import number_words, peildatum_words, period_words
from gmsd_publication.reading import TableView

# The longest bar leaves room for its number at the right, in a chart as narrow as a phone.
LONGEST_PERCENT = 72.0
_PATTERNS = ("vlak", "arcering", "stippen")


@dataclass(frozen=True)
class Column:
    """A region on the page. `key` names its pattern in the chart, so that nothing depends on colour."""

    region: Region
    key: str
    excluded: tuple[str, ...] = ()
    counted: int | None = None
    gemeenten: int | None = None

    @property
    def name(self) -> str:
        """As readers know it."""
        return self.region.name

    @property
    def incomplete(self) -> bool:
        """Whether this total leaves gemeenten out."""
        return self.counted is not None and self.counted != self.gemeenten


@dataclass(frozen=True)
class Bar:
    """One bar: `width` in percent of the chart, None when there is no number to draw."""

    column: Column
    figure: Figure
    width: float | None
    y: int


@dataclass(frozen=True)
class Row:
    """A category, main group or the total. `depth`: 0 total, 1 main group, 2 category."""

    code: str
    label: str
    depth: int
    figures: tuple[Figure, ...]
    bars: tuple[Bar, ...]

    @property
    def height(self) -> int:
        """Of the drawing, in CSS pixels."""
        return len(self.bars) * BAR_STEP

    @property
    def sentence(self) -> str:
        """The drawing in words."""
        parts = [f"{bar.column.name} {bar.figure.label}" for bar in self.bars]
        return f"{self.label}, per 1.000 inwoners: {'; '.join(parts)}."


BAR_STEP = 18


@dataclass(frozen=True)
class Content:
    """Everything under the form."""

    view: TableView
    moment: Moment
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
    takeaway: str
    notes: tuple[str, ...]

    @property
    def when(self) -> str:
        """`op 31 december 2025` or `in het tweede halfjaar van 2025`."""
        return _when(self.view, self.moment)

    @property
    def csv(self) -> str:
        """Address of these rows."""
        regions = "&".join(f"regio={column.region.code}" for column in self.columns)
        return f"/v1/tabellen/{self.view.id}?formaat=csv&moment={self.moment.value}&{regions}"


def content(view: TableView, chosen: list[Region], moment: Moment) -> Content:
    """The page for these gemeenten beside the country; `chosen` may be empty."""
    codes = list(dict.fromkeys([region.code for region in chosen] + [view.regions.land]))
    cells = _cells(view, codes, moment)
    columns = tuple(
        _column(view, code, _PATTERNS[-1] if code == view.regions.land else _PATTERNS[place], cells)
        for place, code in enumerate(codes)
    )
    order = _order(view)
    figures = {code: tuple(cells[column.region.code, code][0] for column in columns) for code, _, _ in order}
    rates = [figure.rate for row in figures.values() for figure in row if figure.rate is not None]
    rows = tuple(
        Row(code, label, depth, figures[code], _bars(columns, figures[code], max(rates, default=0.0)))
        for code, label, depth in order
    )
    return Content(view, moment, columns, rows, _takeaway(view, moment, columns, rows), _notes(columns, view))


def _cells(
    view: TableView, codes: list[str], moment: Moment
) -> dict[tuple[str, str], tuple[Figure, list[str]]]:
    rates = {
        row["region"]: row["denominator"]
        for row in view.rates.filter(pl.col("region").is_in(codes)).iter_rows(named=True)
    }
    wanted = view.rows.filter(
        pl.col("region").cast(pl.String).is_in(codes) & (pl.col("moment").cast(pl.String) == moment.value)
    )
    return {
        (row["region"], row["category"]): (
            Figure(row["value"], Attribute(row["attribute"]), rates.get(row["region"])),
            row["excluded"],
        )
        for row in wanted.iter_rows(named=True)
    }


def _column(
    view: TableView, code: str, key: str, cells: dict[tuple[str, str], tuple[Figure, list[str]]]
) -> Column:
    rates = view.rates.filter(pl.col("region") == code)
    counted, gemeenten = (rates["counted"][0], rates["gemeenten"][0]) if rates.height else (None, None)
    excluded = tuple(view.regions.by_code[gone].name for gone in cells[code, TOTAL][1])
    return Column(view.regions.by_code[code], key, excluded, counted, gemeenten)


def _order(view: TableView) -> list[tuple[str, str, int]]:
    """Total, then each main group with its categories; a group of one category is that category, said once."""
    labels = view.indicator.labels()
    order = [(TOTAL, "Alle arrangementen", 0)]
    for group in view.indicator.groups:
        order.append((group.code, group.label, 1))
        if len(group.members) > 1:
            order.extend((code, labels[code], 2) for code in group.members)
    grouped = {code for group in view.indicator.groups for code in group.members}
    order.extend((c.code, c.label, 2) for c in view.indicator.categories if c.code not in grouped)
    return order


def _bars(columns: tuple[Column, ...], figures: tuple[Figure, ...], longest: float) -> tuple[Bar, ...]:
    bars = []
    for place, (column, figure) in enumerate(zip(columns, figures, strict=True)):
        width = None
        if figure.rate is not None and longest > 0:
            width = round(LONGEST_PERCENT * figure.rate / longest, 2)
        bars.append(Bar(column, figure, width, place * BAR_STEP))
    return tuple(bars)


def _takeaway(view: TableView, moment: Moment, columns: tuple[Column, ...], rows: tuple[Row, ...]) -> str:
    total, first = rows[0], columns[0]
    figure, when = total.figures[0], _when(view, moment)
    if not figure.shown:
        return f"Voor {first.name} is er geen cijfer: {figure.count}."
    if figure.rate is None:
        return f"In {first.name} waren er {when} {figure.count} cliënten met een maatwerkarrangement Wmo."
    verb = "hadden" if moment is Moment.PEILDATUM else "gebruikten"
    sentence = (
        f"{when.capitalize()} {verb} in {first.name} {figure.per_1000} van elke 1.000 inwoners "
        "een maatwerkarrangement Wmo"
    )
    others = [
        f"{_compared(figure.rate, other.rate)} in {column.name} ({other.per_1000})"
        for column, other in zip(columns[1:], total.figures[1:], strict=True)
        if other.rate is not None
    ]
    sentence += f": {' en '.join(others)}." if others else "."
    groups = [row for row in rows if row.depth == 1 and row.figures[0].rate]
    if groups:
        most = max(groups, key=lambda row: row.figures[0].rate or 0.0)
        sentence += f" Het vaakst ging het om {most.label.lower()} ({most.figures[0].per_1000} per 1.000)."
    return sentence


def _compared(mine: float, other: float | None) -> str:
    if other is None or mine == other:
        return "evenveel als"
    return "meer dan" if mine > other else "minder dan"


def _notes(columns: tuple[Column, ...], view: TableView) -> tuple[str, ...]:
    notes = []
    for column in columns:
        if column.incomplete:
            notes.append(
                f"{column.name}: de cijfers gaan over {number_words(column.counted or 0)} van de "
                f"{number_words(column.gemeenten or 0)} gemeenten; verhoudingen zijn berekend over hun inwoners."
            )
        if column.excluded:
            notes.append(f"{column.name}: exclusief {_enumerate(column.excluded)} (geen toestemming).")
    return tuple(notes)


def _enumerate(names: tuple[str, ...]) -> str:
    if len(names) == 1:
        return names[0]
    return f"{', '.join(names[:-1])} en {names[-1]}"


def _when(view: TableView, moment: Moment) -> str:
    period = view.shown.data.period
    return f"op {peildatum_words(period)}" if moment is Moment.PEILDATUM else f"in het {period_words(period)}"


def gemeenten(view: TableView) -> list[Region]:
    """The gemeenten of the period, by name."""
    found = [
        region for region in view.regions.by_code.values() if region.level is Level.GEMEENTE and region.exists
    ]
    return sorted(found, key=lambda region: region.name)
