"""Suppression with one mark: true counts, and a mark where a count is small, could be computed to be, or is zero.

**What is hidden.** Every published count under its base, zeros too (a printed zero would say of every mark that somebody is there);
secondary counts, so that no marked count can be computed. There is one mark: a reader who could tell which marks are secondary can
recompute most of the primaries (disclosure.md §0). Definitional zeros are known to all and stay.

**What is guaranteed, and proved by the certificate.** Let C be the *covered* entries. For every count under its base, zeros and
computable remainders included, there are tables of counts that fit everything printed, every equation and every public bound, one
in which it is ≤ 1 and one in which it is ≥ its base. Moreover in every one of those tables all small counts lie in C. That second half
is needed against a reader who knows the first half: they take each marked count that cannot be ≤ 1 to be ≥ its base, which may exclude
tables, and so on. (A pattern for the first half only, on z3: 62 of 506 columns lose their cover to that reader.) Any table of the
certificate, had it been the truth, would have the same print with the same guarantee.

**What is not guaranteed.** The pattern is chosen to hide little, by true counts. A reader who reruns the choice for every
possible truth may exclude some: unlike keyed rounding, suppression claims nothing against that (disclosure.md A2 with objective). Nor that every
value in between is possible, nor anything about counts of base or more: those may be computed exactly. Prints of other periods
are no part of it: a cell marked in one release and printed in the next opens others.

**What may be published**: the print, and a certificate from `certify`, which reads nothing else. Never the list of what was
protected, `value`, the effort, or how often a pattern had to be widened: those come from the truth.
"""

from gmsd_publication.disclosure.suppression.certificate import Certificate, certify, uncovered, verify
from gmsd_publication.disclosure.suppression.protection import Protection, interval, small_counts
from gmsd_publication.disclosure.suppression.search import Effort
from gmsd_publication.disclosure.suppression.suppress import Suppression, suppress

__all__ = [
    "Certificate",
    "Effort",
    "Protection",
    "Suppression",
    "certify",
    "interval",
    "small_counts",
    "suppress",
    "uncovered",
    "verify",
]
