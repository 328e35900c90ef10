"""Record the SQL that this version issues, so that the next one can be tried beside it.

    python -m tools.record_statements tests/integration/previous_version.json

A release writes the file anew, and tests/integration/test_rollout.py replays it, as a replica of
that release would, while later migrations run and later code uses the same database. Every
operation is asked for over HTTP, which changes less than the code does, so the command can also be
copied into a checkout of an older version.
"""

import asyncio
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

import boto3
import httpx
from moto.server import ThreadedMotoServer
from sqlalchemy import event
from sqlalchemy.engine import Connection, Engine

from app.database.migrate import head_revision, upgrade
from app.embedded.postgres import EmbeddedPostgres
from app.maintenance import sweep
from tests.servers import ACCESS_KEY_ID, SECRET_ACCESS_KEY, create_bucket
from tests.service import ChatKitClient, running, test_settings, thread_id_of, user_message
from tests.settings import changed

USER = "recorded-user"

# What is different in every run: ids, keys, and the user, under whose name nothing else lies.
_CHANGES = re.compile(rf"{USER}|\b[a-z]+_[0-9a-f]{{32}}\b|attachments/[\w-]{{32}}(?![\w-])")

Statement = dict[str, Any]


class Recorder:
    """Listens to every engine of the process. Transactions are kept in the order they end in."""

    def __init__(self) -> None:
        self.transactions: list[list[Statement]] = []
        self._open: dict[int, list[Statement]] = {}
        event.listen(Engine, "after_cursor_execute", self._executed)
        event.listen(Engine, "commit", self._ended)
        event.listen(Engine, "rollback", self._forget)

    def _executed(
        self,
        connection: Connection,
        cursor: Any,
        sql: str,
        parameters: Any,
        context: Any,
        many: bool,
    ) -> None:
        statement: Statement = {"sql": sql, "rows": cursor.rowcount}
        if parameters:
            calls = parameters if many else [parameters]
            statement["calls"] = [[_portable(value) for value in call] for call in calls]
        if connection.get_execution_options().get("isolation_level") == "AUTOCOMMIT":
            self.transactions.append([statement])
        else:
            self._open.setdefault(id(connection), []).append(statement)

    def _ended(self, connection: Connection) -> None:
        if statements := self._open.pop(id(connection), None):
            self.transactions.append(statements)

    def _forget(self, connection: Connection) -> None:
        self._open.pop(id(connection), None)

    def take(self) -> list[list[Statement]]:
        taken, self.transactions = self.transactions, []
        return taken


def _portable(value: object) -> object:
    if isinstance(value, datetime):
        now = datetime.now(UTC if value.tzinfo else None)
        return {"seconds_from_now": round((value - now).total_seconds())}
    return value


def record(
    base_url: str, take: Callable[[], Any], upload: Callable[[str], object]
) -> list[dict[str, Any]]:
    """A life of two attachments and a thread: each operation's name and its transactions.

    `upload` puts "hello" under a key, as no SQL is involved in that.
    """
    client = ChatKitClient.of(base_url, USER)
    operations = []
    take()

    def note(name: str) -> None:
        operations.append({"operation": name, "transactions": take()})

    attachment = client.create_attachment("minutes.txt", b"hello")
    note("attachments.create")
    upload(httpx.URL(attachment["upload_descriptor"]["url"]).params["key"])
    message = user_message("What is in it?", attachment["id"])
    thread_id = thread_id_of(client.stream("threads.create", input=message))
    note("threads.create")
    client.stream("threads.add_user_message", thread_id=thread_id, input=user_message("And now?"))
    note("threads.add_user_message")
    client.call("threads.update", thread_id=thread_id, title="Minutes of Monday")
    note("threads.update")
    items = client.call("items.list", thread_id=thread_id)["data"]
    note("items.list")
    client.call("threads.list")
    note("threads.list")
    client.call("threads.get_by_id", thread_id=thread_id)
    note("threads.get_by_id")
    client.http.get(f"/attachments/{attachment['id']}/content")
    note("attachments/content")
    client.call("items.feedback", thread_id=thread_id, item_ids=[items[-1]["id"]], kind="positive")
    note("items.feedback")
    unused = client.create_attachment("unused.txt", b"hello")
    note("attachments.create")
    client.call("attachments.delete", attachment_id=unused["id"])
    note("attachments.delete")
    client.call("threads.delete", thread_id=thread_id)
    note("threads.delete")
    return operations


def main(target: Path) -> None:
    os.environ |= {"AWS_ACCESS_KEY_ID": ACCESS_KEY_ID, "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY}
    moto = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    moto.start()
    with tempfile.TemporaryDirectory() as directory:
        postgres = EmbeddedPostgres(Path(directory) / "postgres")
        postgres.start()
        try:
            asyncio.run(upgrade(postgres.url()))
            host, port = moto.get_host_and_port()
            bucket = create_bucket(f"http://{host}:{port}")
            recorder = Recorder()
            # No sweep comes in between.
            settings = test_settings(postgres.url(), bucket, s3_addressing_style="path")
            with running(changed(settings, sweep_interval_seconds=3600)) as url:
                s3 = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
                upload = partial(
                    s3.put_object, Bucket=bucket.name, Body=b"hello", ContentType="text/plain"
                )
                operations = record(url, recorder.take, lambda key: upload(Key=key))
            postgres.execute("UPDATE attachments SET purge_after = now() - interval '1 minute'")
            asyncio.run(sweep(settings, once=True, say=print))
            operations.append({"operation": "sweep", "transactions": recorder.take()})
        finally:
            postgres.stop()
            moto.stop()
    names: dict[str, str] = {}

    def name(found: re.Match[str]) -> str:
        text = found[0]
        kind = text.partition("_")[0] if "/" not in text else "key"
        return names.setdefault(
            text, "{" + f"{'user' if text == USER else kind}-{len(names)}" + "}"
        )

    recorded = {"revision": head_revision(), "operations": operations}
    target.write_text(_CHANGES.sub(name, json.dumps(recorded, indent=1)) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
