"""Our signer's URLs are those of botocore for the same moment, byte for byte."""

import base64
import datetime
import json
import threading
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, cast
from unittest.mock import patch
from urllib.parse import parse_qs, urlsplit

import botocore.session
import pytest
from botocore.credentials import Credentials as BotocoreCredentials
from botocore.credentials import RefreshableCredentials
from hypothesis import given, settings
from hypothesis import strategies as st

from app.errors import BucketUnavailable
from app.storage.credentials import Credentials, SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.object_keys import quarantine_key
from app.storage.parts import Part
from app.storage.post import UPLOADER_FIELD, PostPolicySigner
from app.storage.put import presigned_part
from app.storage.signing import Method, UrlSigner

NOW = 1_800_000_123
KEYS = Credentials("AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY")
STS = Credentials("ASIAEXAMPLE", "secret/with+signs=", token="FwoGZXIvYXdzE//+a b=&%~é")

OPERATIONS: dict[Method, str] = {
    "GET": "get_object",
    "HEAD": "head_object",
    "PUT": "put_object",
    "DELETE": "delete_object",
}
# Names of headers and query parameters in S3 and in botocore.
HEADERS = {
    "content-length": "ContentLength",
    "content-type": "ContentType",
    "if-none-match": "IfNoneMatch",
    "cache-control": "CacheControl",
    "content-disposition": "ContentDisposition",
    "x-amz-acl": "ACL",
}
QUERY = {
    "response-content-disposition": "ResponseContentDisposition",
    "response-content-type": "ResponseContentType",
    "response-cache-control": "ResponseCacheControl",
    "versionId": "VersionId",
}

# One line for every rule of botocore's for addresses. Clients are slow to build, so only the keys
# are varied by hypothesis.
ENDPOINTS = [
    Endpoint(None, "uploads"),
    Endpoint(None, "uploads", "eu-central-1"),
    Endpoint(None, "dotted.bucket.v2", "eu-central-1"),
    Endpoint(None, "uploads", "cn-north-1", "path"),
    Endpoint("http://127.0.0.1:8333", "uploads"),
    Endpoint("http://127.0.0.1:8333", "uploads", "us-east-1", "virtual"),
    Endpoint("http://[::1]:8333", "uploads"),
    Endpoint("http://localhost:9000", "Upper_Case", "us-east-1", "virtual"),
    Endpoint("https://s3.example.com", "a" * 63, "eu-west-1", "virtual"),
    Endpoint("https://s3.example.com:443", "uploads"),
    Endpoint("http://s3.example.com:80", "dotted.bucket", "us-east-1", "virtual"),
    Endpoint("https://s3.example.com:8443", "dotted.bucket", "us-east-1", "virtual"),
    Endpoint("https://s3.Example.com/below/a/path/", "uploads"),
    Endpoint("https://s3.Example.com/below", "uploads", "us-east-1", "virtual"),
    Endpoint("https://account.r2.cloudflarestorage.com", "uploads", "auto"),
    Endpoint("https://s3.eu-central-1.amazonaws.com", "uploads", "eu-central-1"),
]
object_keys = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=60)
header_text = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), min_size=1).filter(
    lambda text: text.strip() and text.strip() == text
)


@lru_cache
def botocore_session(keys: Credentials) -> botocore.session.Session:
    session = botocore.session.Session()
    session.set_credentials(keys.access_key, keys.secret_key, keys.token)
    return session


@lru_cache(maxsize=256)
def botocore_client(endpoint: Endpoint, keys: Credentials) -> Any:
    return botocore_session(keys).create_client(**endpoint.client_options())


@lru_cache(maxsize=256)
def our_signer(endpoint: Endpoint, keys: Credentials) -> UrlSigner:
    return UrlSigner(endpoint, lambda: keys, clock=lambda: NOW)


