"""Compares bucket and database, both ways. A million keys need no more memory than one page.

Both sides are read in the order of keys, so one walk over both finds objects without a row, rows
without their object, and objects that their row no longer needs. What is younger than a minimum age
is not judged, because its upload or verification may be under way.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from app.attachment_state import SETTLED, USABLE, AttachmentState
from app.database.reconcile_rows import KeyedRow, ReconcileRows
from app.errors import ObjectMissing
from app.faults import fault_point
from app.storage.bucket import Bucket, ObjectSummary
from app.storage.object_keys import OBJECT_KEY_PREFIX, UPLOAD_PREFIX, is_apart, owner_of

_BATCH = 500
_LOST = "Its bytes are missing from the storage. Attach the file again."


class DifferenceKind(StrEnum):
    """How bucket and database can differ."""

    OBJECT_WITHOUT_ROW = "object without row"
    ROW_WITHOUT_OBJECT = "row without object"
    ROW_WITHOUT_PREVIEW = "row without its preview"
    LEFTOVER = "object that its row does not need"


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `attachment_id` is None for an object without a row, and for an upload."""

    kind: DifferenceKind
    key: str
    attachment_id: str | None = None


@dataclass(slots=True)
class Reconciled:
    """The summary of a run: what was compared, found and fixed."""

    objects: int = 0
    rows: int = 0
    too_young: int = 0
    differences: dict[DifferenceKind, int] = field(default_factory=dict)
    fixed: int = 0

    @property
    def remaining(self) -> int:
        return sum(self.differences.values()) - self.fixed

    def __str__(self) -> str:
        found = ", ".join(f"{count} × {kind}" for kind, count in self.differences.items())
        return (
            f"{self.objects:,} objects, {self.rows:,} rows, {self.too_young:,} too young to judge;"
            f" {found or 'no differences'}; {self.fixed} fixed, {self.remaining} remaining"
        )


