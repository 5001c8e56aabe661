"""Dates JJJJMMDD (or JJJJ-MM-DD), vectorised: real calendar days only."""

import polars as pl

# Eight characters of which the number has eight digits: "+2025010" and "0000 1231" cannot pass. Years before 1000 fall
# away with it; no date in these files is that old.
_SMALLEST = 10_000_000


def undashed(text: pl.Series) -> tuple[pl.Series, pl.Series]:
    """The text with JJJJ-MM-DD written as JJJJMMDD, and which values were so written."""
    dashed = (text.str.len_bytes() == 10) & (text.str.slice(4, 1) == "-") & (text.str.slice(7, 1) == "-")
    dashed = dashed.fill_null(False)
    if not dashed.any():
        return text, dashed
    joined = text.str.slice(0, 4) + text.str.slice(5, 2) + text.str.slice(8, 2)
    return joined.zip_with(dashed, text), dashed


def calendar(text: pl.Series) -> pl.Series:
    """Date per value of JJJJMMDD text; null where it is not one. Proleptic Gregorian, as `datetime.date`.

    The days since 1970 are counted with years that begin in March, so that a leap day is the last of its year.
    """
    number = text.cast(pl.Int32, strict=False)
    frame = pl.DataFrame({"text": text, "n": number})
    plausible = (pl.col("text").str.len_bytes() == 8) & (pl.col("n") >= _SMALLEST)
    year, month, day = pl.col("n") // 10_000, pl.col("n") // 100 % 100, pl.col("n") % 100
    leap = ((year % 4 == 0) & (year % 100 != 0)) | (year % 400 == 0)
    length = (
        pl.when(month == 2)
        .then(28 + leap.cast(pl.Int32))
        .otherwise(30 + month.is_in([1, 3, 5, 7, 8, 10, 12]).cast(pl.Int32))
    )
    exists = plausible & month.is_between(1, 12) & (day >= 1) & (day <= length)
    march_year = year - (month <= 2).cast(pl.Int32)
    march_month = (month + 9) % 12
    before_year = march_year * 365 + march_year // 4 - march_year // 100 + march_year // 400
    days = before_year + (march_month * 153 + 2) // 5 + day - 1 - 719_468
    return frame.select(pl.when(exists).then(days).cast(pl.Int32).cast(pl.Date)).to_series()
