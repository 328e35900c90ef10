"""What all commands share: their settings, and how they speak."""

import os
import sys
from typing import NoReturn

import typer

from app.embedded.processes import CannotStart
from app.settings.environment import Settings


def settings_with_database() -> Settings:
    """Return the settings. Raises `CannotStart` without DATABASE_URL."""
    settings = Settings.read(os.environ)
    if not settings.database.url.get_secret_value():
        raise CannotStart("DATABASE_URL is not set: postgresql://user:password@host/database")
    return settings


def say(line: str) -> None:
    typer.echo(line)


def fail(sentence: str) -> NoReturn:
    """Print the sentence as an error, and exit with 1."""
    typer.echo(f"Error: {sentence.rstrip('.')}.", err=True)
    sys.exit(1)
