"""`gmsd audit`: what it finds in somebody's files, how it says so, and what it says of files that cannot be."""

import json
from pathlib import Path

import pytest

from tests.cli.support import Said, gmsd

HIERARCHY = """dimensie,code,ligt_in
regio,land,
regio,noord,land
regio,zuid,land
regio,L,noord
regio,M,noord
regio,N,zuid
soort,alle,
soort,hulp,alle
soort,zorg,alle
"""
SUPPRESSED = """regio;soort;aantal
land;alle;1.260
land;hulp;640
land;zorg;620
noord;alle;40
noord;hulp;20
noord;zorg;20
L;alle;20
L;hulp;.
L;zorg;.
M;alle;20
M;hulp;17
M;zorg;.
"""


def files(folder: Path, table: str, hierarchy: str = HIERARCHY) -> tuple[Path, Path]:
    """A table and a description, written down."""
    (folder / "tabel.csv").write_text(table)
    (folder / "hierarchie.csv").write_text(hierarchy)
    return folder / "tabel.csv", folder / "hierarchie.csv"


def audited(folder: Path, table: str, *options: str, hierarchy: str = HIERARCHY) -> Said:
    """What the command says of one table."""
    path, description = files(folder, table, hierarchy)
    return gmsd("audit", path, "--hierarchy", description, *options)


def test_each_disclosure_is_explained_by_its_sum(tmp_path: Path) -> None:
    said = audited(tmp_path, SUPPRESSED)
    assert said.code == 1
    assert (
        "regio=L · soort=hulp is 3, want dit = regio=noord · soort=hulp (20) − regio=M · soort=hulp (17)."
        in said.out
    )
    assert "regio=M · soort=zorg is 3, want dit = regio=M (20) − regio=M · soort=hulp (17)." in said.out
    assert "methode exact, drempel 5" in said.out


def test_what_nobody_printed_is_told_too(tmp_path: Path) -> None:
    said = audited(tmp_path, SUPPRESSED.replace("1.260", "43").replace("640", "22").replace("620", "21"))
    assert "regio=zuid is 3, want dit = totaal (43) − regio=noord (40)." in said.out


def test_nothing_found_ends_with_0(tmp_path: Path) -> None:
    table = "regio,soort,aantal\nland,alle,100\nland,hulp,.\nland,zorg,.\n"
    said = audited(tmp_path, table)
    assert (said.code, "Geen onthulling gevonden." in said.out) == (0, True)
    assert "veilig" in said.out


def test_linked_files_are_read_as_one_release(tmp_path: Path) -> None:
    (tmp_path / "b.csv").write_text("regio,aantal\nland,12\nnoord,9\n")
    path, description = files(tmp_path, "soort,aantal\nalle,12\nhulp,8\n")
    said = gmsd("audit", path, tmp_path / "b.csv", "--hierarchy", description, "--alleen-bewijs")
    assert said.code == 1
    assert "regio=zuid is 3, want dit = totaal (12) − regio=noord (9)." in said.out
    assert "soort=zorg is 4, want dit = totaal (12) − soort=hulp (8)." in said.out


def test_nearest_5_says_what_intervals_it_reads(tmp_path: Path) -> None:
    table = "regio,soort,aantal\nland,alle,10\nland,hulp,5\nland,zorg,0\n"
    said = audited(tmp_path, table, "--methode", "naastgelegen-5")
    assert said.code == 1
    # 8 to 12 in all, at most 7 and at most 2: so 6 or 7, and 1 or 2.
    assert (
        "soort=zorg ligt van 1 tot en met 2: minstens 1, want dit = totaal (minstens 8) − soort=hulp (hoogstens 7)."
        in (said.out)
    )


