"""`/livez` and `/readyz`: whether the process runs, and whether it can do its work."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import paths
from app.errors import AppError
from app.http.shared_result import SharedResult

_CHECK_SECONDS = 3.0


class Health:
    """Answers probes. Each of `checks` raises an `AppError` if its part does not work."""

    def __init__(self, checks: Mapping[str, Callable[[], Awaitable[None]]]) -> None:
        self._checks = checks
        # Anybody may ask, so requests share the checks. The pause is short, because a probe fails
        # after a second.
        self._report = SharedResult(self._check_all, pause_seconds=0.1)

    def routes(self) -> Sequence[Route]:
        return [Route(paths.LIVEZ, self.live), Route(paths.READYZ, self.ready)]

    async def live(self, request: Request) -> JSONResponse:
        """Answer from the event loop alone: a database outage is no reason to restart a process."""
        return JSONResponse({"status": "ok"})

    async def ready(self, request: Request) -> JSONResponse:
        """Run all checks at the same time, each for 3 seconds at most. Respond 503 if one fails."""
        report = await self._report.get()
        is_ready = all(outcome == "ok" for outcome in report.values())
        return JSONResponse(
            {"status": "ok" if is_ready else "unavailable", "checks": report},
            status_code=200 if is_ready else 503,
        )

    async def _check_all(self) -> dict[str, str]:
        problems = await asyncio.gather(*(self._problem(check) for check in self._checks.values()))
        return {name: problem or "ok" for name, problem in zip(self._checks, problems, strict=True)}

    async def _problem(self, check: Callable[[], Awaitable[None]]) -> str | None:
        try:
            await asyncio.wait_for(check(), _CHECK_SECONDS)
        except TimeoutError:
            return f"no answer within {_CHECK_SECONDS:.0f} seconds"
        except AppError as error:
            return error.message
        return None
