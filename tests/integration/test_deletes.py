"""`attachments.delete` and `threads.delete`: what they cost, and that the bytes go soon after."""

import json
from collections.abc import Callable

import pytest
from sqlalchemy import event

from app.chat.requests import parse_request
from app.context import RequestContext
from app.settings.environment import Settings
from app.wiring.web import create_web_parts
from tests.rows import UNLIMITED, new_attachment
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of
from tests.waiting import wait_until

ALICE = RequestContext(user_id="alice", request_id="r", base_url="http://localhost")


async def test_deleting_an_attachment_is_one_statement(settings: Settings) -> None:
    parts = create_web_parts(settings)
    statements: list[str] = []
    event.listen(
        parts.core.database.engine.sync_engine,
        "before_cursor_execute",
        lambda connection, cursor, statement, *_: statements.append(statement.split()[0]),
    )
    async with parts.core.running():
        await parts.core.records.reserve(new_attachment("atc_1"), UNLIMITED)
        statements.clear()
        delete = {"type": "attachments.delete", "params": {"attachment_id": "atc_1"}}
        await parts.server.handle(parse_request(json.dumps(delete)), ALICE)
    assert statements == ["WITH"], "the change and its audit entry"


@pytest.mark.slow
@pytest.mark.parametrize("operation", ["attachments.delete", "threads.delete"])
def test_a_delete_wakes_the_sweep(
    database_url: str, seaweedfs_bucket: TestBucket, sql: Callable[[str], str], operation: str
) -> None:
    settings = test_settings(database_url, seaweedfs_bucket, sweep_interval_seconds=86_400)
    with running(settings) as base_url:
        alice = ChatKitClient.of(base_url)
        attachment = alice.attach()
        thread_id = thread_id_of(alice.say("Look", attachment["id"]))
        sql("UPDATE attachments SET upload_ends_at = NULL")  # nothing can arrive any more
        if operation == "threads.delete":
            alice.call(operation, thread_id=thread_id)
        else:
            alice.call(operation, attachment_id=attachment["id"])
        wait_until(lambda: sql("SELECT count(*) FROM attachments") == "0")
