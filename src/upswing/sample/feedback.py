"""Synthetic ratings and answers on real purchases and mailings: the raw table ``feedback``.

The sample's retailer asked nobody, so this feedback is drawn from a stated process around its real purchases. Every row
carries ``is_synthetic``. A product's quality here has nothing to do with how it really sold: any figure that rests on
ratings or their texts says something about this generator, not about the products.

The process
    *Who answers.* One purchase (of a product by a customer on a day) in 125, by a readiness of the customer that is
    log-normal with a spread of 1.2; and 4 % of the real mailings. Answers come 1 to 21 days after, soon mostly; those
    that would come after the last day are not there. What is found was known by then.

    *Rating.* A score is the product's quality (its own ~ N(0, 0.6), its category's ~ N(0, 0.3)), or the campaign's
    ~ N(0, 0.6), plus the customer's leniency ~ N(0, 0.5) and noise ~ N(0, 0.8); it is cut into 1 to 5 stars so that
    about 9, 6, 12, 28 and 45 % of the answers get them.

    *Text.* Half of the answers have one. Its tone is that of the rating as meant (1 and 2 bad, 3 middling, 4 and 5
    good); 3 % say the contrary of their stars, for these were taken the wrong way round. 6 % of the customers write
    Chinese. Slips of the hand, shouting, texts of one word.

    *Mess.* No rating (6 %), ratings off the scale (0, 6, 10, -1), no customer (4 %) or product (3 %), unknown products,
    answers sent again (0.5 %: the later row is the correction), a few days in a wrong century or missing.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
from numpy.typing import NDArray

from upswing.sample.browsing_sessions import DAY, SECOND, read_touches, waking_hours
from upswing.sample.feedback_texts import CONTENT, FeedbackWriter
from upswing.sample.raw_files import (
    Doubles,
    Longs,
    Products,
    Purchases,
    chosen,
    connect,
    numbered,
    read_products,
    read_purchases,
    write_table,
)

READINESS_SPREAD = 1.2
CAMPAIGN_ANSWER_SHARE = 0.04
ANSWER_DAYS = (1, 21)
USUAL_ANSWER_DAYS = 5.0

QUALITY_SPREAD = 0.6
CATEGORY_SPREAD = 0.3
LENIENCY_SPREAD = 0.5
NOISE = 0.8
STARS_UP_TO = (-1.56, -1.20, -0.71, 0.145)
"""Scores up to which there are 1, 2, 3, 4 stars: quantiles of the sum of the normal parts."""

TEXT_SHARE = 0.5
CHINESE_SHARE = 0.06
CONTRARY_SHARE = 0.03
NO_RATING_SHARE = 0.06
OFF_SCALE_SHARE = 0.004
OFF_SCALE = (0.0, 6.0, 10.0, -1.0)
NO_CUSTOMER_SHARE = 0.04
NO_PRODUCT_SHARE = 0.03
UNKNOWN_PRODUCT_SHARE = 0.002
UNKNOWN_PRODUCT = "99000001"
SENT_AGAIN_SHARE = 0.005
WRONG_CENTURY_SHARE = 0.0005
NO_DAY_SHARE = 0.0005
CENTURY = 36_524 * DAY


@dataclass(frozen=True)
class FeedbackParameters:
    """What is drawn.

    Attributes:
        answered_share: share of the real purchases that are rated, above 0 and up to 0.2.
        seed: the same seed gives the same file.
    """

    answered_share: float = 0.008
    seed: int = 20171231

    def __post_init__(self) -> None:
        if not 0 < self.answered_share <= 0.2:
            raise ValueError(f"answered_share is {self.answered_share}; expected a share above 0 and up to 0.2")
        if self.seed < 0:
            raise ValueError(f"seed is {self.seed}; expected 0 or above")


def write_feedback_sample(folder: Path, parameters: FeedbackParameters | None = None) -> dict[str, int]:
    """Write ``feedback`` into ``folder``, around the real tables there; returns its rows.

    The same real tables and parameters write the same file.

    Raises:
        FileNotFoundError, ValueError: the real tables are not there, or hold no purchase.
    """
    return {"feedback": write_table(folder, "feedback", answer(folder, parameters))}


def answer(folder: Path, parameters: FeedbackParameters | None = None) -> pa.Table:
    """Draw the raw table around the real tables in ``folder``."""
    parameters = parameters or FeedbackParameters()
    for_answers, for_ratings, for_texts, for_mess = np.random.default_rng(parameters.seed).spawn(4)
    with connect(folder) as connection:
        products = read_products(connection)
        purchases = read_purchases(connection, products)
        campaigns, touches = read_touches(connection, purchases.customer_ids)
    answers = _answers(for_answers, purchases, touches, parameters.answered_share)
    answers["stars"] = _stars(for_ratings, answers, products, len(purchases.customer_ids), len(campaigns))
    answers["text"] = _texts(for_texts, answers, products, len(purchases.customer_ids))
    rows = _spoiled(for_mess, answers, len(products))
    moments = rows["submitted"].to_numpy(np.float64)
    return pa.table(
        {
            "feedback_id": numbered("FB-", rows["number"].to_numpy(), 7),
            "customer_id": chosen(purchases.customer_ids, rows["customer"].to_numpy()),
            "product_id": chosen([*products.ids, UNKNOWN_PRODUCT], rows["product"].to_numpy()),
            "campaign_id": chosen(campaigns, rows["campaign"].to_numpy()),
            "rating": pa.array(rows["stars"].to_numpy(np.float64), pa.float64(), from_pandas=True),
            "feedback_text": pa.array(rows["text"].to_list(), pa.string()),
            "submitted_at": pa.array(
                np.nan_to_num(moments).astype(np.int64), pa.timestamp("us"), mask=np.isnan(moments)
            ),
            "is_synthetic": pa.array(np.ones(len(rows), np.bool_)),
        }
    )


def _answers(
    rng: np.random.Generator, purchases: Purchases, touches: pd.DataFrame, answered_share: float
) -> pd.DataFrame:
    """Who answers on what and when: ``customer``, ``product`` or ``campaign`` (-1: none), ``submitted``."""
    readiness = np.exp(rng.normal(0, READINESS_SPREAD, len(purchases.customer_ids)))[purchases.customers]
    chance = np.minimum(answered_share * readiness / max(float(readiness.mean()), 1e-9), 1.0)
    rated = np.flatnonzero(rng.random(len(purchases)) < chance)
    mailed = touches[rng.random(len(touches)) < CAMPAIGN_ANSWER_SHARE]
    answers = pd.DataFrame(
        {
            "customer": np.r_[purchases.customers[rated], mailed["customer"]],
            "product": np.r_[purchases.products[rated], np.full(len(mailed), -1)],
            "campaign": np.r_[np.full(len(rated), -1), mailed["campaign"]],
            "moment": np.r_[purchases.moments[rated], mailed["moment"]],
        }
    )
    fewest, most = ANSWER_DAYS
    days = np.minimum(fewest + rng.exponential(USUAL_ANSWER_DAYS, len(answers)).astype(np.int64), most)
    submitted = (answers["moment"] // DAY + days) * DAY + waking_hours(rng, len(answers))
    answers["submitted"] = submitted // SECOND * SECOND
    first, last = int(purchases.moments.min()) // DAY * DAY, (int(purchases.moments.max()) // DAY + 1) * DAY
    known = answers[(first <= answers["submitted"]) & (answers["submitted"] < last)]
    known = known.sort_values(["submitted", "customer", "product", "campaign"], ignore_index=True)
    return known.assign(number=np.arange(len(known)) + 1)


def _stars(
    rng: np.random.Generator, answers: pd.DataFrame, products: Products, customers: int, campaigns: int
) -> Doubles:
    """The rating as meant, 1 to 5."""
    of_category = rng.normal(0, CATEGORY_SPREAD, int(products.categories[-1]) + 1)[products.categories]
    quality = of_category + rng.normal(0, QUALITY_SPREAD, len(products))
    of_campaign = rng.normal(0, QUALITY_SPREAD, max(campaigns, 1))
    leniency = rng.normal(0, LENIENCY_SPREAD, customers)
    product, campaign = answers["product"].to_numpy(), answers["campaign"].to_numpy()
    of_thing = np.where(product >= 0, quality[product], of_campaign[campaign])
    score = of_thing + leniency[answers["customer"]] + rng.normal(0, NOISE, len(answers))
    return np.asarray(1.0 + np.searchsorted(STARS_UP_TO, score))


def _texts(rng: np.random.Generator, answers: pd.DataFrame, products: Products, customers: int) -> list[str | None]:
    """The text of about half of the answers."""
    writer = FeedbackWriter(rng)
    chinese = rng.random(customers) < CHINESE_SHARE
    has_text, contrary = rng.random(len(answers)) < TEXT_SHARE, rng.random(len(answers)) < CONTRARY_SHARE
    level = np.searchsorted((2.5, 3.5), answers["stars"])
    level = np.where(contrary, len(CONTENT) - 1 - level, level)
    texts: list[str | None] = [None] * len(answers)
    for row in np.flatnonzero(has_text).tolist():
        product = int(answers["product"].iat[row])
        language = "zh" if chinese[answers["customer"].iat[row]] else "en"
        name, kind = (products.names[product], products.kinds[product]) if product >= 0 else (None, None)
        texts[row] = writer.write(int(level[row]), language, name, kind)
    return texts


def _spoiled(rng: np.random.Generator, answers: pd.DataFrame, unknown_product: int) -> pd.DataFrame:
    """The rows as delivered: values missing or wrong, some sent again."""
    count = len(answers)
    rows = answers.copy()
    chance: NDArray[np.float64] = rng.random((6, count))
    rows.loc[chance[0] < NO_RATING_SHARE, "stars"] = np.nan
    off_scale = chance[0] > 1 - OFF_SCALE_SHARE
    rows.loc[off_scale, "stars"] = rng.choice(OFF_SCALE, count)[off_scale]
    rows.loc[chance[1] < NO_CUSTOMER_SHARE, "customer"] = -1
    rated: NDArray[np.bool_] = (rows["product"] >= 0).to_numpy()
    rows.loc[rated & (chance[2] < NO_PRODUCT_SHARE), "product"] = -1
    rows.loc[rated & (chance[2] > 1 - UNKNOWN_PRODUCT_SHARE), "product"] = unknown_product
    again = rows[chance[3] < SENT_AGAIN_SHARE]
    first: Longs = again.index.to_numpy()
    rows.loc[first, "stars"] = rng.integers(1, 6, len(again)).astype(np.float64)
    rows["submitted"] = rows["submitted"].astype(np.float64)
    rows.loc[chance[4] < WRONG_CENTURY_SHARE, "submitted"] += float(CENTURY)
    rows.loc[chance[4] > 1 - NO_DAY_SHARE, "submitted"] = np.nan
    entered = np.r_[np.arange(count), first + rng.integers(1, 60, len(again)) + 0.5]
    return pd.concat([rows, again], ignore_index=True).iloc[np.argsort(entered, kind="stable")]
