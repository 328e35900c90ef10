import hashlib
import json
import re

import pytest
from chatkit.types import AttachmentCreateParams
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.testclient import TestClient

from app.attachments.policy import AttachmentPolicy
from app.errors import AppError
from app.http.page import (
    CHATKIT_CDN,
    WEB_DIRECTORY,
    PageConfig,
    content_security_policy,
    page_configuration,
    page_routes,
    preferred_language,
)
from app.http.security import SecurityHeaders

POLICY = AttachmentPolicy(max_bytes=5_000_000, allowed_mime_types=("image/*", "application/pdf"))


def subclasses(base: type[AppError]) -> list[type[AppError]]:
    """Return the class and all that derive from it."""
    return [base, *(each for derived in base.__subclasses__() for each in subclasses(derived))]


def client(config: PageConfig) -> TestClient:
    headers = Middleware(SecurityHeaders, is_https=False)
    return TestClient(Starlette(routes=page_routes(config), middleware=[headers]))


def directives(config: PageConfig) -> dict[str, list[str]]:
    parts = (part.split() for part in content_security_policy(config).split("; "))
    return {name: sources for name, *sources in parts}


def test_limits_are_the_policy_s() -> None:
    limits = page_configuration(PageConfig(policy=POLICY))["limits"]
    assert isinstance(limits, dict)
    assert limits["maxAttachmentBytes"] == 5_000_000
    assert limits["allowedMimeTypes"] == ["image/*", "application/pdf"]
    suffixes = limits["fileTypes"]["suffixes"]
    assert suffixes[".pdf"] == "application/pdf"
    assert suffixes[".jpg"] == "image/jpeg"
    assert ".docx" not in suffixes


@pytest.mark.parametrize("kind", ["suffixes", "names"])
def test_the_server_takes_every_file_that_the_page_offers(kind: str) -> None:
    policy = AttachmentPolicy(max_bytes=10)
    limits = page_configuration(PageConfig(policy=policy))["limits"]
    assert isinstance(limits, dict)
    for ending, mime_type in limits["fileTypes"][kind].items():
        name = f"x{ending}" if kind == "suffixes" else ending
        params = AttachmentCreateParams(name=name, size=1, mime_type=mime_type)
        assert policy.check(params).mime_type == mime_type


def test_the_page_knows_files_by_the_table_of_file_types() -> None:
    limits = page_configuration(PageConfig(policy=AttachmentPolicy(max_bytes=1)))["limits"]
    assert isinstance(limits, dict)
    file_types = limits["fileTypes"]
    assert file_types["suffixes"][".geojson"] == "application/geo+json"
    assert file_types["names"] == {"makefile": "text/x-makefile", "dockerfile": "text/x-dockerfile"}
    assert file_types["aliases"]["application/x-pdf"] == "application/pdf"
    assert ".avi" not in file_types["suffixes"]
    assert "text/*" in limits["allowedMimeTypes"]
    assert "video/avi" not in limits["allowedMimeTypes"]


def test_the_bucket_is_named_for_uploads_only_where_browsers_may_post_to_it() -> None:
    def bucket_post_url(**changes: object) -> object:
        config = PageConfig(policy=POLICY, bucket_url="https://s3.example/b", **changes)  # type: ignore[arg-type] # one field at a time
        api = page_configuration(config)["api"]
        assert isinstance(api, dict)
        return api["bucketPostUrl"]

    assert bucket_post_url() == "https://s3.example/b/"
    assert bucket_post_url(posts_to_bucket=False) is None


def test_nothing_inline_may_run_and_only_named_hosts_are_reached() -> None:
    policy = directives(
        PageConfig(
            policy=POLICY,
            api_base_url="https://api.example",
            bucket_url="https://s3.example:9000/bucket",
        )
    )
    assert policy["default-src"] == ["'none'"]
    assert policy["script-src"] == ["'self'"]
    assert policy["style-src"] == ["'self'"]
    assert policy["connect-src"] == ["'self'", "https://api.example", "https://s3.example:9000"]
    assert policy["require-trusted-types-for"] == ["'script'"]


