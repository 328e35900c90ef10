"""Checks that the store enforces upload links. Many stores that "speak S3" do not."""

from app.doctor.browser_checks import any_page, link_method, put
from app.doctor.bucket_checks import MIME_TYPE
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.storage.object_keys import new_object_key, upload_key

_CONTENT = b"ten bytes\n"
_REMEDY = (
    "Anyone with an upload link could store any bytes. Verification would still reject the file"
    "\nwhen a message uses it, but the bytes would be in the bucket. Use a store that enforces"
    "\nwhat is signed (S3, SeaweedFS, MinIO; a test double such as moto does not)."
)


async def policy_size(deployment: Deployment) -> str:
    """Check content-length-range [size, size] with one byte more and one byte less."""
    await _only_for(deployment, "POST")
    for difference in (-1, 1):
        answer = await deployment.public.post(
            upload_key(new_object_key()),
            _CONTENT,
            mime_type=MIME_TYPE,
            origin=any_page(deployment),
            signed_size=len(_CONTENT) + difference,
        )
        if answer.is_success:
            raise Problem(
                f"the store accepted {len(_CONTENT)} bytes on a policy for"
                f" {len(_CONTENT) + difference}: it does not enforce content-length-range",
                _REMEDY,
            )
    return "a byte more or less is rejected"


async def policy_fields(deployment: Deployment) -> str:
    """Check that a form can't change the key and the Content-Type of its policy."""
    await _only_for(deployment, "POST")
    changes = {"Content-Type": "text/html", "key": upload_key(new_object_key())}
    for name, value in changes.items():
        answer = await deployment.public.post(
            upload_key(new_object_key()),
            _CONTENT,
            mime_type=MIME_TYPE,
            origin=any_page(deployment),
            changed_fields={name: value},
        )
        if answer.is_success:
            raise Problem(f"the store accepted a {name} that its policy does not allow", _REMEDY)
    return "another key or type is rejected"


async def put_length(deployment: Deployment) -> str:
    """Check that only the signed Content-Length and Content-Type are accepted."""
    await _only_for(deployment, "PUT")
    origin = any_page(deployment)
    key = upload_key(new_object_key())
    answer = await put(deployment, key, _CONTENT, origin=origin, signed_size=len(_CONTENT) + 1)
    if answer.is_success:
        raise Problem("the store ignores the signed Content-Length", _REMEDY)
    answer = await put(deployment, key, _CONTENT, origin=origin, sent_type="text/html")
    if answer.is_success:
        raise Problem("the store ignores the signed Content-Type", _REMEDY)
    return "another length or type is rejected"


async def put_once(deployment: Deployment) -> str:
    """Check that a link with `If-None-Match: *` writes only once."""
    await _only_for(deployment, "PUT")
    origin = any_page(deployment)
    key = upload_key(new_object_key())
    first = await put(deployment, key, _CONTENT, origin=origin)
    if not first.is_success:
        raise Problem(f"a first PUT with If-None-Match was answered {first.words}", _REMEDY)
    second = await put(deployment, key, b"9 bytes!!\n", origin=origin)
    if second.is_success:
        raise Problem(
            "a link could write twice: the store ignores If-None-Match",
            f"Bytes could be replaced until they are verified. {_REMEDY}",
        )
    return "a second write is rejected"


async def _only_for(deployment: Deployment, method: str) -> None:
    if await link_method(deployment) != method:
        raise NotChecked(f"uploads do not reach the bucket by {method}")
