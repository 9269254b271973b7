"""Files through Hadoop's FileSystem: local folders and every store that Spark itself reads."""

from pathlib import Path
from typing import Any


def list_files(session: Any, path_glob: str) -> list[dict[str, Any]]:
    """The files that a Hadoop glob matches, sorted by path; none where nothing matches."""
    path = _hadoop_path(session, path_glob)
    found = path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()).globStatus(path)
    files = [_describe(status) for status in found or [] if status.isFile()]
    return sorted(files, key=lambda file: str(file["path"]))


def delete_folder(session: Any, uri: str) -> bool:
    """Delete a folder and all that is in it; False where there was none."""
    path = session._jvm.org.apache.hadoop.fs.Path(uri)
    return bool(path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration()).delete(path, True))


def _hadoop_path(session: Any, path_glob: str) -> Any:
    path = session._jvm.org.apache.hadoop.fs.Path(path_glob)
    system = path.getFileSystem(session.sparkContext._jsc.hadoopConfiguration())
    if path.isAbsolute() or system.getUri().getScheme() != "file":
        return path
    # The JVM keeps the working directory that it started in.
    return session._jvm.org.apache.hadoop.fs.Path(str(Path.cwd() / path_glob))


def _describe(status: Any) -> dict[str, Any]:
    path = status.getPath()
    uri = path.toUri()
    return {
        "path": uri.getPath() if uri.getScheme() == "file" else path.toString(),
        "name": path.getName(),
        "size": status.getLen(),
        "modified": status.getModificationTime(),
    }
