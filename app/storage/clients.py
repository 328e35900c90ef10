"""What all clients of S3's API have in common, blocking and asyncio.

There are two exceptions: another library reads whole objects (reader.py), and uploads are spliced
over plain connections (splice.py).
"""

from functools import cache
from typing import Any, TypeVar

import botocore.session
from botocore.config import Config
from botocore.loaders import Loader, create_loader

from app.settings.bucket import AddressingStyle

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


def client_options(
    *,
    url: str | None,
    region: str,
    addressing_style: AddressingStyle,
    config: Config | None = None,
) -> dict[str, Any]:
    """Return the arguments that a client of S3 is made with, in any of boto's libraries.

    `url` None means AWS itself. `config` adds to what every client has.
    """
    # Checksums are sent only where S3 demands them: by default, botocore signs the CRC of an empty
    # body into presigned PUTs, and several S3-compatible stores do not know the trailers.
    common = Config(
        signature_version="s3v4",
        s3={"addressing_style": addressing_style},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return {
        "service_name": "s3",
        "region_name": region,
        "endpoint_url": url,
        "config": common.merge(config) if config else common,
    }


@cache
def _descriptions(search_path: str | None) -> Loader:
    return create_loader(search_path)
