"""Column comments, which Spark keeps in the metadata of a schema's fields."""

from collections.abc import Mapping
from typing import Any


def commented(frame: Any, comments: Mapping[str, str]) -> Any:
    """The same DataFrame with comments on its columns, which are named in lower case."""
    from pyspark.sql.functions import col

    columns = []
    for field in frame.schema.fields:
        column = col("`{}`".format(field.name.replace("`", "``")))
        comment = comments.get(field.name.lower())
        if comment is not None:
            column = column.alias(field.name, metadata={**field.metadata, "comment": comment})
        columns.append(column)
    return frame.select(*columns)
