"""Imports threads that another ChatKit server has exported: see docs/migrating.md.

Run it with `python -m tools.import_threads threads.jsonl`; DATABASE_URL names the database. Each
line is a JSON object: `user_id`, `thread` (ChatKit's `ThreadMetadata`) and `items` (its
`ThreadItem`s, oldest first). A thread that is imported again is replaced item by item.
"""

import asyncio
import json
import os
import sys
from pathlib import Path

from chatkit.types import ThreadItem, ThreadMetadata
from pydantic import TypeAdapter

from app.context import RequestContext
from app.database.engine import Database
from app.database.thread_store import PostgresStore

_ITEMS: TypeAdapter[list[ThreadItem]] = TypeAdapter(list[ThreadItem])


async def import_threads(path: Path, database_url: str) -> tuple[int, int]:
    """Import a file and return the numbers of threads and items. Raises `ValidationError`."""
    threads = written = 0
    async with Database(database_url) as database:
        store = PostgresStore(database)
        with path.open(encoding="utf-8") as lines:
            for line in lines:
                record = json.loads(line)
                context = RequestContext(record["user_id"], request_id="import", base_url="")
                thread = ThreadMetadata.model_validate(record["thread"])
                await store.save_thread(thread, context)
                items = _ITEMS.validate_python(record["items"])
                for item in items:
                    await store.add_thread_item(thread.id, item, context)
                threads, written = threads + 1, written + len(items)
    return threads, written


def main() -> None:
    """Import the file that the command line names."""
    if len(sys.argv) != 2 or not os.environ.get("DATABASE_URL"):
        sys.exit("Usage: DATABASE_URL=postgresql://… python -m tools.import_threads threads.jsonl")
    counted = asyncio.run(import_threads(Path(sys.argv[1]), os.environ["DATABASE_URL"]))
    print("Imported {} threads with {} items.".format(*counted))


if __name__ == "__main__":
    main()
