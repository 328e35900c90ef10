"""How long PostgreSQL takes for each statement, for `/metrics` and for traces."""

from time import perf_counter
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.ext.asyncio import AsyncEngine

from app.telemetry import metrics, tracing

_BEGUN = "begun"
_KINDS = frozenset({"select", "insert", "update", "delete", "with"})


def observe_statements(engine: AsyncEngine) -> None:
    """Time every statement of `engine`, failed ones too."""
    event.listen(engine.sync_engine, "before_cursor_execute", _begin)
    event.listen(engine.sync_engine, "after_cursor_execute", _end)
    event.listen(engine.sync_engine, "handle_error", _fail)


def _begin(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    span = tracing.begin(
        f"postgresql {_kind(statement)}", {"db.system.name": "postgresql"}, is_call=True
    )
    connection.info[_BEGUN] = (perf_counter(), span)


def _end(
    connection: Connection, cursor: Any, statement: str, parameters: Any, context: Any, many: bool
) -> None:
    _observe(connection, statement, "ok")


def _fail(failure: ExceptionContext) -> None:
    if failure.connection is not None:
        _observe(failure.connection, failure.statement or "", "error")


def _observe(connection: Connection, statement: str, outcome: str) -> None:
    begun = connection.info.pop(_BEGUN, None)
    if begun is not None:
        begun_at, span = begun
        metrics.database_seconds.labels(_kind(statement), outcome).observe(
            perf_counter() - begun_at
        )
        span.end(failed=outcome == "error")


def _kind(statement: str) -> str:
    word = statement.lstrip()[:6].strip().lower()
    return word if word in _KINDS else "other"
