"""A page of a thread of 1,000,000 items against the same page of a thread of 100 items.

20 items through the store and mapped to OpenAI's types: the first page, one in the middle by
`after`, one by `before`, and the last ones (`desc`). A ratio of 1: both cost the same.
"""

import asyncio
import time
from collections.abc import Callable

from sqlalchemy import text

from app.database.engine import Database
from app.database.pages import PageRequest, Pages
from app.http.rest_types import LISTED_TYPES, to_rest_items
from benchmarks._servers import Servers, report, servers

ROUNDS = 30
CALLS = 20
SMALL, BIG = 100, 1_000_000

# The threads' items differ in number only; two of three are shown, as in a thread with tool calls.
_ITEMS = """
INSERT INTO thread_items (user_id, thread_id, id, type, payload)
SELECT 'bench', CAST(:thread AS text), 'msg_' || lpad(n::text, 7, '0'),
       CASE n % 3 WHEN 0 THEN 'hidden_context_item' ELSE 'assistant_message' END,
       jsonb_build_object(
           'id', 'msg_' || lpad(n::text, 7, '0'),
           'thread_id', CAST(:thread AS text),
           'created_at', '2026-11-21T03:04:05',
           'type', CASE n % 3 WHEN 0 THEN 'hidden_context_item' ELSE 'assistant_message' END,
           'content', CASE n % 3
               WHEN 0 THEN '"hidden"'::jsonb
               ELSE jsonb_build_array(jsonb_build_object(
                   'type', 'output_text', 'text', repeat('An answer. ', 10),
                   'annotations', '[]'::jsonb))
           END)
  FROM generate_series(CAST(:first AS int), CAST(:last AS int)) n
"""


def main() -> None:
    with servers() as running:
        asyncio.run(_measure(running))


async def _measure(running: Servers) -> None:
    async with Database(running.database_url) as database:
        for count in (SMALL, BIG):
            await _fill(database, f"thr_{count}", count)
        async with database.connect() as connection:
            await connection.execute(text("VACUUM ANALYZE"))
        pages = Pages(database)
        requests: dict[str, Callable[[int], PageRequest]] = {
            "the first page": lambda count: PageRequest(20, "asc"),
            "a page in the middle": lambda count: PageRequest(20, "asc", after=_id(count // 2)),
            "the page before it": lambda count: PageRequest(20, "asc", before=_id(count // 2)),
            "the newest page": lambda count: PageRequest(20, "desc"),
        }
        for what, request in requests.items():
            big, small = [], []
            for number in range(ROUNDS + 1):
                big_round = await _per_call(pages, f"thr_{BIG}", request(BIG))
                small_round = await _per_call(pages, f"thr_{SMALL}", request(SMALL))
                if number:  # the first round warms up
                    big.append(big_round)
                    small.append(small_round)
            report(f"{what} of 1,000,000 items against the one of 100", big, small)


async def _fill(database: Database, thread_id: str, count: int) -> None:
    async with database.engine.connect() as connection:
        await connection.execute(
            text(
                "INSERT INTO threads (user_id, id, payload, search_terms)"
                " VALUES ('bench', :thread, '{}', '{}')"
            ),
            {"thread": thread_id},
        )
        for start in range(0, count, 100_000):
            await connection.execute(
                text(_ITEMS),
                {"thread": thread_id, "first": start + 1, "last": min(start + 100_000, count)},
            )
        await connection.commit()


async def _per_call(pages: Pages, thread_id: str, request: PageRequest) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        page = await pages.items("bench", thread_id, request, types=LISTED_TYPES)
        assert page and len(to_rest_items(page.rows)) == 20
    return (time.perf_counter() - start) / CALLS


def _id(number: int) -> str:
    return f"msg_{number:07}"
