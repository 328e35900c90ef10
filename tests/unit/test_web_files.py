"""How the page's files are sent."""

import gzip
import os
from pathlib import Path

import pytest
from starlette.datastructures import Headers
from starlette.responses import Response

from app.http.web_files import WebFiles

PLAIN = Headers({})
COMPRESSING = Headers({"accept-encoding": "gzip, br"})


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    (tmp_path / "css").mkdir()
    (tmp_path / "css/page.css").write_text('/* All. */\n@import "base.css";\n')
    (tmp_path / "css/base.css").write_text("/* Base. */\nbody { margin: 0; }\n")
    (tmp_path / "main.js").write_text("import { a } from './a.js';\nconsole.log(a);\n")
    (tmp_path / "a.js").write_text("export const a = 1;\n")
    (tmp_path / "font.woff2").write_bytes(b"wOF2")
    return tmp_path


def answer(files: WebFiles, path: str, headers: Headers = PLAIN) -> Response:
    response = files.respond(path, headers)
    assert response is not None
    return response


def test_a_file_under_the_version_s_name_is_kept_and_under_its_own_asked_for(
    directory: Path,
) -> None:
    files = WebFiles(directory)
    kept = answer(files, f"{files.version}/a.js")
    assert kept.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert kept.headers["content-type"] == "text/javascript; charset=utf-8"
    own = answer(files, "a.js")
    assert own.headers["cache-control"] == "no-cache"
    again = answer(files, "a.js", Headers({"if-none-match": own.headers["etag"]}))
    assert (again.status_code, again.body) == (304, b"")


def test_a_page_of_another_version_gets_what_is_here_and_does_not_keep_it(directory: Path) -> None:
    response = answer(WebFiles(directory), "0123456789ab/a.js")
    assert response.body == b"export const a = 1;\n"
    assert response.headers["cache-control"] == "no-cache"


def test_texts_are_compressed_for_those_who_take_it(directory: Path) -> None:
    files = WebFiles(directory)
    response = answer(files, "a.js", COMPRESSING)
    assert response.headers["content-encoding"] == "gzip"
    assert gzip.decompress(bytes(response.body)) == b"export const a = 1;\n"
    assert response.headers["vary"] == "Accept-Encoding"
    assert "content-encoding" not in answer(files, "font.woff2", COMPRESSING).headers
    assert answer(files, "font.woff2").headers["content-type"] == "font/woff2"


def test_style_sheets_and_modules_are_joined(directory: Path) -> None:
    files = WebFiles(directory)
    assert answer(files, "joined/css/page.css").body == b"body { margin: 0; }\n"
    assert b"const a = 1;" in bytes(answer(files, "joined/main.js").body)
    document = '<link href="web/css/page.css"><script src="web/main.js"></script>'
    assert files.versioned(document) == (
        f'<link href="web/{files.version}/joined/css/page.css">'
        f'<script src="web/{files.version}/joined/main.js"></script>'
    )


def test_the_version_is_the_content_s(directory: Path) -> None:
    files = WebFiles(directory)
    before = files.version
    os.utime(directory / "a.js", ns=(1, 1))
    files.refresh()
    assert files.version == before
    (directory / "a.js").write_text("export const a = 2;\n")
    files.refresh()
    assert files.version != before
    assert b"const a = 2;" in bytes(answer(files, "joined/main.js").body)


@pytest.mark.parametrize("path", ["../settings.py", "nothing.js", "", "css", "x/../main.js"])
def test_nothing_else_is_there(directory: Path, path: str) -> None:
    assert WebFiles(directory).respond(path, PLAIN) is None
