"""Checks of the bucket as the JavaScript of a page uses it, from every allowed origin."""

from urllib.parse import urlsplit

from app.attachments.previews import SignedPreviews
from app.doctor import remedies
from app.doctor.bucket_checks import MIME_TYPE
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.doctor.requests import HttpResponse, Unreachable, allows, preflight_headers, request
from app.storage.codes import Meaning
from app.storage.object_keys import new_object_key, upload_key
from app.storage.splice import WITHOUT_POST

_CONTENT = b"app doctor uploaded this and deletes it again\n"
_PUT_HEADERS = "content-type,if-none-match"
_LINK_SECONDS = 300


async def public_endpoint(deployment: Deployment) -> str:
    """Check that links lead browsers to the bucket that the service writes to."""
    host = urlsplit(deployment.public.endpoint.objects_url).netloc
    try:
        answer = await deployment.public.send("GET", deployment.sample.key)
    except Unreachable as exc:
        raise Problem(
            f"browsers can't reach the bucket: {exc}",
            "Set S3_PUBLIC_ENDPOINT_URL to an address at which browsers reach the bucket. For this"
            " check, this machine has to reach it too.",
        ) from exc
    if answer.meaning is Meaning.INVALID_SIGNATURE:
        raise Problem(
            f"{host} rejects signatures that the internal endpoint accepts",
            "The proxy in front of the bucket changes the Host header or the path, which are"
            " signed. Pass both on unchanged (nginx: proxy_set_header Host $http_host; and no path"
            " in proxy_pass).",
        )
    if answer.body != deployment.sample.content:
        raise Problem(
            f"{host} does not have what was written to the internal endpoint ({answer.words})",
            "S3_PUBLIC_ENDPOINT_URL and S3_ENDPOINT_URL have to lead to the same bucket.",
        )
    return f"{host} serves what the service writes"


async def preflight(deployment: Deployment, origin: str) -> str:
    """Check the preflight that a browser sends before a request that is not simple (CORS)."""
    method, headers = "GET", "range"
    if origin in deployment.page_origins:
        method = deployment.upload_method
        headers = "content-type"
        if method == "PUT":
            headers = ",".join((_PUT_HEADERS, *deployment.public.endpoint.encryption_headers))
    url = deployment.public.endpoint.objects_url + deployment.sample.key
    answer = await request(
        deployment.http, "OPTIONS", url, headers=preflight_headers(origin, method, headers)
    )
    if not allows(answer, origin, method, headers):
        raise Problem(
            f"the bucket rejects the preflight of {method} ({answer.status})",
            remedies.cors(deployment.bucket, deployment.access),
        )
    return f"{method} is allowed"


async def upload(deployment: Deployment, origin: str) -> str:
    """Check an upload straight to the bucket, and that the page may read the response."""
    key = upload_key(new_object_key())
    if deployment.upload_method == "POST":
        answer = await deployment.public.post(key, _CONTENT, mime_type=MIME_TYPE, origin=origin)
        if answer.status in WITHOUT_POST:
            return "the store has no presigned POST, so files pass through this service"
    else:
        answer = await put(deployment, key, _CONTENT, origin=origin)
    _check_success(answer, f"the {deployment.upload_method} of a file was answered")
    _check_readable(deployment, answer, origin)
    return f"{deployment.upload_method} of a file arrives"


async def image(deployment: Deployment, origin: str) -> str:
    """Check the GET of a preview link, as fetch() sends it."""
    answer = await deployment.public.send(
        "GET", deployment.sample.key, sent_headers={"Origin": origin}
    )
    _check_success(answer, "the GET of a preview was answered")
    _check_readable(deployment, answer, origin)
    return "pages may read a preview"


async def head(deployment: Deployment) -> str:
    """Check HEAD, which needs a signature of its own."""
    answer = await deployment.public.send("HEAD", deployment.sample.key)
    expected = str(len(deployment.sample.content))
    if not answer.is_success or answer.headers.get("content-length") != expected:
        raise Problem(
            f"HEAD was answered {answer.status} with Content-Length"
            f" {answer.headers.get('content-length')}, not 200 with {expected}",
            "A proxy in front of the bucket drops HEAD or its headers: let them pass.",
        )
    return "answers with the size"


async def download(deployment: Deployment) -> str:
    """Check that a signed URL makes the browser save a file and never run it."""
    urls = SignedPreviews(deployment.public.signer(), ttl_seconds=_LINK_SECONDS)
    url = urls.download("GET", deployment.sample.key, name="doctor ü.html", mime_type="text/html")
    answer = await request(deployment.http, "GET", url)
    disposition = answer.headers.get("content-disposition", "")
    mime_type = answer.headers.get("content-type", "")
    if not disposition.startswith("attachment") or mime_type != "application/octet-stream":
        raise Problem(
            f"a download came as {mime_type!r} with Content-Disposition {disposition!r}",
            "The store ignores response-content-disposition and response-content-type, so an HTML"
            " file would be shown and run on the bucket's origin. Use a store that honours them.",
        )
    return "comes as a file to save"


async def put(
    deployment: Deployment,
    key: str,
    content: bytes,
    *,
    origin: str,
    signed_size: int | None = None,
    sent_type: str = MIME_TYPE,
) -> HttpResponse:
    """Send the presigned PUT of UPLOAD_METHOD=PUT from a page of `origin`."""
    size = len(content) if signed_size is None else signed_size
    return await deployment.public.send(
        "PUT",
        key,
        signed_headers={
            "content-length": str(size),
            "content-type": MIME_TYPE,
            "if-none-match": "*",
        },
        sent_headers={"content-type": sent_type, "Origin": origin},
        body=content,
    )


async def link_method(deployment: Deployment) -> str:
    """Return the method by which uploads reach the bucket: PUT if the store has no POST."""
    if deployment.upload_method == "POST":
        answer = await deployment.public.post(
            upload_key(new_object_key()),
            _CONTENT,
            mime_type=MIME_TYPE,
            origin=any_page(deployment),
            signed_size=len(_CONTENT) + 1,
        )
        if answer.status not in WITHOUT_POST:
            return "POST"
    return "PUT"


def any_page(deployment: Deployment) -> str:
    """Return an origin that may upload. Raises `NotChecked` if there is none."""
    if not deployment.page_origins:
        raise NotChecked("no origin is known: set ALLOWED_ORIGINS or PUBLIC_BASE_URL")
    return deployment.page_origins[0]


def _check_success(answer: HttpResponse, what: str) -> None:
    if not answer.is_success:
        raise Problem(
            f"{what} {answer.words}",
            "First correct what the checks `preflight`, `write` and `read` report.",
        )


def _check_readable(deployment: Deployment, answer: HttpResponse, origin: str) -> None:
    if not answer.lets_in(origin):
        allowed = answer.headers.get("access-control-allow-origin", "missing")
        raise Problem(
            f"the page may not read the response (Access-Control-Allow-Origin: {allowed})",
            remedies.cors(deployment.bucket, deployment.access),
        )
