"""`/v1/chatkit/threads`: OpenAI's REST API for threads, for programs that know it.

https://platform.openai.com/docs/api-reference/chatkit/threads; the official `openai` client pages
through it unchanged.
"""

import hmac
from collections.abc import Sequence

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app.auth import bearer_token
from app.database.missing import no_thread
from app.database.pages import PageRequest, Pages
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest
from app.http.authentication import Authentication
from app.http.rest_types import LISTED_TYPES, to_deletion, to_rest_items, to_rest_thread

DEFAULT_LIMIT = 20
MAX_LIMIT = 100


class ThreadsApi:
    """A user sees their own threads. Whoever sends `admin_token` as Bearer may list everyone's."""

    def __init__(
        self,
        store: PostgresStore,
        pages: Pages,
        authentication: Authentication,
        *,
        admin_token: str | None,
    ) -> None:
        self._store = store
        self._pages = pages
        self._authentication = authentication
        self._admin_token = admin_token

    def routes(self) -> list[Route]:
        root = "/v1/chatkit/threads"
        return [
            Route(root, self.list_threads, methods=["GET"]),
            Route(root + "/{thread_id}", self.retrieve, methods=["GET"]),
            Route(root + "/{thread_id}", self.delete, methods=["DELETE"]),
            Route(root + "/{thread_id}/items", self.list_items, methods=["GET"]),
        ]

    async def list_threads(self, request: Request) -> JSONResponse:
        wanted_user = request.query_params.get("user")
        user_id: str | None
        if self._is_admin(request):
            user_id = wanted_user
        else:
            user_id = (await self._authentication.context(request)).user_id
            if wanted_user not in (None, user_id):
                # Whether that user exists, or has threads, is nobody else's business.
                return _list([], has_more=False)
        page = await self._pages.threads(user_id, _page_request(request))
        return _list(
            [to_rest_thread(row.thread, row.user_id) for row in page.rows], has_more=page.has_more
        )

    async def retrieve(self, request: Request) -> JSONResponse:
        context = await self._authentication.context(request)
        thread = await self._store.load_thread(request.path_params["thread_id"], context)
        return _json(to_rest_thread(thread, context.user_id))

    async def delete(self, request: Request) -> JSONResponse:
        """The thread, its items and its attachments."""
        context = await self._authentication.context(request)
        thread_id = request.path_params["thread_id"]
        await self._store.delete_thread(thread_id, context)
        return _json(to_deletion(thread_id))

    async def list_items(self, request: Request) -> JSONResponse:
        """What has a counterpart in OpenAI's API. The rest is skipped by the query itself, so pages
        are full; attachments come with fresh preview URLs."""
        context = await self._authentication.context(request)
        thread_id = request.path_params["thread_id"]
        page = await self._pages.items(
            context.user_id, thread_id, _page_request(request), types=LISTED_TYPES
        )
        if page is None:
            raise no_thread(thread_id)
        return _list(to_rest_items(page.rows), has_more=page.has_more)

    def _is_admin(self, request: Request) -> bool:
        token = bearer_token(request.headers)
        return (
            self._admin_token is not None
            and token is not None
            and hmac.compare_digest(token.encode(), self._admin_token.encode())
        )


def _page_request(request: Request) -> PageRequest:
    params = request.query_params
    given = params.get("limit", str(DEFAULT_LIMIT))
    # Python refuses to read numbers of thousands of digits.
    is_number = given.isascii() and given.isdigit() and len(given) < 10
    if not (is_number and 1 <= int(given) <= MAX_LIMIT):
        raise InvalidRequest(f"`limit` has to be 1 to {MAX_LIMIT}.", param="limit")
    return PageRequest(
        int(given),
        params.get("order", "desc"),
        after=params.get("after"),
        before=params.get("before"),
    )


def _list(objects: Sequence[BaseModel], *, has_more: bool) -> JSONResponse:
    data = [one.model_dump(mode="json") for one in objects]
    return JSONResponse(
        {
            "object": "list",
            "data": data,
            "first_id": data[0]["id"] if data else None,
            "last_id": data[-1]["id"] if data else None,
            "has_more": has_more,
        }
    )


def _json(one: BaseModel) -> JSONResponse:
    return JSONResponse(one.model_dump(mode="json"))
