"""A stand-in model API, started once."""

from collections.abc import Iterator

import pytest

from tests.model_api import ModelApi, model_api


@pytest.fixture(scope="session")
def running_model_api() -> Iterator[ModelApi]:
    with model_api() as api:
        yield api


@pytest.fixture
def api(running_model_api: ModelApi) -> Iterator[ModelApi]:
    """The stand-in as it was at its start; fails a test whose request it rejected."""
    running_model_api.reset()
    yield running_model_api
    running_model_api.expect_no_rejection()
