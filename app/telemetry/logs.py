"""Logs: one JSON object or text per line, with the ids of the request and without secrets.

`about_this_request` collects the ids of one request, and `bind` adds to them. Every record that the
request logs has them, in its tasks too.
"""

import json
import logging
import re
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Literal

from app.telemetry import tracing

LogFormat = Literal["json", "text"]

# Libraries that log many INFO records, some of them with secrets.
_CHATTY = ("aiobotocore", "alembic", "botocore", "httpx", "httpx2", "openai", "uvicorn")

# The lines of the audit log, which are written at every LOG_LEVEL.
AUDIT_LOGGER = "audit"

# The attributes of every record. Any other attribute was passed in `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# This service does not log these, but a message of a library may.
_SECRETS = (
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+"), r"\1?[hidden]"),
    (re.compile(r"((?:x-amz-[a-z-]+|signature|policy)=)[^\s&\"'<>]+", re.I), r"\1[hidden]"),
    (re.compile(r"(bearer\s+)[^\s\"']+", re.I), r"\1[hidden]"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), "sk-[hidden]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[hidden]"),
    (re.compile(r"(://[^/\s:@]+:)[^/\s@]+@"), r"\1[hidden]@"),
)
_MAX_REASON_CHARS = 300
# A caller may send an id of megabytes.
_MAX_FIELD_CHARS = 200

_about: ContextVar[dict[str, object] | None] = ContextVar("about_this_request", default=None)


@contextmanager
def about_this_request(**fields: object) -> Iterator[dict[str, object]]:
    """Collect `fields` and those that the block binds. Yield the collection."""
    collected: dict[str, object] = dict(fields)
    token = _about.set(collected)
    try:
        yield collected
    finally:
        _about.reset(token)


def bind(**fields: str | list[str] | None) -> None:
    """Add ids to the log records and the span of this request: `user`, `operation`, `thread`, …

    Pass ids only, never what a person wrote. Do nothing outside of a request.
    """
    collected = _about.get()
    if collected is None:
        return
    for name, value in fields.items():
        if value is not None:
            collected[name] = value
            shown = _shown_text(value) if isinstance(value, str) else list(map(_shown_text, value))
            tracing.bind(name, shown)


def configure_logs(log_format: LogFormat, level: str = "INFO") -> None:
    """Send all logs of this process to standard error, in one format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    logging.getLogger(AUDIT_LOGGER).setLevel(logging.INFO)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonFormatter(logging.Formatter):
    """`{"time", "level", "logger", "message", …the request's ids and `extra`…, "exception"}`."""

    def format(self, record: logging.LogRecord) -> str:
        line = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": without_secrets(record.getMessage()),
            **_fields(record),
        }
        if record.exc_info and record.exc_info[1] is not None:
            line["exception"] = _exception(record.exc_info[1])
        return json.dumps(line, ensure_ascii=False, default=str)


class TextFormatter(logging.Formatter):
    """The same for a terminal: `12:30:00 INFO message key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f" {name}={_visible(value)}" for name, value in _fields(record).items())
        line = f"{time} {record.levelname} {without_secrets(record.getMessage())}{fields}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + "\n".join(_exception(record.exc_info[1]))
        return line


def without_secrets(text: str) -> str:
    """Return `text` without the queries of URLs, tokens, keys and passwords."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


def _fields(record: logging.LogRecord) -> dict[str, object]:
    given = {name: value for name, value in vars(record).items() if name not in _STANDARD}
    fields = dict(_about.get() or {}) | given
    return {name: _shown(value) for name, value in fields.items()}


def _shown(value: object) -> object:
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return _shown_text(value) if isinstance(value, str) else value


def _shown_text(text: str) -> str:
    # More text is searched than is kept, because a part of a secret would not be recognized.
    return without_secrets(text[: 10 * _MAX_FIELD_CHARS])[:_MAX_FIELD_CHARS]


def _visible(value: object) -> str:
    """Return the value on one line, without control sequences of a terminal."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def _exception(problem: BaseException) -> list[str]:
    """Return type, message and stack of the exception and of each of its causes, the root last.

    A message is cut after its first line: pydantic, PostgreSQL and SQLAlchemy put values on the
    lines below, which may be what a person wrote. An error of the model's provider is shown by its
    status alone, because its message may quote the conversation.
    """
    lines: list[str] = []
    current: BaseException | None = problem
    seen: set[int] = set()
    while current is not None and id(current) not in seen:
        seen.add(id(current))
        lines.append(f"{type(current).__module__}.{type(current).__qualname__}: {_reason(current)}")
        lines += [
            f"  {frame.filename}:{frame.lineno} in {frame.name}"
            for frame in traceback.extract_tb(current.__traceback__)
        ]
        suppressed = None if current.__suppress_context__ else current.__context__
        current = current.__cause__ or suppressed
    return lines


def _reason(problem: BaseException) -> str:
    if type(problem).__module__.partition(".")[0] in ("openai", "agents"):
        return str(getattr(problem, "status_code", ""))
    first = str(problem).partition("\n")[0]
    return without_secrets(first)[:_MAX_REASON_CHARS]
