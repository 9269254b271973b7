import re
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from unit.launches import make_history, windows_table
from upswing.products.breakout_classifier import BreakoutClassifier
from upswing.products.breakout_reasons import top_reasons
from upswing.products.breakout_scores import SCORE_SCHEMA, breakout_scorer
from upswing.products.launch_windows import LaunchWindows


def typical_windows(classifier: BreakoutClassifier) -> LaunchWindows:
    """One product that is typical in all respects."""
    return LaunchWindows(
        np.array(["x"]),
        np.array(["category 0"]),
        np.array([2400]),
        classifier.typical[None].copy(),
        np.array([classifier.encoder.overall_units]),
    )


def test_an_extraordinary_week_is_the_first_reason(classifier: BreakoutClassifier) -> None:
    windows = typical_windows(classifier)
    windows.series[0, 0, 4] = 200
    (told,) = top_reasons(classifier, windows)
    usual = f"{classifier.typical[0, 4]:.3g}"
    assert re.match(rf"200 natural units in week 5, usually {usual} \(odds \S (over )?\d+(\.\d)?\)", told)


def test_a_typical_product_has_no_reason(classifier: BreakoutClassifier) -> None:
    windows = typical_windows(classifier)
    assert top_reasons(classifier, windows) == ["nothing far from a typical launch"]


def test_no_more_than_three_reasons_strongest_first(classifier: BreakoutClassifier) -> None:
    windows = make_history(60, seed=5).windows
    for told in top_reasons(classifier, windows):
        factors = [float(found) for found in re.findall(r"\(odds \S (?:over )?([\d.]+)\)", told)]
        assert len(factors) <= 3
        assert factors == sorted(factors, reverse=True)
        assert min(factors, default=2) >= 1.1


def scored(classifier: BreakoutClassifier, rows: pa.Table, batch_rows: int, threshold: float = 0.5) -> pa.Table:
    scorer = breakout_scorer({"weights": classifier.to_bytes(), "model_version": "00001-x"}, threshold)
    return pa.Table.from_batches(scorer(iter(rows.to_batches(max_chunksize=batch_rows))), schema=SCORE_SCHEMA)


def test_batches_give_what_one_batch_gives(classifier: BreakoutClassifier) -> None:
    rows = windows_table(make_history(100, seed=6).windows)
    whole, pieces = scored(classifier, rows, 100), scored(classifier, rows, 7)
    for name in ("product_id", "is_breakout", "top_reasons", "model_version"):
        assert whole[name].to_pylist() == pieces[name].to_pylist()
    for name in ("breakout_probability", "later_breakout_probability"):
        np.testing.assert_allclose(whole[name].to_numpy(), pieces[name].to_numpy(), rtol=1e-6)


def test_a_long_batch_is_predicted_in_pieces(classifier: BreakoutClassifier, monkeypatch: pytest.MonkeyPatch) -> None:
    windows = make_history(50, seed=6).windows
    whole = classifier.probabilities(windows)
    monkeypatch.setattr("upswing.products.breakout_network.ROWS_AT_ONCE", 16)
    np.testing.assert_allclose(classifier.probabilities(windows), whole, rtol=1e-6)


def test_reasons_are_given_from_half_the_threshold_on(classifier: BreakoutClassifier) -> None:
    found = scored(classifier, windows_table(make_history(200, seed=6).windows), 200, threshold=0.4)
    probability = found["breakout_probability"].to_numpy()
    reasons = np.array([told is not None for told in found["top_reasons"].to_pylist()])
    np.testing.assert_array_equal(reasons, probability >= 0.2)
    np.testing.assert_array_equal(found["is_breakout"].to_numpy(), probability >= 0.4)
    assert 0 < reasons.sum() < 200


def test_without_a_fit_nothing_is_scored() -> None:
    rows = windows_table(make_history(5).windows)
    assert list(breakout_scorer(None, 0.5)(iter(rows.to_batches()))) == []


def test_empty_batches_are_passed_over(classifier: BreakoutClassifier) -> None:
    rows = windows_table(make_history(5).windows)
    assert scored(classifier, rows.slice(0, 0), 5).num_rows == 0


@pytest.mark.parametrize("threshold", [0.0, 1.0, -1.0, 50.0])
def test_a_threshold_out_of_range_names_its_var(threshold: float) -> None:
    with pytest.raises(ValueError, match=f"var breakout_probability_threshold is {threshold}; expected a probability"):
        breakout_scorer(None, threshold)


def test_reasons_name_category_and_channel(classifier: BreakoutClassifier) -> None:
    windows = replace(typical_windows(classifier), expected_units=np.array([0.1]))
    windows.series[0, 3] = 400
    (told,) = top_reasons(classifier, windows)
    assert "0.1 units a week usual in category 0, " in told
    assert "400 stores a week, usually " in told
