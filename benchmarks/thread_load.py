"""Loading a thread of 20 messages with 60 images against the bare query for its rows.

All go through the same pool, each call on a connection of its own. The bare query selects the same
rows and gets each payload as the JSONB column gives it: a dict. Another baseline leaves even that
out and keeps them as text. Ours gives ChatKit's types, validated, with 60 preview URLs: signed anew
in the first load of a window, known in those after it.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Any

from chatkit.types import (
    ImageAttachment,
    InferenceOptions,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)
from pydantic import AnyUrl
from sqlalchemy import Select, insert

from app.attachment_state import AttachmentState
from app.attachments.previews import SignedPreviews
from app.context import RequestContext
from app.database.engine import Database
from app.database.pages import page_statement
from app.database.tables import attachments, thread_items
from app.database.thread_store import PostgresStore
from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.signing import UrlSigner
from benchmarks._servers import Servers, report, servers

ROUNDS = 30
CALLS = 20
MESSAGES = 20
IMAGES_EACH = 3
TTL_SECONDS = 900
WANTED = {"user_id": "bench", "thread_id": "thr", "rows": MESSAGES + 1}
Load = Callable[[], Awaitable[None]]
CONTEXT = RequestContext(user_id="bench", request_id="-", base_url="")


def main() -> None:
    with servers() as running:
        asyncio.run(_measure(running))


async def _measure(running: Servers) -> None:
    endpoint = Endpoint(
        url=running.endpoint_url, bucket="bench", region="us-east-1", addressing_style="auto"
    )
    credentials = SessionCredentials()
    signer = UrlSigner(endpoint, credentials)
    now = time.time()
    moving_signer = UrlSigner(endpoint, credentials, clock=lambda: now)
    async with Database(running.database_url) as database:
        store = PostgresStore(database, SignedPreviews(signer, ttl_seconds=TTL_SECONDS))
        first_store = PostgresStore(
            database, SignedPreviews(moving_signer, ttl_seconds=TTL_SECONDS)
        )
        await _fill(database, store)

        async def ours() -> None:
            page = await store.load_thread_items("thr", None, MESSAGES, "asc", CONTEXT)
            assert len(page.data) == MESSAGES

        async def ours_signed_anew() -> None:
            nonlocal now
            now += TTL_SECONDS
            page = await first_store.load_thread_items("thr", None, MESSAGES, "asc", CONTEXT)
            assert len(page.data) == MESSAGES

        async def bare(statement: Select[Any]) -> None:
            async with database.connect() as connection:
                rows = (await connection.execute(statement, WANTED)).all()
            assert len(rows) == MESSAGES

        as_text = page_statement(
            "items", ascending=True, lower="after", bounds=frozenset(), filtered=False
        )
        as_dicts = as_text.with_only_columns(thread_items.c.payload)
        compared: dict[str, tuple[Load, Load]] = {
            "20 messages with 60 images against the bare query": (ours, lambda: bare(as_dicts)),
            "… with every URL signed anew": (ours_signed_anew, lambda: bare(as_dicts)),
            "… against the bare query for undecoded text": (ours, lambda: bare(as_text)),
        }
        for what, (our_load, bare_load) in compared.items():
            ours_rounds, bare_rounds = [], []
            for number in range(ROUNDS + 1):
                ours_round, bare_round = await _per_call(our_load), await _per_call(bare_load)
                if number:  # the first round warms up
                    ours_rounds.append(ours_round)
                    bare_rounds.append(bare_round)
            report(what, ours_rounds, bare_rounds)


async def _per_call(call: Load) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        await call()
    return (time.perf_counter() - start) / CALLS


async def _fill(database: Database, store: PostgresStore) -> None:
    thread = ThreadMetadata(id="thr", created_at=datetime.now())
    await store.save_thread(thread, CONTEXT)
    for message in range(MESSAGES):
        images = [
            ImageAttachment(
                id=f"atc_{message}_{number}",
                name=f"photo {number}.png",
                mime_type="image/png",
                preview_url=AnyUrl("https://not-stored.example"),
            )
            for number in range(IMAGES_EACH)
        ]
        rows = [
            {
                "user_id": "bench",
                "id": image.id,
                "state": AttachmentState.STORED,
                "object_key": f"attachments/{'k' * 28}{image.id}",
                "etag": "0123",
                "search_terms": [],
                "name": image.name,
                "mime_type": image.mime_type,
                "payload": {},
            }
            for image in images
        ]
        async with database.begin() as connection:
            await connection.execute(insert(attachments), rows)
        item = UserMessageItem(
            id=f"msg_{message}",
            thread_id="thr",
            created_at=datetime.now(),
            content=[UserMessageTextContent(text="What do these show? " * 5)],
            attachments=images,
            inference_options=InferenceOptions(),
        )
        await store.add_user_message(thread, item, CONTEXT, create_thread=False)
