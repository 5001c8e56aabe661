"""What may be registered never holds a number that could be a person's."""

import pytest
from pydantic import ValidationError

from gmsd_intake.domain.admission import holds_citizen_number, require_organisation
from gmsd_intake.domain.refusal import Refused
from gmsd_intake.http.models import AanleveraarInvoer


@pytest.mark.parametrize("text", ["999990019", "GM999990019", "x 999990019.", "10000008", "٩٩٩٩٩٠٠١٩"])
def test_a_number_that_passes_the_elfproef_is_found_wherever_it_stands(text: str) -> None:
    assert holds_citizen_number(text)
    with pytest.raises(Refused, match="aanleveraar-id-ongeldig"):
        require_organisation(text)
    with pytest.raises(ValidationError, match="naam"):
        AanleveraarInvoer(soort="gemeente", naam=text, bestandssoorten=[])


@pytest.mark.parametrize("text", ["GM0344", "999990018", "1999990019", "Bureau 2025", "9999 90019"])
def test_other_digits_are_welcome(text: str) -> None:
    assert not holds_citizen_number(text)
    require_organisation(text)
    assert AanleveraarInvoer(soort="gemeente", naam=text, bestandssoorten=[]).naam == text
