"""`/v1/chatkit/threads`: OpenAI's REST API for threads, for the official `openai` client.

https://platform.openai.com/docs/api-reference/chatkit/threads
"""

import hmac
from collections.abc import Sequence

from pydantic import BaseModel, SecretStr
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import paths
from app.auth import bearer_token
from app.database.audit import Act, Action, Actor, AuditLog, Kind
from app.database.missing import no_thread
from app.database.pages import PageRequest, Pages
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest
from app.http.authentication import Authentication
from app.http.rest_types import LISTED_TYPES, to_deletion, to_rest_items, to_rest_thread
from app.storable import is_user_id

DEFAULT_LIMIT = 20
MAX_LIMIT = 100

_LISTED = Act(Actor.ADMIN, Action.LISTED, Kind.USER)


class ThreadsApi:
    """Shows users their own threads. With `admin_token`, a request may list those of all users."""

    def __init__(
        self,
        store: PostgresStore,
        pages: Pages,
        authentication: Authentication,
        *,
        admin_token: SecretStr | None,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._pages = pages
        self._authentication = authentication
        self._admin_token = admin_token
        self._audit = audit

    def routes(self) -> Sequence[Route]:
        return [
            Route(paths.THREADS, self.list_threads, methods=["GET"]),
            Route(paths.THREAD, self.retrieve, methods=["GET"]),
            Route(paths.THREAD, self.delete, methods=["DELETE"]),
            Route(paths.THREAD_ITEMS, self.list_items, methods=["GET"]),
        ]

    async def list_threads(self, request: Request) -> JSONResponse:
        wanted_user = request.query_params.get("user")
        user_id: str | None
        is_admin = self._is_admin(request)
        if is_admin:
            user_id = wanted_user
            if wanted_user is not None and not is_user_id(wanted_user):
                return _list([], has_more=False)
        else:
            user_id = (await self._authentication.context(request)).user_id
            if wanted_user not in (None, user_id):
                # The response must not disclose whether that user exists or has threads.
                return _list([], has_more=False)
        page = await self._pages.threads(user_id, _page_request(request))
        if is_admin:
            shown = {row.user_id for row in page.rows} | ({user_id} if user_id else set())
            await self._audit.record(_LISTED, [(each, each) for each in sorted(shown)])
        return _list(
            [to_rest_thread(row.thread, row.user_id) for row in page.rows], has_more=page.has_more
        )

    async def retrieve(self, request: Request) -> JSONResponse:
        context = await self._authentication.context(request)
        thread = await self._store.load_thread(request.path_params["thread_id"], context)
        return _json(to_rest_thread(thread, context.user_id))

    async def delete(self, request: Request) -> JSONResponse:
        """Delete the thread with its items and attachments."""
        context = await self._authentication.context(request)
        thread_id = request.path_params["thread_id"]
        await self._store.delete_thread(thread_id, context)
        return _json(to_deletion(thread_id))

    async def list_items(self, request: Request) -> JSONResponse:
        """List the items that have a counterpart in OpenAI's API, with fresh preview URLs.

        The database leaves the others out, so a page is full unless it is the last.
        """
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
            and hmac.compare_digest(token.encode(), self._admin_token.get_secret_value().encode())
        )


def _page_request(request: Request) -> PageRequest:
    params = request.query_params
    given = params.get("limit", str(DEFAULT_LIMIT))
    # Python raises an error for numbers with thousands of digits.
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