def botocore_url(
    endpoint: Endpoint,
    keys: Credentials,
    method: Method,
    key: str,
    params: dict[str, Any],
    expires_in: int,
    operation: str | None = None,
) -> str:
    moment = datetime.datetime.fromtimestamp(NOW, datetime.UTC)
    with patch("botocore.auth.get_current_datetime", lambda: moment.replace(tzinfo=None)):
        url = botocore_client(endpoint, keys).generate_presigned_url(
            operation or OPERATIONS[method],
            Params={"Bucket": endpoint.bucket, "Key": key, **params},
            ExpiresIn=expires_in,
        )
    return cast(str, url)


@settings(deadline=None, max_examples=500)
@given(st.sampled_from(ENDPOINTS), st.sampled_from([KEYS, STS]), object_keys)
def test_every_key_is_signed_as_botocore_signs_it(
    endpoint: Endpoint, keys: Credentials, key: str
) -> None:
    ours = our_signer(endpoint, keys).presign("GET", key, expires_in=900)
    assert ours == botocore_url(endpoint, keys, "GET", key, {}, 900)


@settings(deadline=None, max_examples=300)
@given(
    st.sampled_from(list(OPERATIONS)),
    st.sampled_from([KEYS, STS]),
    st.sampled_from(["attachments/atc_1", "ä /ö+?&=%2F.txt", "a//b/../c/./d~"]),
    st.dictionaries(st.sampled_from(list(QUERY)), header_text, max_size=4),
    st.integers(1, 7 * 24 * 3600),
)
def test_methods_and_query_overrides_are_signed_as_botocore_signs_them(
    method: Method, keys: Credentials, key: str, query: dict[str, str], expires_in: int
) -> None:
    if method not in ("GET", "HEAD"):
        query = {name: value for name, value in query.items() if name == "versionId"}
    if method == "PUT":
        query = {}
    endpoint = ENDPOINTS[4]
    ours = our_signer(endpoint, keys).presign(method, key, expires_in=expires_in, query=query)
    params = {QUERY[name]: value for name, value in query.items()}
    assert ours == botocore_url(endpoint, keys, method, key, params, expires_in)


@settings(deadline=None, max_examples=200)
@given(
    st.sampled_from([KEYS, STS]),
    st.dictionaries(st.sampled_from(list(HEADERS)), header_text, max_size=6),
    st.integers(0, 5 * 1024**4),
)
def test_extra_headers_are_signed_as_botocore_signs_them(
    keys: Credentials, headers: dict[str, str], size: int
) -> None:
    if "content-length" in headers:
        headers["content-length"] = str(size)
    params: dict[str, Any] = {HEADERS[name]: value for name, value in headers.items()}
    if "ContentLength" in params:
        params["ContentLength"] = size
    endpoint = ENDPOINTS[8]
    ours = our_signer(endpoint, keys).presign("PUT", "k/ü", expires_in=60, headers=headers)
    assert ours == botocore_url(endpoint, keys, "PUT", "k/ü", params, 60)


@settings(deadline=None, max_examples=50)
@given(
    st.sampled_from(ENDPOINTS),
    st.sampled_from([KEYS, STS]),
    st.text("abcXYZ019_.-+/=", min_size=1),
    st.integers(1, 10_000),
    st.integers(1, 5 * 1024**3),
)
def test_parts_of_a_multipart_upload_are_signed_as_botocore_signs_them(
    endpoint: Endpoint, keys: Credentials, upload_id: str, number: int, size: int
) -> None:
    signer = our_signer(endpoint, keys)
    ours = presigned_part(signer, "k/ü", upload_id, Part(number, size), expires_in=60)
    params = {"PartNumber": number, "UploadId": upload_id, "ContentLength": size}
    botocores = botocore_url(endpoint, keys, "PUT", "k/ü", params, 60, "upload_part")
    assert sorted(ours.split("&")[1:]) == sorted(botocores.split("&")[1:])
    assert query_of(ours) == query_of(botocores)


