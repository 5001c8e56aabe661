"""The canary can die: a number is found in every form and place in which the search looks."""

import base64
import sqlite3
from pathlib import Path

from tests.e2e.traces import PIECE, Search, forms, marked_numbers

MARKED = marked_numbers(300)


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    """Every form of a number, in a file, across the border of two pieces, and in SQLite."""
    number = MARKED[7]
    for name, data in forms(number):
        search = Search(MARKED)
        search.look("data", b"\x07 some;thing|" + data + b"|nothing else \xff")
        assert (number, name) in {hit[:2] for hit in search.hits}, name
    for lead in range(3):
        search = Search(MARKED)
        search.look("base64", base64.b64encode(b"x" * lead + f"{number};and more".encode()))
        assert search.hits, lead
    (tmp_path / f"{number}.txt").write_bytes(b"nothing")
    with sqlite3.connect(tmp_path / "a.sqlite") as database:
        database.execute("CREATE TABLE t (a INTEGER)")
        database.execute("INSERT INTO t VALUES (?)", (number,))
    search = Search(MARKED)
    assert search.look_in_tree(tmp_path) == 2
    assert {where.split(" at ")[0] for _, _, where in search.hits} == {
        f"name of {number}.txt", "a.sqlite as SQL",
    }  # fmt: skip
    clean = Search(MARKED)
    clean.look("others", b" ".join(str(other).encode() for other in marked_numbers(500, skip=1000)))
    assert clean.hits == []


def test_the_search_finds_what_two_pieces_of_a_file_share(tmp_path: Path) -> None:
    number = str(MARKED[0]).encode()
    for lead in range(1, 9):
        path = tmp_path / f"{lead}.bin"
        path.write_bytes(bytes(PIECE - lead) + number + bytes(20))
        search = Search(MARKED)
        search.look_in_file(path, "a file")
        assert {hit[:2] for hit in search.hits} == {(MARKED[0], "ascii")}
