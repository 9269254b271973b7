"""dbt's connections: every one is a view of the process's one SparkSession."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.spark.connections import SparkConnectionManager
from dbt_common.exceptions import DbtDatabaseError, DbtRuntimeError

from dbt.adapters.spark_session.literals import sql_literal
from dbt.adapters.spark_session.session import get_session

logger = AdapterLogger("Spark")


class SparkSessionConnectionManager(SparkConnectionManager):
    """Opens connections without any network: the session is in this process."""

    TYPE = "spark_session"

    @classmethod
    def open(cls, connection: Connection) -> Connection:
        """Give a dbt connection the session, started where it is not running yet."""
        if connection.state == ConnectionState.OPEN:
            return connection
        try:
            connection.handle = Handle(get_session(connection.credentials))
        except Exception:
            connection.handle = None
            connection.state = ConnectionState.FAIL
            raise
        connection.state = ConnectionState.OPEN
        return connection

    @contextmanager
    def exception_handler(self, sql: str) -> Iterator[None]:
        """Turn what a statement raises into a dbt error."""
        try:
            with spark_errors():
                yield
        except DbtRuntimeError:
            logger.debug(f"Error while running:\n{sql}")
            raise


@contextmanager
def spark_errors() -> Iterator[None]:
    """Raise Spark's errors as dbt's, with Spark's message and without the JVM's stack trace."""
    try:
        yield
    except DbtRuntimeError:
        raise
    except Exception as error:
        raise DbtDatabaseError(_message(error)) from error


def _message(error: Exception) -> str:
    raw = getattr(error, "java_exception", None)
    message = str(error if raw is None else raw.toString())
    thrown = getattr(error, "_origin", None) if raw is None else raw
    if thrown is None or message.startswith("["):
        return message
    # No error of Spark's own: Hive and Hadoop wrap what happened several times over, and the first cause tells it.
    while thrown.getCause() is not None:
        thrown = thrown.getCause()
    cause = str(thrown.toString())
    return message if cause in message else f"{message}\n{cause}"


class Cursor:
    """One statement and its rows."""

    def __init__(self, session: Any) -> None:
        self._session = session
        self._frame: Any = None
        self._rows: list[Any] | None = None

    def execute(self, sql: str, bindings: Sequence[Any] | None = None) -> None:
        """Run a statement; the bindings, if any, take the places of its `%s`."""
        statement = sql.strip().removesuffix(";")
        if bindings is not None:
            statement %= tuple(sql_literal(value) for value in bindings)
        self._rows = None
        with spark_errors():
            self._frame = self._session.sql(statement)

    @property
    def description(self) -> list[tuple[str, str, None, None, None, None, bool]]:
        """The columns as the DB API describes them, with Spark's type names."""
        fields = [] if self._frame is None else self._frame.schema.fields
        return [(field.name, field.dataType.simpleString(), None, None, None, None, field.nullable) for field in fields]

    def fetchall(self) -> list[Any]:
        """All rows that have not been fetched yet."""
        rows = self._remaining()
        self._rows = []
        return rows

    def fetchmany(self, size: int) -> list[Any]:
        """The next rows, at most `size`."""
        if self._rows is None and self._frame is not None:
            self._frame = self._frame.limit(size)
        rows = self._remaining()
        self._rows = rows[size:]
        return rows[:size]

    def fetchone(self) -> Any:
        """The next row, or None."""
        return next(iter(self.fetchmany(1)), None)

    def close(self) -> None:
        """Forget the rows."""
        self._frame = None
        self._rows = None

    def _remaining(self) -> list[Any]:
        if self._rows is None:
            with spark_errors():
                self._rows = [] if self._frame is None else self._frame.collect()
        return self._rows


class Handle:
    """What dbt takes for a connection: it hands out cursors of the session."""

    def __init__(self, session: Any) -> None:
        self.session = session

    def cursor(self) -> Cursor:
        """A cursor for one statement."""
        return Cursor(self.session)

    def cancel(self) -> None:
        """Stop every statement that is running: dbt cancels all its connections at once."""
        self.session.interruptAll()

    def close(self) -> None:
        """Nothing to close: the session outlives dbt's connections."""

    def rollback(self) -> None:
        """Nothing to roll back: Spark has no transactions."""
