"""An in-memory DuckDB whose access to files is disabled before it runs a query of the model."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

_MEMORY_LIMIT = "768MB"


@contextmanager
def database() -> Iterator["duckdb.DuckDBPyConnection"]:
    import duckdb

    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": _MEMORY_LIMIT,
        "threads": 2,
        "temp_directory": "",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
    }
    with duckdb.connect(":memory:", config=settings) as connection:
        yield connection


def lock(connection: "duckdb.DuckDBPyConnection") -> None:
    """Disable the access to files and the network for the rest of the connection."""
    connection.execute("SET enable_external_access = false")
    connection.execute("SET lock_configuration = true")


def count(connection: "duckdb.DuckDBPyConnection", table: str) -> int:
    counted = connection.execute(f"SELECT count(*) FROM {quoted(table)}").fetchone()  # noqa: S608
    return int(counted[0]) if counted else 0


def quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


@contextmanager
def memory_file(body: bytes) -> Iterator[str]:
    """Yield a path by which DuckDB reads `body`: in memory where the system has such files."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("table")
        try:
            with open(descriptor, "wb", closefd=False) as file:  # it has no path
                file.write(body)
            yield f"/proc/self/fd/{descriptor}"
        finally:
            os.close(descriptor)
        return
    with tempfile.NamedTemporaryFile(delete=False) as named:
        named.write(body)
    try:
        yield named.name
    finally:
        with suppress(OSError):
            os.unlink(named.name)  # noqa: PTH108
