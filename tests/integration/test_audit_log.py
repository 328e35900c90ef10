"""What users and administrators do is in the audit log, without what anybody wrote."""

import logging
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
from sqlalchemy import event

from app.attachments.deletion import Sweeper, Swept
from app.database.engine import Database
from app.maintenance import audit
from app.settings.environment import Settings
from tests.servers import TestBucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of
from tests.unit.fakes.attachments import png

ADMIN_TOKEN = "an-admin-token-for-the-audit"
SECRET = "nobody-elses-business"


@pytest.fixture
def settings(database_url: str, seaweedfs_bucket: TestBucket) -> Settings:
    return test_settings(
        database_url, seaweedfs_bucket, admin_token=ADMIN_TOKEN, sweep_interval_seconds=3600
    )


@pytest.fixture
def alice(settings: Settings) -> Iterator[ChatKitClient]:
    with running(settings) as url, ChatKitClient.of(url).http as http:
        yield ChatKitClient(http)


async def entries(settings: Settings, *, as_json: bool = False) -> list[str]:
    said: list[str] = []
    await audit(settings, user_id="alice", as_json=as_json, say=said.append)
    return said


@pytest.mark.slow
async def test_a_journey_is_in_the_log_and_nothing_that_was_written(
    settings: Settings, alice: ChatKitClient, sql: Callable[[str], str], caplog: Any
) -> None:
    caplog.set_level(logging.INFO, "audit")
    file = alice.attach(f"{SECRET}.txt", SECRET.encode())["id"]
    image = alice.attach(f"{SECRET}.png", png(4, 4), "image/png")["id"]
    thread = thread_id_of(alice.say(SECRET, file, image))
    assert alice.http.get(f"/attachments/{file}/content").status_code == 307
    assert alice.http.get(f"/attachments/{image}/preview").status_code == 307
    # No link is issued, so these are not in the log.
    assert alice.http.get(f"/attachments/{file}/preview").status_code == 404
    assert alice.http.get("/attachments/atc_unknown/content").status_code == 404
    alone = alice.create_attachment()["id"]
    alice.call("attachments.delete", attachment_id=alone)
    alice.call("attachments.delete", attachment_id=alone)
    as_admin = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    for query in ("", "?user=alice", "?user=bob"):
        listed = alice.http.get(f"/v1/chatkit/threads{query}", headers=as_admin)
        assert listed.status_code == 200
    alice.http.get("/v1/chatkit/threads")
    alice.call("threads.delete", thread_id=thread)

    found = [line.split()[2:] for line in await entries(settings)]
    deleted = found[9:]
    assert found[:9] == [
        ["user", "created", "attachment", file],
        ["user", "created", "attachment", image],
        ["user", "created", "thread", thread],
        ["user", "read", "attachment", file],
        ["user", "read", "attachment", image],
        ["user", "created", "attachment", alone],
        ["user", "deleted", "attachment", alone],
        ["admin", "listed", "user", "alice"],
        ["admin", "listed", "user", "alice"],
    ]
    assert sorted(deleted) == sorted(
        [
            ["user", "deleted", "attachment", file],
            ["user", "deleted", "attachment", image],
            ["user", "deleted", "thread", thread],
        ]
    )
    assert sql("SELECT count(*) FROM audit_log WHERE user_id = 'bob'") == "1"
    assert SECRET not in sql("SELECT string_agg(a::text, ' ') FROM audit_log a")
    lines = [vars(each) for each in caplog.records if each.name == "audit"]
    about_alice = [each for each in lines if each["owner"] == "alice"]
    fields = ("actor", "action", "kind", "object")
    assert sorted([each[name] for name in fields] for each in about_alice) == sorted(found)


async def test_the_command_prints_json(settings: Settings, alice: ChatKitClient) -> None:
    created = alice.create_attachment()["id"]
    [line] = await entries(settings, as_json=True)
    assert f'"object_id": "{created}"' in line
    assert '"at": "20' in line and '"action": "created"' in line


def test_an_administrators_page_that_shows_nobody_is_not_written(
    settings: Settings, sql: Callable[[str], str]
) -> None:
    headers = {"authorization": f"Bearer {ADMIN_TOKEN}"}
    with running(settings) as url:
        assert httpx.get(f"{url}/v1/chatkit/threads", headers=headers).json()["data"] == []
    assert sql("SELECT count(*) FROM audit_log") == "0"


@pytest.mark.slow
def test_an_entry_costs_no_statement(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    """The numbers are those of the service before it had an audit log."""
    sent: list[str] = []
    create = Database.__init__

    def observed(self: Database, *arguments: Any, **options: Any) -> None:
        create(self, *arguments, **options)
        event.listen(
            self.engine.sync_engine, "before_cursor_execute", lambda *given: sent.append(given[2])
        )

    async def nothing_swept(self: Sweeper) -> Swept:
        return Swept()

    def statements(act: Callable[[], object]) -> int:
        sent.clear()
        act()
        return len(sent)

    monkeypatch.setattr(Database, "__init__", observed)
    monkeypatch.setattr(Sweeper, "sweep_once", nothing_swept)
    with running(settings) as url, ChatKitClient.of(url).http as http:
        user = ChatKitClient(http)
        attachment, other = user.attach()["id"], user.create_attachment()["id"]
        thread = thread_id_of(user.say("Look", attachment))
        # The lock of the quota comes first; a thread is locked before it is deleted.
        assert statements(lambda: user.create_attachment()) == 2
        assert statements(lambda: user.http.get(f"/attachments/{attachment}/content")) == 1
        assert statements(lambda: user.call("attachments.delete", attachment_id=other)) == 1
        assert statements(lambda: user.call("threads.delete", thread_id=thread)) == 3
