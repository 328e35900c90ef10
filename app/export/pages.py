"""The HTML of an exported thread: one page without scripts and without addresses of other hosts."""

import json
from collections.abc import Mapping
from html import escape
from typing import Any
from urllib.parse import quote

from app.database.export_rows import ExportedFile, ExportedItem, ExportedThread
from app.file_types.table import INLINE_MIME_TYPES

_HEAD = """<!doctype html>
<html lang="en"><head><meta charset="utf-8">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; img-src 'self' file:">
<title>{title}</title>
<style>
body {{ font: 16px/1.5 system-ui, sans-serif; max-width: 48rem; margin: 2rem auto }}
article {{ border-top: 1px solid #ccc; padding: .5rem 0 }}
pre {{ white-space: pre-wrap; overflow-wrap: anywhere; font: inherit; margin: .25rem 0 }}
img {{ max-width: 20rem; max-height: 20rem }}
small {{ color: #555 }}
</style></head><body>
<h1>{title}</h1>
"""
FOOT = "</body></html>\n"

_SPEAKERS = {"user_message": "User", "assistant_message": "Assistant"}


def head(title: str) -> str:
    """Return the beginning of a page."""
    return _HEAD.format(title=escape(title))


def thread_title(thread: ExportedThread) -> str:
    return thread.title or "Thread without a title"


def item_html(item: ExportedItem, files: Mapping[str, tuple[ExportedFile, str]]) -> str:
    """Return one item. `files` has the user's files and their paths in the archive, by id."""
    speaker = _SPEAKERS.get(item.type, item.type)
    feedback = f" · feedback: {item.feedback}" if item.feedback else ""
    lines = [
        f"<article><small>{escape(speaker)} · {item.created_at:%Y-%m-%d %H:%M}"
        f"{escape(feedback)}</small>"
    ]
    if item.type in _SPEAKERS:
        lines += [f"<pre>{escape(text)}</pre>" for text in _texts(item.payload)]
    else:
        shown = json.dumps(item.payload, indent=1, ensure_ascii=False)
        lines.append(f"<details><summary>Data</summary><pre>{escape(shown)}</pre></details>")
    lines += [file_html(*files[each], up="../") for each in file_ids(item.payload) if each in files]
    return "\n".join([*lines, "</article>\n"])


def file_html(file: ExportedFile, path: str, *, up: str = "") -> str:
    """Return a link to a file, and the image if browsers show its type inline."""
    if not path:
        return f"<p>{escape(file.name)}: the bytes are not there.</p>"
    address = escape(up + quote(path))
    shown = f'<br><img alt="" src="{address}">' if file.mime_type in INLINE_MIME_TYPES else ""
    return f'<p><a href="{address}">{escape(file.name)}</a>{shown}</p>'


def file_ids(payload: Mapping[str, Any]) -> list[str]:
    """Return the ids of the attachments of a message, or of a generated image."""
    attached = payload.get("attachments") or []
    image = payload.get("image")
    listed = [*attached, *([image] if isinstance(image, dict) else [])]
    return [each["id"] for each in listed if isinstance(each, dict) and "id" in each]


def _texts(payload: Mapping[str, Any]) -> list[str]:
    parts = [each for each in payload.get("content") or [] if isinstance(each, dict)]
    return [str(part["text"]) for part in parts if part.get("text")]
