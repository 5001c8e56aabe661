"""Make the proof that goes out with a release: a population that explains it. verifier.py checks it; this is why that suffices.

*Assumed.* (1) To whoever lacks the key the permanent numbers u_i are independent uniform draws (keyed BLAKE2b, targets.py).
(2) The algorithm publishes its targets whenever these satisfy the model; every stage of it looks at that first (nearest.py).
(3) Cells, bounds and steps K are fixed before the counts are seen, and nothing else that gets out depends on more than the
publication: not which K was needed, not why a release was held. A row that exists only because somebody is in it tells.

*Theorem.* Let y [n] be published and the verifier accept columns C and counts m. Then for every cell and implied row, low, y
and high are each its value in some table x that obeys the model, and y is published from x with a positive probability over
keys. So A1 (rule, bounds), A2 (and the code) and A3 (and all releases, and which units did not change) can exclude none.

*Proof.* y = b·C·m itself is such a table: its remainders are 0, so its targets are y whatever the numbers are, and (2). Let d
be a column, 1 ≤ t < b, t·d_i < b in every cell, and x = y + t·d; or x = y − t·d when m_d ≥ 1.
- E·x = 0 for E·y = E·d = 0. D·x ≥ 0 and x ≥ 0: upward clear; downward x = b·Σ m_c·c − t·d still holds (b − t)·d, and D·c ≥ 0
  for every c; a row has one base, so this may be said row by row. Bounds hold because t is cut to them. Presence: a cell that
  had somebody keeps b − t > 0; where y = 0, d brings part and whole together or neither.
- |x_i − y_i| < b, so y_i is a neighbouring multiple of x_i: the target of i is y_i when u_i ≥ t·d_i/b (upward) or
  u_i < 1 − t·d_i/b (downward), and always where d_i = 0. A move has one direction, so u ≥ 1 − 1/b or u < 1/b in all cells at
  once will do: no two cells ask contrary things, not even when they share a number. Hence targets = y with positive
  probability, y satisfies the model, and by (2) it is published. K ≥ 1 only adds tables. ∎
  (A given move touches a unit and what it adds up to, so it asks some tens of numbers; 2^256 keys hold such a key many times.)

*Several releases* are one such table, stacked (stack.py); each has its own cells, a cell has the same number in all. The
condition on u_i is the same in each release a move touches and void in the others (remainder 0), so all are met at once. A unit
whose figure stayed has one column over all those releases: its truth stays in x too, so it is kept, as published. One whose
figure changed has a column per release: y¹_i ± t ≠ y²_i, both multiples, so its truth changes in x too and it is targeted anew.

*Not said.* These are possibilities, not chances: P(y | x) differs between tables (likelihood.py, and alike.py for why cells that
are one and the same share a number). Outside (3), and so more is known to a reader: who was told that a certain unit *did*
change though its figure stayed, or that a sum did not though its parts did; who counts himself (A4: high falls by as many); who
saw that a release was held, or how long it took.
"""

from dataclasses import dataclass

import scipy.sparse as sp

from gmsd_publication.disclosure.errors import InputInvalid, NotProved
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.proof.verifier import Release, Verdict, verify


@dataclass(frozen=True, eq=False)
class Certificate:
    """A population that explains a publication: base · columns · counts.

    `columns` [n, k]: what one contributor of each kind adds to every cell, 0 or 1 where published. `counts` [k]: bases of each.
    It is made of the publication, never of the truth, so it may be published. It tells unpublished cells' rounded values.
    """

    columns: sp.csc_array
    counts: Ints


def certify(model: Model, publication: Ints) -> Certificate:
    """The certificate of a model whose kinds are its finest cells. `publication` [n]: unpublished cells' rounded values too.

    A finest cell's contributors are its own value: every other cell is a sum of finest ones, so nothing has to be solved.
    Raises InputInvalid (the model has no units of its own).
    """
    if model.units is None:
        raise InputInvalid("the kinds of this model follow from its figures; it has no units to certify with")
    finest = model.finest
    return Certificate(model.units, publication[finest] // model.base[finest])


def released(model: Model, publication: Ints) -> Release:
    """What the verifier reads of a model: everything public, and the publication [n]."""
    return Release(
        values=publication,
        base=model.base,
        published=model.published,
        lower=model.lower,
        upper=model.upper,
        equations=model.equations,
        implied=model.implied,
        presence=model.presence,
    )


def prove(model: Model, publication: Ints, certificate: Certificate | None = None) -> Verdict:
    """The verdict on a publication [n], by its units or by a certificate made elsewhere. Raises NotProved, naming the first finding."""
    certificate = certificate or certify(model, publication)
    verdict = verify(released(model, publication), certificate.columns, certificate.counts)
    if verdict.findings:
        first = verdict.findings[0]
        raise NotProved(f"{first.what} (number {first.first}, {first.count} in all)")
    return verdict
