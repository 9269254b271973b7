"""A fitted model is a row: when it is due, what it holds, how it is read back (design of every ``fit_<model>``)."""

from __future__ import annotations

import ast
import dataclasses
import hashlib
import importlib.util
import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar, Protocol

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

FIT_SCHEMA = pa.schema(
    [
        pa.field("model_name", pa.string()),
        pa.field("model_version", pa.string()),
        pa.field("fingerprint", pa.string()),
        pa.field("code_hash", pa.string()),
        pa.field("row_sketch", pa.binary()),
        pa.field("fitted_at", pa.timestamp("us")),
        pa.field("as_of_date", pa.date32()),
        pa.field("refit_reason", pa.string()),
        pa.field("training_rows", pa.int64()),
        pa.field("parameters", pa.string()),
        pa.field("metrics", pa.string()),
        pa.field("verdict", pa.string()),
        pa.field("weights", pa.binary()),
    ]
)

SKETCH_ROWS = 1024

AFTER_ERASURE = "customers were erased since the last fit"
"""Why a fit was made; the macro ``prune_weights`` looks for it, and leaves no older fit its weights."""

PARSE_TRIES = 20

REFIT_CHOICES = ("auto", "always", "never")


@dataclass(frozen=True)
class RefitPolicy:
    """When a model is trained again (vars ``refit``, ``refit_after_days``, ``refit_growth``).

    Attributes:
        refit: ``always``; ``never``, not even the first time; or ``auto``: when there is no fit, when the code, the
            parameters or more than ``refit_growth`` of the training rows changed, when customers whose rows trained it
            were erased since, or when anything changed and the newest fit is older than ``refit_after_days``.
        refit_after_days: age in days of the newest fit, between the two as-of dates.
        refit_growth: share of the training rows, above 0.
    """

    refit: str = "auto"
    refit_after_days: int = 7
    refit_growth: float = 0.1

    def __post_init__(self) -> None:
        if self.refit not in REFIT_CHOICES:
            raise ValueError(f"var refit is {self.refit!r}; expected one of {', '.join(REFIT_CHOICES)}")
        if self.refit_after_days < 0:
            raise ValueError(f"var refit_after_days is {self.refit_after_days}; expected 0 or more days")
        if self.refit_growth <= 0:
            raise ValueError(f"var refit_growth is {self.refit_growth}; expected a share above 0")


@dataclass(frozen=True)
class Metric:
    """One measured figure of the model or of one of its baselines.

    Attributes:
        split: how the rows it is measured on were held out.
        target: what was predicted.
        competitor: ``model`` or the baseline's name.
        metric: name of the figure.
        value: the figure; NaN where the rows cannot carry it.
    """

    split: str
    target: str
    competitor: str
    metric: str
    value: float


@dataclass(frozen=True)
class SliceMetric(Metric):
    """A figure of one group of the rows, see :mod:`upswing.slices`.

    Attributes:
        slice_column: what the rows are told apart by.
        slice_value: the group.
        rows: of the group.
        subjects: customers, products, deals or texts whose rows they are.
        lower, upper: interval of the value; None where there is none.
        others: the figure of all other rows; None where nothing is compared.
        gap_lower, gap_upper: interval of the value less that of the others.
        pooled_groups: how many groups, too small to be told apart, this one is made of.
    """

    slice_column: str
    slice_value: str
    rows: int
    subjects: int
    lower: float | None = None
    upper: float | None = None
    others: float | None = None
    gap_lower: float | None = None
    gap_upper: float | None = None
    pooled_groups: int = 0


@dataclass(frozen=True)
class Fit:
    """What training returns.

    Attributes:
        weights: safetensors bytes, never pickle.
        metrics: the model's and each baseline's, on the same rows.
        verdict: whether the model beats its baselines, in words.
        slices: the model's by group of these rows.
    """

    weights: bytes
    metrics: list[Metric]
    verdict: str
    slices: list[SliceMetric] = field(default_factory=list)


