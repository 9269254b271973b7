"""The fit of the customer segments (source: personalised recommendation article; dynamic marketing patent, step S2)."""

from __future__ import annotations

import pyarrow as pa

from upswing.customers.segment_clusters import DensityClusters, KMeansClusters
from upswing.customers.segment_evaluation import evaluate
from upswing.customers.segment_features import SnapshotFeatures, snapshots_of
from upswing.customers.segment_model import SegmentModel, earlier_model
from upswing.customers.segment_parameters import SegmentParameters
from upswing.fits import Fit, NotEnoughHistory
from upswing.one_thread import hold_one_thread
from upswing.splits import lowest_hashes


def training_customers(snapshot: SnapshotFeatures, parameters: SegmentParameters) -> SnapshotFeatures:
    """Those who bought; where they are too many, the ones with the lowest hashes."""
    bought = snapshot[snapshot.has_bought]
    return bought[lowest_hashes(bought.customer_ids, parameters.training_customers, "segments")]


def fit_customer_segments(rows: pa.Table, parameters: SegmentParameters, earlier_weights: bytes | None) -> Fit:
    """Find the segments of the current snapshot, number them, and measure them against those of the earlier one.

    Args:
        rows: of ``int_customer_snapshots``: the current snapshot, and an earlier one where the data reach back.
        parameters: see there.
        earlier_weights: of the fit that stands, whose numbers are kept; None without one.

    Raises:
        NotEnoughHistory: too few customers who bought, or too few that differ.
    """
    # First of all: one thread is imposed on the libraries that are loaded, and on no other.
    import sklearn.cluster
    import sklearn.metrics  # noqa: F401

    snapshots = snapshots_of(rows, parameters.cap_days)
    bought = [training_customers(snapshot, parameters) for snapshot in snapshots]
    if not bought or len(bought[0]) < parameters.min_customers:
        raise NotEnoughHistory(
            f"{len(bought[0]) if bought else 0} customers who bought, at least {parameters.min_customers} needed: "
            f"{parameters.customers_per_segment} for each of min_segments {parameters.min_segments}"
        )
    now = bought[0]
    earlier = bought[1] if len(bought) > 1 and len(bought[1]) >= parameters.min_customers else None
    hold_one_thread()
    clusters = KMeansClusters.fit(now, parameters)
    if clusters is None:
        raise NotEnoughHistory(
            f"{len(now)} customers who bought, of whom fewer than min_segments {parameters.min_segments} differ, or, "
            f"in each number of segments tried, fewer than k_anonymity {parameters.least_customers} are in one of them"
        )
    density = DensityClusters.fit(now, parameters)
    metrics, verdict = evaluate(clusters, density, now, earlier, parameters)
    model = SegmentModel.numbered(
        clusters, parameters.density, now, parameters.cap_days, earlier_model(earlier_weights)
    )
    return Fit(model.to_bytes(), metrics, verdict)
