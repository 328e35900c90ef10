"""The service and the model's provider as processes of their own, and uploads to the service."""

import multiprocessing
import os
import secrets
import signal
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from multiprocessing.connection import Connection

import httpx
import uvicorn
from starlette.applications import Starlette

from app.settings.environment import Settings
from app.wiring.application import create_application
from benchmarks._servers import Servers


def settings_for(running: Servers, provider: str, **changes: str) -> Settings:
    """Return settings; `changes` are environment variables in lower case."""
    return Settings.read(
        {
            "DATABASE_URL": running.database_url,
            "S3_BUCKET": running.bucket,
            "S3_ENDPOINT_URL": running.endpoint_url,
            "AUTH_MODE": "header",
            "SIGNING_SECRET": secrets.token_hex(32),
            "OPENAI_API_KEY": "sk-bench",
            "OPENAI_BASE_URL": provider,
            **{name.upper(): value for name, value in changes.items()},
        }
    )


def upload(base_url: str, user: str, files: Sequence[tuple[str, bytes, str]]) -> list[str]:
    """Upload files, each a name, bytes and a type. Return the ids of the attachments."""
    ids = []
    with httpx.Client(base_url=base_url, headers={"x-forwarded-user": user}, timeout=60) as client:
        for name, body, mime_type in files:
            params = {"name": name, "mime_type": mime_type, "size": len(body)}
            request = {"type": "attachments.create", "params": params}
            created = client.post("/chatkit", json=request).raise_for_status().json()
            url = created["upload_descriptor"]["url"]
            client.post(url, files={"file": (name, body, mime_type)}).raise_for_status()
            ids.append(created["id"])
    return ids


def service(tell: Connection, settings: Settings) -> None:
    serve(create_application(settings), tell)


def serve(application: Starlette, tell: Connection) -> None:
    class Announcing(uvicorn.Server):
        async def startup(self, sockets: list[socket.socket] | None = None) -> None:
            await super().startup()
            tell.send(self.servers[0].sockets[0].getsockname()[1])

    config = uvicorn.Config(application, host="127.0.0.1", port=0, log_level="error")
    Announcing(config).run()


@contextmanager
def process(run: object, *arguments: object) -> Iterator[str]:
    receive, send = multiprocessing.Pipe(duplex=False)
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=run, args=(send, *arguments), daemon=False)  # type: ignore[arg-type]  # any callable
    process.start()
    try:
        yield f"http://127.0.0.1:{receive.recv()}"
    finally:
        if process.pid:
            os.kill(process.pid, signal.SIGTERM)
        process.join(15)
        if process.is_alive():
            process.kill()
