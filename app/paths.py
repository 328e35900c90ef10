"""The path of every route. Links to them are made in packages below `app.http`."""

from urllib.parse import quote

CHATKIT = "/chatkit"
ATTACHMENTS = "/attachments"
PREVIEW = "/attachments/{attachment_id}/preview"
CONTENT = "/attachments/{attachment_id}/content"
UPLOAD = "/uploads/{attachment_id}"
UPLOAD_PARTS = "/uploads/{attachment_id}/parts"
UPLOAD_COMPLETE = "/uploads/{attachment_id}/complete"
ENTITIES = "/entities"
ENTITY_PREVIEW = "/entities/{entity_id:path}/preview"
THREADS = "/v1/chatkit/threads"
THREAD = "/v1/chatkit/threads/{thread_id}"
THREAD_ITEMS = "/v1/chatkit/threads/{thread_id}/items"
ERASURE = "/v1/chatkit/users/{user_id:path}/erasure"
THREAD_ITEM = "/v1/chatkit/threads/{thread_id}/items/{item_id}"
LIVEZ = "/livez"
READYZ = "/readyz"
METRICS = "/metrics"

# Probes ask for these every few seconds, so they are not traced and logged at DEBUG only.
QUIET = frozenset({LIVEZ, READYZ, METRICS})

# The following are prefixes of paths.

# The link itself is the permission, so no user has to be signed in.
CAPABILITIES = ("/uploads/",)

# These routes stream bodies, and check their length themselves.
STREAMED = ("/uploads/", ATTACHMENTS)

# Responses belong to one user, so no cache may keep them.
PRIVATE = (CHATKIT, "/v1/", ENTITIES)


def upload_path(attachment_id: str) -> str:
    return UPLOAD.format(attachment_id=quote(attachment_id, safe=""))


def upload_parts_path(attachment_id: str) -> str:
    return UPLOAD_PARTS.format(attachment_id=quote(attachment_id, safe=""))


def upload_complete_path(attachment_id: str) -> str:
    return UPLOAD_COMPLETE.format(attachment_id=quote(attachment_id, safe=""))


def preview_path(attachment_id: str) -> str:
    return PREVIEW.format(attachment_id=quote(attachment_id, safe=""))
