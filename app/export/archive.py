"""Writes all that a user has as a ZIP: threads as JSON and HTML, and the files.

Rows are read in pages and files in pieces, so a large export needs little memory. The archive has
another name until it is complete.
"""

import json
import shutil
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from html import escape
from pathlib import Path
from typing import IO, Any
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from app.attachment_state import COUNTED, AttachmentState
from app.database.export_rows import ExportedFile, ExportedThread, ExportRows
from app.errors import ObjectChanged, ObjectMissing
from app.export import pages
from app.export.names import file_path, safe_name
from app.faults import fault_point
from app.storage.bucket import Bucket
from app.storage.object_keys import upload_key

_PIECE_BYTES = 4 * 1024 * 1024


@dataclass(slots=True)
class Exported:
    """What an archive has. `missing` are the ids of attachments whose bytes are not there."""

    threads: int = 0
    items: int = 0
    files: int = 0
    missing: list[str] = field(default_factory=list)


class Export:
    """Exports one user's threads and files."""

    def __init__(self, rows: ExportRows, bucket: Bucket) -> None:
        self._rows = rows
        self._bucket = bucket

    async def write(self, user_id: str, target: Path) -> Exported:
        """Write the archive. A file of that name is replaced when the new one is complete.

        Raises `DatabaseUnavailable`, `BucketUnavailable` and `OSError`.
        """
        exported = Exported()
        partial = target.with_name(f"{target.name}.part")
        try:
            with ZipFile(partial, "w", ZIP_DEFLATED) as archive:
                files = await self._write_files(archive, user_id, exported)
                index = [pages.head("Threads and files")]
                async for thread in self._rows.threads(user_id):
                    name = f"threads/{exported.threads + 1:05}-{safe_name(thread.id)}"
                    await self._write_thread(archive, name, user_id, thread, files, exported)
                    title = escape(pages.thread_title(thread))
                    index.append(f'<p><a href="{name}.html">{title}</a></p>\n')
                    fault_point("export.thread")
                index += [pages.file_html(*each) + "\n" for each in files.values()]
                archive.writestr("index.html", "".join([*index, pages.FOOT]))
                about = {"user": user_id, "exported_at": datetime.now(UTC).isoformat()}
                archive.writestr("manifest.json", json.dumps(about | asdict(exported), indent=1))
            partial.replace(target)
        finally:
            partial.unlink(missing_ok=True)
        return exported

    async def _write_files(
        self, archive: ZipFile, user_id: str, exported: Exported
    ) -> dict[str, tuple[ExportedFile, str]]:
        """Write all files, and return each with its path by id. A missing one has no path."""
        files: dict[str, tuple[ExportedFile, str]] = {}
        async for file in self._rows.files(user_id):
            path = file_path(exported.files + 1, file.name)
            if await self._write_file(archive, path, file):
                exported.files += 1
                files[file.id] = (file, path)
            else:
                exported.missing.append(file.id)
                files[file.id] = (file, "")
            if file.transcript is not None:
                with _text_entry(archive, f"{path}.transcript.txt") as entry:
                    entry.write(file.transcript.encode())
            fault_point("export.file")
        return files

    async def _write_file(self, archive: ZipFile, path: str, file: ExportedFile) -> bool:
        """Write the bytes of a file, if they are there. Return whether they are."""
        pieces = self._pieces(file)
        try:
            first = await anext(pieces, None)
        except (ObjectMissing, ObjectChanged):
            return False
        if first is None:
            return False
        # Most files are compressed already.
        with archive.open(_entry(path, ZIP_STORED), "w", force_zip64=True) as entry:
            entry.write(first)
            async for piece in pieces:
                entry.write(piece)
        return True

    async def _pieces(self, file: ExportedFile) -> AsyncIterator[bytes]:
        if file.object_key is None or file.state not in COUNTED:
            return
        is_pending = file.state is AttachmentState.PENDING
        key = upload_key(file.object_key) if is_pending else file.object_key
        # An upload may be replaced while it is read, so its first ETag is kept.
        etag = file.etag or (await self._bucket.head(key)).etag
        for start in range(0, max(file.size, 1), _PIECE_BYTES):
            yield await self._bucket.read(key, etag=etag, start=start, length=_PIECE_BYTES)

    async def _write_thread(
        self,
        archive: ZipFile,
        name: str,
        user_id: str,
        thread: ExportedThread,
        files: dict[str, tuple[ExportedFile, str]],
        exported: Exported,
    ) -> None:
        """Write the thread as JSON, and at the same time as HTML into a temporary file."""
        with tempfile.TemporaryFile() as page:
            page.write(pages.head(pages.thread_title(thread)).encode())
            with _text_entry(archive, f"{name}.json") as entry:
                entry.write(b'{"thread": ' + _json(thread.payload) + b', "items": [')
                separator = b"\n"
                async for item in self._rows.items(user_id, thread.id):
                    exported.items += 1
                    paths = {
                        each: files[each][1]
                        for each in pages.file_ids(item.payload)
                        if each in files
                    }
                    whole = {"item": item.payload, "feedback": item.feedback, "files": paths}
                    entry.write(separator + _json(whole))
                    separator = b",\n"
                    page.write(pages.item_html(item, files).encode())
                entry.write(b"]}\n")
            page.write(pages.FOOT.encode())
            page.seek(0)
            with _text_entry(archive, f"{name}.html") as entry:
                shutil.copyfileobj(page, entry)
        exported.threads += 1


def _entry(path: str, compression: int) -> ZipInfo:
    entry = ZipInfo(path, datetime.now(UTC).timetuple()[:6])
    entry.compress_type = compression
    entry.external_attr = 0o600 << 16
    return entry


@contextmanager
def _text_entry(archive: ZipFile, path: str) -> Iterator[IO[bytes]]:
    with archive.open(_entry(path, ZIP_DEFLATED), "w", force_zip64=True) as entry:
        yield entry


def _json(value: Any) -> bytes:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
