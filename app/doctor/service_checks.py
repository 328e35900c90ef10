"""Checks of the running service at PUBLIC_BASE_URL, as a page and ChatKit's iframe use it."""

import json
import time

from app import paths
from app.doctor.browser_checks import link_method
from app.doctor.bucket_checks import MIME_TYPE
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.doctor.requests import HttpResponse, Unreachable, allows, preflight_headers, request
from app.http.page import CHATKIT_CDN
from app.storage.object_keys import new_object_key, upload_key
from app.storage.put import PutSigner

_CONTENT = b"app doctor sent this through the gateway and deletes it again\n"
_LINK_SECONDS = 300
_CHATKIT_HEADERS = "authorization,content-type"


async def service(deployment: Deployment) -> str:
    """Check with /readyz that the service reaches its database and its bucket."""
    base_url = _base_url(deployment)
    try:
        answer = await request(deployment.http, "GET", base_url + paths.READYZ)
    except Unreachable as exc:
        raise Problem(
            f"the service can't be reached: {exc}",
            "Start it with `python -m app serve`, and check PUBLIC_BASE_URL.",
        ) from exc
    checks = _readiness(answer)
    if checks is None:
        raise Problem(
            f"what answers at {base_url} is not this service ({answer.status} for {paths.READYZ})",
            "PUBLIC_BASE_URL has to lead to the service, with the path if a proxy adds one.",
        )
    if not answer.is_success:
        failed = "; ".join(f"{name}: {state}" for name, state in checks.items() if state != "ok")
        raise Problem(
            f"the service is not ready ({failed})",
            "The running service may have other settings than doctor: compare them.",
        )
    return f"{base_url} is ready"


async def service_cors(deployment: Deployment, origin: str) -> str:
    """Check the preflight of /chatkit, and that the page can read an error."""
    url = _base_url(deployment) + paths.CHATKIT
    answer = await request(
        deployment.http,
        "OPTIONS",
        url,
        headers=preflight_headers(origin, "POST", _CHATKIT_HEADERS),
    )
    error = await request(
        deployment.http, "POST", url, headers={"Origin": origin}, body=b"not JSON"
    )
    if not allows(answer, origin, "POST", _CHATKIT_HEADERS) or not error.lets_in(origin):
        raise Problem(
            f"pages of {origin} can't call {paths.CHATKIT}",
            "The service runs with another ALLOWED_ORIGINS, or a proxy drops its CORS headers."
            f"\nSet ALLOWED_ORIGINS={','.join(deployment.foreign_origins)} where it runs.",
        )
    return f"pages may call {paths.CHATKIT}"


async def gateway(deployment: Deployment, origin: str) -> str:
    """Check that a file passes through the gateway, and that a byte too many is rejected."""
    if deployment.upload_method != "POST":
        raise NotChecked(f"UPLOAD_METHOD is {deployment.upload_method}")
    answer = await _upload(deployment, origin, _CONTENT, size=len(_CONTENT))
    if answer.status == 403:
        raise Problem(
            f"the service rejects an upload link made with these settings ({_message(answer)})",
            "SIGNING_SECRET has to be the same here and in every replica.",
        )
    is_readable = answer.lets_in(origin) or origin not in deployment.foreign_origins
    if not answer.is_success or not is_readable:
        raise Problem(
            f"an upload through the gateway was answered {answer.status} {_message(answer)}",
            "Look for its request id in the service's log. A proxy in front must allow bodies of"
            "\nMAX_ATTACHMENT_BYTES (nginx: client_max_body_size) and should not buffer them"
            " (proxy_request_buffering off).",
        )
    answer = await _upload(deployment, origin, _CONTENT, size=len(_CONTENT) - 1)
    if answer.is_success:
        raise Problem(
            "the gateway accepted a byte more than was announced",
            "The bucket does not enforce its policies: see policy_size above.",
        )
    return "a file arrives, and a byte too many is rejected"


async def preview_redirect(deployment: Deployment, method: str) -> str:
    """Check that a preview link redirects ChatKit's iframe to an image that it may read."""
    link = deployment.links.sign(
        paths.preview_path("doctor"),
        {"key": deployment.sample.key},
        expires_at=int(time.time()) + _LINK_SECONDS,
    )
    headers = {"Origin": CHATKIT_CDN}
    answer = await request(deployment.http, method, _base_url(deployment) + link, headers=headers)
    target = answer.headers.get("location", "")
    if answer.status != 307 or not target:
        raise Problem(
            f"a preview link was answered {answer.status} {_message(answer)}, not a redirect",
            "SIGNING_SECRET has to be the same here and in every replica.",
        )
    # In CORS mode a browser would send `Origin: null` here, because the first request was
    # cross-origin too (Fetch standard, HTTP-redirect fetch).
    final = await request(deployment.http, method, target, headers=headers)
    if not final.is_success:
        raise Problem(
            f"the redirect of {method} was answered {final.words}",
            "The service signs for another public endpoint: compare S3_PUBLIC_ENDPOINT_URL here"
            " and where it runs.",
        )
    if not answer.lets_in(CHATKIT_CDN):
        raise Problem(
            "the redirect of a preview lacks CORS headers",
            "A proxy in front of the service drops Access-Control-Allow-Origin: let it pass.",
        )
    return f"{method} leads to the image"


async def _upload(
    deployment: Deployment, origin: str, content: bytes, *, size: int
) -> HttpResponse:
    key = upload_key(new_object_key())
    signer = (
        deployment.public.policies
        if await link_method(deployment) == "POST"
        else PutSigner(deployment.internal.signer())
    )
    fields = signer.presign(
        key,
        mime_type=MIME_TYPE,
        size=size,
        expires_in=_LINK_SECONDS,
        uploader=deployment.links.pseudonym("doctor"),
    )
    link = deployment.links.sign(
        paths.upload_path("atc_doctor"), fields, expires_at=int(time.time()) + _LINK_SECONDS
    )
    deployment.public.written.add(key)
    return await request(
        deployment.http,
        "POST",
        _base_url(deployment) + link,
        headers={"Origin": origin},
        files={"file": ("doctor.txt", content, MIME_TYPE)},
    )


def _base_url(deployment: Deployment) -> str:
    if deployment.base_url is None:
        raise NotChecked("PUBLIC_BASE_URL is not set, so the address of the service is unknown")
    return deployment.base_url


def _readiness(answer: HttpResponse) -> dict[str, str] | None:
    try:
        checks = json.loads(answer.body)["checks"]
    except (ValueError, KeyError, TypeError):
        return None
    return checks if isinstance(checks, dict) else None


def _message(answer: HttpResponse) -> str:
    try:
        return str(json.loads(answer.body)["message"])
    except (ValueError, KeyError, TypeError):
        return ""
