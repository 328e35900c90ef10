"""The page of metrics: making it holds up no request."""

import threading
from types import SimpleNamespace
from typing import cast

import pytest
from starlette.requests import Request

from app.database.engine import Database
from app.http import request_metrics
from app.http.request_metrics import MetricsPage
from app.telemetry import metrics


async def test_a_page_is_made_outside_of_the_event_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    made_in: list[int] = []

    async def no_backlog(database: Database) -> object:
        return SimpleNamespace(count=0, age_seconds=0)

    def page() -> bytes:
        made_in.append(threading.get_ident())
        return b"page"

    monkeypatch.setattr(request_metrics, "purge_backlog", no_backlog)
    monkeypatch.setattr(metrics, "page", page)
    request = Request({"type": "http"})
    answer = await MetricsPage(cast(Database, None)).respond(request)
    assert answer.body == b"page" and made_in != [threading.get_ident()]
