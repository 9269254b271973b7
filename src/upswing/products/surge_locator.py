"""When the sales of a breakout product will surge (source: visual sales analysis patent, claims 5-7)."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from upswing.calibration import PlattScaling
from upswing.products.analogs import AnalogParameters, Analogs
from upswing.products.launch_features import LaunchEncoder
from upswing.products.launch_windows import LaunchHistory, LaunchWindows
from upswing.products.surge_network import (
    NETWORK_ARRAYS,
    AnalogBatch,
    Progress,
    SurgeNetworkParameters,
    SurgeNetworks,
    train_networks,
)
from upswing.tensors import pack, unpack


@dataclass(frozen=True)
class SurgeParameters:
    """How the surge locator is trained and measured.

    Attributes:
        launch_weeks, cycle_weeks: lengths of the launch window and the cycle.
        analogs: how analogs are chosen in the backtest; those of the products to score come with the training rows.
        network: of the back-propagation networks.
        category_shrinkage: launches' worth of belief that a category is like all.
        min_backtest_history: least historical launches a backtest week must have to learn from.
    """

    launch_weeks: int
    cycle_weeks: int
    analogs: AnalogParameters = field(default_factory=AnalogParameters)
    network: SurgeNetworkParameters = field(default_factory=SurgeNetworkParameters)
    category_shrinkage: float = 5.0
    min_backtest_history: int = 30


@dataclass(frozen=True)
class SurgeLocator:
    """Trained networks of some products.

    The inputs of a network are features less those of its product at the time of the fit, so that the product stands at
    zero and the network says what being unlike it changes.

    Attributes:
        product_ids: of the networks, in their order.
        encoder: launch windows to features.
        centres: features of the products when they were fitted, shape (products, features).
        networks: see :class:`SurgeNetworks`.
        calibration: from log-odds to probabilities, learned on analogs held out in validation.
    """

    product_ids: NDArray[np.str_]
    encoder: LaunchEncoder
    centres: NDArray[np.float32]
    networks: SurgeNetworks
    calibration: PlattScaling

    def probabilities(self, products: LaunchWindows) -> NDArray[np.float64]:
        """Surge probability in each later week, shape (products, cycle_weeks - launch_weeks).

        Args:
            products: the products of the networks, in their order.
        """
        inputs = self.encoder.encode(products).flat.astype(np.float32) - self.centres
        return self.calibration.probabilities(self.networks.log_odds(inputs).astype(np.float64))

    def of_products(self, product_ids: NDArray[np.str_]) -> SurgeLocator:
        """The locator of some of its products, in the order given."""
        order = np.argsort(self.product_ids)
        rows = order[np.searchsorted(self.product_ids[order], product_ids)]
        arrays = {name: array[rows] for name, array in self.networks.arrays.items()}
        networks = SurgeNetworks(**arrays, steps=self.networks.steps)
        return replace(self, product_ids=product_ids, centres=self.centres[rows], networks=networks)

    def to_bytes(self) -> bytes:
        """The locator as safetensors."""
        arrays, facts = self.encoder.packed()
        facts["product_ids"] = [str(product_id) for product_id in self.product_ids]
        facts["steps"] = self.networks.steps
        facts["calibration"] = [self.calibration.slope, self.calibration.intercept]
        return pack(arrays | self.networks.arrays | {"centres": self.centres}, facts)

    @classmethod
    def from_bytes(cls, blob: bytes) -> SurgeLocator:
        """What :meth:`to_bytes` wrote."""
        arrays, facts = unpack(blob)
        return cls(
            np.asarray(facts["product_ids"], dtype=np.str_),
            LaunchEncoder.unpacked(arrays, facts),
            arrays["centres"],
            SurgeNetworks(**{name: arrays[name] for name in NETWORK_ARRAYS}, steps=facts["steps"]),
            PlattScaling(*facts["calibration"]),
        )


def analog_weights(analogs: Analogs) -> NDArray[np.float64]:
    """Weight of each analog by its distance: a Gaussian whose width is the product's median distance, at least 1e-6."""
    weights = np.ones(len(analogs.product))
    for product in np.unique(analogs.product):
        rows = analogs.product == product
        width = max(float(np.median(analogs.distance[rows])), 1e-6)
        weights[rows] = np.exp(-0.5 * (analogs.distance[rows] / width) ** 2)
    return weights


def analog_batch(
    products: LaunchWindows, history: LaunchHistory, analogs: Analogs, encoder: LaunchEncoder
) -> AnalogBatch:
    """Training rows of the products' networks, padded to the longest list of analogs."""
    own, known = encoder.encode(products).flat, encoder.encode(history.windows).flat
    most = int(np.bincount(analogs.product, minlength=1).max()) if len(analogs.product) else 0
    weeks = history.surges.shape[1]
    inputs = np.zeros((len(products), most, own.shape[1]), dtype=np.float32)
    surges = np.zeros((len(products), most, weeks), dtype=np.float32)
    weight = np.zeros((len(products), most), dtype=np.float32)
    place = (analogs.product, analogs.rank - 1)
    inputs[place] = known[analogs.analog] - own[analogs.product]
    surges[place] = history.surges[analogs.analog]
    weight[place] = analog_weights(analogs)
    return AnalogBatch(inputs, surges, weight)


def train_locator(
    products: LaunchWindows,
    history: LaunchHistory,
    analogs: Analogs,
    parameters: SurgeParameters,
    progress: Progress = lambda _done, _all: None,
) -> SurgeLocator:
    """Train one network a product on its analogs, all of them as one batched computation."""
    encoder = LaunchEncoder.fit(history.windows, history.weekly_units, parameters.category_shrinkage)
    batch = analog_batch(products, history, analogs, encoder)
    networks, calibration = train_networks(batch, parameters.network, progress)
    centres = encoder.encode(products).flat.astype(np.float32)
    return SurgeLocator(products.product_ids, encoder, centres, networks, calibration)
