"""The context of a request, which every ChatKit call gets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RequestContext:
    """The context type of our `Store`, `AttachmentStore` and `ChatKitServer`.

    `user_id` owns everything that the request may see. `request_id` goes into logs and into the
    header `x-request-id`. `base_url` is the URL at which the caller reaches this service, without a
    trailing slash: PUBLIC_BASE_URL, or else scheme and host of the request.
    """

    user_id: str
    request_id: str
    base_url: str
