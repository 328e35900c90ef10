"""What a page's JavaScript does with the bucket, from every origin that is allowed to."""

from urllib.parse import urlsplit

from app.attachments.previews import SignedPreviews
from app.doctor import mends
from app.doctor.bucket_checks import MIME_TYPE
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.doctor.requests import HttpResponse, Unreachable, allows, preflight_headers, request
from app.storage.codes import Meaning
from app.storage.object_keys import new_object_key, upload_key

_CONTENT = b"app doctor uploaded this and deletes it again\n"
_PUT_HEADERS = "content-type,if-none-match"


async def public_endpoint(deployment: Deployment) -> str:
    """Links lead browsers to the same bucket that the service writes to."""
    host = urlsplit(deployment.public.endpoint.objects_url).netloc
    try:
        answer = await deployment.public.send("GET", deployment.found["key"])
    except Unreachable as exc:
        raise Problem(
            f"browsers can't reach the bucket: {exc}",
            "Set S3_PUBLIC_ENDPOINT_URL to the address of the bucket that browsers can reach (and"
            " that this machine can reach too, so that it can be checked).",
        ) from exc
    if answer.meaning is Meaning.INVALID_SIGNATURE:
        raise Problem(
            f"{host} refuses signatures that the internal endpoint accepts",
            "The proxy in front of the bucket changes the Host header or the path, which are"
            " signed. Pass both on unchanged (nginx: proxy_set_header Host $http_host; and no path"
            " in proxy_pass).",
        )
    if answer.body.decode(errors="replace") != deployment.found["content"]:
        raise Problem(
            f"{host} does not have what was written to the internal endpoint ({answer.words})",
            "S3_PUBLIC_ENDPOINT_URL and S3_ENDPOINT_URL have to lead to the same bucket.",
        )
    return f"{host} serves what the service writes"


async def preflight(deployment: Deployment, origin: str) -> str:
    """The browser asks before it sends anything but a simple request."""
    method, headers = "GET", "range"
    if origin in deployment.page_origins:
        method = deployment.upload_method
        headers = _PUT_HEADERS if method == "PUT" else "content-type"
    url = deployment.public.endpoint.objects_url + deployment.found["key"]
    answer = await request(
        deployment.http, "OPTIONS", url, headers=preflight_headers(origin, method, headers)
    )
    if not allows(answer, origin, method, headers):
        raise Problem(
            f"the bucket refuses the preflight of {method} ({answer.status})",
            mends.cors(deployment.bucket, deployment.access),
        )
    return f"{method} is allowed"


async def upload(deployment: Deployment, origin: str) -> str:
    """The real upload, straight to the bucket, whose answer the page may read."""
    key = upload_key(new_object_key())
    if deployment.upload_method == "POST":
        answer = await deployment.public.post(key, _CONTENT, mime_type=MIME_TYPE, origin=origin)
        if answer.status in (405, 501):
            raise Problem(
                f"the store has no presigned POST ({answer.words})",
                "Set UPLOAD_METHOD=PUT (Cloudflare R2 needs it).",
            )
    else:
        answer = await put(deployment, key, _CONTENT, origin=origin)
    _succeeded(answer, f"the {deployment.upload_method} of a file was answered")
    _readable(deployment, answer, origin)
    deployment.found["uploaded_key"] = key
    return f"{deployment.upload_method} of a file arrives"


async def image(deployment: Deployment, origin: str) -> str:
    """GET of a preview link, as fetch() does it."""
    answer = await deployment.public.send(
        "GET", deployment.found["key"], sent_headers={"Origin": origin}
    )
    _succeeded(answer, "the GET of a preview was answered")
    _readable(deployment, answer, origin)
    return "GET may be read"


async def head(deployment: Deployment) -> str:
    """HEAD, which has to be signed for HEAD."""
    answer = await deployment.public.send("HEAD", deployment.found["key"])
    expected = str(len(deployment.found["content"]))
    if not answer.is_success or answer.headers.get("content-length") != expected:
        raise Problem(
            f"HEAD was answered {answer.status} with Content-Length"
            f" {answer.headers.get('content-length')}, not 200 with {expected}",
            "Something in front of the bucket drops HEAD or its headers: let it pass.",
        )
    return "answers with the size"


async def download(deployment: Deployment) -> str:
    """The signed URL decides how the browser treats the file: it is saved, never run."""
    urls = SignedPreviews(deployment.public.signer(), ttl_seconds=300)
    url = urls.download("GET", deployment.found["key"], name="doctor ü.html", mime_type="text/html")
    answer = await request(deployment.http, "GET", url)
    disposition = answer.headers.get("content-disposition", "")
    kind = answer.headers.get("content-type", "")
    if not disposition.startswith("attachment") or kind != "application/octet-stream":
        raise Problem(
            f"a download came as {kind!r} with Content-Disposition {disposition!r}",
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
    """The presigned PUT of the PUT transport, sent by a page of `origin`."""
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


def any_page(deployment: Deployment) -> str:
    """An origin that may upload. Raises `NotChecked` when there is none."""
    if not deployment.page_origins:
        raise NotChecked("no origin is known: set ALLOWED_ORIGINS or PUBLIC_BASE_URL")
    return deployment.page_origins[0]


def _succeeded(answer: HttpResponse, what: str) -> None:
    if not answer.is_success:
        raise Problem(
            f"{what} {answer.words}",
            "The preflight and the service's own requests tell more: mend what they name first.",
        )


def _readable(deployment: Deployment, answer: HttpResponse, origin: str) -> None:
    if not answer.lets_in(origin):
        allowed = answer.headers.get("access-control-allow-origin", "missing")
        raise Problem(
            f"the page may not read the answer (Access-Control-Allow-Origin: {allowed})",
            mends.cors(deployment.bucket, deployment.access),
        )
