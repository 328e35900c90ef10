"""Renders tables that are too long to be sent: their profiles, and answers to SQL."""

import asyncio
import hashlib

from app.bounded_cache import BoundedCache
from app.file_types.file_type import Family
from app.file_types.table import resolve
from app.model_input.file_facts import FileFacts
from app.model_input.readers import tables
from app.model_input.readers.tables import Tables
from app.model_input.readers.unreadable import Unreadable
from app.model_input.rendition import Rendition, note, text_rendition
from app.workers import Workers

# OpenAI reads this many rows of a sheet: https://developers.openai.com/api/docs/guides/pdf-files
MOST_SHEET_ROWS = 1000
_CACHE_BYTES = 128 * 1024 * 1024
_PROFILE = (
    "too long to be shown whole: this is its profile. Call query_attachment with SQL (DuckDB) to"
    " count, add up, filter or list its rows"
)


class TableRenditions:
    """Reads tables in worker processes, and caches them."""

    def __init__(self, workers: Workers) -> None:
        self._workers = workers
        self._kept: BoundedCache[tuple[str, bytes], Tables] = BoundedCache(_CACHE_BYTES)

    def reads(self, file: FileFacts) -> bool:
        """Whether a file can be read as tables."""
        return _suffix(file) in tables.SUFFIXES

    async def profile(self, file: FileFacts, body: bytes) -> Rendition:
        """Return the profile of a file's tables, or a note."""
        prepared = await self._prepared(file, body, -1)
        if isinstance(prepared, Unreadable):
            return note(f"the table could not be read: {prepared.reason}.")
        return text_rendition(prepared.profile if prepared else "", _PROFILE)

    async def profile_if_longer(
        self, file: FileFacts, body: bytes, rows: int
    ) -> Rendition | Unreadable | None:
        """Return the profile of a file in which a table has more than `rows` rows; else None."""
        prepared = await self._prepared(file, body, rows)
        if isinstance(prepared, Tables):
            return text_rendition(prepared.profile, _PROFILE)
        return prepared

    async def answer(self, file: FileFacts, body: bytes, sql: str) -> Rendition:
        """Return the result of a query on a file's tables, or a note."""
        if not self.reads(file):
            return note("it is no table (CSV, TSV, Excel, OpenDocument or Parquet).")
        prepared = await self._prepared(file, body, -1)
        if prepared is None or isinstance(prepared, Unreadable):
            return note(f"the table could not be read: {prepared.reason if prepared else ''}.")
        result = await self._workers.run(tables.query, prepared, sql)
        if isinstance(result, Unreadable):
            return note(f"{result.reason}.")
        return text_rendition(result, "the result of the query, as CSV")

    async def _prepared(
        self, file: FileFacts, body: bytes, more_rows_than: int
    ) -> Tables | Unreadable | None:
        suffix = _suffix(file)
        key = (suffix, await asyncio.to_thread(_digest, body))
        if kept := self._kept.get(key):
            is_longer = any(each.rows > more_rows_than for each in kept.tables)
            return kept if is_longer else None
        prepared = await self._workers.run(tables.prepare, body, suffix, more_rows_than)
        if isinstance(prepared, Tables):
            self._kept.put(key, prepared, prepared.weight_bytes)
        return prepared


def _digest(body: bytes) -> bytes:
    return hashlib.sha256(body).digest()


def _suffix(file: FileFacts) -> str:
    row = resolve(file.name, file.mime_type)
    return row.suffix if row.family is Family.SPREADSHEET else ""
