from __future__ import annotations

import numpy as np

from upswing.rounding import rounded


def test_a_small_chance_is_not_rounded_to_none() -> None:
    chances = np.array([0.0, 1.23456e-8, 0.05123456, 1.0, np.nan])
    assert rounded("q_value", chances).tolist()[:4] == [0.0, 1.235e-8, 0.051235, 1.0]
    assert np.isnan(rounded("trend_p_value", chances)[4])
    assert rounded("lift", chances).tolist()[:3] == [0.0, 0.0, 0.051235]
