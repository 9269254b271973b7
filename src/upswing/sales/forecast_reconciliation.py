"""Forecasts that add up: products to categories to the total, stores to categories (source: Wickramasuriya 2019)."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from scipy import sparse

from upswing.one_thread import hold_one_thread
from upswing.sales.forecast_accuracy import whole_rows
from upswing.sales.forecast_panel import BoolArray, FloatArray, IntArray

CENTS = 4
"""Decimals of a served forecast: sums of rounded parts are exact to the last of them."""

LEAST_VARIANCE = 1e-6


@dataclass(frozen=True)
class Hierarchy:
    """Which series add up to which.

    Attributes:
        total: row of the total, or empty.
        categories: rows of the categories, c of them.
        parts: rows of products and other products, p of them.
        part_of: place in ``categories`` of each part.
        stores: rows of stores x categories and other stores, s of them.
        store_of: place in ``categories`` of each of these.
    """

    total: IntArray
    categories: IntArray
    parts: IntArray
    part_of: IntArray
    stores: IntArray
    store_of: IntArray

    @classmethod
    def of(cls, series: pa.Table, served: BoolArray) -> Hierarchy:
        """The hierarchy of those series that are served; one whose category is not served belongs to none.

        Args:
            series: columns of ``int_forecast_series``, n rows.
            served: shape (n,).
        """
        levels = np.array(series["series_level"].to_pylist(), dtype=object)
        names = series["category"].to_pylist()
        categories = np.flatnonzero(served & (levels == "category"))
        place = {names[row]: number for number, row in enumerate(categories)}
        parent = np.array([place.get(name, -1) for name in names], dtype=np.int64)

        def below(*kinds: str) -> IntArray:
            return np.flatnonzero(served & np.isin(levels, kinds) & (parent >= 0))

        parts, stores = below("product", "other_products"), below("store_category", "other_stores")
        return cls(
            np.flatnonzero(served & (levels == "total")), categories, parts, parent[parts], stores, parent[stores]
        )


def reconciled(base: FloatArray, variances: FloatArray, recent: FloatArray, series: pa.Table) -> FloatArray:
    """Forecasts that add up and are 0 or more, as near the given ones as their errors allow.

    Total, categories and products: minimum trace with a diagonal covariance of the errors, under the constraint that
    nothing is below 0. Stores: the shares of their forecasts in the reconciled category (forecast proportions), or, in
    a week in which all of them are 0, of their recent revenue.

    Args:
        base: forecasts, shape (n, weeks); a row with a NaN is not served and stays as it is.
        variances: mean squared error of each series, above 0, shape (n,).
        recent: recent weekly revenue of each series, shape (n,).
        series: columns of ``int_forecast_series``, n rows.

    Returns:
        Shape (n, weeks), rounded to :data:`CENTS` decimals.
    """
    served = whole_rows(base)
    hierarchy = Hierarchy.of(series, served)
    forecast = np.where(served[:, None], np.maximum(base, 0.0), np.nan)
    if len(hierarchy.parts):
        _reconcile_parts(forecast, variances, hierarchy)
    _reconcile_stores(forecast, recent, hierarchy)
    return np.asarray(np.round(forecast, CENTS))


def _reconcile_parts(forecast: FloatArray, variances: FloatArray, tree: Hierarchy) -> None:
    """Replace total, categories and parts in place."""
    parents = len(tree.total) + len(tree.categories)
    rows = np.concatenate([tree.total, tree.categories, tree.parts])
    places = np.arange(len(tree.parts))
    above = sparse.csr_matrix((np.ones(len(places)), (tree.part_of, places)), shape=(len(tree.categories), len(places)))
    everything = sparse.csr_matrix(np.ones((len(tree.total), len(places))))
    summing = sparse.vstack([everything, above, sparse.identity(len(places))], format="csr")
    bottom = np.round(_minimum_trace(summing, forecast[rows], variances[rows])[parents:], CENTS)
    forecast[tree.parts] = bottom
    forecast[tree.categories] = above @ bottom
    forecast[tree.total] = bottom.sum(axis=0)


def _minimum_trace(summing: sparse.csr_matrix, base: FloatArray, variances: FloatArray) -> FloatArray:
    """Coherent forecasts of all rows, 0 or more, by hierarchicalforecast; the sums of the parts where it finds none."""
    from hierarchicalforecast.methods import MinTraceSparse

    hold_one_thread()
    # The library takes the variances from residuals: two of them, this far apart, have exactly the variance that is
    # known. It refuses residuals that sum to 0.
    residuals = np.sqrt(np.maximum(variances, LEAST_VARIANCE) / 2.0)[:, None] * np.array([2.0, 0.0])
    given = {"S": summing, "y_hat": base, "y_insample": residuals, "y_hat_insample": np.zeros(residuals.shape)}
    for nonnegative in (True, False):
        # The solver fails where the scales of the series lie too far apart; one of them must not stop the build.
        with contextlib.suppress(Exception):
            found: FloatArray = np.asarray(MinTraceSparse("wls_var", nonnegative=nonnegative)(**given)["mean"])
            if np.isfinite(found).all():
                return np.asarray(np.maximum(found, 0.0))
    bottom_up: FloatArray = summing @ base[-summing.shape[1] :]
    return bottom_up


def _reconcile_stores(forecast: FloatArray, recent: FloatArray, tree: Hierarchy) -> None:
    """Replace stores in place; the last digits go to the largest of a category, so that the parts add up to it."""
    number = len(tree.categories)
    own = forecast[tree.stores]
    known = np.bincount(tree.store_of, np.maximum(np.nan_to_num(recent[tree.stores]), 0.0), minlength=number)
    several = np.bincount(tree.store_of, minlength=number)
    even = 1.0 / np.maximum(several, 1)
    shares = np.where(
        known[tree.store_of] > 0,
        np.maximum(np.nan_to_num(recent[tree.stores]), 0.0) / np.where(known > 0, known, 1.0)[tree.store_of],
        even[tree.store_of],
    )
    for week in range(forecast.shape[1]):
        whole = np.bincount(tree.store_of, own[:, week], minlength=number)
        share = np.where(
            whole[tree.store_of] > 0, own[:, week] / np.where(whole > 0, whole, 1.0)[tree.store_of], shares
        )
        given = forecast[tree.categories, week]
        split = np.round(share * given[tree.store_of], CENTS)
        missing = given - np.bincount(tree.store_of, split, minlength=number)
        order = np.lexsort((np.arange(len(split)), -split, tree.store_of))
        first = order[np.unique(tree.store_of[order], return_index=True)[1]]
        split[first] += missing[tree.store_of[first]]
        forecast[tree.stores, week] = np.maximum(split, 0.0)
