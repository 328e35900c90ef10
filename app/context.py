"""Who is asking, carried through every ChatKit call."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context type of our `Store`, `AttachmentStore` and `ChatKitServer`.

    `user_id` owns everything the request may see. `request_id` goes into logs and the
    `x-request-id` header. `base_url` is where this service is reached by the caller, without a
    trailing slash: PUBLIC_BASE_URL where set, else the request's own scheme and host.
    """

    user_id: str
    request_id: str
    base_url: str
