"""Bucket against database, both ways, streaming: a million keys take the memory of one page.

Both sides come in the order of keys, so one walk over both finds objects without a row, rows
without their object, and leftovers beside a row that needs them no more. Nothing younger than the
cut-off is judged: uploads and verifications may be under way.
"""

from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import StrEnum

from app.attachment_state import SETTLED, USABLE, AttachmentState
from app.attachments.keys import OBJECT_KEY_PREFIX, owner_of, upload_key
from app.database.reconcile_rows import KeyedRow, ReconcileRows
from app.errors import ObjectMissing
from app.faults import fault_point
from app.storage.bucket import Bucket, ObjectSummary

_BATCH = 500
_LOST = "Its bytes are missing from the storage. Attach the file again."


class DifferenceKind(StrEnum):
    """What can be out of step."""

    OBJECT_WITHOUT_ROW = "object without row"
    ROW_WITHOUT_OBJECT = "row without object"
    ROW_WITHOUT_PREVIEW = "row without its preview"
    LEFTOVER = "object that its row does not need"


@dataclass(frozen=True, slots=True)
class Difference:
    """`attachment_id` is None where no row is concerned."""

    kind: DifferenceKind
    key: str
    attachment_id: str | None = None


@dataclass(slots=True)
class Reconciled:
    """The summary. What is not `fixed` of the differences is still there."""

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
            f" {found or 'all in step'}; {self.fixed} fixed, {self.remaining} remaining"
        )


class Reconciliation:
    """One run. `report` gets every difference, `progress` the number of rows passed."""

    def __init__(
        self,
        keys: ReconcileRows,
        bucket: Bucket,
        *,
        fix: bool,
        min_age_seconds: float,
        report: Callable[[Difference], None] = lambda _: None,
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        self._keys = keys
        self._bucket = bucket
        self._fix = fix
        self._min_age_seconds = min_age_seconds
        self._report = report
        self._progress = progress
        self._started_at = datetime.now(UTC)
        self._doomed: list[Difference] = []
        self._summary = Reconciled()

    async def run(self) -> Reconciled:
        """Raises `DatabaseUnavailable`, `BucketUnavailable`; what was fixed by then stays fixed."""
        async for row, objects in self._side_by_side():
            self._summary.objects += len(objects)
            if row is None:
                for each in objects:
                    await self._judge_orphan(each)
            else:
                self._summary.rows += 1
                self._progress(self._summary.rows)
                await self._judge_row(row, objects)
        await self._delete_doomed()
        return self._summary

    async def _side_by_side(self) -> AsyncIterator[tuple[KeyedRow | None, list[ObjectSummary]]]:
        """Each row with its objects, and objects that belong to no row by themselves."""
        rows = self._keys.walk()
        row = await anext(rows, None)
        objects: list[ObjectSummary] = []
        async for found in self._bucket.list(OBJECT_KEY_PREFIX):
            # "/" is the character behind ".": all keys of a row are smaller than this.
            while row is not None and f"{row.object_key}/" <= found.key:
                yield row, objects
                objects = []
                row = await anext(rows, None)
            if row is not None and owner_of(found.key) == row.object_key:
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
            return
        await self._doom(Difference(DifferenceKind.OBJECT_WITHOUT_ROW, found.key))

    async def _judge_row(self, row: KeyedRow, objects: list[ObjectSummary]) -> None:
        if row.state not in SETTLED:
            return  # not there yet, or on its way out: the sweep's business
        if row.age_seconds < self._min_age_seconds:
            self._summary.too_young += 1
            return
        present = {each.key for each in objects}
        needed = set()
        if row.state in USABLE:
            needed = {row.object_key, *([row.preview_key] if row.preview_key else [])}
            if row.object_key not in present:
                await self._mend_row(
                    Difference(DifferenceKind.ROW_WITHOUT_OBJECT, row.object_key, row.id), row
                )
            elif row.preview_key and row.preview_key not in present:
                await self._mend_row(
                    Difference(DifferenceKind.ROW_WITHOUT_PREVIEW, row.preview_key, row.id), row
                )
        for each in objects:
            may_be_uploading = each.key == upload_key(row.object_key) and not row.link_is_cleared
            if each.key in needed or may_be_uploading or self._is_too_young(each):
                continue
            if row.state is AttachmentState.REJECTED and not row.link_is_cleared:
                continue  # the sweep's business
            await self._doom(Difference(DifferenceKind.LEFTOVER, each.key, row.id))

    def _is_too_young(self, found: ObjectSummary) -> bool:
        age = self._started_at - found.last_modified
        return age.total_seconds() < self._min_age_seconds

    def _record(self, difference: Difference) -> None:
        counts = self._summary.differences
        counts[difference.kind] = counts.get(difference.kind, 0) + 1
        self._report(difference)

    async def _mend_row(self, difference: Difference, row: KeyedRow) -> None:
        # Asked once more: the listing may be minutes older than this.
        try:
            await self._bucket.head(difference.key)
        except ObjectMissing:
            self._record(difference)
        else:
            return
        if not self._fix:
            return
        if difference.kind is DifferenceKind.ROW_WITHOUT_PREVIEW:
            await self._keys.forget_preview(row)
        else:
            await self._keys.mark_lost(row, _LOST)
        fault_point("reconcile.row")
        self._summary.fixed += 1

    async def _doom(self, difference: Difference) -> None:
        self._doomed.append(difference)
        if len(self._doomed) >= _BATCH:
            await self._delete_doomed()

    async def _delete_doomed(self) -> None:
        """Report what is to go, and delete it, unless a row has come up for it meanwhile."""
        doomed, self._doomed = self._doomed, []
        orphans = {owner_of(each.key) for each in doomed if each.attachment_id is None}
        known = await self._keys.known(orphans) if orphans else set()
        doomed = [each for each in doomed if each.attachment_id or owner_of(each.key) not in known]
        for each in doomed:
            self._record(each)
        if not self._fix or not doomed:
            return
        fault_point("reconcile.delete")
        failures = await self._bucket.delete([each.key for each in doomed])
        fault_point("reconcile.deleted")
        self._summary.fixed += len(doomed) - len(failures)
