"""`attachments.create` against a bare handler that does one INSERT, over real HTTP.

The baseline writes one row through the same pool and answers JSON. Ours also authenticates, takes
the user's turn, checks the quota, and signs a POST policy, a capability link and a preview URL.
"""

import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import httpx
from sqlalchemy import insert
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.attachment_state import AttachmentState
from app.database.engine import Database
from app.database.tables import attachments
from app.settings.environment import Settings
from app.wiring.application import create_application
from benchmarks._servers import Servers, report, servers
from tests.serving import serving

ROUNDS = 20
CALLS = 50
OPERATION = {
    "type": "attachments.create",
    "params": {"name": "photo.png", "size": 12345, "mime_type": "image/png"},
}


def main() -> None:
    with (
        servers() as running,
        serving(_ours(running)) as ours_url,
        serving(_bare(running.database_url)) as bare_url,
        httpx.Client(headers={"x-forwarded-user": "0"}) as client,
    ):
        ours, bare = [], []
        for number in range(ROUNDS + 1):
            # A user with room for all of a round's uploads.
            client.headers["x-forwarded-user"] = f"user-{number}"
            ours_round = _per_call(lambda: client.post(f"{ours_url}/chatkit", json=OPERATION))
            bare_round = _per_call(lambda: client.post(f"{bare_url}/insert", json=OPERATION))
            if number:  # the first round warms up
                ours.append(ours_round)
                bare.append(bare_round)
    report("attachments.create against one INSERT", ours, bare)


def _per_call(call: Callable[[], httpx.Response]) -> float:
    start = time.perf_counter()
    for _ in range(CALLS):
        response = call()
        assert response.status_code == 200, response.text
    return (time.perf_counter() - start) / CALLS


def _ours(running: Servers) -> Starlette:
    return create_application(
        Settings.read(
            {
                "DATABASE_URL": running.database_url,
                "S3_BUCKET": running.bucket,
                "S3_ENDPOINT_URL": running.endpoint_url,
                "AUTH_MODE": "header",
                "SIGNING_SECRET": "b" * 32,
                "USER_PENDING_UPLOADS": str(CALLS),
            }
        )
    )


def _bare(database_url: str) -> Starlette:
    database = Database(database_url)
    count = iter(range(10**9))

    async def insert_one(request: Request) -> JSONResponse:
        params = (await request.json())["params"]
        row = {
            "user_id": "bare",
            "id": f"atc_{next(count)}",
            "state": AttachmentState.PENDING,
            "object_key": f"attachments/{next(count)}",
            "search_terms": [],
            "name": params["name"],
            "mime_type": params["mime_type"],
            "size": params["size"],
            "payload": params,
        }
        async with database.begin() as connection:
            await connection.execute(insert(attachments).values(row))
        return JSONResponse({"id": row["id"]})

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        async with database:
            yield

    return Starlette(routes=[Route("/insert", insert_one, methods=["POST"])], lifespan=lifespan)
