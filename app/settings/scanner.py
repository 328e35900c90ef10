"""The settings of the scanner for malware."""

from typing import Literal

from pydantic import Field

from app.settings.group import SettingsGroup

Quarantine = Literal["keep", "delete"]


class ScannerSettings(SettingsGroup):
    """Malware."""

    url: str | None = Field(None, alias="SCANNER_URL")
    """clamd, which scans every file before its first use: `clamd://host:3310`, or
    `clamd+unix:///path/of/the/socket`. While it gives no result, files wait. Empty: files are not
    scanned. See docs/operations.md."""

    quarantine: Quarantine = Field("keep", alias="QUARANTINE")
    """What happens to the bytes of a file with malware. `keep` moves them to
    `attachments/quarantine/` in the bucket, where no link leads; they count against the user's
    quota. `delete` deletes them at once."""

    quarantine_days: int = Field(30, alias="QUARANTINE_DAYS", ge=1)
    """How long quarantined bytes are kept, unless the file, its thread or its user is deleted."""
