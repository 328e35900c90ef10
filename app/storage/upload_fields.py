"""What an upload link carries: the fields of a presigned POST, or else a presigned PUT."""

from app.errors import BucketUnavailable
from app.storage.object_keys import READINESS_KEY
from app.storage.post import PostPolicySigner
from app.storage.put import PutSigner
from app.storage.splice import Splicer

_PROBE_SECONDS = 60


class UploadFields:
    """Signs POST forms, and PUTs for a store without presigned POST.

    The store is asked at the first link, and again until it answers. `posts` may sign for any
    endpoint, because a form does not include the host; `puts` signs for the endpoint of `splicer`.
    """

    def __init__(self, posts: PostPolicySigner, puts: PutSigner, splicer: Splicer) -> None:
        self._posts = posts
        self._puts = puts
        self._splicer = splicer
        self._takes_forms: bool | None = None

    async def presign(
        self,
        key: str,
        *,
        mime_type: str,
        size: int,
        expires_in: int,
        least_size: int | None = None,
        uploader: str = "",
    ) -> dict[str, str]:
        """Return the fields for one upload to `key`; those of a PUT include `PUT_FIELD`.

        `size` is in bytes and `expires_in` in seconds. With `least_size`, a form may have a file of
        any size from that to `size`; a PUT must have exactly `least_size`. Raises
        `BucketUnavailable` without valid credentials.
        """
        if await self._are_forms_taken():
            return self._posts.presign(
                key,
                mime_type=mime_type,
                size=size,
                expires_in=expires_in,
                least_size=least_size,
                uploader=uploader or None,
            )
        return self._puts.presign(
            key,
            mime_type=mime_type,
            size=size if least_size is None else least_size,
            expires_in=expires_in,
            uploader=uploader,
        )

    async def _are_forms_taken(self) -> bool:
        if self._takes_forms is None:
            probe = self._posts.presign(
                READINESS_KEY, mime_type="text/plain", size=1, expires_in=_PROBE_SECONDS
            )
            try:
                self._takes_forms = await self._splicer.takes_forms(probe)
            except BucketUnavailable:
                return True  # unknown until the store answers; most stores take forms
        return self._takes_forms
