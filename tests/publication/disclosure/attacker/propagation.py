"""What a patient reader finds with pencil and paper: every sum bounds each of its terms by the others."""

from tests.publication.disclosure.attacker.paper import ENDLESS, Paper, Row, Window, endless

ROUNDS = 200
"""Without an end in sight bounds may creep by one for ever. Stopping early only leaves windows wider than need be."""


def tightened(paper: Paper, windows: list[Window]) -> list[Window] | None:
    """The windows after as much of this as helps; None when nothing fits. Never loses a possible truth."""
    low = [window[0] for window in windows]
    high = [window[1] for window in windows]
    for _ in range(ROUNDS):
        before = (low.copy(), high.copy())
        for row in paper.sums:
            _by_sum(row, low, high)
        for part, whole in paper.together:
            _by_presence(part, whole, low, high)
        if any(a > b for a, b in zip(low, high, strict=True)):
            return None
        if before == (low, high):
            break
    return list(zip(low, high, strict=True))


def _by_sum(row: Row, low: list[int], high: list[int]) -> None:
    least = sum(sign * (low[cell] if sign > 0 else high[cell]) for cell, sign in row)
    most = sum(sign * (high[cell] if sign > 0 else low[cell]) for cell, sign in row)
    for cell, sign in row:
        # The others lie in [least − own least, most − own most]; this term is what brings their sum to 0.
        if sign > 0:
            others_least, others_most = least - sign * low[cell], most - sign * high[cell]
            up, down = -others_least // sign, -(others_most // sign)
        else:
            others_least, others_most = least - sign * high[cell], most - sign * low[cell]
            up, down = others_most // -sign, -(-others_least // -sign)
        high[cell] = min(high[cell], ENDLESS if endless(up) else up)
        low[cell] = max(low[cell], down)


def _by_presence(part: int, whole: int, low: list[int], high: list[int]) -> None:
    for one, other in ((part, whole), (whole, part)):
        if low[one] > 0:
            low[other] = max(low[other], 1)
        if high[one] == 0:
            high[other] = min(high[other], 0)
