"""Receipts of erasures, signed with a key that is derived from SIGNING_SECRET."""

import hashlib
import hmac
import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from app.database.erasures import ErasureRows, Finishing
from app.errors import InvalidRequest
from app.storage.bucket import Bucket
from app.storage.object_keys import quarantine_key, upload_key


class Erased(BaseModel):
    """The objects of one kind: their number, and the SHA-256 of their sorted ids, one a line."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    count: int
    sha256: str


class Receipt(BaseModel):
    """What was erased. `object_keys` are the opaque keys of the user's objects in the bucket."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    erasure: str
    user: str
    requested_by: str
    requested_at: datetime
    finished_at: datetime
    erased: Mapping[str, Erased]
    object_keys: Sequence[str]


class ReceiptSigner:
    """Signs receipts, and accepts those that one of `also_accepted` has signed as well."""

    def __init__(self, secret: bytes, *, also_accepted: Sequence[bytes] = ()) -> None:
        self._secret = secret
        self._accepted = (secret, *also_accepted)

    def sign(self, finishing: Finishing) -> Mapping[str, Any]:
        """Return the receipt and its signature as JSON."""
        erasure = finishing.erasure
        receipt = Receipt(
            erasure=erasure.id,
            user=erasure.user_id,
            requested_by=erasure.actor,
            requested_at=erasure.requested_at,
            finished_at=finishing.finished_at,
            erased={
                kind: Erased(count=each.count, sha256=each.sha256)
                for kind, each in finishing.collected.items()
            },
            object_keys=finishing.object_keys,
        ).model_dump(mode="json")
        return {"receipt": receipt, "signature": _signature(self._secret, receipt)}

    def verify(self, document: Any) -> Receipt:
        """Return the receipt of a document. Raises `InvalidRequest` if it was not signed here."""
        if not isinstance(document, dict) or set(document) != {"receipt", "signature"}:
            raise InvalidRequest("This is no receipt of an erasure.")
        given = str(document["signature"]).encode("utf-8", "replace")
        signatures = [_signature(secret, document["receipt"]) for secret in self._accepted]
        if not any(hmac.compare_digest(given, each.encode()) for each in signatures):
            raise InvalidRequest(
                "The receipt was changed, or it was signed with another SIGNING_SECRET. If that"
                " has been replaced, set SIGNING_SECRET_PREVIOUS to the one of that time."
            )
        try:
            return Receipt.model_validate(document["receipt"])
        except ValidationError as exc:
            raise InvalidRequest("The receipt was signed by another version.") from exc


async def remnants(receipt: Receipt, rows: ErasureRows, bucket: Bucket) -> list[str]:
    """Return what is left of the user in the live system, a line for each; none is as it must be.

    Rows that were created after the erasure are not left of it. Raises `DatabaseUnavailable` and
    `BucketUnavailable`.
    """
    counts = await rows.rows_of(receipt.user, receipt.finished_at)
    left = [f"{count} {kind} in the database" for kind, count in counts.items() if count]
    prefixes = [
        prefix
        for key in receipt.object_keys
        for prefix in (key, upload_key(key), quarantine_key(key))
    ]
    return left + [f"{each} in the bucket" for each in await bucket.remnants(prefixes)]


def _signature(secret: bytes, receipt: Any) -> str:
    # Sorted keys and no spaces: JSON that was parsed and written again has the same text.
    text = json.dumps(receipt, sort_keys=True, separators=(",", ":"))
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()
