"""A stand-in model API, started once."""

from collections.abc import Iterator

import pytest

from tests.model_api import ModelApi, model_api


@pytest.fixture(scope="session")
def running_model_api() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture
def api(running_model_api: ModelApi) -> ModelApi:
    """The stand-in, forgetful of other tests."""
    running_model_api.script.clear()
    running_model_api.received.clear()
    running_model_api.cancelled.clear()
    return running_model_api
