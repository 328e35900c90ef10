"""Errors as JSON, in the one shape that all clients can read.

ChatKit's client shows the top-level `message`, and OpenAI's REST clients read `error.message`.
"""

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse

from app.errors import AppError, RateLimited, ScannerUnavailable, Unauthenticated
from app.telemetry import metrics

_HTTP_MESSAGES = {
    404: "There is nothing at this address.",
    405: "This address does not accept that method.",
}


def error_response(error: AppError) -> JSONResponse:
    metrics.refusals.labels(error.code).inc()
    headers = {}
    if isinstance(error, RateLimited | ScannerUnavailable):
        headers["Retry-After"] = str(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers["WWW-Authenticate"] = "Bearer"
    return _json(error.status, error.message, error.code, error.param, headers)


async def http_exception_response(_: Request, exc: Exception) -> JSONResponse:
    """Respond to Starlette's own errors: an unknown path, a wrong method."""
    if not isinstance(exc, HTTPException):
        raise exc
    message = _HTTP_MESSAGES.get(exc.status_code, exc.detail)
    code = {404: "not_found", 405: "method_not_allowed"}.get(exc.status_code, "invalid_request")
    return _json(exc.status_code, message, code, None, dict(exc.headers or {}))


def unexpected_error_response(request_id: str) -> JSONResponse:
    return _json(
        500,
        f"Something went wrong on our side. If it happens again, report the id {request_id}.",
        "internal_error",
        None,
        {},
    )


def _json(
    status: int, message: str, code: str, param: str | None, headers: dict[str, str]
) -> JSONResponse:
    error = {"message": message, "type": _error_type(status), "code": code, "param": param}
    return JSONResponse({"message": message, "error": error}, status_code=status, headers=headers)


def _error_type(status: int) -> str:
    """Return OpenAI's error type for a status."""
    if status >= 500:
        return "server_error"
    if status == 401:
        return "authentication_error"
    if status == 429:
        return "rate_limit_error"
    return "invalid_request_error"
