"""`/v1/chatkit/users/{user_id}/erasure`: an administrator erases all that a user has."""

from collections.abc import Callable, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import paths
from app.database.audit import Actor
from app.database.erasures import Erasure, ErasureRows
from app.errors import InvalidRequest, NotFound
from app.http.authentication import AdminToken
from app.storable import is_user_id


class ErasuresApi:
    """Starts erasures and shows them. `on_start` makes the sweep continue a new one at once."""

    def __init__(
        self, rows: ErasureRows, admin_token: AdminToken, *, on_start: Callable[[], None]
    ) -> None:
        self._rows = rows
        self._admin_token = admin_token
        self._on_start = on_start

    def routes(self) -> Sequence[Route]:
        return [
            Route(paths.ERASURE, self.start, methods=["POST"]),
            Route(paths.ERASURE, self.show, methods=["GET"]),
        ]

    async def start(self, request: Request) -> JSONResponse:
        """Start an erasure, or return the one that is under way or has left nothing since."""
        user_id = self._user_id(request)
        erasure = await self._rows.start(user_id, Actor.ADMIN)
        self._on_start()
        return JSONResponse(_shown(erasure), status_code=202)

    async def show(self, request: Request) -> JSONResponse:
        """Return the user's last erasure, with its receipt when it is finished."""
        user_id = self._user_id(request)
        erasure = await self._rows.load(user_id)
        if erasure is None:
            raise NotFound(f"Nobody has asked for an erasure of {user_id!r}.", param="user_id")
        return JSONResponse(_shown(erasure))

    def _user_id(self, request: Request) -> str:
        """Return the user of the path. Raises `Unauthenticated` without the admin's token."""
        self._admin_token.check(request)
        user_id: str = request.path_params["user_id"]
        if not is_user_id(user_id):
            raise InvalidRequest("No user can have this id.", param="user_id")
        return user_id


def _shown(erasure: Erasure) -> dict[str, object]:
    finished = erasure.finished_at
    return {
        "object": "chatkit.erasure",
        "id": erasure.id,
        "user": erasure.user_id,
        "status": "running" if finished is None else "finished",
        "requested_at": erasure.requested_at.isoformat(),
        "finished_at": None if finished is None else finished.isoformat(),
        "receipt": erasure.receipt,
    }
