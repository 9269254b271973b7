import re
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from unit.customer_rows import snapshot_rows
from unit.uplift_touches import QUICK, Campaign, touch_rows
from upswing.customers.customer_snapshots import CustomerSnapshots
from upswing.customers.score_reasons import Weeks
from upswing.marketing.uplift_evaluation import fit_uplift_predictor
from upswing.marketing.uplift_predictor import UpliftPredictor
from upswing.marketing.uplift_scores import THE_AVERAGE, UPLIFT_SCHEMA, uplift_reasons, uplift_scorer
from upswing.reasons.words import worded

WEEKS = Weeks(recent=4, active=13)
SNAPSHOTS = snapshot_rows()
CURRENT = SNAPSHOTS.filter(SNAPSHOTS["is_current"]).combine_chunks()


@pytest.fixture(scope="module")
def predictor() -> UpliftPredictor:
    touches, _ = touch_rows([Campaign()])
    return UpliftPredictor.from_bytes(fit_uplift_predictor(touches, QUICK).weights)


def fit_row(predictor: UpliftPredictor) -> dict[str, Any]:
    return {"weights": predictor.to_bytes(), "model_version": "00001-abc"}


def scored(predictor: UpliftPredictor, rows: pa.Table = CURRENT, batch_rows: int = 1000) -> pa.Table:
    batches = uplift_scorer(fit_row(predictor), WEEKS)(iter(rows.to_batches(max_chunksize=batch_rows)))
    return pa.Table.from_batches(batches, UPLIFT_SCHEMA)


def test_without_a_fit_nobody_is_scored() -> None:
    assert list(uplift_scorer(None, WEEKS)(iter(CURRENT.to_batches()))) == []


def test_the_uplift_is_what_an_offer_adds(predictor: UpliftPredictor) -> None:
    scores = scored(predictor)
    assert scores.num_rows == CURRENT.num_rows
    names = ("uplift", "response_probability", "base_probability")
    uplift, response, base = (np.asarray(scores[name]) for name in names)
    np.testing.assert_allclose(response - base, uplift, atol=1e-9)
    assert ((base >= 0) & (base <= 1) & (response >= 0) & (response <= 1)).all()
    assert (uplift * np.asarray(scores["uplift_revenue"]) >= 0).all()
    assert set(scores["learner"].to_pylist()) == {predictor.learner_name}


def test_the_lapsed_are_moved_more_and_the_reason_says_so(predictor: UpliftPredictor) -> None:
    scores = scored(predictor)
    lapsed = pc.greater(CURRENT["recency_days"], 30)
    moved, others = (scores.filter(mask) for mask in (lapsed, pc.invert(lapsed)))
    assert pc.mean(moved["uplift"]).as_py() > pc.mean(others["uplift"]).as_py() + 0.1
    longest = scores.filter(pc.greater(CURRENT["recency_days"], 45))["uplift_reasons"].to_pylist()
    assert all(
        re.search(r"(last|only day of) purchase \d+ days ago.*? \(raises it by \d+ points\)", why) for why in longest
    )


def test_a_score_does_not_depend_on_the_batch(predictor: UpliftPredictor) -> None:
    assert scored(predictor, batch_rows=7) == scored(predictor)


def test_a_probability_stays_one_however_large_the_effect(predictor: UpliftPredictor) -> None:
    values = CustomerSnapshots.from_arrow(CURRENT).matrix(predictor.features)
    for effect in (0.99, -0.99, 1.0, -1.0, 0.0):
        effects = np.full(len(values), effect)
        base = predictor.base_probabilities(values, effects)
        assert ((base >= 0) & (base <= 1) & (base + effects >= 0) & (base + effects <= 1)).all()


def test_where_no_difference_is_confirmed_the_reason_says_so(predictor: UpliftPredictor) -> None:
    scores = scored(replace(predictor, learner=None, learner_name="average_effect"))
    assert scores["uplift_reasons"].unique().to_pylist() == [worded(THE_AVERAGE)]
    assert scores["uplift"].unique().to_pylist() == [pytest.approx(predictor.average, abs=1e-6)]


def test_a_typical_customer_has_no_reason(predictor: UpliftPredictor) -> None:
    customers = CustomerSnapshots.from_arrow(CURRENT)[np.arange(1)]
    for name, value in zip(predictor.features, predictor.typical, strict=True):
        customers.column(name)[:] = value
    customers.column("mean_days_between_orders")[:] = np.nan
    customers.column("lateness")[:] = np.nan
    customers.column("orders_active")[:] = 1
    (found,) = uplift_reasons(predictor, customers, WEEKS)
    assert {reason.code for reason in found} <= {"nothing_raises", "nothing_lowers", "orders_active"}


def test_reasons_point_to_the_side_of_the_average_on_which_an_uplift_lies(predictor: UpliftPredictor) -> None:
    customers = CustomerSnapshots.from_arrow(CURRENT)
    effects = predictor.effects(customers.matrix(predictor.features))
    for effect, found in zip(effects, uplift_reasons(predictor, customers, WEEKS), strict=True):
        moved = [reason.effect for reason in found if reason.effect is not None]
        assert all((one > 0) == (effect >= predictor.average) for one in moved)
