"""What the values of a column looked like, in a few counts, and how far two such pictures lie apart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray
from scipy import special

FloatArray = NDArray[np.float64]

BINS = 10
LEVELS = 20
"""Texts that are counted by themselves; the rarer ones are counted together."""


@dataclass(frozen=True)
class Profile:
    """How many rows of a column fall where.

    Attributes:
        column: its name.
        cuts: numbers in rising order that part the bins, of which each holds its upper end; or the texts counted.
        counts: rows of each bin, or of each text and of all others; the last are the rows without a value.
    """

    column: str
    cuts: tuple[float, ...] | tuple[str, ...]
    counts: tuple[int, ...]

    @property
    def rows(self) -> int:
        """All rows, those without a value too."""
        return sum(self.counts)

    def to_plain(self) -> dict[str, Any]:
        """What JSON takes."""
        return {"column": self.column, "cuts": list(self.cuts), "counts": list(self.counts)}

    @classmethod
    def from_plain(cls, plain: dict[str, Any]) -> Profile:
        """What :meth:`to_plain` gave."""
        return cls(plain["column"], tuple(plain["cuts"]), tuple(plain["counts"]))


@dataclass(frozen=True)
class Shift:
    """How far the values of a column have moved.

    Attributes:
        column: its name.
        psi: population stability index, 0 or more.
        ks: greatest gap between the two cumulated shares at the cuts, 0 to 1; of texts, half the sum of all gaps.
        chance_psi: the PSI from which on chance alone, had nothing moved, is as rare as was asked for.
        rows: rows now.
        reference_rows: rows of the reference.
    """

    column: str
    psi: float
    ks: float
    chance_psi: float
    rows: int
    reference_rows: int


def profile_of(column: str, values: pa.Array | pa.ChunkedArray, cuts: tuple[Any, ...] | None = None) -> Profile:
    """Count a column.

    Args:
        column: its name.
        values: numbers or texts; of lists the mean of each counts.
        cuts: those of an earlier profile; without them deciles of the values, or the commonest texts.
    """
    if pa.types.is_string(values.type) or pa.types.is_large_string(values.type):
        return _text_profile(column, values, cuts)
    numbers = _numbers(values)
    known = numbers[np.isfinite(numbers)]
    if cuts is None:
        deciles = np.arange(1, BINS) / BINS
        quantiles = np.quantile(known, deciles, method="inverted_cdf") if len(known) else np.zeros(0)
        cuts = tuple(float(cut) for cut in np.unique(quantiles))
    binned = np.bincount(np.searchsorted(np.array(cuts, dtype=np.float64), known), minlength=len(cuts) + 1)
    return Profile(column, cuts, (*(int(count) for count in binned), len(numbers) - len(known)))


def shift_of(reference: Profile, now: Profile, rarity: float) -> Shift:
    """How far a column has moved since its reference.

    Small samples lie apart by chance alone, and a fixed threshold would call that drift. What chance does is told by
    Pearson's chi-square of the two samples, which keeps its level with few rows, where the index itself does not.

    Args:
        reference: the earlier profile.
        now: counted at the cuts of the reference.
        rarity: how often ``chance_psi`` may be exceeded where nothing moved, 0 to 1.

    Raises:
        ValueError: the two were not counted at the same cuts.
    """
    if reference.cuts != now.cuts:
        raise ValueError(f"profiles of {reference.column} were counted at different cuts")
    before, after = (np.array(profile.counts, dtype=np.float64) for profile in (reference, now))
    used = (before + after) > 0
    before, after = before[used], after[used]
    if not before.sum() or not after.sum() or len(before) < 2:
        return Shift(now.column, 0.0, 0.0, 0.0, now.rows, reference.rows)
    # Half a row more in each bin: an empty one would put the index at infinity.
    p, q = ((counts + 0.5) / (counts.sum() + 0.5 * len(counts)) for counts in (before, after))
    gaps = before / before.sum() - after / after.sum()
    is_text = bool(reference.cuts) and isinstance(reference.cuts[0], str)
    ks = np.abs(gaps).sum() / 2 if is_text else np.abs(np.cumsum(gaps)).max()
    psi = float(((q - p) * np.log(q / p)).sum())
    share = (before + after) / (before.sum() + after.sum())
    pearson = float((gaps**2 / share).sum()) / (1 / before.sum() + 1 / after.sum())
    limit = float(special.chdtri(len(before) - 1, rarity))
    # The index at which Pearson's test would just reject; without any gap, that of an index of which it is the limit.
    chance = psi * limit / pearson if pearson else limit * (1 / before.sum() + 1 / after.sum())
    return Shift(now.column, psi, float(ks), chance, now.rows, reference.rows)


def _numbers(values: pa.Array | pa.ChunkedArray) -> FloatArray:
    """Values as numbers, NaN where there is none; of a list the mean of its known members."""
    if pa.types.is_list(values.type):
        table = pa.table({"row": pc.list_parent_indices(values), "member": pc.list_flatten(values).cast(pa.float64())})
        table = table.filter(pc.invert(pc.fill_null(pc.is_nan(table["member"]), True)))
        means = table.group_by("row").aggregate([("member", "mean")])
        numbers = np.full(len(values), np.nan)
        numbers[means["row"].to_numpy()] = means["member_mean"].to_numpy()
        return numbers
    return np.asarray(pc.fill_null(values.cast(pa.float64()), np.nan).to_numpy(zero_copy_only=False))


def _text_profile(column: str, values: pa.Array | pa.ChunkedArray, cuts: tuple[str, ...] | None) -> Profile:
    found = {entry["values"]: entry["counts"] for entry in pc.value_counts(values).to_pylist()}
    missing = found.pop(None, 0)
    if cuts is None:
        cuts = tuple(sorted(found, key=lambda text: (-found[text], text))[:LEVELS])
    counted = [found.get(text, 0) for text in cuts]
    return Profile(column, cuts, (*counted, sum(found.values()) - sum(counted), missing))
