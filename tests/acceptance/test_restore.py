"""Backups of different moments are restored by the commands of docs/operations.md.

Two backups are taken. Between them, a file is deleted, another one is sent, and a user is erased.
"""

import json
import os
import re
import secrets
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from app.embedded.postgres import _binary
from tests.acceptance.command import ROOT
from tests.acceptance.world import World, swept_a_day_later
from tests.databases import Databases
from tests.rig import Rig
from tests.servers import TestBucket, missing
from tests.service import ChatKitClient, answer_of, thread_id_of

# Takes the programs of the embedded PostgreSQL.
pytestmark = pytest.mark.single_node

SECTION = (ROOT / "docs/operations.md").read_text().partition("\n## Backups\n")[2]
BACK_UP, RESTORE, REPAIR = re.findall(r"```sh\n(.*?)```", SECTION.partition("\n## ")[0], re.DOTALL)


@dataclass(frozen=True)
class Site:
    """The world that is backed up, and the directory of the backups."""

    world: World
    databases: Databases
    directory: Path
    suffix: str

    def run(self, commands: str, world: World, backup: str) -> tuple[int, str]:
        """Run a block of the document with a shell, up to the first command that fails."""
        store = {
            "TYPE": "s3",
            "PROVIDER": "Other",
            "ENV_AUTH": "true",
            "ENDPOINT": world.bucket.endpoint_url,
            "REGION": world.bucket.region,
        }
        environment = {
            **world.environment(None),
            **{f"RCLONE_CONFIG_{remote}_{name}": value for remote in ("S3", "BACKUP")
               for name, value in store.items()},
            "DATABASE_URL": world.database_url.replace("postgresql+asyncpg", "postgresql"),
            "BACKUP": backup,
            "PYTHONPATH": str(ROOT),
            "HOME": str(self.directory),
            "PATH": f"{ROOT / '.venv/bin'}:{Path(_binary('pg_dump')).parent}:{os.environ['PATH']}",
        }  # fmt: skip
        finished = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", commands],
            cwd=self.directory,
            env=environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        return finished.returncode, finished.stdout

    def back_up(self, name: str) -> None:
        status, output = self.run(BACK_UP, self.world, f"{name}-{self.suffix}")
        assert status == 0, output

    @contextmanager
    def restored(self, *, database: str, bucket: str) -> Iterator[tuple[World, int, str]]:
        """Restore two backups into new places. Yield them, and what `reconcile` says."""
        fresh = replace(self.world.bucket, name=f"restored-{secrets.token_hex(4)}")
        mixed = f"{database}-and-{bucket}-{self.suffix}"
        dump = self.directory / f"{mixed}.dump"
        shutil.copy(self.directory / f"{database}-{self.suffix}.dump", dump)
        logs = self.directory / mixed
        logs.mkdir(exist_ok=True)
        with self.databases.empty() as url:
            world = World(url, fresh, "POST", logs)
            commands = RESTORE.replace('"backup:$BACKUP"', f'"backup:{bucket}-{self.suffix}"')
            status, output = self.run(commands, world, mixed)
            yield world, status, output

    def repair(self, world: World) -> None:
        status, output = self.run(REPAIR, world, "")
        assert status == 0 and "0 remaining" in output, output


@dataclass(frozen=True)
class Chat:
    """A thread with one file."""

    thread_id: str
    attachment_id: str
    body: bytes


def chat(user: ChatKitClient, name: str) -> Chat:
    body = f"the content of {name}".encode()
    attachment_id = user.attach(f"{name}.txt", body)["id"]
    return Chat(thread_id_of(user.say(name, attachment_id)), attachment_id, body)


@dataclass(frozen=True)
class Moments:
    """What there was: `kept` at both moments, `deleted` at the first, `later` at the second."""

    kept: Chat
    deleted: Chat
    later: Chat
    receipt: Path


