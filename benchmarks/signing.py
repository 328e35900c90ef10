"""Presigned GETs, ours against `boto3.generate_presigned_url`, over keys that never repeat."""

import os
import time
from collections.abc import Callable

import boto3
from botocore.config import Config

from app.storage.credentials import SessionCredentials
from app.storage.endpoint import Endpoint
from app.storage.signing import UrlSigner
from benchmarks._servers import report

ROUNDS = 30
URLS_A_ROUND = 200
EXPIRES_IN = 900


def seconds_a_call(call: Callable[[str], object], keys: list[str]) -> float:
    started = time.perf_counter()
    for key in keys:
        call(key)
    return (time.perf_counter() - started) / len(keys)


def main() -> None:
    os.environ.setdefault("AWS_ACCESS_KEY_ID", "bench")
    os.environ.setdefault("AWS_SECRET_ACCESS_KEY", "bench-secret")
    endpoint = Endpoint("http://127.0.0.1:9000", "bench", "us-east-1", "path")
    signer = UrlSigner(endpoint, SessionCredentials())
    client = boto3.client(
        "s3",
        endpoint_url=endpoint.url,
        region_name=endpoint.region,
        config=Config(signature_version="s3v4", s3={"addressing_style": "path"}),
    )
    overrides = {
        "response-content-disposition": "inline",
        "response-cache-control": "private, max-age=900",
    }

    def ours(key: str) -> str:
        return signer.presign("GET", key, expires_in=EXPIRES_IN)

    def windowed(key: str) -> str:
        return signer.presign(
            "GET", key, expires_in=EXPIRES_IN, window_seconds=300, query=overrides
        )

    def theirs(key: str) -> str:
        url: str = client.generate_presigned_url(
            "get_object", Params={"Bucket": "bench", "Key": key}, ExpiresIn=EXPIRES_IN
        )
        return url

    def theirs_with_overrides(key: str) -> str:
        url: str = client.generate_presigned_url(
            "get_object",
            Params={
                "Bucket": "bench",
                "Key": key,
                "ResponseContentDisposition": overrides["response-content-disposition"],
                "ResponseCacheControl": overrides["response-cache-control"],
            },
            ExpiresIn=EXPIRES_IN,
        )
        return url

    cases = {
        "presigned GET": (ours, theirs),
        "presigned preview (two response headers, window)": (windowed, theirs_with_overrides),
    }
    for name, (our_call, their_call) in cases.items():
        our_call("warm-up")
        their_call("warm-up")
        our_times, their_times = [], []
        for number in range(ROUNDS):
            keys = [f"attachments/{number}-{index}" for index in range(URLS_A_ROUND)]
            our_times.append(seconds_a_call(our_call, keys))
            their_times.append(seconds_a_call(their_call, keys))
        report(f"{name}, against boto3", our_times, their_times)


if __name__ == "__main__":
    main()
