"""A user with 10,000 items in 50 threads, and 400 files, written without the steps of a chat."""

import json
from datetime import datetime
from typing import Any

from chatkit.types import InferenceOptions, ThreadMetadata, UserMessageItem, UserMessageTextContent

from app.database.payloads import encode_item, encode_thread
from app.storage.object_keys import new_object_key
from tests.rig import Rig

THREADS, ITEMS, FILES = 50, 10_000, 400
NOW = datetime(2026, 1, 1)


async def fill(rig: Rig, user_id: str) -> None:
    thread = json.loads(encode_thread(ThreadMetadata(id="", created_at=NOW, title="Private")))
    message = json.loads(encode_item(_message(), {}))
    await rig.sql(
        "INSERT INTO threads (user_id, id, title, payload, search_terms)"
        " SELECT :user, id, 'Private', CAST(:payload AS jsonb) || jsonb_build_object('id', id),"
        " '{}' FROM (SELECT 'thr_' || n AS id FROM generate_series(1, :threads) n) t",
        user=user_id,
        payload=json.dumps(thread),
        threads=THREADS,
    )
    await rig.sql(
        "INSERT INTO thread_items (user_id, thread_id, id, type, payload)"
        " SELECT :user, thread_id, id, 'user_message',"
        " CAST(:payload AS jsonb) || jsonb_build_object('id', id, 'thread_id', thread_id)"
        " FROM (SELECT 'thr_' || (1 + n % :threads) AS thread_id, 'msg_' || n AS id"
        " FROM generate_series(1, :items) n ORDER BY n) i",
        user=user_id,
        payload=json.dumps(message),
        threads=THREADS,
        items=ITEMS,
    )
    for number in range(FILES):
        await _file(rig, user_id, f"atc_{number}")


async def _file(rig: Rig, user_id: str, attachment_id: str) -> None:
    key = new_object_key()
    body = f"{attachment_id} of {user_id}".encode()
    payload: dict[str, Any] = {
        "type": "file",
        "id": attachment_id,
        "name": "../notes.txt",
        "mime_type": "text/plain",
    }
    etag = await rig.bucket.write(key, body, mime_type="text/plain")
    await rig.sql(
        "INSERT INTO attachments (user_id, id, thread_id, state, object_key, name, mime_type, size,"
        " etag, payload, search_terms) VALUES (:user, :id, 'thr_1', 'attached', :key,"
        " '../notes.txt', 'text/plain', :size, :etag, CAST(:payload AS jsonb), '{}')",
        user=user_id,
        id=attachment_id,
        key=key,
        size=len(body),
        etag=etag,
        payload=json.dumps(payload),
    )


def _message() -> UserMessageItem:
    return UserMessageItem(
        id="",
        thread_id="",
        created_at=NOW,
        content=[UserMessageTextContent(text="Private <b>words</b>")],
        attachments=[],
        inference_options=InferenceOptions(),
    )
