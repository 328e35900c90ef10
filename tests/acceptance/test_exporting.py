"""`python -m app export` on 10,000 items, killed in the middle, and what the ZIP file has."""

import json
import zipfile
from pathlib import Path

import pytest
from chatkit.types import ThreadItem
from pydantic import TypeAdapter

from app.database.export_rows import ExportRows
from app.database.transcripts import Transcript, TranscriptRecords
from app.export.archive import Export
from tests.acceptance.processes import KILLED
from tests.acceptance.ten_thousand import FILES, ITEMS, THREADS, fill
from tests.acceptance.world import PHOTO, World
from tests.rig import Rig, rig_on
from tests.servers import TestBucket
from tests.service import ChatKitClient, thread_id_of


@pytest.fixture
def world(database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path) -> World:
    return World(database_url, seaweedfs_bucket, "POST", tmp_path)


async def lose_one(rig: Rig) -> None:
    [(key,)] = await rig.sql("SELECT object_key FROM attachments WHERE id = 'atc_7'")
    await rig.bucket.delete([key])


def test_ten_thousand_items_and_a_kill_in_the_middle(world: World, tmp_path: Path) -> None:
    world.at_first_hand(lambda rig: fill(rig, "alice"))
    world.at_first_hand(lose_one)
    target = tmp_path / "alice.zip"
    command = ("export", "--user", "alice", "--output", str(target))
    for fault_point in ("export.file:200", "export.thread:25"):
        status, output = world.command(*command, fault_point=fault_point)
        assert status == KILLED, output
        assert not target.exists(), "a part of it has another name"
    status, output = world.command(*command)
    assert status == 0, output
    assert f"{THREADS} threads with {ITEMS} items and {FILES - 1} files" in output
    assert "The bytes of atc_7 are not there." in output
    assert list(tmp_path.glob("*.part")) == []

    with zipfile.ZipFile(target) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        assert len(names) == len(set(names))
        assert all(not name.startswith("/") and ".." not in name for name in names)
        archive.extractall(tmp_path / "out")
        manifest = json.loads(archive.read("manifest.json"))
    assert manifest["missing"] == ["atc_7"] and manifest["items"] == ITEMS
    ids = set()
    for page in (tmp_path / "out/threads").glob("*.json"):
        thread = json.loads(page.read_text())
        assert thread["thread"]["title"] == "Private"
        ids |= {each["item"]["id"] for each in thread["items"]}
        html = page.with_suffix(".html").read_text()
        assert html.count("Private &lt;b&gt;words&lt;/b&gt;") == ITEMS // THREADS
    assert len(ids) == ITEMS
    bodies = {path.read_text() for path in (tmp_path / "out/files").iterdir()}
    assert bodies == {f"atc_{n} of alice" for n in range(FILES) if n != 7}
    entries = world.at_first_hand(exports)
    assert entries == [("operator", "alice")] * 3, "each attempt is in the audit log"


async def exports(rig: Rig) -> list[tuple[str, str]]:
    rows = await rig.sql("SELECT actor, object_id FROM audit_log WHERE action = 'exported'")
    return [tuple(row) for row in rows]


def test_a_chat_is_exported_with_its_files_and_nobody_elses(world: World, tmp_path: Path) -> None:
    target = tmp_path / "alice.zip"
    with world.serve() as process:
        for user_id in ("alice", "bob"):
            with ChatKitClient.of(process.url(), user_id).http as http:
                user = ChatKitClient(http)
                photo = user.attach("photo.jpg", PHOTO, "image/jpeg")["id"]
                thread_id = thread_id_of(user.say(f"Look, says {user_id}", photo))
                user.attach("pending.txt", f"of {user_id}".encode())
                items = user.call("items.list", thread_id=thread_id)["data"]
                user.call(
                    "items.feedback",
                    thread_id=thread_id,
                    item_ids=[items[0]["id"]],
                    kind="negative",
                )
        status, output = world.command("export", "--user", "alice", "--output", str(target))
        assert status == 0, output
    with zipfile.ZipFile(target) as archive:
        files = sorted(name for name in archive.namelist() if name.startswith("files/"))
        assert sorted(name.partition("-")[2] for name in files) == ["pending.txt", "photo.jpg"]
        bodies = {archive.read(name) for name in files}
        assert bodies == {PHOTO, b"of alice"}
        [page] = [name for name in archive.namelist() if name.endswith(".json") and "/" in name]
        thread = json.loads(archive.read(page))
        parsed = TypeAdapter(list[ThreadItem]).validate_python(
            [each["item"] for each in thread["items"]]
        )
        assert {each.type for each in parsed} == {"user_message", "assistant_message"}
        assert "negative" in [each["feedback"] for each in thread["items"]]
        [[path]] = [each["files"].values() for each in thread["items"] if each["files"]]
        assert archive.read(path) == PHOTO
        whole = b"".join(archive.read(name) for name in archive.namelist() if name not in files)
        assert b"bob" not in whole and b"says alice" in whole


async def test_a_large_file_is_not_held_in_memory(
    database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path
) -> None:
    body = bytes(50 * 1024 * 1024)
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        record = await rig.uploaded("atc_1", body)
        reads: list[int] = []
        read = rig.bucket.read

        async def observed(key: str, **given: int) -> bytes:
            piece = await read(key, **given)  # type: ignore[arg-type]
            reads.append(len(piece))
            return piece

        rig.bucket.read = observed  # type: ignore[method-assign, assignment]
        exported = await Export(ExportRows(rig.database), rig.bucket).write(
            record.user_id, tmp_path / "large.zip"
        )
    assert exported.files == 1
    assert sum(reads) == len(body) and max(reads) <= 4 * 1024 * 1024
    with zipfile.ZipFile(tmp_path / "large.zip") as archive:
        [name] = [each for each in archive.namelist() if each.startswith("files/")]
        assert archive.getinfo(name).file_size == len(body)


async def test_the_transcript_of_a_recording_is_beside_it(
    database_url: str, seaweedfs_bucket: TestBucket, tmp_path: Path
) -> None:
    async with rig_on(database_url, seaweedfs_bucket) as rig:
        record = await rig.verifier.verify(await rig.uploaded())
        transcript = Transcript("What was said", "whisper-1")
        await TranscriptRecords(rig.database).save("alice", record.id, transcript)
        target = tmp_path / "alice.zip"
        await Export(ExportRows(rig.database), rig.bucket).write("alice", target)
    with zipfile.ZipFile(target) as archive:
        assert archive.read("files/00001-a.transcript.txt") == b"What was said"
