from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from upswing.sales.competitor_positions import MOVE_SCHEMA, VERDICTS, MoveParameters, competitor_moves
from upswing.sales.competitor_positions_moves import paired_moves, price_moves

FIRST_WEEK = date(2017, 1, 2)
FloatArray = NDArray[np.float64]
NO_ANSWERS, THEY_FOLLOW = VERDICTS[1], VERDICTS[3]


def moves(*prices: float | None) -> list[int]:
    return [int(move) for move in price_moves(np.array([prices], dtype=float), 0.03, 8)[0]]


def pairs(ours: list[int], theirs: list[int], window: int = 2) -> list[int]:
    return [int(count) for count in paired_moves(np.array([ours], np.int8), np.array([theirs], np.int8), window)[0]]


def comparisons(our_prices: FloatArray, rival_prices: FloatArray, competitor: str = "near") -> pa.Table:
    products, weeks = our_prices.shape
    calendar = [FIRST_WEEK + timedelta(weeks=week) for week in range(weeks)]
    return pa.table(
        {
            "product_id": [f"p{product:03d}" for product in range(products) for _week in range(weeks)],
            "competitor": [competitor] * (products * weeks),
            "week_starting": calendar * products,
            "our_price": pa.array(our_prices.ravel(), from_pandas=True),
            "rival_price": pa.array(rival_prices.ravel(), from_pandas=True),
        }
    )


def promoted_prices(rng: np.random.Generator, products: int = 200, weeks: int = 52) -> FloatArray:
    prices = np.full((products, weeks), 2.0)
    prices[rng.random((products, weeks)) < 0.06] = 1.6
    return prices


def test_a_promotion_is_one_move_and_its_end_none() -> None:
    assert moves(2, 2, 2, 2, 1.6, 2, 2, 2) == [0, 0, 0, 0, -1, 0, 0, 0]


def test_a_promotion_of_two_weeks_is_one_move() -> None:
    assert moves(2, 2, 2, 2, 1.6, 1.6, 2, 2) == [0, 0, 0, 0, -1, 0, 0, 0]


def test_a_new_price_is_one_move_until_it_is_usual() -> None:
    assert moves(2, 2, 2, 2, 2.2, 2.2, 2.2, 2.2, 2.2, 2.2, 2.2) == [0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0]


def test_a_difference_of_the_share_is_a_move_and_a_smaller_one_is_not() -> None:
    assert moves(1, 1, 1, 1, 1.031) == [0, 0, 0, 0, 1]
    assert moves(1, 1, 1, 1, 1.029) == [0, 0, 0, 0, 0]


def test_unknown_weeks_are_passed_over() -> None:
    assert moves(2, 2, np.nan, 1.6, np.nan, 1.6) == [0, 0, 0, -1, 0, 0]
    assert moves(np.nan, np.nan, np.nan) == [0, 0, 0]


@pytest.mark.parametrize(
    ("ours", "theirs", "expected"),
    [
        ([1, 0, 0, 0, 0], [0, 1, 0, 0, 0], [1, 0, 0, 0, 0, 0]),
        ([0, 0, 1, 0, 0], [1, 0, 0, 0, 0], [0, 1, 0, 0, 0, 0]),
        ([1, 0, 0, 0, 0], [1, 0, 0, 0, 0], [0, 0, 1, 0, 0, 0]),
        ([1, 0, 0, 0, 0], [0, -1, 0, 0, 0], [0, 0, 0, 1, 1, 0]),
        ([1, 0, 0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0, 0], [0, 0, 0, 1, 1, 0]),
        ([0, 0, 0, 1, 0], [0, 0, 0, 0, 0], [0, 0, 0, 0, 0, 1]),
        ([0, 0, 1, 0, 0], [0, 0, 0, 0, 0], [0, 0, 0, 1, 0, 0]),
        ([1, 1, 0, 0, 0], [0, 0, 1, 0, 0], [1, 0, 0, 1, 0, 0]),
    ],
    ids=["we led", "they led", "together", "other direction", "too late", "still open", "no longer open", "one answer"],
)
def test_moves_are_paired(ours: list[int], theirs: list[int], expected: list[int]) -> None:
    assert pairs(ours, theirs) == expected


