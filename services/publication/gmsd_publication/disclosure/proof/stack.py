"""Several releases as one, so that the verifier can check what all of them together leave possible (A3)."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import numpy as np
import scipy.sparse as sp

from gmsd_publication.disclosure.errors import InputInvalid
from gmsd_publication.disclosure.model import Ints, Model
from gmsd_publication.disclosure.proof.certificate import Certificate, certify, released
from gmsd_publication.disclosure.proof.verifier import Release, Verdict, verify
from gmsd_publication.disclosure.series import Star


@dataclass(frozen=True, eq=False)
class Stack:
    """Releases under one another: their cells in order of release, then (in a verdict) their implied rows in the same order.

    `certificate`: contributors whose figure stayed are one kind over all those releases, as for a reader who was told that they
    did not change; the others are a kind per release.
    """

    release: Release
    certificate: Certificate

    def verify(self) -> Verdict:
        """The verdict on all releases together."""
        return verify(self.release, self.certificate.columns, self.certificate.counts)


def stack(
    releases: Sequence[tuple[Model, Ints]],
    links: Sequence[Sequence[Star]],
    expired: Sequence[int] = (),
    kinds: tuple[Sequence[Certificate], Sequence[Sequence[Star]]] | None = None,
) -> Stack:
    """Releases (model, publication) in the order in which they went out; `links`[s]: which lowest cells are the same in s and s + 1.

    `expired`: releases made without the truth of the one before. There figures stayed while inside their window, which a reader
    knows, so a figure that moved bounds the truth by that window; the verdict then shows what that costs as `limited`.
    `kinds`: for models without units, the certificate of each release and which of its columns are the same people in the next.
    Raises InputInvalid.
    """
    if len(links) != len(releases) - 1:
        raise InputInvalid(f"{len(releases)} releases need {len(releases) - 1} links, not {len(links)}")
    certificates, same = kinds or _of_units(releases, links)
    paths = [([(0, kind)], int(count)) for kind, count in enumerate(certificates[0].counts)]
    for s, alike in enumerate(same):
        paths = _joined(paths, certificates[s + 1].counts, s + 1, alike)
    parts = [released(model, publication) for model, publication in releases]
    for s in expired:
        parts[s] = _narrowed(parts[s], parts[s - 1], links[s - 1])
    sizes = list(accumulate((len(part.values) for part in parts), initial=0))
    firsts = list(accumulate((len(each.counts) for each in certificates), initial=0))
    every = sp.block_diag([each.columns for each in certificates], format="csc")
    path = np.repeat(np.arange(len(paths)), [len(seen) for seen, _ in paths])
    column = np.array([firsts[s] + kind for seen, _ in paths for s, kind in seen], dtype=np.int64)
    join = sp.csc_array((np.ones(len(path), dtype=np.int64), (column, path)), shape=(firsts[-1], len(paths)))
    counts = np.array([count for _, count in paths], dtype=np.int64)
    return Stack(_under_one_another(parts, sizes), Certificate(sp.csc_array(every @ join), counts))


Path = tuple[list[tuple[int, int]], int]
"""One kind over releases: (release, kind there) of each, and its count."""


def _joined(paths: list[Path], counts: Ints, release: int, stars: Sequence[Star]) -> list[Path]:
    """Paths carried on to a release. A star whose figures stayed is shared out, first to first: each side occurs at least once."""
    ending: dict[int, list[int]] = {}
    for index, (seen, _) in enumerate(paths):
        if seen[-1][0] == release - 1:
            ending.setdefault(seen[-1][1], []).append(index)
    extended: list[Path] = []
    carried: set[int] = set()
    reached: set[int] = set()
    for earlier, later in stars:
        came = [index for kind in earlier for index in ending[kind]]
        left, room = [paths[index][1] for index in came], [int(counts[kind]) for kind in later]
        if sum(left) != sum(room):
            continue
        carried.update(came)
        reached.update(later)
        i = j = 0
        while i < len(came) and j < len(later):
            share = min(left[i], room[j])
            extended.append(([*paths[came[i]][0], (release, later[j])], share))
            left[i] -= share
            room[j] -= share
            # The side that is used up goes on; the last of a side stays for what the other side has left.
            if j == len(later) - 1 or (left[i] == 0 and i < len(came) - 1):
                i += 1
            else:
                j += 1
    ended = [path for index, path in enumerate(paths) if index not in carried]
    new = [([(release, kind)], int(count)) for kind, count in enumerate(counts) if kind not in reached]
    return ended + extended + new


def _of_units(
    releases: Sequence[tuple[Model, Ints]], links: Sequence[Sequence[Star]]
) -> tuple[list[Certificate], list[list[Star]]]:
    """The certificates of plain models, and the links as kinds: a finest cell's kind has its place among finest cells."""
    certificates = [certify(model, publication) for model, publication in releases]
    place = [np.cumsum(model.finest) - 1 for model, _ in releases]
    same = [
        [(place[s][one].tolist(), place[s + 1][other].tolist()) for one, other in stars]
        for s, stars in enumerate(links)
    ]
    return certificates, same


def _narrowed(later: Release, earlier: Release, stars: Sequence[Star]) -> Release:
    lower, upper = later.lower.copy(), later.upper.copy()
    for one, other in stars:
        if len(one) == len(other) == 1:
            old, new = earlier.values[one[0]], later.values[other[0]]
            if new > old:
                lower[other[0]] = max(lower[other[0]], old + later.base[other[0]])
            if new < old:
                upper[other[0]] = min(upper[other[0]], old - later.base[other[0]])
    return replace(later, lower=lower, upper=upper)


def _under_one_another(parts: list[Release], sizes: list[int]) -> Release:
    def rows(blocks: list[sp.csr_array]) -> sp.csr_array:
        return sp.csr_array(sp.block_diag(blocks, format="csr"))

    return Release(
        values=np.concatenate([part.values for part in parts]),
        base=np.concatenate([part.base for part in parts]),
        published=np.concatenate([part.published for part in parts]),
        lower=np.concatenate([part.lower for part in parts]),
        upper=np.concatenate([part.upper for part in parts]),
        equations=rows([part.equations for part in parts]),
        implied=rows([part.implied for part in parts]),
        presence=np.concatenate([part.presence + first for part, first in zip(parts, sizes, strict=False)]),
    )
