"""Whether the store refuses what an upload link does not allow: many that "speak S3" do not."""

from app.doctor.browser_checks import any_page, put
from app.doctor.bucket_checks import MIME_TYPE
from app.doctor.deployment import Deployment
from app.doctor.report import NotChecked, Problem
from app.storage.object_keys import new_object_key, upload_key

_CONTENT = b"ten bytes\n"
_MEND = (
    "Anyone with an upload link could store what they like. Verification would still reject the"
    " file\nwhen a message uses it, but the bytes are in the bucket by then: use a store that"
    " enforces\nwhat is signed (S3, SeaweedFS, MinIO; a test double such as moto does not)."
)


async def policy_size(deployment: Deployment) -> str:
    """content-length-range [size, size]: neither a byte more nor a byte less."""
    _only_for(deployment, "POST")
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
                f"the store took {len(_CONTENT)} bytes on a policy for"
                f" {len(_CONTENT) + difference}: it does not enforce content-length-range",
                _MEND,
            )
    return "a byte more or less is refused"


async def policy_fields(deployment: Deployment) -> str:
    """The policy's key and Content-Type can't be changed in the form."""
    _only_for(deployment, "POST")
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
            raise Problem(f"the store took a {name} that its policy does not allow", _MEND)
    return "another key or type is refused"


async def put_length(deployment: Deployment) -> str:
    """The signed Content-Length and Content-Type are what has to be sent."""
    _only_for(deployment, "PUT")
    origin = any_page(deployment)
    key = upload_key(new_object_key())
    answer = await put(deployment, key, _CONTENT, origin=origin, signed_size=len(_CONTENT) + 1)
    if answer.is_success:
        raise Problem("the store ignores the signed Content-Length", _MEND)
    answer = await put(deployment, key, _CONTENT, origin=origin, sent_type="text/html")
    if answer.is_success:
        raise Problem("the store ignores the signed Content-Type", _MEND)
    return "another length or type is refused"


async def put_once(deployment: Deployment) -> str:
    """If-None-Match: * lets a link write once."""
    _only_for(deployment, "PUT")
    origin = any_page(deployment)
    key = upload_key(new_object_key())
    first = await put(deployment, key, _CONTENT, origin=origin)
    if not first.is_success:
        raise Problem(f"a first PUT with If-None-Match was answered {first.words}", _MEND)
    second = await put(deployment, key, b"9 bytes!!\n", origin=origin)
    if second.is_success:
        raise Problem(
            "the store let a link write twice: it ignores If-None-Match",
            "Bytes could be swapped until they are verified. " + _MEND,
        )
    return "a second write is refused"


def _only_for(deployment: Deployment, method: str) -> None:
    if deployment.upload_method != method:
        raise NotChecked(f"UPLOAD_METHOD is {deployment.upload_method}")