def test_unrelated_prices_answer_each_other_by_chance() -> None:
    verdicts = []
    for seed in range(30):
        rng = np.random.default_rng(seed)
        prices = comparisons(promoted_prices(rng, 60), promoted_prices(rng, 60))
        found = competitor_moves(prices, MoveParameters()).to_pylist()
        verdicts.append(found[0]["competitor_verdict"])
        answered = sum(row["we_led"] + row["they_led"] + row["together"] for row in found)
        assert answered == pytest.approx(sum(row["answered_by_chance"] for row in found), rel=0.25)
    assert verdicts.count(NO_ANSWERS) >= 26


def test_a_competitor_that_follows_is_found_out_and_so_is_one_that_leads() -> None:
    rng = np.random.default_rng(2)
    ours, theirs = promoted_prices(rng), promoted_prices(rng)
    followed = rng.random(ours.shape) < 0.4
    theirs[:, 2:][(ours[:, :-2] < 2) & followed[:, 2:]] = 1.6
    followers = competitor_moves(comparisons(ours, theirs), MoveParameters()).to_pylist()
    assert followers[0]["competitor_verdict"] == THEY_FOLLOW
    leaders = competitor_moves(comparisons(theirs, ours), MoveParameters()).to_pylist()
    assert leaders[0]["competitor_verdict"] == VERDICTS[4]


def test_every_move_is_led_answered_or_open() -> None:
    rng = np.random.default_rng(3)
    ours, theirs = promoted_prices(rng, 30), promoted_prices(rng, 30)
    ours[rng.random(ours.shape) < 0.2] = np.nan
    for row in competitor_moves(comparisons(ours, theirs), MoveParameters()).to_pylist():
        paired = row["we_led"] + row["they_led"] + row["together"]
        left = row["ours_unanswered"] + row["theirs_unanswered"] + row["open_moves"]
        assert row["our_moves"] + row["rival_moves"] == 2 * paired + left


def test_prices_that_hardly_move_give_counts_and_no_verdict() -> None:
    still = np.full((3, 52), 2.0)
    found = competitor_moves(comparisons(still, still), MoveParameters()).to_pylist()
    assert {row["competitor_verdict"] for row in found} == {"too few moves to tell"}
    assert {row["competitor_answers_q_value"] for row in found} == {None}


def test_weeks_in_which_everybody_promotes_are_no_answers() -> None:
    rng = np.random.default_rng(6)
    ours, theirs = promoted_prices(rng), promoted_prices(rng)
    for prices in (ours, theirs):
        prices[rng.random(200) < 0.5, 30] = 1.6
        prices[rng.random(200) < 0.5, 45] = 1.6
    found = competitor_moves(comparisons(ours, theirs), MoveParameters()).to_pylist()
    assert found[0]["competitor_verdict"] == NO_ANSWERS


def test_products_that_move_often_on_both_sides_are_no_answers() -> None:
    rng = np.random.default_rng(7)
    ours, theirs = promoted_prices(rng), promoted_prices(rng)
    for prices in (ours, theirs):
        prices[:60][rng.random((60, 52)) < 0.15] = 1.6
    found = competitor_moves(comparisons(ours, theirs), MoveParameters()).to_pylist()
    assert found[0]["competitor_verdict"] == NO_ANSWERS


@pytest.mark.parametrize("weeks", [1, 3])
def test_one_week_is_no_error(weeks: int) -> None:
    found = competitor_moves(comparisons(np.full((1, weeks), 2.0), np.full((1, weeks), np.nan)), MoveParameters())
    assert found.to_pylist()[0]["our_moves"] == 0


def test_nothing_watched_gives_nothing() -> None:
    found = competitor_moves(comparisons(np.ones((1, 1)), np.ones((1, 1))).slice(0, 0), MoveParameters())
    assert found.schema.equals(MOVE_SCHEMA)
    assert found.num_rows == 0


def test_the_order_of_the_rows_does_not_matter() -> None:
    rng = np.random.default_rng(5)
    rows = pa.concat_tables(
        comparisons(promoted_prices(rng, 5), promoted_prices(rng, 5), name) for name in ("near", "far")
    )
    turned = rows.take(rng.permutation(rows.num_rows))
    assert competitor_moves(turned, MoveParameters()).equals(competitor_moves(rows, MoveParameters()))


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"move_share": 0.0}, "var price_move_share is 0.0; expected"),
        ({"follow_weeks": 0}, "var price_follow_weeks is 0; expected"),
        ({"false_discovery_rate": 0.0}, "var market_false_discovery_rate is 0.0; expected"),
    ],
)
def test_parameters_out_of_range_are_refused(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        MoveParameters(**values)
