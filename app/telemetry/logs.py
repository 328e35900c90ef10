"""Logs as one JSON object a line, each with what its request is about, none with a secret.

What a request is about is collected while it runs: `about_this_request` starts an empty collection,
`note` adds to it, and every log record made meanwhile, in tasks of the request too, carries it.
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

# Libraries that tell more at INFO than anyone wants to know, some of it secret.
_CHATTY = ("aiobotocore", "alembic", "botocore", "httpx", "httpx2", "openai", "uvicorn")

# What every record has of its own; the rest came in by `extra`.
_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}

# A last line of defence: nothing of ours logs these, but a library's message might.
_SECRETS = (
    (re.compile(r"(https?://[^\s?\"'<>]+)\?[^\s\"'<>]+"), r"\1?[hidden]"),
    (re.compile(r"((?:x-amz-[a-z-]+|signature|policy)=)[^\s&\"'<>]+", re.I), r"\1[hidden]"),
    (re.compile(r"(bearer\s+)[^\s\"']+", re.I), r"\1[hidden]"),
    (re.compile(r"\bsk-[A-Za-z0-9_-]{8,}"), "sk-[hidden]"),
    (re.compile(r"\beyJ[\w-]+\.[\w-]+\.[\w-]*"), "[hidden]"),
    (re.compile(r"(://[^/\s:@]+:)[^/\s@]+@"), r"\1[hidden]@"),
)
_LONGEST_REASON = 300
# Ids that a caller made up may have megabytes.
_LONGEST_FIELD = 200

_about: ContextVar[dict[str, object] | None] = ContextVar("about_this_request", default=None)


@contextmanager
def about_this_request(**fields: object) -> Iterator[dict[str, object]]:
    """Collect what is noted inside; the collection itself, for whoever logs the request."""
    collected: dict[str, object] = dict(fields)
    token = _about.set(collected)
    try:
        yield collected
    finally:
        _about.reset(token)


def bind(**fields: object) -> None:
    """Say what the current request is about: `user`, `operation`, `thread`, `attachment`.

    Ids only, never what a person wrote. Outside of a request nothing happens. The span of what is
    being done gets to know them too.
    """
    collected = _about.get()
    if collected is not None:
        noted = {name: value for name, value in fields.items() if value is not None}
        collected.update(noted)
        tracing.bind(**{name: _shown(value) for name, value in noted.items()})


def configure_logs(log_format: LogFormat, level: str = "INFO") -> None:
    """Send all logs of this process to standard error, in one format."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonFormatter() if log_format == "json" else TextFormatter())
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for name in _CHATTY:
        logging.getLogger(name).setLevel(logging.WARNING)


class JsonFormatter(logging.Formatter):
    """`{"time", "level", "logger", "message", …what the request is about…, "exception"}`."""

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
    """The same for a person at a terminal: `12:30:00 INFO message key=value …`."""

    def format(self, record: logging.LogRecord) -> str:
        time = datetime.fromtimestamp(record.created).astimezone().strftime("%H:%M:%S")
        fields = "".join(f" {name}={_visible(value)}" for name, value in _fields(record).items())
        line = f"{time} {record.levelname} {without_secrets(record.getMessage())}{fields}"
        if record.exc_info and record.exc_info[1] is not None:
            line += "\n" + "\n".join(_exception(record.exc_info[1]))
        return line


def without_secrets(text: str) -> str:
    """`text` without the queries of URLs, tokens, keys and passwords."""
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
    if not isinstance(value, str):
        return value
    # Looked at beyond what is kept: a secret that is cut would not look like one.
    return without_secrets(value[: 10 * _LONGEST_FIELD])[:_LONGEST_FIELD]


def _visible(value: object) -> str:
    """On one line, and without what a terminal would take for a command."""
    text = str(value)
    return text if text.isprintable() else repr(text)


def _exception(problem: BaseException) -> list[str]:
    """Where it happened and why, cause by cause, the root last.

    Of each message only the first line: pydantic, PostgreSQL and SQLAlchemy put the values, which
    may be what a person wrote, on the lines below. Of what the model's provider says nothing but
    the status, for it may quote the question.
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
    return without_secrets(first)[:_LONGEST_REASON]
