"""The audit log on the database: append-only, in the order of its entries, and expired."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from app.database.audit import Act, Action, Actor, AuditLog, Kind
from app.database.engine import Database
from app.settings.retention import MIN_AUDIT_RETENTION_DAYS, RetentionSettings
from tests.rig import Rig

LISTED = Act(Actor.ADMIN, Action.LISTED, Kind.USER)
INSERT_OLD = text(
    "INSERT INTO audit_log (user_id, at, actor, action, kind, object_id)"
    " VALUES (:owner, now() - make_interval(days => :days), 'user', 'created', 'thread', 'thr_1')"
)


async def test_entries_are_read_in_their_order_and_by_owner(database: Database) -> None:
    audit = AuditLog(database)
    many = [("alice", f"thr_{number}") for number in range(1001)]
    await audit.record(LISTED, [*many, ("bob", "bob")])
    entries = [entry async for entry in audit.entries("alice")]
    assert [entry.object_id for entry in entries] == [object_id for _, object_id in many]
    assert {(entry.actor, entry.action, entry.kind) for entry in entries} == {
        ("admin", "listed", "user")
    }


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_log SET actor = 'service' WHERE user_id = 'alice'",
        "DELETE FROM audit_log WHERE user_id = 'alice'",
        "DELETE FROM audit_log",
        "INSERT INTO audit_log (user_id, position, actor, action, kind, object_id)"
        " SELECT user_id, position, 'service', action, kind, object_id FROM audit_log"
        " WHERE user_id = 'alice'",
    ],
)
async def test_an_entry_can_not_be_changed_deleted_or_replaced(
    database: Database, statement: str
) -> None:
    audit = AuditLog(database)
    await audit.record(LISTED, [("alice", "alice")])
    with pytest.raises(DBAPIError):
        async with database.begin() as connection:
            await connection.execute(text(statement))
    [entry] = [entry async for entry in audit.entries("alice")]
    assert entry.actor is Actor.ADMIN


async def test_the_sweep_deletes_entries_that_are_older_than_the_setting(
    seaweedfs_rig: Rig,
) -> None:
    days = RetentionSettings().audit_retention_days
    async with seaweedfs_rig.database.begin() as connection:
        for number in range(3):
            given = {"owner": f"user-{number}", "days": days + 1}
            await connection.execute(INSERT_OLD, given)
        await connection.execute(INSERT_OLD, {"owner": "user-0", "days": days - 1})
    swept = await seaweedfs_rig.sweeper.sweep_once()
    assert swept.audit_entries == 3
    [(owner,)] = await seaweedfs_rig.sql("SELECT user_id FROM audit_log")
    assert owner == "user-0"


async def test_retention_is_never_shorter_than_the_database_allows(database: Database) -> None:
    days = MIN_AUDIT_RETENTION_DAYS
    async with database.begin() as connection:
        await connection.execute(INSERT_OLD, {"owner": "alice", "days": days + 1})
    assert await AuditLog(database).expire(days, 10) == 1
    with pytest.raises(ValueError, match="greater than or equal to 30"):
        RetentionSettings(audit_retention_days=days - 1)


async def test_what_the_sweep_expires_is_written_with_its_owner(seaweedfs_rig: Rig) -> None:
    await seaweedfs_rig.uploaded("atc_1", user_id="alice")
    await seaweedfs_rig.uploaded("atc_2", user_id="bob")
    await seaweedfs_rig.later()
    assert (await seaweedfs_rig.sweeper.sweep_once()).expired == 2
    audit = AuditLog(seaweedfs_rig.database)
    for user_id, attachment_id in (("alice", "atc_1"), ("bob", "atc_2")):
        entries = [entry async for entry in audit.entries(user_id)]
        assert [(each.actor, each.action, each.object_id) for each in entries] == [
            ("user", "created", attachment_id),
            ("service", "deleted", attachment_id),
        ]
