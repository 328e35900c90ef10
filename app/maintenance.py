"""The commands on bucket and database: `sweep`, `reconcile` and `audit`."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import UTC

import typer

from app.attachments.reconcile import Difference, Reconciliation
from app.database.audit import AuditLog
from app.database.engine import Database
from app.database.reconcile_rows import ReconcileRows
from app.settings.environment import Settings
from app.wiring.base import create_core, create_sweeper

Say = Callable[[str], None]


async def sweep(settings: Settings, *, once: bool, say: Say) -> bool:
    """Sweep once, or until interrupted. Return whether everything that was due is done.

    With `once`, raises `DatabaseUnavailable`; otherwise an outage only delays the sweep.
    """
    core = create_core(settings)
    async with core.running():
        sweeper = create_sweeper(core, settings.retention)
        if not once:
            say(f"Sweeping every {settings.retention.sweep_interval_seconds} seconds …")
            await sweeper.run_forever()
        swept = await sweeper.sweep_once()
        say(f"{swept}.")
        return swept.failed == 0


async def reconcile(settings: Settings, *, fix: bool, min_age_hours: float, say: Say) -> bool:
    """Print every difference between bucket and database. Return whether none remains.

    The progress bar goes to standard error, so standard output has only the list and the summary.
    Raises `DatabaseUnavailable` and `BucketUnavailable`.
    """
    core = create_core(settings)
    async with core.running():
        keys = ReconcileRows(core.database)
        with typer.progressbar(
            length=await keys.count(),
            label="Rows compared",
            file=typer.get_text_stream("stderr"),
            update_min_steps=1000,
        ) as bar:
            summary = await Reconciliation(
                keys,
                core.bucket,
                fix=fix,
                min_age_seconds=min_age_hours * 3600,
                report=lambda difference: say(_line(difference)),
                progress=lambda _: bar.update(1),
            ).run()
    say(f"{summary}.")
    if summary.remaining and not fix:
        say("Nothing was changed. Run the command with --fix to repair the differences.")
    return summary.remaining == 0


async def audit(settings: Settings, *, user_id: str, as_json: bool, say: Say) -> None:
    """Print the audit entries of what a user owns, the oldest first.

    With `as_json`, each line is one JSON object. Raises `DatabaseUnavailable`.
    """
    async with Database(settings.database.url.get_secret_value()) as database:
        async for entry in AuditLog(database).entries(user_id):
            if as_json:
                say(json.dumps(asdict(entry) | {"at": entry.at.isoformat()}))
            else:
                say(
                    f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M:%S}Z  {entry.actor:8}"
                    f"  {entry.action:11}  {entry.kind:10}  {entry.object_id}"
                )


def _line(difference: Difference) -> str:
    attachment = f" ({difference.attachment_id})" if difference.attachment_id else ""
    return f"{difference.kind}: {difference.key}{attachment}"
