"""Whether a model beats its baselines, said with the doubt that the number of rows leaves."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import average_precision_score

FloatArray = NDArray[np.float64]

RESAMPLES = 500


def compared(low: float, high: float) -> str:
    """How the model stands to a rival, by the interval of its gain over it: in words that the rival's name follows."""
    return "beats" if low > 0 else "loses to" if high < 0 else "is not clearly different from"


def verdict(labels: FloatArray, scores: dict[str, FloatArray]) -> str:
    """One sentence: PR-AUC of ``model`` against its best baseline, and whether the difference is more than chance.

    The interval is the middle 95 % of the differences over bootstrap resamples of the rows, drawn with a fixed seed.

    Args:
        labels: 0/1, shape (rows,).
        scores: the model's scores under ``model``, each baseline's under its name.
    """
    if len(np.unique(labels)) < 2:
        return f"not measurable, for the {len(labels)} test rows are all of one class"
    found = {name: float(average_precision_score(labels, score)) for name, score in scores.items()}
    rival = max((name for name in found if name != "model"), key=lambda name: found[name])
    low, high = difference_interval(labels, scores["model"], scores[rival])
    verb = compared(low, high)
    return (
        f"the model {verb} its best baseline {rival}: PR-AUC {found['model']:.3f} against {found[rival]:.3f}, "
        f"difference {low:+.3f} to {high:+.3f} on {len(labels):,} rows"
    )


def difference_interval(labels: FloatArray, ours: FloatArray, theirs: FloatArray) -> tuple[float, float]:
    """95 % bootstrap interval of the difference in PR-AUC, ours minus theirs, on the same rows."""
    generator = np.random.default_rng(7)
    differences = []
    for _resample in range(RESAMPLES):
        rows = generator.integers(0, len(labels), len(labels))
        if len(np.unique(labels[rows])) == 2:
            ours_found = average_precision_score(labels[rows], ours[rows])
            differences.append(ours_found - average_precision_score(labels[rows], theirs[rows]))
    low, high = np.quantile(differences, [0.025, 0.975])
    return float(low), float(high)