def test_days_and_credentials_change_under_one_signer() -> None:
    moments = [(NOW, KEYS), (NOW + 86_400, KEYS), (NOW + 86_400, STS), (NOW, KEYS)]
    clock = iter([now for now, _ in moments])
    issued = iter([keys for _, keys in moments])
    signer = UrlSigner(ENDPOINTS[4], lambda: next(issued), clock=lambda: next(clock))
    for now, keys in moments:
        fresh = signer_at(partial(float, now), keys)
        assert signer.presign("GET", "k", expires_in=9) == fresh.presign("GET", "k", expires_in=9)


def query_of(url: str) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def signer_at(clock: Callable[[], float], keys: Credentials = KEYS) -> UrlSigner:
    return UrlSigner(ENDPOINTS[4], lambda: keys, clock=clock)


def test_a_url_repeats_within_its_window_and_changes_after_it() -> None:
    start = NOW - NOW % 300

    def url_at(moment: float) -> str:
        return signer_at(lambda: moment).presign("GET", "k", expires_in=900, window_seconds=300)

    urls_in_window = {url_at(moment) for moment in (start, start + 0.5, start + 299.9)}
    assert len(urls_in_window) == 1
    assert url_at(start + 300) not in urls_in_window


def test_a_window_has_one_url_for_each_key_and_query() -> None:
    keys = [Credentials("A", "S"), Credentials("B", "T")]
    moment = NOW - NOW % 300
    signer = UrlSigner(ENDPOINTS[4], lambda: keys[0], clock=lambda: moment)

    def url(key: str = "k", **query: str) -> str:
        return signer.presign("GET", key, expires_in=900, window_seconds=300, query=query)

    def fresh(key: str = "k", **query: str) -> str:
        other = UrlSigner(ENDPOINTS[4], lambda: keys[0], clock=lambda: moment)
        return other.presign("GET", key, expires_in=900, query=query)

    for _ in range(2):
        assert url() == fresh()
        assert url("l") == fresh("l")
        assert url(versionId="1") == fresh(versionId="1")
    moment += 300
    assert url() == fresh()
    keys.pop(0)
    assert url() == fresh()


@pytest.mark.parametrize("method", ["GET", "HEAD", "PUT", "DELETE"])
def test_no_link_leads_into_the_quarantine(method: Method) -> None:
    key = quarantine_key("attachments/abc")
    with pytest.raises(ValueError, match="quarantine"):
        signer_at(time.time).presign(method, key, expires_in=300)


def test_a_window_as_long_as_the_life_is_an_error() -> None:
    with pytest.raises(ValueError, match="window"):
        signer_at(time.time).presign("GET", "k", expires_in=300, window_seconds=300)


@pytest.mark.parametrize("expires_in", [0, -1, 7 * 24 * 3600 + 1])
def test_a_life_that_s3_rejects_is_an_error(expires_in: int) -> None:
    with pytest.raises(ValueError, match="expires_in"):
        signer_at(time.time).presign("GET", "k", expires_in=expires_in)


@pytest.mark.parametrize("window_seconds", [None, 300])
def test_a_url_never_outlives_the_credentials(window_seconds: int | None) -> None:
    keys = Credentials("A", "S", "T", expires_at=NOW + 100.9)
    signer = signer_at(lambda: NOW, keys)
    query = query_of(signer.presign("GET", "k", expires_in=900, window_seconds=window_seconds))
    signed_at = datetime.datetime.strptime(query["X-Amz-Date"] + "+0000", "%Y%m%dT%H%M%SZ%z")
    assert signed_at.timestamp() + int(query["X-Amz-Expires"]) == NOW + 100


def test_expired_credentials_sign_nothing() -> None:
    keys = Credentials("A", "S", "T", expires_at=NOW)
    with pytest.raises(BucketUnavailable):
        signer_at(lambda: NOW, keys).presign("GET", "k", expires_in=900, window_seconds=300)


