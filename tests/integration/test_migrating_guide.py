"""The export of docs/migrating.md and the import bring every thread, user by user, in order."""

import asyncio
import re
import sys
from datetime import datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from chatkit.types import (
    InferenceOptions,
    Page,
    ThreadItem,
    ThreadMetadata,
    UserMessageItem,
    UserMessageTextContent,
)

from app.context import RequestContext
from app.database.engine import Database
from app.database.thread_store import PostgresStore
from tools.import_threads import import_threads

pytestmark = pytest.mark.slow

GUIDE = Path(__file__).parents[2] / "docs" / "migrating.md"
BEGAN = datetime(2025, 1, 1, 12)


def message(thread_id: str, number: int) -> UserMessageItem:
    return UserMessageItem(
        id=f"{thread_id}_msg_{number}",
        thread_id=thread_id,
        created_at=BEGAN + timedelta(minutes=number),
        content=[UserMessageTextContent(text=f"message {number}")],
        inference_options=InferenceOptions(),
    )


class MyStore:
    """Somebody's store: two users, threads of 3 and 700 items."""

    async def load_threads(
        self, limit: int, after: str | None, order: str, context: str
    ) -> Page[ThreadMetadata]:
        thread = ThreadMetadata(
            id=f"thr_{context}", created_at=BEGAN, title=context, metadata={"cat": "Mochi"}
        )
        return Page(data=[thread])

    async def load_thread_items(
        self, thread_id: str, after: str | None, limit: int, order: str, context: str
    ) -> Page[ThreadItem]:
        everything = [message(thread_id, number) for number in range(SIZES[context])]
        begin = 0 if after is None else [item.id for item in everything].index(after) + 1
        page = everything[begin : begin + limit]
        has_more = begin + limit < len(everything)
        return Page(data=list(page), has_more=has_more, after=page[-1].id if has_more else None)


SIZES = {"alice": 3, "bob": 700}


async def test_export_and_import_bring_everything(
    database_url: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    module = ModuleType("my_package.store")
    theirs: dict[str, Any] = {
        "MyStore": MyStore,
        "my_context": lambda user_id: user_id,
        "my_users": lambda: list(SIZES),
    }
    vars(module).update(theirs)
    monkeypatch.setitem(sys.modules, "my_package", ModuleType("my_package"))
    monkeypatch.setitem(sys.modules, "my_package.store", module)
    monkeypatch.chdir(tmp_path)

    scripts = re.findall(r"```python\n(.*?)```", GUIDE.read_text(), re.DOTALL)
    [script] = [each for each in scripts if "threads.jsonl" in each]
    names: dict[str, Any] = {}
    exec(script.replace("asyncio.run(main())", ""), names)  # noqa: S102 - our own document
    await asyncio.create_task(names["main"]())
    for _ in range(2):  # twice, as the guide allows
        assert await import_threads(tmp_path / "threads.jsonl", database_url) == (2, 703)

    async with Database(database_url) as database:
        store = PostgresStore(database)
        for user_id, size in SIZES.items():
            context = RequestContext(user_id=user_id, request_id="test", base_url="")
            [thread] = (await store.load_threads(10, None, "asc", context)).data
            assert (thread.title, thread.metadata) == (user_id, {"cat": "Mochi"})
            found: list[str] = []
            after, has_more = None, True
            while has_more:
                page = await store.load_thread_items(thread.id, after, 100, "asc", context)
                found += [item.id for item in page.data]
                after, has_more = page.after, page.has_more
            assert found == [f"thr_{user_id}_msg_{number}" for number in range(size)]
