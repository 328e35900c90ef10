"""Serves the page's files: joined into a few, compressed, at URLs that browsers may cache."""

import gzip
import hashlib
import mimetypes
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from starlette.datastructures import Headers
from starlette.responses import HTMLResponse, Response

from app.http.joined_modules import join_modules

# For URLs that contain the version, which changes when any file of the page changes.
_FOR_EVER = "public, max-age=31536000, immutable"
_ASK_EACH_TIME = "no-cache"

_JOINED = "joined"
_ENTRY = "main.js"
_STYLES = "css/page.css"
_STYLE_IMPORT = re.compile(r'@import "([^"]+)";\n')
_STYLE_COMMENT = re.compile(r"/\*.*?\*/\n*", re.DOTALL)

# Operating systems disagree about these, and browsers run a module only as JavaScript.
_MEDIA_TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2"}
_COMPRESSED = ("text/", "image/svg+xml", "application/json")


@dataclass(frozen=True)
class WebFile:
    """One file: its bytes and how they are sent."""

    body: bytes
    media_type: str

    @cached_property
    def etag(self) -> str:
        """The ETag. It is weak, because the compressed body has the same (RFC 9110, 8.8.1)."""
        return f'W/"{hashlib.sha256(self.body).hexdigest()[:32]}"'

    @cached_property
    def compressed(self) -> bytes | None:
        """The body in gzip; None for types that are compressed already."""
        if not self.media_type.startswith(_COMPRESSED):
            return None
        return gzip.compress(self.body, compresslevel=9, mtime=0)


def compressed(html: str, request: Headers) -> Response:
    """Return a document that is made for one request, compressed if the client takes that."""
    if "gzip" not in request.get("accept-encoding", ""):
        return HTMLResponse(html)
    body = gzip.compress(html.encode(), compresslevel=6, mtime=0)
    return HTMLResponse(body, headers={"Content-Encoding": "gzip"})


class WebFiles:
    """All files below a directory, and at `joined/` the joined ones, held in memory.

    Browsers cache `/web/{version}/{path}` for a year, and revalidate `/web/{path}` on each use.
    Raises `CannotJoin`.
    """

    def __init__(self, directory: Path) -> None:
        self._directory = directory
        self._read()

    def _read(self) -> None:
        self._modified = self._last_modified()
        sources = {
            path.relative_to(self._directory).as_posix(): path.read_bytes()
            for path in sorted(self._directory.rglob("*"))
            if path.is_file()
        }
        digest = hashlib.sha256()
        for path, body in sources.items():
            digest.update(f"{path}\0{len(body)}\0".encode() + body)
        self.version = digest.hexdigest()[:12]
        self._files = {path: _web_file(path, body) for path, body in sources.items()}
        self._files |= {
            f"{_JOINED}/{path}": _web_file(path, text.encode()) for path, text in _joined(sources)
        }

    def refresh(self) -> None:
        """Read all files again if one of them was changed."""
        if self._last_modified() != self._modified:
            self._read()

    def text(self, path: str) -> str:
        return self._files[path].body.decode()

    def names(self, pattern: str) -> list[str]:
        """Return the names, without suffix, of the files that match, as in `words/*.js`."""
        return sorted(path.stem for path in self._directory.glob(pattern))

    def versioned(self, html: str) -> str:
        """Return the document with links to the joined files, by URLs with the version.

        Its links are relative (`web/…`), so that it works below the prefix of another application.
        """
        for path in (_ENTRY, _STYLES):
            html = html.replace(f'"web/{path}"', f'"web/{_JOINED}/{path}"')
        return html.replace('"web/', f'"web/{self.version}/')

    def respond(self, path: str, request: Headers) -> Response | None:
        """Return the response with a file, or None if there is no such file.

        A URL with another version gets the current file: while replicas are replaced, the document
        and its files may come from different versions.
        """
        version, _, rest = path.partition("/")
        is_current = version == self.version
        file = self._files.get(path) or self._files.get(rest)
        if file is None:
            return None
        headers = {
            "ETag": file.etag,
            "Cache-Control": _FOR_EVER if is_current else _ASK_EACH_TIME,
            "Vary": "Accept-Encoding",
        }
        if request.get("if-none-match") == file.etag:
            return Response(status_code=304, headers=headers)
        body = file.body
        if file.compressed and "gzip" in request.get("accept-encoding", ""):
            body = file.compressed
            headers["Content-Encoding"] = "gzip"
        return Response(body, media_type=file.media_type, headers=headers)

    def _last_modified(self) -> int:
        return max(path.stat().st_mtime_ns for path in self._directory.rglob("*"))


def _web_file(path: str, body: bytes) -> WebFile:
    suffix = Path(path).suffix
    media_type = _MEDIA_TYPES.get(suffix) or mimetypes.guess_type(path)[0]
    return WebFile(body, media_type or "application/octet-stream")


def _joined(sources: Mapping[str, bytes]) -> Iterator[tuple[str, str]]:
    modules = {path: body.decode() for path, body in sources.items() if path.endswith(".js")}
    yield from join_modules(modules, _ENTRY, _JOINED).items()
    yield _STYLES, _joined_styles(sources)


def _joined_styles(sources: Mapping[str, bytes]) -> str:
    """Return the style sheets that the main one imports, in its order."""
    names = _STYLE_IMPORT.findall(sources[_STYLES].decode())
    sheets = [sources[f"{Path(_STYLES).parent}/{name}"].decode() for name in names]
    return _STYLE_COMMENT.sub("", "".join(sheets))
