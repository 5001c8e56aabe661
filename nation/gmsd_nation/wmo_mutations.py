"""What the faults of a Wmo file do to its rows."""

import polars as pl

from gmsd_nation.damage import Apply, Damaged, Scene, dating, numbers, put, setting, some_rows


def wrong_digit(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """The last digit of some numbers is one too high."""
    at = some_rows(rows, scene)
    last = pl.col("bsn").str.slice(8).cast(pl.Int64)
    wrong = pl.concat_str(pl.col("bsn").str.slice(0, 8), ((last + 1) % 10).cast(pl.String))
    return Damaged(put(rows, at, {"bsn": wrong}), numbers(at))


def repeat(rows: pl.DataFrame, scene: Scene, values: dict[str, str | pl.Expr] | None = None) -> Damaged:
    """Some rows once more at the end, with other values when given."""
    at = some_rows(rows, scene)
    again = rows[at]
    if values is not None:
        again = put(again, range(len(again)), values)
    extra = tuple(range(len(rows) + 1, len(rows) + len(again) + 1))
    return Damaged(pl.concat([rows, again]), extra)


def other_intensity(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Some rows once more, with another intensity."""
    return repeat(
        rows, scene, {"intensiteit_volume": "77", "intensiteit_eenheid": "04", "intensiteit_frequentie": "2"}
    )


def end_before_start(kind: str) -> Apply:
    """An end ten days before the start, on the actual or the legal side."""
    start, end = f"datum_start_{kind}", f"datum_einde_{kind}"
    return dating({start: 40, end: 30})


def wrong_gemeente(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Some rows of another gemeente."""
    at = some_rows(rows, scene)
    return Damaged(put(rows, at, {"gemeentecode": scene.other_gemeente}), numbers(at))


def start_after_period(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Arrangements that start three weeks after the period."""
    at = some_rows(rows, scene)
    later = scene.date(scene.period.last - scene.period.first + 20)
    values: dict[str, str | pl.Expr] = {
        name: "" for name in rows.columns if name.startswith(("datum_einde", "reden"))
    }
    values |= {"datum_start_rechtsgeldigheid": later, "datum_start_daadwerkelijk": later}
    return Damaged(put(rows, at, values), numbers(at))


def partly_numbered(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Part of the rows with a toewijzingsnummer, part without."""
    used = bool((rows["toewijzingsnummer"] != "").any())
    at = some_rows(rows, scene, 0.3)
    value: str | pl.Expr = "" if used else (pl.int_range(pl.len()) + 500_001).cast(pl.String)
    return Damaged(put(rows, at, {"toewijzingsnummer": value}), numbers(at))


def mixed_creation(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Part of the rows with another aanmaakdatum_bestand than the first."""
    at = [i for i in some_rows(rows, scene, 0.1) if i > 0] or [len(rows) - 1]
    return Damaged(put(rows, at, {"aanmaakdatum_bestand": scene.date(185)}), numbers(at))


def own_bsn(column: str) -> Apply:
    """The client's bsn typed into another column."""
    return setting({column: pl.col("bsn")})


def extra_column(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """A column that nobody asked for."""
    return Damaged(rows.with_columns(opmerking=pl.lit("zie dossier")))


def without(column: str) -> Apply:
    """A column left out."""
    return lambda rows, scene: Damaged(rows.drop(column))


def letter_in_date(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """The letter O for a nought."""
    at = some_rows(rows, scene)
    return Damaged(
        put(rows, at, {"datum_toewijzing": scene.date(3)[:4] + "O" + scene.date(3)[5:]}), numbers(at)
    )


def impossible_date(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """The thirtieth of February."""
    at = some_rows(rows, scene)
    return Damaged(put(rows, at, {"datum_toewijzing": scene.date(3)[:4] + "0230"}), numbers(at))


def cropped(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Running arrangements left out, as if they had never been: the cropped episode."""
    running = (pl.col("datum_einde_daadwerkelijk") == "") & (
        pl.col("datum_start_daadwerkelijk") < scene.date(0)
    )
    gone = some_rows(rows, scene, 0.15, running)
    return Damaged(rows[[i for i in range(len(rows)) if i not in set(gone)]])


def type_vanished(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """No household help at all: the largest category, so that its absence shows at any scale."""
    left = rows.filter(pl.col("type_maatwerkarrangement_declaratie") != "01")
    return Damaged(left if len(left) else rows)


def absent_column(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """A column that need not be there is not there; it is read as empty."""
    return Damaged(rows.drop("ambulantisering"), in_force=rows.with_columns(ambulantisering=pl.lit("")))


def spaces(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Spaces around some values; they are read without."""
    at = some_rows(rows, scene, 0.1)
    spaced = {
        "reden_beeindiging": pl.format(" {} ", "reden_beeindiging"),
        "leveringsvorm": pl.format("{} ", "leveringsvorm"),
    }
    return Damaged(put(rows, at, spaced), numbers(at), in_force=rows)


def blank_line(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """An empty line before the last row; it is skipped, and counted in the numbering."""

    def raw(data: bytes) -> bytes:
        end = b"\r\n" if b"\r\n" in data else b"\n"
        lines = data.removesuffix(end).split(end)
        return end.join([*lines[:-1], b"", lines[-1], b""])

    return Damaged(rows, (len(rows),), raw)


def made_too_early(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """The file says it was made before the period was over."""
    return Damaged(put(rows, range(len(rows)), {"aanmaakdatum_bestand": scene.date(150)}))


def ended_before_period(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Some arrangements that were over before the period: they count no more."""
    # One row per person, or two rows could become equal, which is another fault.
    at = some_rows(rows, scene, 0.05, pl.col("bsn").is_unique())
    return Damaged(put(rows, at, _over(scene)), numbers(at))


def all_ended_before_period(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """A file for another period: everything in it was over before this one."""
    return Damaged(put(rows, range(len(rows)), _over(scene)))


def _over(scene: Scene) -> dict[str, str | pl.Expr]:
    start, end = scene.date(-300), scene.date(-20)
    values: dict[str, str | pl.Expr] = {}
    for side in ("daadwerkelijk", "rechtsgeldigheid"):
        values |= {f"datum_start_{side}": start, f"datum_einde_{side}": end}
    return values | {"reden_beeindiging": "19"}


def end_without_start(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """An actual end beside a legal start only; the end says nothing then."""
    at = some_rows(rows, scene, 0.03, pl.col("datum_start_rechtsgeldigheid") != "")
    values = {
        "datum_start_daadwerkelijk": "",
        "datum_einde_daadwerkelijk": scene.date(60),
        "datum_einde_rechtsgeldigheid": "",
    }
    return Damaged(put(rows, at, {**values, "reden_beeindiging": ""}), numbers(at))
