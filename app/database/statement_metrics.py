"""Measures each SQL statement, for `/metrics` and for traces."""

from time import perf_counter
from typing import Any

from opentelemetry.trace import StatusCode
from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from app.telemetry import metrics, tracing

_STARTED = "started"
_KINDS = frozenset({"select", "insert", "update", "delete", "with"})


def observe_statements(engine: AsyncEngine) -> None:
    """Measure every statement of `engine`, also those that fail."""
    event.listen(engine.sync_engine, "before_cursor_execute", _start)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)
    event.listen(engine.sync_engine, "handle_error", _fail)


def _start(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    span = tracing.start_call(f"postgresql {_kind(statement)}", {"db.system.name": "postgresql"})
    connection.info[_STARTED] = (perf_counter(), span)


def _end(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    _observe(connection, statement, "ok")


def _fail(failure: ExceptionContext) -> None:
    if failure.connection is not None:
        _observe(failure.connection, failure.statement or "", "error")


def _observe(connection: Connection, statement: str, outcome: str) -> None:
    started = connection.info.pop(_STARTED, None)
    if started is not None:
        started_at, span = started
        metrics.database_seconds.labels(_kind(statement), outcome).observe(
            perf_counter() - started_at
        )
        if outcome == "error":
            span.set_status(StatusCode.ERROR)
        span.end()


def _kind(statement: str) -> str:
    word = statement.lstrip()[:6].strip().lower()
    return word if word in _KINDS else "other"