def test_json_holds_every_disclosure_with_its_proof(tmp_path: Path) -> None:
    said = audited(tmp_path, SUPPRESSED, "--json")
    told = json.loads(said.out)
    assert said.code == 1
    assert sum(told["oordelen"].values()) == told["cellen"]
    (one,) = (each for each in told["onthullingen"] if each["cel"] == "regio=L · soort=hulp")
    assert (one["oordeel"], one["minstens"], one["hoogstens"]) == ("precies", 3, 3)
    proof = one["bewijs"]["hoogstens"]
    assert sum(term["factor"] * term["grens"] for term in proof["som"]) == 3 == proof["waarde"]


def test_marks_can_be_named_and_stand_in_a_column_of_their_own(tmp_path: Path) -> None:
    table = "regio,soort,aantal,teken\nland,alle,12,\nland,hulp,9,\nland,zorg,3,geheim\n"
    refused = audited(tmp_path, table, "--merkkolom", "teken")
    assert refused.code == 2 and "regel 4" in refused.err and "--geheim" in refused.err
    said = audited(tmp_path, table, "--merkkolom", "teken", "--geheim", "geheim")
    assert said.code == 1 and "soort=zorg is 3, want dit = totaal (12) − soort=hulp (9)." in said.out


def test_absent_rows_can_be_zero(tmp_path: Path) -> None:
    table = (
        "regio,soort,aantal\nland,alle,12\nland,hulp,12\nnoord,alle,12\nnoord,hulp,12\nL,alle,12\nM,alle,.\n"
    )
    unknown, zero = (audited(tmp_path, table, *option) for option in ((), ("--ontbrekend-is-nul",)))
    assert "cellen, waarvan" in unknown.out
    assert zero.out != unknown.out


@pytest.mark.parametrize(
    ("table", "hierarchy", "says"),
    [
        (
            SUPPRESSED,
            "dimensie,code,ligt_in\nregio,a,b\nregio,b,a\n",
            "De hiërarchie loopt rond: regio: a in b in a.",
        ),
        (SUPPRESSED, HIERARCHY.replace("noord,land", "noord,lnd"), "regel 3: regio=noord ligt in lnd"),
        (SUPPRESSED, HIERARCHY.replace("ligt_in", "parent"), "kolom ligt_in ontbreekt"),
        (SUPPRESSED.replace("1.260", "1.2"), HIERARCHY, "tabel.csv, regel 2: geen geheel aantal"),
        (SUPPRESSED.replace("M;alle;20", "Q;alle;20"), HIERARCHY, "regel 11: regio heeft geen code 'Q'"),
        (
            SUPPRESSED.replace("aantal", "waarde"),
            HIERARCHY,
            "kolom aantal ontbreekt; er zijn regio, soort, waarde",
        ),
        (
            SUPPRESSED + "M;hulp;18\n",
            HIERARCHY,
            "regel 14: deze cel staat ook op tabel.csv, regel 12",
        ),
        (SUPPRESSED.replace("noord;alle;40", "noord;alle;41"), HIERARCHY, "De tabellen spreken elkaar tegen"),
        ("", HIERARCHY, "kolom aantal ontbreekt"),
    ],
)
def test_input_that_cannot_be_ends_with_2_and_says_where(
    table: str, hierarchy: str, says: str, tmp_path: Path
) -> None:
    said = audited(tmp_path, table, hierarchy=hierarchy)
    assert (said.code, said.out) == (2, "")
    assert says in said.err


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    _, description = files(tmp_path, SUPPRESSED)
    said = gmsd("audit", tmp_path / "weg.csv", "--hierarchy", description)
    assert said.code == 2 and "weg.csv: bestaat niet" in said.err


def test_a_bom_and_a_title_of_codes_with_markup_do_no_harm(tmp_path: Path) -> None:
    hierarchy = HIERARCHY.replace("regio,L,", "regio,[red]L\x1b,")
    table = "\ufeff" + SUPPRESSED.replace("\nL;", "\n[red]L\x1b;")
    said = audited(tmp_path, table, hierarchy=hierarchy)
    assert said.code == 1
    assert "[red]L\ufffd" in said.out and "\x1b" not in said.out
