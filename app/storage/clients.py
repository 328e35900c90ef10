"""Makes all clients of S3's API, blocking and asyncio, by one set of rules.

Only whole objects are read by another library (reader.py), and uploads are spliced over plain
connections (splice.py).
"""

from functools import cache
from typing import Any, Literal, TypeVar

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader

AddressingStyle = Literal["auto", "path", "virtual"]
Session = TypeVar("Session", bound=botocore.session.Session)


def with_cached_service_models(session: Session) -> Session:
    """Return `session`, which now shares the descriptions of AWS's services with all others.

    They are half a megabyte of JSON. Otherwise every new session reads and parses them again, which
    takes longer than everything else at the start of a process.
    """
    session.register_component(
        "data_loader", _descriptions(session.get_config_variable("data_path"))
    )
    return session


def create_client(
    session: botocore.session.Session,
    *,
    url: str | None,
    region: str,
    addressing_style: AddressingStyle,
    config: Config | None = None,
) -> Any:
    """Return a client of S3, or for a session of aiobotocore a context manager that gives one.

    `url` None means AWS itself. `config` adds to what every client has. Raises `BotoCoreError` or
    `ValueError` for a region or URL that can't be used.
    """
    # Checksums only where S3 demands them: by default, botocore signs the CRC of an empty body into
    # presigned PUTs, and several S3-compatible stores do not know the trailers.
    common = Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return session.create_client(
        "s3",
        region_name=region,
        endpoint_url=url,
        config=common.merge(config) if config else common,
    )


@cache
def _descriptions(search_path: str | None) -> Loader:
    return create_loader(search_path)
