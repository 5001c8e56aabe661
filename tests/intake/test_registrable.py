"""What may be registered never holds a number that could be a person's."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gmsd_contracts.bsn import passes_elfproef
from gmsd_intake.domain.admission import require_organisation
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.http.models import AanleveraarInvoer
from gmsd_intake.http.problems import faults_of

GOOD = {"gemeente": "GM0344", "zorgaanbieder": "73730001", "registerhouder": "RVIG"}


@pytest.mark.parametrize("kind", GOOD)
@pytest.mark.parametrize(
    "code",
    [
        *GOOD.values(),
        "999990019",
        "GM999900006",
        "GM999990019",
        "GM٠٣٤٤",
        "GM034",
        "GM0344\n",
        "AGB73730001",
        "١٢٣٤٥٦٧٨",
    ],
)
def test_each_kind_has_codes_of_its_own_form(kind: str, code: str) -> None:
    if GOOD[kind] == code:
        require_organisation(kind, code)
        return
    with pytest.raises(Refused, match="aanleveraar-id-ongeldig"):
        require_organisation(kind, code)


@given(st.integers(0, 999_999_999).map(lambda number: f"{number:09}").filter(passes_elfproef), st.booleans())
def test_no_code_of_any_kind_holds_nine_digits(number: str, gm: bool) -> None:
    for kind in GOOD:
        with pytest.raises(Refused):
            require_organisation(kind, f"GM{number}" if gm else number)


@pytest.mark.parametrize(
    "name",
    ["999990019", "GM999990019", "x 999990019.", "Bureau 999 990 019", "999.990.019", "9999-90019", "10000008",
     "٩٩٩٩٩٠٠١٩", "31999990019"],
)  # fmt: skip
def test_a_name_never_holds_what_could_be_a_citizen_service_number(name: str) -> None:
    with pytest.raises(ValidationError) as refused:
        AanleveraarInvoer(soort="gemeente", naam=name, bestandssoorten=[])
    (fault,) = faults_of(refused.value.errors())
    assert fault.place == "naam" and "burgerservicenummer" in fault.text
    assert name not in str(refused.value)


@pytest.mark.parametrize("name", ["Utrecht", "999990018", "Bureau 2025", "Wijkteam 12-14", "Súdwest-Fryslân"])
def test_other_names_are_welcome(name: str) -> None:
    assert AanleveraarInvoer(soort="gemeente", naam=name, bestandssoorten=[]).naam == name
