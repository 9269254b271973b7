from dataclasses import replace

import numpy as np
import pytest

from unit.launches import make_history
from upswing.categories import UNKNOWN_CATEGORY
from upswing.products.launch_features import LaunchEncoder


def test_an_unknown_category_is_taken_for_all() -> None:
    history = make_history(60)
    encoder = LaunchEncoder.fit(history.windows, history.weekly_units, 5.0)
    strangers = replace(history.windows, categories=np.full(60, "never seen"))
    assert (encoder.usual_units(strangers) == history.weekly_units.mean()).all()


def test_products_without_a_category_are_no_category() -> None:
    history = make_history(60)
    without = np.where(history.windows.categories == "category 0", UNKNOWN_CATEGORY, history.windows.categories)
    windows = replace(history.windows, categories=without)
    encoder = LaunchEncoder.fit(windows, history.weekly_units, 5.0)
    usual = encoder.usual_units(windows)
    assert (usual[without == UNKNOWN_CATEGORY] == history.weekly_units.mean()).all()
    assert set(encoder.category_units) == {"category 1", "category 2"}


def test_category_levels_are_drawn_to_the_mean_of_all() -> None:
    history = make_history(60)
    weekly = np.where(history.windows.categories == "category 0", 10.0, 1.0)
    encoder = LaunchEncoder.fit(history.windows, weekly, 5.0)
    assert encoder.category_units["category 0"] == pytest.approx((20 * 10 + 5 * 4) / 25)


def test_expected_units_of_the_business_come_before_what_was_learned() -> None:
    history = make_history(60)
    encoder = LaunchEncoder.fit(history.windows, history.weekly_units, 5.0)
    given = np.where(np.arange(60) == 7, 3.25, np.nan)
    usual = encoder.usual_units(replace(history.windows, expected_units=given))
    assert usual[7] == 3.25
    assert not np.isnan(usual).any()


def test_training_rows_come_out_with_zero_mean_and_unit_spread_and_others_do_not_move_them() -> None:
    history = make_history(200)
    training = history[np.arange(100)]
    encoder = LaunchEncoder.fit(training.windows, training.weekly_units, 5.0)
    features = encoder.encode(training.windows)
    np.testing.assert_allclose(features.series.mean(axis=(0, 2)), 0, atol=1e-9)
    np.testing.assert_allclose(features.context.std(axis=0), 1, atol=1e-9)
    together = encoder.encode(history.windows)
    np.testing.assert_array_equal(together.flat[:100], features.flat)


def test_pack_and_unpack() -> None:
    history = make_history(60)
    encoder = LaunchEncoder.fit(history.windows, history.weekly_units, 5.0)
    arrays, facts = encoder.packed()
    found = LaunchEncoder.unpacked({**arrays, "other": np.zeros(1)}, {**facts, "other": 1})
    np.testing.assert_array_equal(found.encode(history.windows).flat, encoder.encode(history.windows).flat)
