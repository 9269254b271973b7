"""Where a price moves, and which of two prices moved first.

A price moves in the first week in which it lies off what was usual in the weeks before: a promotion is one move and not
two, a new price one move and not one in each of the weeks until it is usual.
"""

from __future__ import annotations

import warnings

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int8]
LongArray = NDArray[np.int64]

DRAWS = 99
BLOCK = 10
"""Products that moved about as often and are held against each other's rivals, at least where so many are there."""
SEED = 20171231

WE_LED, THEY_LED, TOGETHER, OURS_ALONE, THEIRS_ALONE, OPEN = range(6)


def price_moves(prices: FloatArray, share: float, window: int) -> IntArray:
    """Moves of each price: 1 upwards, −1 downwards, 0 none.

    Args:
        prices: above 0, nan where not known; shape (n, T).
        share: by which a price lies off the median of those in the ``window`` weeks before, at least.
        window: in weeks.

    Returns:
        Shape (n, T). A week is compared with the last known one before it: what was off that way there does not move.
    """
    logs = np.log(prices)
    padded = np.concatenate([np.full((len(logs), window), np.nan), logs], axis=1)
    before = np.lib.stride_tricks.sliding_window_view(padded, window, axis=1)[:, : logs.shape[1]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of weeks without any known price before them
        off = logs - np.nanmedian(before, axis=2)
    state = np.where(off >= np.log1p(share), 1, np.where(off <= -np.log1p(share), -1, 0)).astype(np.int8)
    moves = np.zeros_like(state)
    last = np.zeros(len(state), np.int8)
    for week in range(state.shape[1]):
        known = np.isfinite(logs[:, week])
        moves[:, week] = np.where(known & (state[:, week] != last), state[:, week], 0)
        last = np.where(known, state[:, week], last)
    return moves


def paired_moves(ours: IntArray, theirs: IntArray, window: int) -> LongArray:
    """Count who moved first.

    A move is answered by the other's first move in the same direction that is no answer itself, in the same week or at
    most ``window`` weeks later. Shorter delays are paired first, in each delay ours before theirs, earlier weeks before
    later ones. What is not answered stays open while the ``window`` weeks are not over.

    Args:
        ours, theirs: as of :func:`price_moves`, shape (n, T).

    Returns:
        Shape (n, 6): we led, they led, together, ours unanswered, theirs unanswered, open.
    """
    counts = np.zeros((len(ours), 6), np.int64)
    ours_left, theirs_left = ours.copy(), theirs.copy()
    length = ours.shape[1]
    for delay in range(min(window, length - 1) + 1):
        for first, second, kind in ((ours_left, theirs_left, WE_LED), (theirs_left, ours_left, THEY_LED)):
            leading, following = first[:, : length - delay], second[:, delay:]
            matched = (leading != 0) & (leading == following)
            # Views: what is paired is taken out of both.
            leading[matched] = 0
            following[matched] = 0
            counts[:, TOGETHER if delay == 0 else kind] += matched.sum(axis=1)
    settled = max(length - window, 0)
    counts[:, OURS_ALONE] = (ours_left[:, :settled] != 0).sum(axis=1)
    counts[:, THEIRS_ALONE] = (theirs_left[:, :settled] != 0).sum(axis=1)
    counts[:, OPEN] = (ours_left[:, settled:] != 0).sum(axis=1) + (theirs_left[:, settled:] != 0).sum(axis=1)
    return counts


def chance_counts(ours: IntArray, theirs: IntArray, first: LongArray, last: LongArray, window: int) -> LongArray:
    """The counts when each product is held against the same rival's prices of another product.

    That leaves what has nothing to do with answering: weeks in which everybody promotes, and products whose prices move
    often on both sides, for the other product is one that was watched in the same weeks and moved about as often.

    Args:
        first, last: of the weeks in which the rival was watched, as places in T, shape (n,).

    Returns:
        Shape (``DRAWS``, n, 6). A product that no other was watched beside counts as it is.
    """
    often = (theirs != 0).sum(axis=1)
    order = np.lexsort((np.arange(len(ours)), (ours != 0).sum(axis=1), often, last, first))
    alike = np.concatenate([[0], np.cumsum((np.diff(first[order]) != 0) | (np.diff(last[order]) != 0))])
    starts = np.flatnonzero(np.concatenate([[True], np.diff(alike) != 0]))
    place = np.arange(len(order)) - starts[alike]
    members = np.bincount(alike)[alike]
    # Blocks as even as can be, so that none is left with one product.
    blocks = np.maximum(members // BLOCK, 1)
    block_of = place * blocks // members
    block = np.unique(alike * (blocks.max() + 1) + block_of, return_inverse=True)[1]
    begins = np.flatnonzero(np.concatenate([[True], np.diff(block) != 0]))
    sizes = np.bincount(block)
    generator = np.random.default_rng(SEED)
    counts = np.zeros((DRAWS, len(ours), 6), np.int64)
    for draw in range(DRAWS):
        shift = np.where(sizes > 1, generator.integers(1, np.maximum(sizes, 2)), 0)
        other = begins[block] + (np.arange(len(order)) - begins[block] + shift[block]) % sizes[block]
        counts[draw, order] = paired_moves(ours[order], theirs[order[other]], window)
    return counts
