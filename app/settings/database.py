"""The settings of the database."""

from pydantic import Field, SecretStr

from app.settings.group import SettingsGroup


class DatabaseSettings(SettingsGroup):
    """The database."""

    url: SecretStr = Field(SecretStr(""), alias="DATABASE_URL")
    """`postgresql://user:password@host/database`. `serve`, `migrate`, `sweep`, `reconcile` and
    `doctor` need it."""
