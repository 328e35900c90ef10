"""`/v1/chatkit/threads`: OpenAI's REST API for threads, for the official `openai` client.

https://platform.openai.com/docs/api-reference/chatkit/threads
"""

from collections.abc import Sequence

from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import paths
from app.chat.edits import edit_last_message, parse_edit
from app.database.active_threads import ActiveThreads
from app.database.audit import Act, Action, Actor, AuditLog, Kind
from app.database.missing import no_thread
from app.database.pages import KeysetPage, OwnedThread, PageRequest, Pages
from app.database.thread_store import PostgresStore
from app.errors import InvalidRequest
from app.http.authentication import AdminToken, Authentication
from app.http.json_bounds import check_structure
from app.http.rest_search import to_rest_found
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
        active: ActiveThreads,
        authentication: Authentication,
        *,
        admin_token: AdminToken,
        audit: AuditLog,
    ) -> None:
        self._store = store
        self._pages = pages
        self._active = active
        self._authentication = authentication
        self._admin_token = admin_token
        self._audit = audit

    def routes(self) -> Sequence[Route]:
        return [
            Route(paths.THREADS, self.list_threads, methods=["GET"]),
            Route(paths.THREAD, self.retrieve, methods=["GET"]),
            Route(paths.THREAD, self.delete, methods=["DELETE"]),
            Route(paths.THREAD_ITEMS, self.list_items, methods=["GET"]),
            Route(paths.THREAD_ITEM, self.edit, methods=["POST"]),
        ]

    async def list_threads(self, request: Request) -> JSONResponse:
        wanted_user = request.query_params.get("user")
        query = request.query_params.get("query")
        if self._admin_token.is_in(request):
            if query is not None:
                # What is found shows what people wrote, which the token may not read.
                raise InvalidRequest(
                    "ADMIN_TOKEN lists threads and does not search in them.", param="query"
                )
            return await self._list_for_admin(wanted_user, request)
        user_id = (await self._authentication.context(request)).user_id
        if wanted_user not in (None, user_id):
            # The response must not disclose whether that user exists or has threads.
            return _list([], has_more=False)
        if query is not None:
            found = await self._active.search(user_id, query, _page_request(request))
            return _list(
                [to_rest_found(each, user_id) for each in found.rows], has_more=found.has_more
            )
        return _list_of_threads(await self._pages.threads(user_id, _page_request(request)))

    async def _list_for_admin(self, user_id: str | None, request: Request) -> JSONResponse:
        """List the threads of one user, or of all if `user_id` is None, and record it."""
        if user_id is not None and not is_user_id(user_id):
            return _list([], has_more=False)
        page = await self._pages.threads(user_id, _page_request(request))
        shown = {row.user_id for row in page.rows} | ({user_id} if user_id else set())
        await self._audit.record(_LISTED, [(each, each) for each in sorted(shown)])
        return _list_of_threads(page)

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

    async def edit(self, request: Request) -> JSONResponse:
        """Replace the content of the user's last message; the answer to it stays."""
        context = await self._authentication.context(request)
        body = await request.body()
        check_structure(body)
        message = await edit_last_message(
            self._store,
            request.path_params["thread_id"],
            request.path_params["item_id"],
            parse_edit(body),
            context,
        )
        [item] = to_rest_items([message])
        return _json(item)


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


def _list_of_threads(page: KeysetPage[OwnedThread]) -> JSONResponse:
    return _list(
        [to_rest_thread(row.thread, row.user_id) for row in page.rows], has_more=page.has_more
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