class Parameters(Protocol):
    """Any frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]


class NotEnoughHistory(Exception):  # noqa: N818 (a state of the warehouse, not a fault)
    """Training data too small to learn from; its message says what there is and what is needed."""


def fit_when_due(
    model_name: str,
    module: str,
    train: Callable[[], Fit],
    training: Sequence[pa.Table],
    parameters: Parameters,
    earlier: pa.Table | None,
    policy: RefitPolicy,
    as_of_date: date | None,
    tell: Callable[[str], None] = print,
    drift: Callable[[dict[str, Any]], str | None] | None = None,
    erased_at: datetime | None = None,
) -> pa.Table:
    """Train where due and return the fit as one row of :data:`FIT_SCHEMA`, or no row where nothing was trained.

    Args:
        model_name: name of the learned model.
        module: module of the algorithm; its source and that of all it imports from this package are fingerprinted.
        train: trains; may raise :class:`NotEnoughHistory`, which is told and trains nothing.
        training: the tables it trains on; the order of their rows does not matter to the fingerprint.
        parameters: what ``train`` is parametrised with.
        earlier: the rows of earlier fits, in any order; None or empty before the first.
        policy: when to train.
        as_of_date: the build's clock; None where the raw data hold no day, and nothing is trained.
        tell: told in one line what was decided and why.
        drift: given the newest fit, says why its errors call for another, or None; asked where ``refit`` is auto and
            nothing else calls for one.
        erased_at: when a customer was last erased (UTC, without a zone), to the second; None where nobody was, and of a
            model that learns from no rows of customers.
    """
    nothing = FIT_SCHEMA.empty_table()
    if as_of_date is None:
        tell(f"{model_name}: the raw data hold no day to learn from; not trained")
        return nothing
    hashes = row_hashes(training)
    training_rows = len(hashes)
    code_hash = source_hash(module)
    parameters_json = json.dumps(dataclasses.asdict(parameters), sort_keys=True)
    digest = hashlib.sha256(hashes.tobytes())
    digest.update(parameters_json.encode())
    digest.update(code_hash.encode())
    fingerprint = digest.hexdigest()
    newest = newest_fit(earlier)
    reason = refit_reason(newest, fingerprint, code_hash, parameters_json, hashes, policy, as_of_date, erased_at)
    if reason is None and drift is not None and newest is not None and policy.refit == "auto":
        reason = drift(newest) if newest["fingerprint"] != fingerprint else None
    if reason is None:
        kept = f"{newest['model_version']} stands" if newest else "none stands"
        tell(f"{model_name}: no fit due, {kept}")
        return nothing
    started = datetime.now(UTC)
    try:
        fit = train()
    except NotEnoughHistory as too_little:
        tell(f"{model_name}: not trained: {too_little}")
        return nothing
    seconds = (datetime.now(UTC) - started).total_seconds()
    number = (int(newest["model_version"].split("-")[0]) if newest else 0) + 1
    version = f"{number:05d}-{fingerprint[:8]}"
    tell(f"{model_name}: trained {version} on {training_rows:,} rows in {seconds:.0f} s ({reason}); {fit.verdict}")
    row = {
        "model_name": model_name,
        "model_version": version,
        "fingerprint": fingerprint,
        "code_hash": code_hash,
        "row_sketch": hashes[:SKETCH_ROWS].tobytes(),
        "fitted_at": started.replace(tzinfo=None),
        "as_of_date": as_of_date,
        "refit_reason": reason,
        "training_rows": training_rows,
        "parameters": parameters_json,
        "metrics": metrics_json([*fit.metrics, *fit.slices]),
        "verdict": fit.verdict,
        "weights": fit.weights,
    }
    return pa.Table.from_pylist([row], schema=FIT_SCHEMA)


def refit_reason(
    newest: dict[str, Any] | None,
    fingerprint: str,
    code_hash: str,
    parameters_json: str,
    hashes: NDArray[np.uint64],
    policy: RefitPolicy,
    as_of_date: date,
    erased_at: datetime | None = None,
) -> str | None:
    """Why a fit is due, in words, or None where it is not."""
    if policy.refit == "never":
        return None
    # The list of the erased has whole seconds, cut off.
    if newest is not None and erased_at is not None and newest["fitted_at"] < erased_at + timedelta(seconds=1):
        return AFTER_ERASURE
    if policy.refit == "always":
        return "refit is always"
    if newest is None:
        return "first fit"
    if newest["fingerprint"] == fingerprint:
        return None
    if newest["code_hash"] != code_hash:
        return "the algorithm's code changed"
    if newest["parameters"] != parameters_json:
        return "parameters changed"
    changed = changed_share(np.frombuffer(newest["row_sketch"], dtype=np.uint64), newest["training_rows"], hashes)
    if changed > policy.refit_growth:
        return f"{changed:.0%} of the training rows changed"
    age = (as_of_date - newest["as_of_date"]).days
    if age > policy.refit_after_days:
        return f"training rows changed and the fit is {age} days old"
    return None


def newest_fit(fits: pa.Table | None) -> dict[str, Any] | None:
    """The newest of ``fits`` as a dictionary, or None where there is none. Versions count upwards."""
    if fits is None or not fits.num_rows:
        return None
    newest = fits.slice(pc.index(fits["model_version"], pc.max(fits["model_version"])).as_py(), 1)
    return dict(newest.to_pylist()[0])


def row_hashes(tables: Sequence[pa.Table]) -> NDArray[np.uint64]:
    """A 64-bit hash of each row of each table, sorted, so that the order of rows does not matter."""
    digests: list[bytes] = []
    for table in tables:
        names = sorted(table.column_names)
        columns = [table.column(name).to_pylist() for name in names]
        digests.extend(
            hashlib.blake2b(repr((names, row)).encode(), digest_size=8).digest() for row in zip(*columns, strict=True)
        )
    return np.sort(np.frombuffer(b"".join(digests), dtype=np.uint64))


def changed_share(sketch: NDArray[np.uint64], rows_before: int, hashes: NDArray[np.uint64]) -> float:
    """Share of the training rows that came or went since an earlier fit, over the rows it had.

    Args:
        sketch: the smallest hashes of the earlier rows, sorted: all of them, or :data:`SKETCH_ROWS`, from which the
            share is then estimated over the range of hashes that the sketch covers.
        rows_before: rows of the earlier fit.
        hashes: hashes of the rows now, sorted.
    """
    if not len(sketch):
        return math.inf if len(hashes) else 0.0
    comparable = hashes if len(sketch) == rows_before else hashes[hashes <= sketch[-1]]
    came = len(np.setdiff1d(comparable, sketch))
    went = len(np.setdiff1d(sketch, comparable))
    return max(came, went) / len(sketch)


def source_hash(module: str) -> str:
    """SHA-256 over the source of a module and of every module of the same package that it imports, directly or not."""
    package = module.split(".")[0]
    sources: dict[str, str] = {}
    waiting = {module}
    while waiting:
        name = waiting.pop()
        source = _source(name) if name not in sources and name != __name__ else None
        if source is not None:
            sources[name] = source
            waiting.update(found for found in _imported(source) if found.split(".")[0] == package)
    digest = hashlib.sha256()
    for name in sorted(sources):
        digest.update(f"{name}\n{sources[name]}\n".encode())
    return digest.hexdigest()


def _source(name: str) -> str | None:
    """Source of a package's module; None where the name is of something inside a module. Nothing is imported for it."""
    package, *parts = name.split(".")
    spec = importlib.util.find_spec(package)
    for folder in (spec.submodule_search_locations or []) if spec is not None else []:
        path = Path(folder, *parts)
        for file in (path / "__init__.py", path.with_name(f"{path.name}.py")):
            if file.is_file():
                return file.read_text(encoding="utf-8")
    return None


def _imported(source: str) -> Iterator[str]:
    """Names of the modules that a source imports, and of what it imports from them: that may be a module too."""
    for node in ast.walk(_parsed(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _parsed(source: str) -> ast.Module:
    """The syntax tree of a source; Python 3.11 loses count of its depth where another thread parses as well."""
    for _try in range(PARSE_TRIES):
        try:
            return ast.parse(source)
        except SystemError:
            continue
    return ast.parse(source)


def metrics_json(metrics: Iterable[Metric]) -> str:
    """Metrics as a JSON list of objects; NaN becomes null."""
    return json.dumps(
        [{name: _rounded(value) for name, value in dataclasses.asdict(metric).items()} for metric in metrics]
    )


def _rounded(value: Any) -> Any:
    if not isinstance(value, float):
        return value
    return None if math.isnan(value) else round(value, 6)
