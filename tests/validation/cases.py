"""For every rule: a file that makes it fire, how often, and one that nearly does."""

from dataclasses import dataclass

from tests.validation.support import BSN, LAND, OTHER_BSN, header, lines, row, text


@dataclass(frozen=True)
class Case:
    """`count`: how often the rule fires in `bad`; in `good` it fires not at all."""

    rule: str
    bad: bytes
    good: bytes
    count: int = 1
    dataset: str = "wmo"
    nothing: bool = False


def wmo(rule: str, bad: dict[str, str], good: dict[str, str] | None = None, count: int = 1) -> Case:
    """One row that fires and one that does not."""
    return Case(rule, text("wmo", row("wmo", **bad)), text("wmo", row("wmo", **(good or {}))), count)


def wmo_rows(rule: str, bad: list[dict[str, str]], good: list[dict[str, str]], count: int = 1) -> Case:
    """Several rows."""
    return Case(
        rule,
        text("wmo", *(row("wmo", **r) for r in bad)),
        text("wmo", *(row("wmo", **r) for r in good)),
        count,
    )


def brp(rule: str, bad: list[dict[str, str]], good: list[dict[str, str]], count: int = 1) -> Case:
    return Case(
        rule,
        text("brp", *(row("brp", **r) for r in bad)),
        text("brp", *(row("brp", **r) for r in good)),
        count,
        "brp",
    )


def regio(rule: str, bad: list[dict[str, str]], good: list[dict[str, str]], count: int = 1) -> Case:
    """The country stands in every file."""
    files = [text("regio", *(row("regio", **r) for r in (LAND, *rows))) for rows in (bad, good)]
    return Case(rule, files[0], files[1], count, "regio")


HEADER = ";".join(header("wmo"))
ONE = text("wmo", row("wmo"))
LINE = lines("wmo", [row("wmo")])[1]
NO_END = {"datum_einde_daadwerkelijk": "", "datum_einde_rechtsgeldigheid": "", "reden_beeindiging": ""}
WIJK = {"code": "WK034401", "soort": "WK", "deel_van": "GM0344"}
GEMEENTE = {"code": "GM0344", "soort": "GM", "deel_van": "PV26"}
NEXT = {"datum_vanaf": "20250301", "datum_tot": ""}


def _named(**names: str) -> bytes:
    """ONE with other column names."""
    return ";".join(names.get(name, name) for name in header("wmo")).encode() + b"\n" + LINE.encode() + b"\n"


def _without(column: str) -> bytes:
    place = header("wmo").index(column)
    return b"".join(
        ";".join(field for i, field in enumerate(line.split(";")) if i != place).encode() + b"\n"
        for line in (HEADER, LINE)
    )


def _more(names: int) -> bytes:
    extra = "".join(f";x{i}" for i in range(names))
    return f"{HEADER}{extra}\n{LINE}{';1' * names}\n".encode()


