"""`/livez` and `/readyz`: is the process alive, and can it do its work."""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping

from starlette.requests import Request
from starlette.responses import JSONResponse

from app.errors import AppError

logger = logging.getLogger(__name__)

_CHECK_SECONDS = 3.0


async def livez(request: Request) -> JSONResponse:
    """The event loop turns. Asks nobody else: a database that is down is no reason to restart."""
    return JSONResponse({"status": "ok"})


class Readiness:
    """Runs every check at once, each for 3 seconds at most; 503 names the ones that failed."""

    def __init__(self, checks: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        self._checks = checks

    async def respond(self, request: Request) -> JSONResponse:
        problems = await asyncio.gather(*(self._problem(check) for check in self._checks.values()))
        report = {
            name: problem or "ok" for name, problem in zip(self._checks, problems, strict=True)
        }
        ready = not any(problems)
        return JSONResponse(
            {"status": "ok" if ready else "unavailable", "checks": report},
            status_code=200 if ready else 503,
        )

    async def _problem(self, check: Callable[[], Awaitable[None]]) -> str | None:
        try:
            await asyncio.wait_for(check(), _CHECK_SECONDS)
        except TimeoutError:
            return f"no answer within {_CHECK_SECONDS:.0f} seconds"
        except AppError as error:
            return error.message
        return None
