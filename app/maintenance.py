"""What these commands run: `sweep`, `reconcile`, `audit`, `export`, `erase`, `verify-receipt`."""

import asyncio
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import typer

from app.attachments.deletion import Purger, Swept
from app.attachments.receipts import remnants
from app.attachments.reconcile import Difference, Reconciliation
from app.database.audit import Act, Action, Actor, AuditLog, Kind
from app.database.engine import Database
from app.database.erasures import ErasureRows
from app.database.export_rows import ExportRows
from app.database.reconcile_rows import ReconcileRows
from app.database.tombstones import Tombstones
from app.export.archive import Export
from app.provider_files.deletion import ProviderFilePurger
from app.settings.environment import Settings
from app.wiring.base import (
    create_core,
    create_erasures,
    create_receipt_signer,
    create_sweeper,
)

Say = Callable[[str], None]

_ERASURE_PAUSE_SECONDS = 2.0


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


async def erase(settings: Settings, *, user_id: str, say: Say) -> Mapping[str, Any]:
    """Erase all that a user has, and return the signed receipt.

    It waits until no upload can arrive by a link of the user, and until the model's provider has
    none of the user's files. If it is interrupted, the service continues, and so does the next
    call. An outage of the bucket or of the provider delays it. Raises `DatabaseUnavailable`.
    """
    core = create_core(settings)
    rows = ErasureRows(core.database)
    erasures = create_erasures(core, settings.sign_in)
    purger = Purger(Tombstones(core.database), core.bucket)
    provider_files = ProviderFilePurger(core.provider_files, core.files_api)
    said: object = None
    async with core.running():
        started = await rows.start(user_id, Actor.OPERATOR)
        say(f"Erasure {started.id} of {user_id}.")
        while True:
            await erasures.delete_rows(user_id)
            await purger.purge(Swept())
            await provider_files.purge()
            finished = await erasures.finish(user_id)
            if finished is not None:
                break
            ends = await rows.waits_until(user_id)
            if ends is not None and ends > datetime.now(UTC) and ends != said:
                say(f"Threads and files are deleted. An upload may end until {ends:%H:%M:%S}Z …")
                said = ends
            left = await core.provider_files.count(user_id)
            if left and (ends is None or ends <= datetime.now(UTC)) and left != said:
                say(
                    f"{left} files are left at the model's provider. With OPENAI_API_KEY they are"
                    " deleted; without it, this waits until they expire …"
                )
                said = left
            await asyncio.sleep(_ERASURE_PAUSE_SECONDS)
    assert finished.receipt is not None  # noqa: S101 - a finished erasure has one
    return finished.receipt


async def verify_receipt(settings: Settings, document: object, *, say: Say) -> bool:
    """Compare a receipt with its signature and with the live system. Return whether both agree.

    Raises `InvalidRequest` for another signature, `DatabaseUnavailable` and `BucketUnavailable`.
    """
    core = create_core(settings)
    receipt = create_receipt_signer(settings.sign_in, core.credentials).verify(document)
    say(f"Signed: erasure {receipt.erasure} of {receipt.user}, {receipt.finished_at:%Y-%m-%d}.")
    async with core.running():
        left = await remnants(receipt, ErasureRows(core.database), core.bucket)
    for each in left:
        say(f"Left: {each}.")
    if not left:
        say("Nothing of it is in the database or in the bucket.")
    return not left


async def export(settings: Settings, *, user_id: str, target: Path, say: Say) -> None:
    """Write all that a user has into a ZIP file, and an entry into the audit log.

    Raises `DatabaseUnavailable` and `BucketUnavailable`.
    """
    core = create_core(settings)
    async with core.running():
        act = Act(Actor.OPERATOR, Action.EXPORTED, Kind.USER)
        await AuditLog(core.database).record(act, [(user_id, user_id)])
        exported = await Export(ExportRows(core.database), core.bucket).write(user_id, target)
    say(
        f"{exported.threads} threads with {exported.items} items and {exported.files} files are in"
        f" {target}."
    )
    for attachment_id in exported.missing:
        say(f"The bytes of {attachment_id} are not there.")


def _line(difference: Difference) -> str:
    attachment = f" ({difference.attachment_id})" if difference.attachment_id else ""
    return f"{difference.kind}: {difference.key}{attachment}"