FORM = (
    Case("ALG-001", b"", ONE),
    Case("ALG-002", b"PK\x03\x04" + bytes(40), ONE),
    Case("ALG-003", b"%PDF-1.7\n", ONE),
    Case("ALG-004", ONE + b"\x00", ONE),
    Case("ALG-004", ONE.decode().encode("utf-16"), ONE),
    Case("ALG-005", LINE.encode(), ONE),
    Case("ALG-006", _without("bsn"), _without("toewijzingsnummer")),
    Case("ALG-007", _named(toewijzingsnummer="dossier"), ONE),
    Case("ALG-008", _named(type_aanbieder="leveringsvorm"), ONE),
    Case("ALG-009", _named(bsn=" BSN ", leveringsvorm="Leveringsvorm"), ONE, 2),
    Case("ALG-010", text("wmo", row("wmo"), separator="\t"), ONE),
    Case("ALG-010", text("wmo", row("wmo"), separator=","), ONE),
    Case("ALG-011", ONE[:-1] + "ë\n".encode("cp1252"), ONE[:-1] + "ë\n".encode()),
    Case("ALG-012", HEADER.encode() + b"\n", ONE),
    Case("ALG-013", ONE, HEADER.encode(), nothing=True),
    Case("ALG-014", ONE + b'"GM', ONE + b'"GM"' + LINE[6:].encode()),
    Case("ALG-014", HEADER.encode() + b';"x\n' + LINE.encode(), ONE),
    Case("ALG-015", ONE + b"x" * 70_000, ONE + b"x" * 60_000),
    Case("ALG-016", _more(190), _more(3)),
    Case("ALG-017", ONE + b"a;b\n" + LINE.encode() + b";1\n", ONE, 2),
    Case("ALG-018", ONE + b"\n" + b";" * 17 + b"\n" + LINE.encode(), ONE, 2),
    Case("ALG-019", HEADER.encode() + b"\n" + b"a;b\n" * 100_001, HEADER.encode() + b"\n" + b"a;b\n" * 1000),
    Case("ALG-020", text("wmo", row("wmo", leveringsvorm=" 1", type_aanbieder="05 ")), ONE, 2),
    Case("ALG-021", _without("toewijzingsnummer"), ONE),
)
FIELDS = (
    wmo("ALG-101", {"bsn": "", "gemeentecode": ""}, count=2),
    wmo("ALG-102", {"toewijzingsnummer": "1234567890"}, {"toewijzingsnummer": "123456789"}),
    wmo("ALG-102", {"intensiteit_volume": "1234567890"}, {"intensiteit_volume": "123456789"}),
    wmo("ALG-103", {"toewijzingsnummer": "12 34"}, {"toewijzingsnummer": "1234"}),
    regio("ALG-103", [{"naam": "Ut\x07recht"}], [{"naam": "’t Gôôi"}]),
    wmo("ALG-104", {"leveringsvorm": "7", "type_aanbieder": "5"}, count=2),
    wmo("ALG-105", {"datum_toewijzing": "20250229"}, {"datum_toewijzing": "20240229"}),
    wmo("ALG-105", {"datum_toewijzing": "00000000"}, {"datum_toewijzing": ""}),
    wmo("ALG-106", {"datum_toewijzing": "2025-01-10"}, {"datum_toewijzing": "20250110"}),
    wmo("ALG-107", {"intensiteit_volume": "2,5"}, {"intensiteit_volume": "0"}),
    wmo("ALG-107", {"intensiteit_volume": "-3"}, {"intensiteit_volume": "007"}),
    wmo("ALG-108", {"bsn": BSN[1:]}),
    wmo("ALG-108", {"bsn": "+" + BSN[1:]}),
    wmo("ALG-109", {"bsn": "999999999"}),
    wmo("ALG-109", {"bsn": "000000000"}),
    wmo("ALG-110", {"bsn": "999990018"}),
    brp(
        "ALG-111", [{"postcode": "3511 AB"}, {"postcode": "0511AB", "bsn": OTHER_BSN}], [{"postcode": ""}], 2
    ),
    wmo("ALG-112", {"gemeentecode": "GM344"}, {"gemeentecode": "0344"}),
    brp("ALG-113", [{"wijkcode": "wk034401"}], [{}]),
    wmo(
        "ALG-114",
        {"type_maatwerkarrangement_toewijzing": ""},
        {"type_maatwerkarrangement_toewijzing": "", "type_maatwerkarrangement_declaratie": "02"},
    ),
    wmo("ALG-114", {"datum_start_rechtsgeldigheid": "", "datum_start_daadwerkelijk": ""}),
)
WMO = (
    wmo("WMO-001", {"gemeentecode": "GM0345"}, {"gemeentecode": "0344"}),
    wmo("WMO-002", {"aanmaakdatum_bestand": "20250821"}, {"aanmaakdatum_bestand": "20250820"}),
    wmo_rows(
        "WMO-003",
        [{}, {"bsn": OTHER_BSN, "aanmaakdatum_bestand": "20250816"}, {"bsn": "999990032"}],
        [{}, {"bsn": OTHER_BSN}],
    ),
    wmo("WMO-004", {"aanmaakdatum_bestand": "20250629"}, {"aanmaakdatum_bestand": "20250630"}),
    wmo(
        "WMO-010",
        {"datum_einde_rechtsgeldigheid": "20250114"},
        {"datum_einde_rechtsgeldigheid": "20250115"},
    ),
    wmo("WMO-011", {"datum_einde_daadwerkelijk": "20250119"}, {"datum_einde_daadwerkelijk": "20250120"}),
    wmo("WMO-012", {"datum_start_rechtsgeldigheid": ""}, {"datum_einde_rechtsgeldigheid": ""}),
    wmo("WMO-013", {"datum_start_daadwerkelijk": ""}, {"datum_start_daadwerkelijk": "2025012"}),
    wmo(
        "WMO-014",
        {"datum_start_daadwerkelijk": "20250701", "datum_einde_daadwerkelijk": ""},
        {"datum_start_daadwerkelijk": "20250630", "datum_einde_daadwerkelijk": ""},
    ),
    wmo(
        "WMO-014",
        {
            "datum_start_daadwerkelijk": "",
            "datum_einde_daadwerkelijk": "",
            "datum_start_rechtsgeldigheid": "20250701",
        },
        {"datum_start_rechtsgeldigheid": "20250701"},
    ),
    wmo(
        "WMO-015",
        {"datum_start_daadwerkelijk": "20240101", "datum_einde_daadwerkelijk": "20241231"},
        {"datum_start_daadwerkelijk": "20240101", "datum_einde_daadwerkelijk": "20250101"},
    ),
    wmo_rows(
        "WMO-016",
        [{"datum_start_daadwerkelijk": "20240101", "datum_einde_daadwerkelijk": "20241231"}],
        [
            {},
            {
                "bsn": OTHER_BSN,
                "datum_start_daadwerkelijk": "20240101",
                "datum_einde_daadwerkelijk": "20241231",
            },
        ],
    ),
    wmo(
        "WMO-017", {"datum_start_rechtsgeldigheid": "18991231"}, {"datum_start_rechtsgeldigheid": "19000101"}
    ),
    wmo("WMO-018", {"datum_start_daadwerkelijk": "18991231"}, {"datum_start_daadwerkelijk": "19000101"}),
    wmo_rows(
        "WMO-020",
        [{}, {"bsn": OTHER_BSN, "toewijzingsnummer": ""}],
        [{"toewijzingsnummer": ""}, {"bsn": OTHER_BSN, "toewijzingsnummer": ""}],
    ),
    wmo("WMO-021", {"toewijzingsnummer": "A-12"}, {"toewijzingsnummer": "12"}),
    wmo("WMO-030", NO_END | {"reden_beeindiging": "19"}, NO_END),
    wmo(
        "WMO-040",
        {"ambulantisering": "1"},
        {"ambulantisering": "1", "type_maatwerkarrangement_declaratie": "15"},
    ),
    wmo(
        "WMO-041",
        {"intensiteit_eenheid": ""},
        {"intensiteit_volume": "", "intensiteit_eenheid": "", "intensiteit_frequentie": ""},
    ),
    wmo_rows(
        "WMO-050",
        [{"toewijzingsnummer": str(i), "leveringsvorm": "1" if i >= 2 else ""} for i in range(20)],
        [{"toewijzingsnummer": str(i), "leveringsvorm": "1" if i >= 1 else ""} for i in range(20)],
    ),
    wmo_rows("WMO-060", [{}, {"bsn": OTHER_BSN}, {}, {}], [{}, {"bsn": OTHER_BSN}], 2),
    wmo_rows(
        "WMO-061",
        [{}, {}, {"intensiteit_volume": "5"}],
        [{}, {"datum_start_daadwerkelijk": "20250121"}, {"bsn": OTHER_BSN}, {"leveringsvorm": "2"}],
    ),
)
BRP = (
    brp("BRP-001", [{"gemeentecode": "GM0345"}], [{"gemeentecode": "0344"}]),
    brp("BRP-002", [{"datum_tot": "20241231"}], [{"datum_tot": "20250101"}]),
    brp("BRP-002", [{"datum_vanaf": "20250701"}], [{"datum_vanaf": "20250630"}]),
    brp("BRP-003", [{"datum_tot": "20190331"}], [{"datum_tot": "20250331"}]),
    brp("BRP-004", [{"wijkcode": "WK034501"}], [{}]),
    brp("BRP-005", [{"buurtcode": "BU03440201"}], [{}]),
    brp("BRP-006", [{"datum_overlijden": "19520313"}], [{"datum_overlijden": "19520314"}]),
    brp("BRP-007", [{"geboortedatum": "20190402"}], [{"geboortedatum": "20190401"}]),
    brp("BRP-008", [{"datum_overlijden": "20190331"}], [{"datum_overlijden": "20190401"}]),
    brp("BRP-009", [{"geboortedatum": "19041231"}], [{"geboortedatum": "19050101"}]),
    brp("BRP-010", [{"geboortedatum": "20250701"}], [{"geboortedatum": "20190401"}]),
    brp(
        "BRP-020",
        [{"datum_tot": "20250301"}, NEXT],
        [{"datum_tot": "20250228"}, NEXT, NEXT | {"bsn": OTHER_BSN}],
    ),
    brp(
        "BRP-020",
        [{}, {"datum_vanaf": "20250110", "datum_tot": "20250120"}, NEXT],
        [{"datum_tot": "2025022"}, NEXT],
        2,
    ),
    brp(
        "BRP-021",
        [{"datum_tot": "20250228"}, NEXT | {"geslacht": "M"}],
        [{"datum_tot": "20250228"}, NEXT, NEXT | {"bsn": OTHER_BSN, "geslacht": "M"}],
    ),
)
REGIO = (
    regio("REG-001", [{"geldig_tot": "20181231"}], [{"geldig_tot": "20250331"}]),
    regio("REG-002", [{"code": "GM26"}], [{}]),
    regio("REG-003", [{"deel_van": ""}], [{}, {"code": "BW26", "soort": "BW", "deel_van": ""}]),
    regio("REG-004", [{"geldig_tot": "20241231"}], [{"geldig_tot": "20250101"}]),
    Case(
        "REG-005",
        text("regio", row("regio", **LAND, geldig_vanaf="20250701")),
        text("regio", row("regio", **LAND, geldig_vanaf="20250630")),
        1,
        "regio",
    ),
    regio("REG-010", [{}, {"naam": "Nog een keer"}], [{}, {"code": "PV27"}]),
    regio(
        "REG-011",
        [{}, {"geldig_vanaf": "20250401"}],
        [{"geldig_tot": "20250331"}, {"geldig_vanaf": "20250401"}],
    ),
    regio("REG-012", [{}, GEMEENTE | {"deel_van": "PV26|BW01"}], [{}, GEMEENTE, WIJK]),
    regio("REG-013", [{}, GEMEENTE | {"deel_van": "WK034401"}, WIJK], [{}, GEMEENTE, WIJK]),
    regio("REG-013", [{}, {"code": "PV27", "deel_van": "PV26"}], [{}, {"code": "PV27"}]),
)
CASES: tuple[Case, ...] = (*FORM, *FIELDS, *WMO, *BRP, *REGIO)
