"""Whether the customers of an experiment were split as planned (sample-ratio mismatch).

Where they were not, some were lost or added after the draw, and rarely at random: the variants are no longer comparable
and no statistic mends that. Source: Fabijan et al., Diagnosing Sample Ratio Mismatch in Online Controlled Experiments
(KDD 2019); the test is chi-squared against the planned shares.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from upswing.user_errors import UserError

WHOLE = 1e-4
"""How far planned shares may be from adding up to 1, so that thirds can be written down."""

USUAL_SHARES = (0.01, 0.05, 0.1, 0.15, 0.2, 0.25, 0.3, 1 / 3, 0.4, 0.5, 0.6, 2 / 3, 0.7, 0.75, 0.8, 0.85, 0.9)


def split_of(campaign_id: str, rows: Sequence[dict[str, Any]], alarm_rate: float) -> dict[str, dict[str, Any]]:
    """What to say of the split of a campaign's customers, by variant.

    Args:
        campaign_id: to name in errors.
        rows: ``variant``, ``customers``, ``planned_share`` (None: not told), in order of the variant; a variant may
            have several rows.
        alarm_rate: chance of a false alarm.

    Returns:
        By variant: ``planned_share``, ``split_source``, ``split_p_value``, ``is_split_wrong``, and of all variants
        ``split``: names, customers, shares.

    Raises:
        UserError: shares are planned of some variants only, or do not add up to 1.
    """
    arms = {row["variant"]: (row["customers"], row["planned_share"]) for row in rows}
    counts = [count for count, _ in arms.values()]
    told = {variant: share for variant, (_, share) in arms.items() if share is not None}
    if told:
        _check_plan(campaign_id, list(arms), told)
    shares = [told[variant] / sum(told.values()) for variant in arms] if told else usual_shares(counts)
    p_value = split_p_value(counts, shares)
    return {
        variant: {
            "planned_share": share,
            "split_source": "planned" if told else "nearest usual split",
            "split_p_value": p_value,
            "is_split_wrong": p_value < alarm_rate,
            "split": list(zip(arms, counts, shares, strict=True)),
        }
        for variant, share in zip(arms, shares, strict=True)
    }


def split_p_value(counts: Sequence[int], shares: Sequence[float]) -> float:
    """The probability of a split at least as far from the planned shares (chi-squared); the shares add up to 1."""
    from scipy.stats import chisquare

    return float(chisquare(counts, np.array(shares) * sum(counts)).pvalue)


def usual_shares(counts: Sequence[int]) -> list[float]:
    """The usual split nearest to what is there: equal shares, or one variant apart with one of ``USUAL_SHARES``."""
    variants, total = len(counts), sum(counts)
    candidates = [np.full(variants, 1 / variants)]
    for place in range(variants):
        for own in USUAL_SHARES:
            shares = np.full(variants, (1 - own) / (variants - 1))
            shares[place] = own
            candidates.append(shares)
    away = [float((((np.array(counts) - shares * total) ** 2) / (shares * total)).sum()) for shares in candidates]
    return [float(share) for share in candidates[int(np.argmin(away))]]


def _check_plan(campaign_id: str, variants: Sequence[str], planned: dict[str, float]) -> None:
    missing = [variant for variant in variants if variant not in planned]
    if missing:
        raise UserError(
            f"seed experiment_splits tells planned_share of campaign {campaign_id} but not of its variants "
            f"{', '.join(missing)}; expected a row for each variant, or none"
        )
    if abs(sum(planned.values()) - 1) > WHOLE:
        raise UserError(
            f"seed experiment_splits: planned_share of campaign {campaign_id} adds up to "
            f"{sum(planned.values()):g} over {', '.join(planned)}; expected 1"
        )
