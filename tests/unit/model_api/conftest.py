"""The stand-in, asked by OpenAI's own client."""

from collections.abc import Iterator

import pytest
from openai import OpenAI

from tests.model_api import ModelApi, model_api


@pytest.fixture(scope="session")
def running_model_api() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api
        api.received.clear()


@pytest.fixture
def api(running_model_api: ModelApi) -> ModelApi:
    """The stand-in as it was at its start. Here requests may be rejected."""
    running_model_api.reset()
    return running_model_api


@pytest.fixture
def client(api: ModelApi) -> Iterator[OpenAI]:
    with OpenAI(api_key="sk-test", base_url=api.base_url, max_retries=0) as client:
        yield client
