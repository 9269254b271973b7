"""Blocks of a product's vector: words, what BERT read, names, numbers; a row has length 1, or 0 where not known."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

WORD = r"[\u3040-\u30ff\u4e00-\u9fff]|[^\W_\u3040-\u30ff\u4e00-\u9fff]+"
"""A run of letters or digits; where a language leaves no spaces between words, each character."""

SPREAD = 2.0
"""So many interquartile ranges from the median lie the ends of a scale."""


def unit_rows(matrix: FloatArray) -> FloatArray:
    """Rows divided by their length; a row of zeros stays."""
    lengths = np.linalg.norm(matrix, axis=1, keepdims=True)
    return np.asarray(matrix / np.where(lengths > 1e-12, lengths, 1))


def word_block(texts: Sequence[str], width: int) -> FloatArray:
    """TF-IDF of the words of distinct texts, reduced by a truncated SVD with fixed signs; shape (texts, width).

    Words that stand in one text alone are left out, for they make nothing alike. Rows depend on the set of texts.
    """
    from sklearn.decomposition import TruncatedSVD
    from sklearn.feature_extraction.text import TfidfVectorizer

    if len(texts) < 2:
        return np.zeros((len(texts), width))
    try:
        found = TfidfVectorizer(token_pattern=WORD, min_df=2, sublinear_tf=True).fit_transform(texts)
    except ValueError:  # no word stands in two texts
        return np.zeros((len(texts), width))
    kept = min(width, *(size - 1 for size in found.shape))
    if kept < 1:
        return unit_rows(_widened(np.asarray(found.todense()), width))
    reduced = TruncatedSVD(kept, random_state=0).fit_transform(found)
    return unit_rows(_widened(np.asarray(reduced, dtype=np.float64), width))


def reading_block(readings: NDArray[np.float32], width: int) -> FloatArray:
    """What BERT read in distinct texts, less the mean, on its first principal components; shape (texts, width).

    All vectors of a BERT point much the same way: less their mean, the cosine tells them apart. The sign of a component
    is that of its greatest coordinate.
    """
    if not readings.size:
        return np.zeros((len(readings), width))
    centred = readings - readings.mean(axis=0, dtype=np.float64)
    _, axes = np.linalg.eigh(centred.T @ centred)
    axes = axes[:, ::-1][:, :width]
    greatest = axes[np.abs(axes).argmax(axis=0), np.arange(axes.shape[1])]
    return unit_rows(_widened(centred @ (axes * np.where(greatest < 0, -1.0, 1.0)), width))


def name_block(names: Sequence[str | None], width: int, salt: str) -> FloatArray:
    """Each name as signs drawn by its hash: equal names have cosine 1, others about 0 ± 1/√width; shape (names, width).

    Args:
        names: None where not known.
        width: at most 256.
        salt: keeps equal names of two blocks apart.
    """
    distinct = sorted({name for name in names if name is not None})
    place = {name: number for number, name in enumerate(distinct)}
    codes = np.zeros((len(distinct) + 1, width))
    for number, name in enumerate(distinct):
        bits = np.unpackbits(np.frombuffer(hashlib.sha256(f"{salt}:{name}".encode()).digest(), dtype=np.uint8))
        codes[number] = (2.0 * bits[:width] - 1) / np.sqrt(width)
    return codes[[place.get(name, -1) if name is not None else -1 for name in names]]


def scaled(values: FloatArray) -> FloatArray:
    """Values on a robust scale from 0 to 1, the median at a half; NaN stays.

    The scale is the interquartile range; where half of all values are equal, the standard deviation.
    """
    known = values[np.isfinite(values)]
    if not len(known):
        return np.full(len(values), np.nan)
    low, median, high = np.quantile(known, [0.25, 0.5, 0.75])
    scale = (high - low) or float(known.std()) or 1.0
    return np.asarray((1 + np.clip((values - median) / scale, -SPREAD, SPREAD) / SPREAD) / 2)


def scale_points(values: FloatArray) -> FloatArray:
    """Scaled values as points on a quarter circle: the cosine of two falls from 1, if equal, to 0 between the ends.

    Returns:
        Shape (values, 3): the point and whether the value is not known, which takes the point's place. All zeros where
        no value at all is known.
    """
    on_scale = scaled(values)
    known = np.isfinite(on_scale)
    angle = np.where(known, on_scale, 0) * np.pi / 2
    points = np.stack([np.cos(angle) * known, np.sin(angle) * known, ~known], axis=1)
    return np.asarray(points if known.any() else np.zeros_like(points), dtype=np.float64)


def market_block(columns: Sequence[FloatArray]) -> FloatArray:
    """Numbers side by side, each as :func:`scale_points`: the cosine is their mean likeness."""
    return unit_rows(np.concatenate([scale_points(values) for values in columns], axis=1))


def package_block(quantities: FloatArray, units: Sequence[str | None], width: int) -> FloatArray:
    """Package sizes: alike where the unit is the same and the logarithms of the quantities are near.

    Args:
        quantities: above 0; NaN where not known.
        units: None where not known.
        width: even.
    """
    codes = name_block(units, width // 2, "unit")
    points = np.zeros((len(units), 2))
    for unit in sorted({unit for unit in units if unit is not None}):
        rows = np.array([name == unit for name in units])
        with np.errstate(divide="ignore", invalid="ignore"):
            points[rows] = scale_points(np.log(quantities[rows]))[:, :2]
    return np.asarray((codes[:, :, None] * points[:, None, :]).reshape(len(units), -1))


def _widened(matrix: FloatArray, width: int) -> FloatArray:
    """With columns of zeros up to the width."""
    return np.pad(matrix[:, :width], ((0, 0), (0, max(width - matrix.shape[1], 0))))
