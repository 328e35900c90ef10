"""The context of a request, which every ChatKit call gets."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context type of our `Store`, `AttachmentStore` and `ChatKitServer`.

    `user_id` owns everything that the request may see. `request_id` goes into logs and into the
    header `x-request-id`. `base_url` is the URL at which the caller reaches this service, without a
    trailing slash: PUBLIC_BASE_URL, or else scheme, host and mount path of the request.

    The other fields are for custom assistants. `claims` are those of the user's token; only
    AUTH_MODE=jwt has any. `headers` are the request headers that `Assistant.context_headers` names,
    by their names in lower case. `metadata` is ChatKit's: the page sends it, and it is not checked.
    """

    user_id: str
    request_id: str
    base_url: str
    claims: Mapping[str, Any] = field(default_factory=dict, hash=False)
    headers: Mapping[str, str] = field(default_factory=dict, hash=False)
    metadata: Mapping[str, Any] = field(default_factory=dict, hash=False)
