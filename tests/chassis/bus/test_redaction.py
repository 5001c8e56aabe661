"""No possible BSN gets through, wherever it stands."""

import io
import json
import logging
import re
import sys
import traceback
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gmsd_chassis import logs
from gmsd_chassis.redaction import mask, mask_value


def elfproef_by_hand(digits: str) -> bool:
    """Independent of the code under test: the definition, digit by digit."""
    padded = digits.zfill(9)
    total = 0
    for place in range(8):
        total += (9 - place) * int(padded[place])
    return (total - int(padded[8])) % 11 == 0


def completed(first: int) -> str:
    """Eight digits and the ninth that makes them pass; empty when there is none."""
    return next((f"{first:08d}{last}" for last in range(10) if elfproef_by_hand(f"{first:08d}{last}")), "")


NINE = st.integers(min_value=0, max_value=99_999_999).map(completed).filter(len)
EIGHT = (
    st.integers(min_value=1_000_000, max_value=9_999_999).map(completed).filter(len).map(lambda bsn: bsn[1:])
)
VALID = NINE | EIGHT
NOT_A_DIGIT = st.text(st.characters(codec="utf-8", exclude_categories=["Nd"]), min_size=1)
JOINT = st.sampled_from(["", " ", "-", "x", "_", "é", ":", '"', "BSN", "\n", "\x00"])


@given(st.text(), NOT_A_DIGIT, VALID, NOT_A_DIGIT, st.text())
def test_an_embedded_bsn_is_masked(before: str, left: str, bsn: str, right: str, after: str) -> None:
    masked = mask(before + left + bsn + right + after)
    assert not re.search(rf"(?<!\d){bsn}(?!\d)", masked)
    assert mask(masked) == masked


@given(JOINT, VALID, JOINT, VALID, JOINT)
def test_neighbours_are_masked_too(a: str, first: str, b: str, second: str, c: str) -> None:
    text = a + first + (b or ",") + second + c
    assert first not in mask(text)
    assert second not in mask(text)


@given(st.integers(min_value=0, max_value=999_999_999).map(str))
def test_only_what_passes_is_masked(number: str) -> None:
    hit = len(number) in (8, 9) and elfproef_by_hand(number)
    assert mask(f"n={number};") == ("n=[bsn];" if hit else f"n={number};")


@given(st.integers(min_value=10**9, max_value=10**40).map(str))
def test_a_longer_number_may_hold_one_at_any_place(number: str) -> None:
    assert mask(f"n={number};") == "n=[bsn];"


SEPARATOR = st.sampled_from([" ", ".", "-", "\u00a0", "\u202f", "\u2011"])


@given(
    VALID,
    st.lists(st.just("") | SEPARATOR, min_size=9, max_size=9),
    st.sampled_from(["", "1 ", "7."]),
)
def test_separators_hide_nothing(bsn: str, between: list[str], before: str) -> None:
    typed = before + "".join(digit + gap for digit, gap in zip(bsn, between, strict=False)).rstrip()
    typed = typed.rstrip(".-\u2011")
    if not re.fullmatch(r"(19|20)\d\d-\d\d-\d\d", typed):
        assert mask(f"tel {typed}, ja") == "tel [bsn], ja"


@given(st.text(st.sampled_from("0123456789 .-ab:T"), max_size=60))
def test_masking_twice_is_masking_once_and_leaves_no_token_that_passes(text: str) -> None:
    seen = mask(text)
    assert mask(seen) == seen
    kept = re.sub(r"\b[0-9a-f]{64}\b", "", seen)
    for token in re.findall(r"(?<!\d)\d{8,9}(?!\d)", kept):
        assert not elfproef_by_hand(token)


def test_what_the_review_typed() -> None:
    assert mask("bel 999 900 006 even") == "bel [bsn] even"
    assert mask("999.900.006") == mask("9-9-9-9-0-0-0-0-6") == mask("0999900006") == "[bsn]"


def test_moments_and_days_that_we_write_stay_readable() -> None:
    days = [f"2026-{month:02}-{day:02}" for month in range(1, 13) for day in range(1, 29)]
    assert [mask(day) for day in days] == days
    moments = [f"{day}T15:04:36.123456Z" for day in days] + [f"{day}T15:04:36+00:00" for day in days]
    assert [mask(moment) for moment in moments] == moments
    assert any(mask(day.replace("-", "")) == "[bsn]" for day in days)


def test_digits_of_another_script_are_digits() -> None:
    assert "９" not in mask("９９９９９００１９")


def test_a_uuid_and_a_hash_stay_findable() -> None:
    # both hold an 8-digit run that passes
    text = "10000008-1000-4000-8000-100000000000 and " + "ab" * 20 + "c10000008f" + "0" * 14
    assert elfproef_by_hand("10000008")
    assert mask(text) == text


def test_nested_values_and_keys() -> None:
    nested = {
        "999990019": [("a 999990019", 999990019), {"b": b"999990019"}, {999990019}],
        "n": 7,
        "f": 1.5,
        "t": True,
    }
    text = json.dumps(mask_value(nested))
    assert "999990019" not in text
    assert mask_value({"n": 7, "f": 1.5, "t": True, "x": None}) == {"n": 7, "f": 1.5, "t": True, "x": None}
    assert mask_value(UUID(int=7)) == str(UUID(int=7))


def _lines(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    root = logging.getLogger()
    monkeypatch.setattr(root, "handlers", list(root.handlers))
    logs.configure("intake", "0")
    return stream


def test_no_text_of_an_exception_reaches_a_log(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = _lines(monkeypatch)
    try:
        try:
            raise KeyError("Jansen woont hier")
        except KeyError as inner:
            raise ValueError("Jansen 999990019") from inner
    except ValueError as error:
        logs.log.error("it_failed", exc_info=True)
        logs.log.error("it_failed", error=error, bsn="999990019")
        logging.getLogger("library").error("failed: %s", error)
        logging.getLogger("library").exception("failed")
        logging.getLogger("library").error(error)
        logging.getLogger("library").error("failed\n%s", traceback.format_exc())
    text = stream.getvalue()
    assert "Jansen" not in text
    assert "999990019" not in text
    lines = [json.loads(line) for line in text.splitlines()]
    assert len(lines) == 6
    assert lines[0]["exception"]["type"] == "builtins.ValueError"
    assert lines[0]["exception"]["cause"]["type"] == "builtins.KeyError"
    assert re.fullmatch(r".+:\d+", lines[1]["error"]["where"])
    assert all(line["service"] == "intake" and line["level"] == "error" for line in lines)
