"""Sessions of AWS's library that share what it knows about S3: half a megabyte of JSON, read once.

Every new session would read and parse it again, which takes longer than all else at the start.
"""

from functools import cache
from typing import TypeVar

import botocore.session
from botocore.loaders import Loader, create_loader

Session = TypeVar("Session", bound=botocore.session.Session)


def with_cached_service_models(session: Session) -> Session:
    """The new `session`, which gets its descriptions of services where all others get them."""
    session.register_component(
        "data_loader", _descriptions(session.get_config_variable("data_path"))
    )
    return session


@cache
def _descriptions(search_path: str | None) -> Loader:
    return create_loader(search_path)
