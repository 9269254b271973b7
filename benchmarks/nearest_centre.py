"""The nearest of 2,000 centres for a million points, against scikit-learn's KMeans.predict."""

from __future__ import annotations

import warnings

import numpy as np
from _report import Figure, judged, least_seconds, show
from sklearn.cluster import KMeans
from sklearn.exceptions import ConvergenceWarning

from upswing.products.analogs import nearest_centres

POINTS, CENTRES, DIMENSIONS = 1_000_000, 2_000, 8
GOAL = 8


def main() -> list[Figure]:
    """Measure; labels that differ must be ties within float32."""
    draw = np.random.default_rng(1)
    points = draw.random((POINTS, DIMENSIONS), dtype=np.float32)
    start = draw.random((CENTRES, DIMENSIONS), dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        peer = KMeans(CENTRES, init=start, n_init=1, max_iter=1).fit(points[: 20 * CENTRES])
    centres = np.ascontiguousarray(peer.cluster_centers_, dtype=np.float32)
    our_seconds, (ours, _) = least_seconds(lambda: nearest_centres(points, centres))
    their_seconds, theirs = least_seconds(lambda: peer.predict(points))
    apart = np.flatnonzero(ours != theirs)
    exact = points[apart].astype(np.float64)
    gaps = np.linalg.norm(exact - centres[ours[apart]], axis=1) - np.linalg.norm(exact - centres[theirs[apart]], axis=1)
    same = bool((np.abs(gaps) < 1e-5).all())
    return [
        Figure(
            f"nearest of {CENTRES:,} centres: {POINTS:,} points x {DIMENSIONS}",
            f"{our_seconds:.2f} s",
            f"KMeans.predict {their_seconds:.2f} s",
            f"{their_seconds / our_seconds:.1f}x",
            f">= {GOAL}x",
            judged(their_seconds >= GOAL * our_seconds),
        ),
        Figure(
            "nearest centre: same labels",
            f"{len(apart)} apart, {'all' if same else 'not all'} ties",
            "KMeans.predict",
            f"{1 - len(apart) / POINTS:.4%}",
            "equal but for ties",
            judged(same),
        ),
    ]


if __name__ == "__main__":
    show(main())
