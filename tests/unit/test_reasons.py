# ruff: noqa: RUF001 (Chinese punctuation)

import json
import re
import tomllib
from importlib.resources import files
from typing import Any

import numpy as np
import pytest

from upswing.interface.words import LANGUAGES
from upswing.reasons.codes import Reason, from_json, pointing, strongest, to_json
from upswing.reasons.words import known_codes, worded, worded_json

LATE = Reason("last_purchase", {"value": 56.0, "usual": 12.5}, 0.09)


def test_json_keeps_reasons_as_they_are() -> None:
    reasons = [LATE, Reason("nothing_raises", {"base": 0.5}), Reason("visit", {"visit": 2, "day": "2024-01-31"}, -0.02)]
    assert from_json(to_json(reasons)) == reasons


def test_json_knows_no_nan_and_no_number_of_numpys() -> None:
    (found,) = json.loads(to_json([Reason("stores", {"value": np.float64("nan"), "usual": np.int64(3)}, -0.0)]))
    assert found == {"code": "stores", "parameters": {"value": None, "usual": 3}, "effect": 0.0}


def test_every_language_words_the_same_codes_with_the_same_parameters() -> None:
    english = known_codes("en")
    for language in LANGUAGES:
        codes = known_codes(language)
        assert codes.keys() == english.keys()
        for code, template in codes.items():
            assert set(re.findall(r"\{(\w+)", template)) == set(re.findall(r"\{(\w+)", english[code])), code


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_code_is_in_two_tables(language: str) -> None:
    words: dict[str, Any] = tomllib.loads((files("upswing.reasons") / f"{language}.toml").read_text(encoding="utf-8"))
    codes = [code for kind in words["effects"] for code in words[kind]]
    assert len(codes) == len(set(codes))


@pytest.mark.parametrize(
    ("reason", "english", "chinese"),
    [
        (
            LATE,
            "last purchase 56 days ago, usually every 12.5 days (raises it by 9 points)",
            "距上次购买 56 天，平时每 12.5 天买一次（推高 9 个百分点）",
        ),
        (
            Reason("orders_recent", {"value": 1, "usual": 0.923, "weeks": 4}, -0.0123),
            "1 order in 4 weeks, usually 0.92 (lowers it by 1 point)",
            "近 4 周 1 单，平时为 0.92 单（拉低 1 个百分点）",
        ),
        (
            Reason("promoted_share", {"value": 0.62, "usual": 0.0}, 0.0042),
            "62 % of the spend on coupon or promotion, typically 0 % (raises it by 0.4 points)",
            "消费的 62 % 用券或享受促销，一般客户为 0 %（推高 0.4 个百分点）",
        ),
        (
            Reason("launch_stores", {"value": 1, "usual": 12}, -float(np.log(3.3))),
            "sold in 1 store a week, typically 12 (odds ÷ 3.3)",
            "每周在 1 家门店有售出，一般新品为 12 家（几率 ÷ 3.3）",
        ),
        (
            Reason("launch_week", {"value": 1234.56, "usual": 2, "week": 3}, 40.0),
            "1,234.6 units in week 3, typically 2 (odds × over 999)",
            "第 3 周卖出 1,234.6 件，一般新品为 2 件（几率 × 999 以上）",
        ),
        (
            Reason("visit", {"visit": 2, "day": "2024-01-31"}, -0.3),
            "visit 2 on 2024-01-31 lowered it by 30 points",
            "2024-01-31 的第 2 次拜访，拉低 30 个百分点",
        ),
        (Reason("no_purchase", {}), "no purchase yet", "还没有购买过"),
    ],
)
def test_words(reason: Reason, english: str, chinese: str) -> None:
    assert worded([reason]) == english
    assert worded_json(to_json([reason]), "zh") == chinese


def test_reasons_are_joined_as_each_language_does() -> None:
    two = [Reason("no_purchase", {}), Reason("out_of_stock", {})]
    assert worded(two) == "no purchase yet; out of stock"
    assert worded(two, "zh") == "还没有购买过；缺货"


def chosen(effects: list[float], apart: list[float], natural: list[int], *, raised: bool) -> list[float]:
    found = pointing(np.array([effects]), np.array([raised]), np.array([apart]), natural, 0.01)
    return [float(effect) for effect in found[0]]


def test_only_what_points_the_way_of_the_number_is_a_reason() -> None:
    assert chosen([0.2, -0.3], [1, 1], [0, 0], raised=True) == [0.2, 0]
    assert chosen([0.2, -0.3], [1, 1], [0, 0], raised=False) == [0, -0.3]


def test_the_least_effect_counts_and_less_does_not() -> None:
    assert chosen([0.01, 0.0099], [1, 1], [0, 0], raised=True) == [0.01, 0]


def test_what_moves_it_against_all_expectation_is_no_reason() -> None:
    """More customers than usual that lower the odds, a purchase overdue that lowers churn."""
    assert chosen([-0.2, 0.2], [5, 5], [1, 1], raised=False) == [0, 0]
    assert chosen([-0.2, 0.2], [5, 5], [1, 1], raised=True) == [0, 0.2]
    assert chosen([0.2, 0.2], [-5, -5], [1, -1], raised=True) == [0, 0.2]


def test_what_is_as_usual_is_no_reason() -> None:
    assert chosen([0.2], [0], [0], raised=True) == [0]


def test_three_reasons_the_strongest_first() -> None:
    assert strongest(np.array([[0.1, -0.4, 0.0, 0.3, 0.2], [0, 0, 0, 0, 0]])) == [[1, 3, 4], []]
