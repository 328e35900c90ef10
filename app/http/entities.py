"""`/entities` and `/entities/{id}/preview`: search and previews for @-mentions."""

from collections.abc import Sequence
from typing import Any, Protocol

from chatkit.widgets import BasicRoot, DynamicWidgetComponent, WidgetRoot
from starlette.requests import Request
from starlette.responses import JSONResponse
from starlette.routing import Route

from app import paths
from app.assistant import Entity as OwnEntity
from app.chat.hooks import own_code
from app.context import RequestContext
from app.database.entity_search import Entities, Entity
from app.database.payloads import Hydrator, PreparingHydrator
from app.file_types.table import INLINE_MIME_TYPES
from app.http.authentication import Authentication
from app.sizes import in_words

_GROUPS = {"attachment": "Files", "thread": "Chats"}

# Both responses belong to one user, so no shared cache may keep them.
_PRIVATE = {"Cache-Control": "private, no-store"}


class OwnEntities(Protocol):
    """The entities of an assistant; `Assistant` documents the methods."""

    async def search_entities(
        self, query: str, context: RequestContext, /
    ) -> Sequence[OwnEntity]: ...

    async def preview_entity(
        self, entity_id: str, context: RequestContext, /
    ) -> WidgetRoot | None: ...


class EntityRoutes:
    """Returns ChatKit's `Entity` and `BasicRoot` as JSON (chatkit-js: `entities` option).

    The assistant's entities come first.
    """

    def __init__(
        self,
        entities: Entities,
        own: OwnEntities,
        authentication: Authentication,
        previews: Hydrator,
    ) -> None:
        self._entities = entities
        self._own = own
        self._authentication = authentication
        self._previews = previews

    def routes(self) -> Sequence[Route]:
        return [
            Route(paths.ENTITIES, self.search, methods=["GET"]),
            Route(paths.ENTITY_PREVIEW, self.preview, methods=["GET"]),
        ]

    async def search(self, request: Request) -> JSONResponse:
        """Return `{"entities": […]}`: those of the assistant, then up to 20 files and chats.

        They match `?query=`, or are the newest without it.
        """
        context = await self._authentication.context(request)
        query = request.query_params.get("query", "")
        with own_code("search_entities"):
            own = await self._own.search_entities(query, context)
        found = await self._entities.search(context.user_id, query)
        listed = [
            *(entity.fields() for entity in own),
            *(_entity(each) for each in _in_groups(found)),
        ]
        return JSONResponse({"entities": listed}, headers=_PRIVATE)

    async def preview(self, request: Request) -> JSONResponse:
        """Return `{"preview": …}`. Raises `NotFound`, also for ids of other users."""
        context = await self._authentication.context(request)
        entity_id = request.path_params["entity_id"]
        with own_code("preview_entity"):
            widget = await self._own.preview_entity(entity_id, context)
        if widget is None:
            entity = await self._entities.load(context.user_id, entity_id)
            widget = _widget(entity, await self._image_url(entity))
        return JSONResponse(
            {"preview": widget.model_dump(mode="json", exclude_none=True)}, headers=_PRIVATE
        )

    async def _image_url(self, entity: Entity) -> str | None:
        has_image = entity.has_thumbnail or entity.mime_type in INLINE_MIME_TYPES
        if entity.reference is None or not has_image:
            return None
        if isinstance(self._previews, PreparingHydrator):
            await self._previews.prepare([entity.reference])
        return self._previews.preview_url(entity.id, entity.reference)


def _in_groups(found: Sequence[Entity]) -> list[Entity]:
    """Return the entities grouped by kind, the kind of the best match first.

    ChatKit's menu puts a heading above each group.
    """
    kinds = list(dict.fromkeys(entity.kind for entity in found))
    return sorted(found, key=lambda entity: kinds.index(entity.kind))


def _entity(entity: Entity) -> dict[str, object]:
    """Return an entity as JSON.

    `data` may contain strings only (chatkit-js: `Entity`). The server never relies on it, because
    clients send it back.
    """
    about = {"kind": entity.kind, "created_at": entity.created_at.isoformat()}
    if entity.mime_type is not None:
        about["mime_type"] = entity.mime_type
    if entity.size is not None:
        about["size"] = str(entity.size)
    if entity.thread_id is not None:
        about["thread_id"] = entity.thread_id
    if entity.kind == "attachment" and entity.thread_title is not None:
        about["thread_title"] = entity.thread_title
    return {
        "id": entity.id,
        "title": entity.title,
        "icon": _icon(entity),
        "group": _GROUPS[entity.kind],
        "interactive": True,
        "data": about,
    }


def _icon(entity: Entity) -> str:
    """Return the name of one of ChatKit's icons."""
    if entity.kind == "thread":
        return "notebook"
    mime_type = entity.mime_type or ""
    if mime_type.startswith("image/"):
        return "square-image"
    return "square-text" if mime_type.startswith("text/") else "document"


def _widget(entity: Entity, image_url: str | None) -> BasicRoot:
    lines = [_text("Text", entity.title, weight="semibold", maxLines=2)]
    kind = "Chat" if entity.kind == "thread" else entity.mime_type
    # The size is known only for files in the bucket.
    size = in_words(entity.size) if entity.size else ""
    day = f"{entity.created_at.day} {entity.created_at:%B %Y}"
    lines.append(_text("Caption", " · ".join(fact for fact in (kind, size, day) if fact)))
    if entity.kind == "attachment" and entity.thread_title:
        lines.append(_text("Caption", f"In “{entity.thread_title}”", truncate=True))
    column = _widget_part("Col", gap=1, children=lines)
    if image_url is None:
        return BasicRoot(children=[column])
    image = _widget_part("Image", src=image_url, alt=entity.title, size=96, fit="cover")
    row = _widget_part("Row", gap=3, align="center", children=[image, column])
    return BasicRoot(children=[row])


def _text(kind: str, value: str, **fields: Any) -> DynamicWidgetComponent:
    return _widget_part(kind, value=value, **fields)


def _widget_part(kind: str, **fields: Any) -> DynamicWidgetComponent:
    """Return one component. The SDK's class of that name is deprecated; a test compares with it."""
    return DynamicWidgetComponent(type=kind, **fields)
