"""The classes of fault in the files of the register holders; each is corrected at once, for nothing works without them."""

import polars as pl

from gmsd_nation.damage import Damaged, Scene, dating, numbers, put, setting, some_rows
from gmsd_nation.faults import Fault
from gmsd_nation.wmo_mutations import wrong_digit, wrong_gemeente


def _overlap(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """Some persons live at a second address at the same time."""
    at = some_rows(rows, scene)
    again = put(rows[at], range(len(at)), {"postcode": "9999ZZ"})
    return Damaged(pl.concat([rows, again]), tuple(range(len(rows) + 1, len(rows) + len(at) + 1)))


def _other_wijk(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """A wijk of another gemeente."""
    at = some_rows(rows, scene)
    return Damaged(put(rows, at, {"wijkcode": f"WK{scene.other_gemeente[2:]}00"}), numbers(at))


def _code_twice(rows: pl.DataFrame, scene: Scene) -> Damaged:
    """A region stands there twice."""
    at = some_rows(rows, scene, 0.001, pl.col("soort") == "BU")
    return Damaged(pl.concat([rows, rows[at]]), tuple(range(len(rows) + 1, len(rows) + len(at) + 1)))


BRP_FAULTS: tuple[Fault, ...] = (
    Fault(
        "brp-bsn-elfproef", "A bsn that does not pass the elfproef is refused", "reject", 0.002, wrong_digit
    ),
    Fault(
        "brp-wrong-gemeente", "An address outside the gemeente of the part", "reject", 0.002, wrong_gemeente
    ),
    Fault(
        "brp-end-before-start",
        "A spell that ends before it begins",
        "reject",
        0.002,
        dating({"datum_vanaf": 90, "datum_tot": 80}),
    ),
    Fault(
        "brp-outside-period",
        "A spell that does not overlap the period",
        "reject",
        0.002,
        dating({"datum_vanaf": 300, "datum_tot": 320}),
    ),
    Fault(
        "brp-death-before-birth",
        "A death before the birth",
        "reject",
        0.002,
        setting({"datum_overlijden": "19000101"}),
    ),
    Fault("brp-two-addresses", "Two spells of a person that share a day", "reject", 0.002, _overlap),
    Fault("brp-wijk-elsewhere", "A wijk that does not lie in the gemeente", "reject", 0.002, _other_wijk),
    Fault(
        "brp-postcode-form",
        "A postcode has four digits and two letters",
        "reject",
        0.002,
        setting({"postcode": "12AB"}),
    ),
)

REGIO_FAULTS: tuple[Fault, ...] = (
    Fault("regio-code-twice", "A code with the same first day twice", "reject", 0.0, _code_twice),
    Fault(
        "regio-unknown-parent",
        "A parent that is no row of the file",
        "reject",
        0.0,
        setting({"deel_van": "WK999999"}, pl.col("soort") == "BU", 0.001),
    ),
    Fault(
        "regio-end-before-start",
        "A region that ends before it begins",
        "reject",
        0.0,
        setting({"geldig_tot": "18990101"}, pl.col("soort") == "BU", 0.001),
    ),
    Fault(
        "regio-unknown-kind",
        "A kind of region outside the list",
        "reject",
        0.0,
        setting({"soort": "XX"}, pl.col("soort") == "WK", 0.001),
    ),
)
"""One of each, in the first period."""
