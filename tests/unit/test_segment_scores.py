from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from unit.segments import EARLIER, NAMES, QUICK, TRAITS, customer, drawn, table
from upswing.customers.segment_fit import fit_customer_segments
from upswing.customers.segment_model import SegmentModel
from upswing.customers.segment_scores import SEGMENT_SCHEMA, margin, score_segments
from upswing.tensors import pack, unpack
from upswing.user_errors import UserError


@pytest.fixture(scope="module")
def fit() -> dict[str, Any]:
    found = fit_customer_segments(table(drawn(240)), QUICK, None)
    return {"weights": found.weights, "model_version": "00001-x"}


def scored(fit: dict[str, Any], rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    found = score_segments(fit, table(rows), NAMES, TRAITS)
    assert found.schema == SEGMENT_SCHEMA
    return {row["customer_id"]: row for row in found.to_pylist()}


def test_every_customer_is_in_one_segment_with_a_margin(fit: dict[str, Any]) -> None:
    found = scored(fit, [*drawn(240), customer("never")])
    assert len(found) == 241
    never = found.pop("never")
    assert never["segment_number"] == 0
    assert never["segment_name"] == "no purchase yet"
    assert never["is_outlier"] is False
    for column in ("centroid_distance", "next_centroid_distance", "segment_margin", "outlier_score"):
        assert never[column] is None
    for row in found.values():
        assert 1 <= row["segment_number"] <= 4
        assert 0 <= row["centroid_distance"] <= row["next_centroid_distance"]
        assert 0 <= row["segment_margin"] <= 1
        assert row["model_version"] == "00001-x"


def test_a_customer_who_becomes_like_others_moves_to_their_segment(fit: dict[str, Any]) -> None:
    best, _, _, dormant = drawn(4)
    fell_asleep = dormant | {"customer_id": best["customer_id"]}
    found = scored(
        fit, [fell_asleep, dormant, customer("new"), best | {"snapshot_on": EARLIER}, customer("gone", EARLIER)]
    )
    moved = found[best["customer_id"]]
    assert moved["segment_number"] == found[dormant["customer_id"]]["segment_number"]
    assert moved["previous_segment_number"] != moved["segment_number"]
    assert (moved["previous_segment_name"], moved["segment_name"]) == ("best", "dormant")
    assert found["new"]["previous_segment_number"] is None
    assert found["new"]["previous_segment_name"] is None
    assert "gone" not in found


def test_the_first_purchase_is_a_move(fit: dict[str, Any]) -> None:
    now = drawn(1)[0]
    found = scored(fit, [now, customer(now["customer_id"], EARLIER)])[now["customer_id"]]
    assert found["previous_segment_number"] == 0
    assert found["previous_segment_name"] == "no purchase yet"


def test_scores_do_not_depend_on_the_order_of_the_rows(fit: dict[str, Any]) -> None:
    rows = table([*drawn(240), *drawn(240, EARLIER, seed=2)])
    shuffled = rows.take(pa.array(np.random.default_rng(0).permutation(rows.num_rows)))
    assert score_segments(fit, shuffled, NAMES, TRAITS).equals(score_segments(fit, rows, NAMES, TRAITS))


def test_a_customer_keeps_the_segment_whoever_else_is_scored(fit: dict[str, Any]) -> None:
    everybody = scored(fit, drawn(240))
    among_others = {"is_outlier", "outlier_score"}
    for row in drawn(8):
        alone, beside = scored(fit, [row])[row["customer_id"]], everybody[row["customer_id"]]
        assert alone["outlier_score"] is None
        assert {name for name in alone if alone[name] != beside[name]} <= among_others


def test_without_a_fit_or_customers_nothing_is_scored(fit: dict[str, Any]) -> None:
    for found in (score_segments(None, table(drawn(8)), NAMES, TRAITS), score_segments(fit, table([]), NAMES, TRAITS)):
        assert found.num_rows == 0
        assert found.schema == SEGMENT_SCHEMA


def test_nobody_who_bought_is_no_fault(fit: dict[str, Any]) -> None:
    assert scored(fit, [customer("never")])["never"]["segment_number"] == 0


def test_bad_names_are_told_even_without_a_fit() -> None:
    with pytest.raises(UserError, match=r"^seeds/segment_names\.csv: "):
        score_segments(None, table([]), NAMES.slice(0, 0), TRAITS)


def test_a_fit_that_knows_other_features_is_told(fit: dict[str, Any]) -> None:
    arrays, facts = unpack(fit["weights"])
    strange = fit | {"weights": pack(arrays, facts | {"features": ["shoe_size"]})}
    with pytest.raises(UserError, match=r"knows customers by other features .* '\{refit: always\}'"):
        score_segments(strange, table(drawn(4)), NAMES, TRAITS)


def test_the_margin_runs_from_the_border_to_the_centre() -> None:
    nearest = np.array([[0.0, 2.0], [1.0, 2.0], [2.0, 2.0], [0.0, 0.0], [np.nan, np.nan]])
    np.testing.assert_array_equal(margin(nearest), [1, 0.5, 0, 0, np.nan])


def test_segments_are_named_by_their_numbers(fit: dict[str, Any]) -> None:
    numbers = SegmentModel.from_bytes(fit["weights"]).numbers.tolist()
    found = scored(fit, drawn(240)).values()
    assert {row["segment_number"] for row in found} == set(numbers)
    assert len({(row["segment_number"], row["segment_name"]) for row in found}) == len(numbers)
