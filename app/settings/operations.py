"""The settings of the running process."""

from typing import Literal

from pydantic import Field

from app.settings.group import SettingsGroup


class OperationsSettings(SettingsGroup):
    """Operations."""

    log_format: Literal["json", "text"] = Field("json", alias="LOG_FORMAT")
    """`text` is for reading at a terminal; `make run` uses it."""

    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", alias="LOG_LEVEL")
    """The lowest level that is logged."""

    shutdown_grace_seconds: int = Field(30, alias="SHUTDOWN_GRACE_SECONDS", ge=0)
    """How long uploads and answers may take to finish after SIGTERM."""

    workers: int = Field(1, alias="WEB_CONCURRENCY", ge=0)
    """How many worker processes `serve` runs, the same as its option `--workers`; 0 is one for each
    core. One process uses one core."""