class Reconciliation:
    """One run. `report` gets every difference, `progress` the number of rows compared so far."""

    def __init__(
        self,
        rows: ReconcileRows,
        bucket: Bucket,
        *,
        fix: bool,
        min_age_seconds: float,
        report: Callable[[Difference], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._rows = rows
        self._bucket = bucket
        self._fix = fix
        self._min_age_seconds = min_age_seconds
        self._report = report
        self._progress = progress
        self._started_at = datetime.now(UTC)
        self._unneeded: list[Difference] = []
        self._apart: list[str] = []
        self._summary = Reconciled()

    async def run(self) -> Reconciled:
        """Compare all rows and objects. What is fixed before an error stays fixed.

        Raises `DatabaseUnavailable` and `BucketUnavailable`.
        """
        async for row, objects in self._side_by_side():
            self._summary.objects += len(objects)
            if row is None:
                for each in objects:
                    await (self._judge_apart if is_apart(each.key) else self._judge_orphan)(each)
            else:
                self._summary.rows += 1
                self._progress(self._summary.rows)
                await self._judge_row(row, objects)
        await self._judge_collected()
        await self._delete_unneeded()
        return self._summary

    async def _side_by_side(self) -> AsyncIterator[tuple[KeyedRow | None, list[ObjectSummary]]]:
        """Yield each row with its objects, and each object without a row by itself."""
        rows = self._rows.walk()
        row = await anext(rows, None)
        objects: list[ObjectSummary] = []
        async for found in self._bucket.list(OBJECT_KEY_PREFIX):
            # "/" is the character after ".", so the row's own keys are smaller than this one. Its
            # upload and what is in quarantine are listed elsewhere.
            while row is not None and f"{row.object_key}/" <= found.key:
                yield row, objects
                objects = []
                row = await anext(rows, None)
            is_beside = not is_apart(found.key)
            if row is not None and is_beside and owner_of(found.key) == row.object_key:
                objects.append(found)
            else:
                yield None, [found]
        while row is not None:
            yield row, objects
            objects = []
            row = await anext(rows, None)

    async def _judge_orphan(self, found: ObjectSummary) -> None:
        if self._is_too_young(found):
            self._summary.too_young += 1
        else:
            await self._delete_later(Difference(DifferenceKind.OBJECT_WITHOUT_ROW, found.key))

    async def _judge_apart(self, found: ObjectSummary) -> None:
        if not self._is_too_young(found):
            self._apart.append(found.key)
        if len(self._apart) >= _BATCH:
            await self._judge_collected()

    async def _judge_collected(self) -> None:
        """Find the collected uploads, and objects in quarantine, that no row waits for.

        The sweep deletes such uploads too.
        """
        keys, self._apart = self._apart, []
        if not keys:
            return
        owners = [owner_of(key) for key in keys]
        awaited_uploads = await self._rows.awaited_uploads(owners)
        awaited_quarantines = await self._rows.awaited_quarantines(owners)
        known = await self._rows.known(owners)
        for key, owner in zip(keys, owners, strict=True):
            is_upload = key.startswith(UPLOAD_PREFIX)
            if owner not in known:
                await self._delete_later(Difference(DifferenceKind.OBJECT_WITHOUT_ROW, key))
            elif owner not in (awaited_uploads if is_upload else awaited_quarantines):
                await self._delete_later(Difference(DifferenceKind.LEFTOVER, key))

    async def _judge_row(self, row: KeyedRow, objects: list[ObjectSummary]) -> None:
        if row.state not in SETTLED:
            return  # its objects are not there yet, or the sweep is about to delete them
        if row.age_seconds < self._min_age_seconds:
            self._summary.too_young += 1
            return
        if missing := _missing(row, {each.key for each in objects}):
            await self._fix_row(missing, row)
        for each in objects:
            if _is_leftover(row, each.key) and not self._is_too_young(each):
                await self._delete_later(Difference(DifferenceKind.LEFTOVER, each.key, row.id))

    def _is_too_young(self, found: ObjectSummary) -> bool:
        age = self._started_at - found.last_modified
        return age.total_seconds() < self._min_age_seconds

    def _record(self, difference: Difference) -> None:
        counts = self._summary.differences
        counts[difference.kind] = counts.get(difference.kind, 0) + 1
        self._report(difference)

    async def _fix_row(self, missing: Difference, row: KeyedRow) -> None:
        # The listing may be minutes old, so the bucket is asked once more.
        try:
            await self._bucket.head(missing.key)
        except ObjectMissing:
            self._record(missing)
        else:
            return
        if not self._fix:
            return
        if missing.kind is DifferenceKind.ROW_WITHOUT_PREVIEW:
            await self._rows.forget_preview(row)
        else:
            await self._rows.mark_lost(row, _LOST)
        fault_point("reconcile.row")
        self._summary.fixed += 1

    async def _delete_later(self, unneeded: Difference) -> None:
        self._unneeded.append(unneeded)
        if len(self._unneeded) >= _BATCH:
            await self._delete_unneeded()

    async def _delete_unneeded(self) -> None:
        """Report and delete the collected objects, except those that have got a row since."""
        collected, self._unneeded = self._unneeded, []
        is_orphan = DifferenceKind.OBJECT_WITHOUT_ROW
        orphans = {owner_of(each.key) for each in collected if each.kind is is_orphan}
        known = await self._rows.known(orphans) if orphans else set()
        unneeded = [
            each
            for each in collected
            if each.kind is not is_orphan or owner_of(each.key) not in known
        ]
        for each in unneeded:
            self._record(each)
        if not self._fix or not unneeded:
            return
        fault_point("reconcile.delete")
        failures = await self._bucket.delete([each.key for each in unneeded])
        fault_point("reconcile.deleted")
        self._summary.fixed += len(unneeded) - len(failures)


def _missing(row: KeyedRow, present: set[str]) -> Difference | None:
    """Return the missing object of the row: its file, or else its preview; None if neither is."""
    if row.state not in USABLE:
        return None
    if row.object_key not in present:
        return Difference(DifferenceKind.ROW_WITHOUT_OBJECT, row.object_key, row.id)
    if row.preview_key and row.preview_key not in present:
        return Difference(DifferenceKind.ROW_WITHOUT_PREVIEW, row.preview_key, row.id)
    return None


def _is_leftover(row: KeyedRow, key: str) -> bool:
    """Return whether this object of the row is not needed, and nothing else will delete it.

    The sweep deletes all objects of a rejected attachment when its upload link has expired.
    """
    if row.state is AttachmentState.REJECTED:
        return row.link_is_cleared
    return key not in (row.object_key, row.preview_key)
