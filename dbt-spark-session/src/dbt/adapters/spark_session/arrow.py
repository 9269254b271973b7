"""What a Python model returns, as a Spark DataFrame."""

from typing import Any

import pyarrow as pa
from dbt_common.exceptions import DbtRuntimeError

RETURN_TYPES = "a pyspark DataFrame, a pyarrow Table or RecordBatchReader, or a pandas DataFrame"


def to_dataframe(session: Any, result: Any) -> Any:
    """A Spark DataFrame of a model's result, with the result's own types."""
    from pyspark.sql import DataFrame

    if isinstance(result, DataFrame):
        return result
    table = _to_arrow(result)
    schema = pa.schema([_spark_field(field) for field in table.schema])
    # Casting an empty table leaves columns without any chunk, on which pyspark fails.
    table = table.cast(schema) if table.num_rows else schema.empty_table()
    return session.createDataFrame(table)


def _to_arrow(result: Any) -> pa.Table:
    if isinstance(result, pa.Table):
        return result
    if isinstance(result, pa.RecordBatchReader):
        return result.read_all()
    # pandas is optional: where nothing has imported it, the result is not one of its frames.
    if type(result).__module__.partition(".")[0] == "pandas" and hasattr(result, "columns"):
        return pa.Table.from_pandas(result, preserve_index=False)
    found = type(result)
    raise DbtRuntimeError(f"model() returned {found.__module__}.{found.__qualname__}; dbt needs {RETURN_TYPES}.")


def _spark_field(field: pa.Field) -> pa.Field:
    if pa.types.is_null(field.type):
        raise DbtRuntimeError(
            f"The column {field.name} that model() returned has no type, as all its values are null: "
            "give it one in the Arrow schema."
        )
    return field.with_type(_spark_type(field.type)).remove_metadata()


def _spark_type(kind: pa.DataType) -> pa.DataType:
    """The nearest Arrow type that Spark reads: wide enough for every value of the given one."""
    if pa.types.is_dictionary(kind):
        return _spark_type(kind.value_type)
    if pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind):
        return pa.list_(_spark_field(kind.value_field))
    if pa.types.is_struct(kind):
        return pa.struct([_spark_field(kind.field(place)) for place in range(kind.num_fields)])
    return _WIDENED.get(kind, kind)


_WIDENED = {
    pa.uint8(): pa.int16(),
    pa.uint16(): pa.int32(),
    pa.uint32(): pa.int64(),
    pa.uint64(): pa.decimal128(20, 0),
    pa.float16(): pa.float32(),
    pa.date64(): pa.date32(),
    pa.string_view(): pa.string(),
    pa.binary_view(): pa.binary(),
}