def test_openai_s_host_is_allowed_only_with_a_domain_key() -> None:
    assert CHATKIT_CDN not in content_security_policy(PageConfig(policy=POLICY))
    policy = directives(PageConfig(policy=POLICY, domain_key="domain_pk_1"))
    assert policy["script-src"] == ["'self'", CHATKIT_CDN]
    assert policy["frame-src"] == ["blob:", CHATKIT_CDN]


@pytest.mark.parametrize(
    "path", ["/", "/web/examples/ask-about-chart.html", "/web/examples/sketch.html"]
)
def test_documents_come_with_the_policy_and_hold_no_inline_script_or_style(path: str) -> None:
    response = client(PageConfig(policy=POLICY)).get(path)
    assert response.status_code == 200
    assert "default-src 'none'" in response.headers["content-security-policy"]
    assert response.headers["x-content-type-options"] == "nosniff"
    inline = r'<script(?![^>]*\bsrc=|\stype="application/json")|<style|\bstyle=|\son[a-z]+='
    assert re.findall(inline, response.text) == []


@pytest.mark.parametrize("name", ["main.js", "vendor/purify.es.mjs"])
def test_modules_are_javascript_everywhere(name: str) -> None:
    response = client(PageConfig(policy=POLICY)).get(f"/web/{name}")
    assert response.headers["content-type"] == "text/javascript; charset=utf-8"


def test_the_document_brings_the_configuration_and_ends_no_tag_with_it() -> None:
    policy = AttachmentPolicy(max_bytes=1, allowed_mime_types=("</script><script>alert(1)",))
    text = client(PageConfig(policy=policy)).get("/").text
    found = re.search(r'<script type="application/json" id="page-config">(.*?)</script>', text)
    assert found is not None
    assert json.loads(found[1])["limits"]["allowedMimeTypes"] == ["</script><script>alert(1)"]


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("", "en"),
        ("de-AT, en;q=0.5", "de"),
        ("fr, es;q=0.4, de;q=0.8", "de"),
        ("de;q=0, en", "en"),
        ("*", "en"),
        ("ar", "ar"),
    ],
)
def test_the_language_is_the_one_that_the_browser_prefers(header: str, language: str) -> None:
    assert preferred_language(header, ["ar", "de", "en", "es"]) == language


@pytest.mark.parametrize("language", ["ar", "de", "es"])
def test_the_page_s_errors_have_codes_of_the_server(language: str) -> None:
    source = (WEB_DIRECTORY / f"words/{language}.js").read_text()
    _, _, errors = source.partition("export const errors = {")
    codes = set(re.findall(r"^  (\w+):", errors, re.MULTILINE))
    assert codes
    assert codes <= {error.code for error in subclasses(AppError)}


def test_files_outside_are_not_served() -> None:
    assert client(PageConfig(policy=POLICY)).get("/web/..%2fcli.py").status_code == 404


def test_opening_the_page_may_set_a_cookie() -> None:
    routes = page_routes(
        PageConfig(policy=POLICY), welcome=lambda _, response: response.set_cookie("who", "me")
    )
    assert TestClient(Starlette(routes=routes)).get("/").cookies["who"] == "me"


def test_vendored_libraries_are_what_their_readme_says() -> None:
    vendor = WEB_DIRECTORY / "vendor"
    rows = re.findall(
        r"^\| `([\w./-]+)` .*`([0-9a-f]{64})` \|$", (vendor / "README.md").read_text(), re.M
    )
    assert {name for name, _ in rows} == {
        str(path.relative_to(vendor))
        for path in vendor.rglob("*.*")
        if path.suffix in {".js", ".mjs", ".css", ".woff2"}
    }
    for name, checksum in rows:
        assert hashlib.sha256((vendor / name).read_bytes()).hexdigest() == checksum
