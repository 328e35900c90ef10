"""The service mounted below /chat in another application, with an assistant of its own.

    DATABASE_URL=… S3_ENDPOINT_URL=… AUTH_MODE=header uvicorn examples.embedded:create --factory

FastAPI is a Starlette application, so the same two lines work there. Set PUBLIC_BASE_URL, if at
all, to the URL with the prefix: https://example.com/chat.
"""

import os

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Mount, Route

from app.settings.environment import Settings
from app.wiring.application import create_application
from examples.plain_reader import PlainReader


def create(settings: Settings | None = None) -> Starlette:
    """Create the outer application. Without `settings`, they come from the environment."""
    service = create_application(settings or Settings.read(os.environ), PlainReader())

    async def home(_: Request) -> JSONResponse:
        return JSONResponse({"chat": "/chat/chatkit"})

    return Starlette(
        routes=[Route("/", home), Mount("/chat", service)],
        # The outer application starts and stops the service: mounts have no lifespan of their own.
        lifespan=service.router.lifespan_context,
    )
