"""`python -m app sweep` and `python -m app reconcile`, as an operator runs them."""

import re
from pathlib import Path

import pytest

from tests.acceptance.processes import KILLED
from tests.acceptance.world import World
from tests.rig import Rig
from tests.servers import TestBucket

NOW = ("--min-age-hours", "0")


@pytest.fixture
def world(database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path) -> World:
    return World(database_url, seaweedfs_bucket, "POST", tmp_path)


async def a_purge_is_due(rig: Rig) -> None:
    await rig.uploaded(link_seconds=-1)
    await rig.records.tombstone("alice", "atc_1")


async def litter(rig: Rig) -> None:
    await rig.bucket.write("attachments/nobodys", b"x", mime_type="text/plain")


async def objects(rig: Rig) -> list[str]:
    return await rig.objects()


def test_sweep_once_says_what_it_did(world: World) -> None:
    world.at_first_hand(a_purge_is_due)
    status, output = world.command("sweep", "--once")
    assert status == 0
    assert "1 attachments purged" in output and output.endswith(", 0 failed.\n")
    assert world.at_first_hand(objects) == []
    status, output = world.command("sweep", "--once")
    assert status == 0 and "0 attachments purged" in output


def test_sweep_goes_on_until_it_is_terminated(world: World) -> None:
    with world.process("sweep") as process:
        process.wait_for("Sweeping every")
        process.terminate()
        assert process.exit_status() != KILLED
        assert "Traceback" not in process.output


def test_reconcile_only_reports_without_fix_and_has_an_exit_status(world: World) -> None:
    world.at_first_hand(litter)
    status, output = world.command("reconcile")
    assert status == 0 and "1 too young to judge; no differences" in output
    status, output = world.command("reconcile", *NOW)
    assert status == 2
    assert "object without row: attachments/nobodys" in output
    assert "0 fixed, 1 remaining." in output and "Run the command with --fix" in output
    assert world.at_first_hand(objects) == ["attachments/nobodys"]
    status, output = world.command("reconcile", "--fix", *NOW)
    assert status == 0 and "1 fixed, 0 remaining." in output
    assert world.at_first_hand(objects) == []
    assert re.search(r"Rows compared", output), "there is a progress bar"


def test_an_outage_is_one_sentence_and_no_success(world: World) -> None:
    world.bucket = TestBucket("http://127.0.0.1:1", "nowhere")
    status, output = world.command("reconcile", *NOW)
    assert status == 1 and "Error: The file storage does not answer" in output
    assert "Traceback" not in output
