"""`python -m app erase` on 10,000 items, killed in the middle; `verify-receipt` judges the end."""

import json
from pathlib import Path

import pytest

from tests.acceptance.processes import KILLED
from tests.acceptance.ten_thousand import FILES, ITEMS, THREADS, fill
from tests.acceptance.world import World
from tests.rig import Rig
from tests.servers import TestBucket

EVERYTHING = THREADS + ITEMS + FILES


async def objects(rig: Rig) -> list[str]:
    return await rig.objects()


async def rows(rig: Rig) -> dict[str, int]:
    """Return how many rows each user has."""
    found = await rig.sql(
        "SELECT user_id, count(*) FROM (SELECT user_id FROM threads UNION ALL"
        " SELECT user_id FROM thread_items UNION ALL SELECT user_id FROM attachments) r"
        " GROUP BY user_id"
    )
    return {user_id: count for user_id, count in found}


@pytest.mark.parametrize("fault_point", ["erase.batch:2", "purge.objects:2"])
def test_ten_thousand_items_and_a_kill_in_the_middle(
    database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path, fault_point: str
) -> None:
    world = World(database_url, seaweedfs_bucket, "POST", tmp_path)
    world.at_first_hand(lambda rig: fill(rig, "alice"))
    world.at_first_hand(lambda rig: fill(rig, "bob"))
    receipt = tmp_path / "receipt.json"
    command = ("erase", "--user", "alice", "--output", str(receipt))
    status, output = world.command(*command, fault_point=fault_point)
    assert status == KILLED, output
    assert not receipt.exists()
    left = world.at_first_hand(rows)
    assert 0 < left["alice"] < EVERYTHING and left["bob"] == EVERYTHING
    status, output = world.command(*command)
    assert status == 0, output
    counts = json.loads(receipt.read_text())["receipt"]["erased"]
    assert {kind: each["count"] for kind, each in counts.items()} == {
        "threads": THREADS,
        "items": ITEMS,
        "feedback": 0,
        "attachments": FILES,
    }
    assert world.at_first_hand(rows) == {"bob": EVERYTHING}
    assert len(world.at_first_hand(objects)) == FILES
    status, output = world.command("verify-receipt", str(receipt))
    assert status == 0 and "Nothing of it is in the database or in the bucket." in output

    key = json.loads(receipt.read_text())["receipt"]["object_keys"][0]
    world.at_first_hand(lambda rig: rig.bucket.write(key, b"x", mime_type="text/plain"))
    status, output = world.command("verify-receipt", str(receipt))
    assert status == 2 and f"Left: {key} in the bucket." in output
    receipt.write_text(receipt.read_text().replace("alice", "bob"))
    status, output = world.command("verify-receipt", str(receipt))
    assert status == 1 and "The receipt was changed" in output