def test_temporary_credentials_are_renewed_in_the_background_before_they_expire() -> None:
    lives = iter([1000, 7200])
    ahead = {"seconds": 0}
    issued = 0

    def issue() -> dict[str, str]:
        nonlocal issued
        issued += 1
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=next(lives))
        return {
            "access_key": f"key{issued}",
            "secret_key": "secret",
            "token": "token",
            "expiry_time": ends.isoformat(),
        }

    first_issue = issue()
    session = botocore.session.Session()
    session._credentials = RefreshableCredentials(
        first_issue["access_key"],
        first_issue["secret_key"],
        first_issue["token"],
        datetime.datetime.fromisoformat(first_issue["expiry_time"]),
        refresh_using=issue,
        method="test",
        time_fetcher=lambda: (
            datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=ahead["seconds"])
        ),
    )
    credentials = SessionCredentials(session, clock=lambda: time.time() + ahead["seconds"])
    first = credentials()
    assert first.access_key == "key1"
    expiry_time = datetime.datetime.fromisoformat(first_issue["expiry_time"])
    assert first.expires_at == pytest.approx(expiry_time.timestamp(), abs=1)

    ahead["seconds"] = 150  # in botocore's renewal period, long before the expiry
    assert credentials() is first, "a caller does not wait for the renewal"
    for thread in threading.enumerate():
        if thread.name == "renew-credentials":
            thread.join()
    assert credentials().access_key == "key2"

    ahead["seconds"] = 7200  # expired: now callers must wait for the next ones
    with pytest.raises(StopIteration):
        credentials()


def test_missing_credentials_are_reported() -> None:
    session = botocore.session.Session()
    with (
        patch.object(session, "get_credentials", lambda: None),
        pytest.raises(BucketUnavailable, match="No AWS credentials"),
    ):
        SessionCredentials(session)()


def test_secrets_do_not_show_in_a_repr() -> None:
    assert KEYS.secret_key not in repr(KEYS)
    assert "FwoGZX" not in repr(STS)


def fixed_session(keys: Credentials) -> botocore.session.Session:
    session = botocore.session.Session()
    session._credentials = BotocoreCredentials(keys.access_key, keys.secret_key, keys.token)
    return session


def test_a_post_policy_pins_key_type_size_and_expiry() -> None:
    signer = PostPolicySigner(
        Endpoint("http://127.0.0.1:8333", "uploads"), SessionCredentials(fixed_session(STS))
    )
    begun = time.time()
    fields = signer.presign("attachments/x", mime_type="image/png", size=17, expires_in=600)
    ended = time.time()
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert {"key": "attachments/x"} in policy["conditions"]
    assert {"bucket": "uploads"} in policy["conditions"]
    assert {"Content-Type": "image/png"} in policy["conditions"]
    assert ["content-length-range", 17, 17] in policy["conditions"]
    ends = datetime.datetime.fromisoformat(policy["expiration"])
    assert begun - 1 <= ends.timestamp() - 600 <= ended + 1
    assert fields["key"] == "attachments/x"
    assert fields["Content-Type"] == "image/png"
    assert fields["x-amz-security-token"] == STS.token
    assert list(fields)[-1] == "x-amz-signature"
    assert UPLOADER_FIELD not in fields


def test_a_post_policy_pins_the_uploader() -> None:
    signer = PostPolicySigner(
        Endpoint("http://127.0.0.1:8333", "uploads"), SessionCredentials(fixed_session(STS))
    )
    fields = signer.presign("k", mime_type="image/png", size=1, expires_in=60, uploader="somebody")
    policy = json.loads(base64.b64decode(fields["policy"]))
    assert {UPLOADER_FIELD: "somebody"} in policy["conditions"]
    assert fields[UPLOADER_FIELD] == "somebody"
    assert list(fields)[-1] == "x-amz-signature"
