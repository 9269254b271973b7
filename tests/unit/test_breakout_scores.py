from dataclasses import replace

import numpy as np
import pyarrow as pa
import pytest

from unit.launches import make_history, windows_table
from upswing.products.breakout_classifier import BreakoutClassifier
from upswing.products.breakout_reasons import breakout_reasons
from upswing.products.breakout_scores import SCORE_SCHEMA, breakout_scorer
from upswing.products.launch_windows import CHANNELS, LaunchWindows
from upswing.reasons.codes import Reason


def typical_windows(classifier: BreakoutClassifier) -> LaunchWindows:
    """One product that is typical in all respects."""
    return LaunchWindows(
        np.array(["x"]),
        np.array(["category 0"]),
        np.array([2400]),
        classifier.typical[None].copy(),
        np.array([classifier.encoder.overall_units]),
    )


def reasons(classifier: BreakoutClassifier, windows: LaunchWindows, threshold: float = 0.5) -> list[tuple[Reason, ...]]:
    return breakout_reasons(classifier, windows, threshold)


def test_an_extraordinary_week_is_a_reason(classifier: BreakoutClassifier) -> None:
    windows = typical_windows(classifier)
    windows.series[0, 0, 4] = 200
    (found,) = reasons(classifier, windows, 1e-12)
    week = next(reason for reason in found if reason.code == "launch_week")
    usual = pytest.approx(classifier.typical[0, 4], abs=1e-4)
    assert week.parameters == {"value": 200, "usual": usual, "week": 5}
    assert week.effect is not None
    assert week.effect > 0
    assert [reason.code for reason in found].count("launch_week") == 1


def test_a_typical_product_has_no_reason(classifier: BreakoutClassifier) -> None:
    for threshold, code in ((1e-12, "nothing_raises_odds"), (0.99, "nothing_lowers_odds")):
        bare = replace(classifier, base_rate=0.9)
        assert reasons(bare, typical_windows(classifier), threshold) == [(Reason(code, {}),)]


def test_reasons_point_the_way_the_odds_lie(classifier: BreakoutClassifier) -> None:
    windows = make_history(200, seed=5).windows
    probability = classifier.probabilities(windows)[:, 0]
    listed = 0
    for number, found in zip(probability, reasons(classifier, windows), strict=True):
        effects = [reason.effect for reason in found if reason.effect is not None]
        listed += len(effects)
        assert len(effects) <= 3
        assert effects == sorted(effects, key=abs, reverse=True)
        for reason in found:
            if reason.effect is None:
                continue
            assert (reason.effect > 0) == (number >= min(classifier.base_rate, 0.5))
            assert abs(reason.effect) >= np.log(1.1)
            if reason.code in {"launch_demand", "launch_week", "launch_stores"}:
                assert (reason.parameters["value"] - reason.parameters["usual"]) * reason.effect > 0
    assert listed > 200


def test_more_customers_do_not_speak_against_a_product(classifier: BreakoutClassifier) -> None:
    """Whatever the network makes of many customers at few units: nobody would believe it."""
    windows = typical_windows(classifier)
    windows.series[0, CHANNELS.index("stores")] = 400
    windows.series[0, CHANNELS.index("customers")] = 400
    for threshold in (1e-12, 0.99):
        for reason in reasons(replace(classifier, base_rate=0.99), windows, threshold)[0]:
            if reason.code in {"launch_demand", "launch_stores"} and reason.effect is not None:
                assert reason.effect > 0


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


def test_reasons_name_the_category(classifier: BreakoutClassifier) -> None:
    windows = replace(typical_windows(classifier), expected_units=np.array([0.1]))
    found = {
        reason.code: reason.parameters
        for threshold in (1e-12, 0.99)
        for reason in reasons(replace(classifier, base_rate=0.99), windows, threshold)[0]
    }
    overall = pytest.approx(classifier.encoder.overall_units, abs=1e-4)
    assert found["launch_category"] == {"value": 0.1, "usual": overall, "category": "category 0"}
