"""The one SparkSession of the dbt process."""

import atexit
import contextlib
import logging
import os
import socket
import sys
import threading
from collections import deque
from importlib import import_module
from typing import Any

from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.exceptions.connection import FailedToConnectError

from dbt.adapters.spark_session.credentials import SparkSessionCredentials
from dbt.adapters.spark_session.java import require_java
from dbt.adapters.spark_session.shipping import zip_packages

logger = AdapterLogger("Spark")

_lock = threading.Lock()
_session: Any = None


def get_session(credentials: SparkSessionCredentials) -> Any:
    """The process's SparkSession, started by the first caller; dbt's threads share it."""
    global _session
    with _lock:
        if _session is None or _session.sparkContext._jsc is None:
            _session = _start(credentials)
        return _session


def require_master(master: str, timeout: float = 10) -> None:
    """Raise a dbt error where no host of a standalone master takes connections.

    Spark itself would try for a minute and then fail with an unrelated message. What other masters need is theirs to
    check.
    """
    if not master.startswith("spark://"):
        return
    problems = []
    for address in master.removeprefix("spark://").split(","):
        host, _, port = address.rpartition(":")
        try:
            socket.create_connection((host, int(port)), timeout=timeout).close()
        except (OSError, ValueError) as error:
            problems.append(f"{address}: {error}")
        else:
            return
    raise FailedToConnectError(f"Could not reach the Spark master {master} ({'; '.join(problems)}).")


def _start(credentials: SparkSessionCredentials) -> Any:
    from pyspark import SparkConf, SparkContext
    from pyspark.sql import SparkSession

    require_java(os.environ)
    require_master(credentials.master)
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
    os.environ.setdefault("PYSPARK_DRIVER_PYTHON", sys.executable)
    _silence_query_context()

    conf = SparkConf(loadDefaults=False).setMaster(credentials.master)
    conf.setAll(list(credentials.server_side_parameters.items()))
    log = _JvmLog()
    try:
        if SparkContext._active_spark_context is None and SparkContext._gateway is None:
            SparkContext(conf=conf, gateway=log.launch(conf))
        session = SparkSession.builder.config(conf=conf).getOrCreate()
    except Exception as error:
        raise FailedToConnectError(
            f"Could not start a Spark session on the master {credentials.master}: {error}\n{log.tail()}".rstrip()
        ) from error
    if credentials.ship_packages and not _runs_in_this_jvm(credentials.master):
        installed = list(sys.path)
        session.sparkContext.addPyFile(zip_packages(credentials.ship_packages))
        # pyspark puts the zip before what is installed here, where packages may read files beside their source.
        sys.path[:] = installed
    atexit.register(_stop, session)
    for module in credentials.on_start:
        try:
            import_module(module).prepare(session)
        except Exception as error:
            raise FailedToConnectError(f"{module}, which the profile names in on_start: {error}") from error
    return session


def _runs_in_this_jvm(master: str) -> bool:
    return master == "local" or master.startswith("local[")


def _stop(session: Any) -> None:
    # The JVM may be gone already, which is what stopping is for.
    with contextlib.suppress(Exception):
        session.stop()


def _silence_query_context() -> None:
    """Keep pyspark from printing the JVM's whole stack trace as JSON for each failed query; dbt shows the message."""
    from pyspark.logger import PySparkLogger

    PySparkLogger.getLogger("SQLQueryContextLogger").setLevel(logging.CRITICAL + 1)


class _JvmLog:
    """Sends what the JVM writes on stderr to dbt's log file, and remembers its end for a failed start."""

    def __init__(self, remembered: int = 15) -> None:
        self._lines: deque[str] = deque(maxlen=remembered)
        self._reader: threading.Thread | None = None

    def launch(self, conf: Any) -> Any:
        """Start the JVM with its stderr read here; return pyspark's gateway to it."""
        from pyspark.java_gateway import launch_gateway

        read_end, write_end = os.pipe()
        self._reader = threading.Thread(target=self._read, args=(read_end,), daemon=True, name="spark-log")
        self._reader.start()
        try:
            return launch_gateway(conf, {"stderr": write_end})
        finally:
            os.close(write_end)

    def tail(self) -> str:
        """The last lines that the JVM wrote, without stack traces."""
        if self._reader is not None:
            self._reader.join(timeout=1)
        return "".join(self._lines)

    def _read(self, read_end: int) -> None:
        with os.fdopen(read_end, errors="replace") as lines:
            for line in lines:
                if not line.startswith("\tat "):
                    self._lines.append(line)
                logger.debug(line.rstrip())