@pytest.fixture(scope="module")
def site(
    databases: Databases, seaweedfs: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    if shutil.which("rclone") is None:
        missing("rclone is needed: apt-get install rclone")
    directory = tmp_path_factory.mktemp("restore")
    bucket = TestBucket(seaweedfs.endpoint_url, f"live-{secrets.token_hex(4)}")
    with databases.empty() as url:
        world = World(url, bucket, "POST", directory)
        for command in ("migrate", "bucket"):
            status, output = world.command(command)
            assert status == 0, output
        yield Site(world, databases, directory, secrets.token_hex(4))


@pytest.fixture(scope="module")
def moments(site: Site) -> Moments:
    world = site.world
    receipt = site.directory / "receipt.json"
    with (
        world.serve() as process,
        ChatKitClient.of(process.url(), "alice").http as alice,
        ChatKitClient.of(process.url(), "bob").http as bob,
    ):
        user = ChatKitClient(alice)
        kept, deleted = chat(user, "kept"), chat(user, "deleted")
        chat(ChatKitClient(bob), "erased")
        world.at_first_hand(swept_a_day_later)
        site.back_up("first")
        user.call("threads.delete", thread_id=deleted.thread_id)
        status, output = world.command("erase", "--user", "bob", "--output", str(receipt))
        assert status == 0, output
        later = chat(user, "later")
        world.at_first_hand(swept_a_day_later)
        site.back_up("second")
    return Moments(kept, deleted, later, receipt)


def assert_there(user: ChatKitClient, chat: Chat) -> None:
    items = user.call("items.list", thread_id=chat.thread_id)["data"]
    assert {each["type"] for each in items} == {"user_message", "assistant_message"}
    response = user.http.get(f"/attachments/{chat.attachment_id}/content", follow_redirects=True)
    assert response.content == chat.body


def assert_lost(world: World, user: ChatKitClient, chat: Chat) -> None:
    """The message is there, its file is said to be lost, and the thread goes on."""
    items = user.call("items.list", thread_id=chat.thread_id)["data"]
    [message] = [each for each in items if each["type"] == "user_message"]
    assert [each["id"] for each in message["attachments"]] == [chat.attachment_id]
    assert user.http.get(f"/attachments/{chat.attachment_id}/content").status_code == 400
    problem = world.at_first_hand(lambda rig: problem_of(rig, chat.attachment_id))
    assert "missing from the storage" in problem
    assert answer_of(user.say("And now?", thread_id=chat.thread_id))


async def problem_of(rig: Rig, attachment_id: str) -> str:
    [(problem,)] = await rig.sql("SELECT problem FROM attachments WHERE id = :id", id=attachment_id)
    return str(problem)


@contextmanager
def served(world: World) -> Iterator[ChatKitClient]:
    with world.serve() as process, ChatKitClient.of(process.url(), "alice").http as http:
        yield ChatKitClient(http)


@pytest.mark.parametrize("moment", ["first", "second"])
def test_backups_of_one_moment_have_all_of_it(site: Site, moments: Moments, moment: str) -> None:
    with site.restored(database=moment, bucket=moment) as (world, status, output):
        assert status == 0 and "no differences" in output, output
        with served(world) as user:
            assert_there(user, moments.kept)
            assert_there(user, moments.deleted if moment == "first" else moments.later)
            chat(user, "new")


def test_an_older_database_finds_objects_without_rows_and_lost_files(
    site: Site, moments: Moments
) -> None:
    with site.restored(database="first", bucket="second") as (world, status, output):
        assert status == 2, output
        # The file that was deleted, and the erased user's; the file that came later.
        assert output.count("row without object: ") == 2
        assert f"({moments.deleted.attachment_id})" in output
        assert output.count("object without row: ") == 1
        site.repair(world)
        with served(world) as user:
            assert_there(user, moments.kept)
            assert_lost(world, user, moments.deleted)
            gone = user.send("items.list", thread_id=moments.later.thread_id)
            assert gone.status_code == 404


def test_an_older_bucket_finds_deleted_objects_and_lost_files(site: Site, moments: Moments) -> None:
    with site.restored(database="second", bucket="first") as (world, status, output):
        assert status == 2, output
        assert output.count("row without object: ") == 1
        assert f"({moments.later.attachment_id})" in output
        assert output.count("object without row: ") == 2
        site.repair(world)
        with served(world) as user:
            assert_there(user, moments.kept)
            assert_lost(world, user, moments.later)
            gone = user.send("items.list", thread_id=moments.deleted.thread_id)
            assert gone.status_code == 404
        status, output = world.command("verify-receipt", str(moments.receipt))
        assert status == 0, "what was erased has not come back"


def test_an_older_backup_brings_an_erased_user_back_and_the_receipt_finds_that(
    site: Site, moments: Moments
) -> None:
    with site.restored(database="first", bucket="first") as (world, status, output):
        assert status == 0, output
        status, output = world.command("verify-receipt", str(moments.receipt))
        assert status == 2 and "Left: 1 threads in the database." in output
        assert "Left: attachments/" in output
        again = str(site.directory / "again.json")
        status, output = world.command("erase", "--user", "bob", "--output", again)
        assert status == 0, output
        status, output = world.command("verify-receipt", str(moments.receipt))
        assert status == 0, output
        counts = json.loads(Path(again).read_text())["receipt"]["erased"]
        assert counts["attachments"]["count"] == 1
