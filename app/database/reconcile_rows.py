"""The rows of all users in the order of their object keys, as a bucket lists its objects."""

from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Double, and_, cast, func, select, update

from app.attachment_state import USABLE, AttachmentState
from app.database.engine import Database
from app.database.provider_files import mark_files_of
from app.database.references import payload_previewed_by
from app.database.tables import attachments
from app.database.tombstones import awaited_quarantines, awaited_uploads
from app.database.transitions import in_state, transition

_PAGE = 1000


@dataclass(frozen=True, slots=True)
class KeyedRow:
    """What `reconcile` needs of a row that has an object key.

    `link_is_cleared`: the upload link has expired, and what it wrote is deleted. `age_seconds` is
    by the database's clock.
    """

    user_id: str
    id: str
    object_key: str
    preview_key: str | None
    state: AttachmentState
    link_is_cleared: bool
    age_seconds: float


_COLUMNS = (
    attachments.c.user_id,
    attachments.c.id,
    attachments.c.object_key,
    attachments.c.preview_key,
    attachments.c.state,
    attachments.c.upload_ends_at.is_(None),
    cast(func.extract("epoch", func.now() - attachments.c.created_at), Double),
)


class ReconcileRows:
    """Reads and repairs rows of every user, for `reconcile` alone."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def count(self) -> int:
        """Return how many rows have an object key."""
        async with self._database.connect() as connection:
            return int(await connection.scalar(select(func.count(attachments.c.object_key))) or 0)

    async def walk(self) -> AsyncIterator[KeyedRow]:
        """Yield every row that has an object key, in the order of the keys.

        They are read in pages, and no connection is held between them: a walk may take an hour.
        """
        after = ""
        while True:
            async with self._database.connect() as connection:
                page = await connection.execute(
                    select(*_COLUMNS)
                    .where(attachments.c.object_key > after)
                    .order_by(attachments.c.object_key)
                    .limit(_PAGE)
                )
                rows = [KeyedRow(*row) for row in page.all()]
            for row in rows:
                yield row
            if len(rows) < _PAGE:
                return
            after = rows[-1].object_key

    async def known(self, object_keys: Collection[str]) -> set[str]:
        """Return those of the keys that have a row now."""
        async with self._database.connect() as connection:
            found = await connection.execute(
                select(attachments.c.object_key).where(
                    attachments.c.object_key.in_(list(object_keys))
                )
            )
            return set(found.scalars())

    async def awaited_uploads(self, object_keys: Collection[str]) -> set[str]:
        """Return those of the object keys whose upload is in use or is left to the sweep."""
        return await awaited_uploads(self._database, object_keys)

    async def awaited_quarantines(self, object_keys: Collection[str]) -> set[str]:
        """Return those of the object keys whose bytes in quarantine are kept."""
        return await awaited_quarantines(self._database, object_keys)

    async def mark_lost(self, row: KeyedRow, problem: str) -> None:
        """Change STORED or ATTACHED to REJECTED with the reason, because the bytes are lost.

        They no longer count against the quota. Its files at the model's provider are marked for
        deletion.
        """
        lost = transition(AttachmentState.REJECTED, *USABLE).where(_has_key_of(row))
        async with self._database.begin() as connection:
            await connection.execute(lost.values(problem=problem, etag=None, preview_key=None))
            await mark_files_of(connection, [(row.user_id, row.id)])

    async def forget_preview(self, row: KeyedRow) -> None:
        """Make the image itself its preview again."""
        previewed = payload_previewed_by(row.object_key)
        usable = update(attachments).where(in_state(*USABLE), _has_key_of(row))
        async with self._database.connect() as connection:
            await connection.execute(usable.values(preview_key=None, payload=previewed))


def _has_key_of(row: KeyedRow) -> ColumnElement[bool]:
    return and_(attachments.c.user_id == row.user_id, attachments.c.id == row.id)
