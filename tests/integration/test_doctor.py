"""`app doctor` against a deployment that works, and the same one broken in many ways."""

import asyncio
import json
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path

import boto3
import pytest
from starlette.requests import Request
from starlette.responses import Response

from app.database.migrate import downgrade
from app.doctor import remedies
from app.doctor.examination import examine
from app.doctor.report import Finding, as_json, is_healthy, summary
from app.doctor.sample_files import CODE_WORD
from app.storage.setup import Access
from tests.database_servers import DatabaseServer
from tests.middlebox import in_front_of, s3_error
from tests.minio_server import running_minio
from tests.model_api import Call, Error, Received, Text, model_api
from tests.servers import TestBucket, create_bucket
from tests.service import running, test_settings

pytestmark = pytest.mark.slow

PAGE = "https://chat.example.com"
IFRAME = "https://cdn.platform.openai.com"
NOBODY_LISTENS = "http://127.0.0.1:9"


ACCESS = Access((PAGE,), (IFRAME,), "attachments/")


def own(base_url: str) -> Access:
    """With the page of the service itself, which uploads straight to the bucket too."""
    return Access((PAGE, base_url), (IFRAME,), "attachments/")


def prepare(bucket: TestBucket, access: Access = ACCESS) -> None:
    """CORS and lifecycle, exactly as the doctor's remedies say."""
    client = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    client.put_bucket_cors(
        Bucket=bucket.name, CORSConfiguration=json.loads(remedies.cors_json(access))
    )
    client.put_bucket_lifecycle_configuration(
        Bucket=bucket.name, LifecycleConfiguration=json.loads(remedies.lifecycle_json())
    )
    client.close()


def keys_in(bucket: TestBucket) -> list[str]:
    client = boto3.client("s3", endpoint_url=bucket.endpoint_url, region_name=bucket.region)
    listed = client.list_objects_v2(Bucket=bucket.name)
    client.close()
    return [item["Key"] for item in listed.get("Contents", ())]


async def examined(database_url: str, bucket: TestBucket, **changes: object) -> dict[str, Finding]:
    """The findings by name; of several origins the first that failed, else the last."""
    values: dict[str, object] = {"allowed_origins": PAGE, "s3_addressing_style": "path"}
    settings = test_settings(database_url, bucket, **(values | changes))
    by_name: dict[str, Finding] = {}
    for finding in await examine(settings):
        known = by_name.get(finding.check)
        if known is None or known.outcome != "failed":
            by_name[finding.check] = finding
    return by_name


def failed(findings: dict[str, Finding]) -> set[str]:
    return {name for name, finding in findings.items() if finding.outcome == "failed"}


@pytest.fixture
def healthy_bucket(seaweedfs_bucket: TestBucket) -> TestBucket:
    prepare(seaweedfs_bucket)
    return seaweedfs_bucket


# A deployment that works


def fetching(received: Received) -> Text | Call:
    """A model that fetches the file it is asked to fetch, and says what is in it."""
    outputs = [item for item in received.body["input"] if "output" in item]
    if outputs:
        return Text(f"It is {CODE_WORD}.")
    asked = re.search(r"Fetch it by its id.*?(atc_\w+)", received.texts(), re.DOTALL)
    return Call("fetch_attachment", {"id": asked[1], "offset": 0}) if asked else Text()


@pytest.mark.parametrize("upload_method", ["POST", "PUT"])
async def test_a_sound_deployment_passes_every_check_and_nothing_is_left_behind(
    upload_method: str, database_url: str, healthy_bucket: TestBucket
) -> None:
    settings = test_settings(
        database_url,
        healthy_bucket,
        allowed_origins=PAGE,
        s3_addressing_style="path",
        upload_method=upload_method,
    )
    with running(settings) as base_url, model_api(answer=fetching) as provider:
        prepare(healthy_bucket, own(base_url))
        findings = await examined(
            database_url,
            healthy_bucket,
            public_base_url=base_url,
            openai_base_url=provider.base_url,
            openai_api_key="sk-test",
            upload_method=upload_method,
        )
    assert failed(findings) == set(), as_json(list(findings.values()))
    not_made = {name for name, each in findings.items() if each.outcome == "skipped"}
    other = (
        {"put_length", "put_once"} if upload_method == "POST" else {"policy_size", "policy_fields"}
    )
    assert not_made - {"gateway"} == {
        *(*other, "model_files", "model_urls"),
        *("public_keys", "encryption", "scanner", "scanner_size"),
    }
    assert keys_in(healthy_bucket) == []


async def test_the_reports_say_the_same(database_url: str, healthy_bucket: TestBucket) -> None:
    said: list[Finding] = []
    settings = test_settings(database_url, healthy_bucket, s3_endpoint_url=NOBODY_LISTENS)
    findings = await examine(settings, on_finding=said.append)
    assert said == list(findings)
    report = json.loads(as_json(findings))
    assert report["healthy"] is is_healthy(findings) is False
    assert [each["check"] for each in report["findings"]] == [each.check for each in findings]
    lines = [finding.lines() for finding in findings]
    assert any(line.startswith("✗ endpoint: the bucket's endpoint can't be") for line in lines)
    assert any(line.startswith("✓ database: ") for line in lines)
    assert summary(findings).startswith("This deployment has problems: ")


async def test_no_secret_is_in_any_report(database_url: str, healthy_bucket: TestBucket) -> None:
    with model_api() as provider:
        provider.script.append(Error(401, "Incorrect API key provided: sk-very-secret. You can"))
        findings = await examined(
            database_url,
            healthy_bucket,
            openai_base_url=provider.base_url,
            openai_api_key="sk-very-secret",
        )
    text = as_json(list(findings.values()))
    for secret in ("sk-very-secret", healthy_bucket.secret_access_key, "X-Amz-Signature"):
        assert secret not in text


# Settings


async def test_an_origin_with_a_path_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(
        database_url, healthy_bucket, allowed_origins="https://chat.example.com/"
    )
    assert failed(findings) == {"settings"}
    assert "ALLOWED_ORIGINS" in findings["settings"].words


async def test_http_behind_https_is_named(database_url: str, healthy_bucket: TestBucket) -> None:
    findings = await examined(
        database_url, healthy_bucket, s3_public_endpoint_url="http://files.example.com"
    )
    assert failed(findings) == {"settings"}
    assert "S3_PUBLIC_ENDPOINT_URL=https://" in str(findings["settings"].remedy)


async def test_an_endpoint_without_a_scheme_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(database_url, healthy_bucket, s3_endpoint_url="minio:9000")
    assert failed(findings) == {"settings"}
    assert "S3_ENDPOINT_URL" in findings["settings"].words


async def test_a_missing_sign_in_setting_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(database_url, healthy_bucket, auth_mode="jwt")
    assert failed(findings) == {"settings"}
    assert "JWT_SECRET" in findings["settings"].words


# Database


async def test_a_database_that_is_down_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined("postgresql://u:secret@127.0.0.1:9/nothing", healthy_bucket)
    assert failed(findings) == {"database"}
    assert findings["migrations"].outcome == "skipped"
    assert "secret" not in as_json(list(findings.values()))


async def test_a_database_that_does_not_exist_is_named(
    database_server: DatabaseServer, healthy_bucket: TestBucket
) -> None:
    findings = await examined(database_server.url("nowhere"), healthy_bucket)
    assert failed(findings) == {"database"}
    assert "no such database" in findings["database"].words


async def test_pending_migrations_are_named(
    empty_database_url: str, database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(empty_database_url, healthy_bucket)
    assert failed(findings) == {"migrations"}
    assert "app migrate" in str(findings["migrations"].remedy)
    await downgrade(database_url, "base")
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == {"migrations"}


async def test_a_database_of_a_newer_version_is_named(
    sql: Callable[[str], str], database_url: str, healthy_bucket: TestBucket
) -> None:
    sql("UPDATE alembic_version SET version_num = '9999'")
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == {"migrations"}
    assert "newer version" in str(findings["migrations"].remedy)


# Bucket, as the service reaches it


async def test_an_endpoint_that_is_down_is_named_once(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(database_url, healthy_bucket, s3_endpoint_url=NOBODY_LISTENS)
    assert failed(findings) == {"endpoint"}
    assert "S3_ENDPOINT_URL" in str(findings["endpoint"].remedy)


@pytest.mark.parametrize("hours", [-2, 2])
async def test_a_wrong_clock_is_named(
    hours: int, database_url: str, healthy_bucket: TestBucket
) -> None:
    def shift(request: Request, response: Response) -> None:
        shifted = datetime.now(UTC) + timedelta(hours=hours)
        response.headers["date"] = format_datetime(shifted, usegmt=True)

    with in_front_of(healthy_bucket.endpoint_url, changes=shift) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {"clock"}
    assert ("ahead of" if hours < 0 else "behind") in findings["clock"].words


async def test_missing_credentials_are_named(
    database_url: str, healthy_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == {"credentials"}
    assert "AWS_ACCESS_KEY_ID" in str(findings["credentials"].remedy)


async def test_an_unknown_key_and_a_wrong_secret_are_distinguished(
    database_url: str, healthy_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "not-the-secret")
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == {"credentials"}
    assert "AWS_SECRET_ACCESS_KEY" in str(findings["credentials"].remedy)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "unknown-key")
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == {"credentials"}
    assert "does not know the access key" in findings["credentials"].words


async def test_an_expired_session_token_is_named(
    database_url: str, healthy_bucket: TestBucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_SESSION_TOKEN", "of-yesterday")

    def reject(request: Request) -> Response | None:
        token = request.query_params.get("X-Amz-Security-Token")
        return s3_error(400, "ExpiredToken") if token == "of-yesterday" else None

    with in_front_of(healthy_bucket.endpoint_url, answers=reject) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {"credentials"}
    assert "session token has expired" in findings["credentials"].words


async def test_a_missing_bucket_is_named(database_url: str, healthy_bucket: TestBucket) -> None:
    findings = await examined(database_url, healthy_bucket, s3_bucket="not-there")
    assert failed(findings) == {"bucket"}
    assert "app bucket" in str(findings["bucket"].remedy)


async def test_a_wrong_region_is_named(database_url: str, healthy_bucket: TestBucket) -> None:
    def redirect(request: Request) -> Response | None:
        if not request.query_params:
            return None
        answer = s3_error(301, "PermanentRedirect")
        answer.headers["x-amz-bucket-region"] = "eu-central-1"
        return answer

    with in_front_of(healthy_bucket.endpoint_url, answers=redirect) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {"bucket"}
    assert findings["bucket"].remedy == "Set S3_REGION=eu-central-1"


def denying(denies: Callable[[Request], bool]) -> Callable[[Request], Response | None]:
    return lambda request: s3_error(403, "AccessDenied") if denies(request) else None


@pytest.mark.parametrize(
    ("denies", "check", "action"),
    [
        (lambda request: request.method in ("PUT", "POST"), "write", "s3:PutObject"),
        (
            lambda request: request.method == "GET" and request.headers.get("range") is not None,
            "read",
            "s3:GetObject",
        ),
        (lambda request: "list-type" in request.query_params, "list", "s3:ListBucket"),
    ],
    ids=["read-only", "write-only", "no-list"],
)
async def test_a_missing_permission_is_named_with_the_policy(
    denies: Callable[[Request], bool],
    check: str,
    action: str,
    database_url: str,
    healthy_bucket: TestBucket,
) -> None:
    with in_front_of(healthy_bucket.endpoint_url, answers=denying(denies)) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {check}
    assert action in findings[check].words
    assert remedies.iam_policy_json(healthy_bucket.name) in str(findings[check].remedy)


async def test_a_key_that_may_not_delete_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    reject = denying(lambda request: request.method == "DELETE")
    with in_front_of(healthy_bucket.endpoint_url, answers=reject) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {"cleanup"}
    assert "s3:DeleteObject" in findings["cleanup"].words


async def test_a_missing_lifecycle_rule_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    client = boto3.client("s3", endpoint_url=healthy_bucket.endpoint_url, region_name="us-east-1")
    client.delete_bucket_lifecycle(Bucket=healthy_bucket.name)
    client.close()
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == {"lifecycle"}
    assert "put-bucket-lifecycle-configuration" in str(findings["lifecycle"].remedy)


async def test_versions_that_the_key_may_not_list_are_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    client = boto3.client("s3", endpoint_url=healthy_bucket.endpoint_url, region_name="us-east-1")
    status = {"Status": "Enabled"}
    client.put_bucket_versioning(Bucket=healthy_bucket.name, VersioningConfiguration=status)
    client.close()
    findings = await examined(database_url, healthy_bucket)
    assert failed(findings) == set()
    assert "can find all of them" in findings["deletion"].words
    reject = denying(lambda request: "versions" in request.query_params)
    with in_front_of(healthy_bucket.endpoint_url, answers=reject) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {"deletion"}
    assert "s3:ListBucketVersions" in findings["deletion"].words


async def test_pages_of_all_origins_are_allowed_with_tokens_only(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(database_url, healthy_bucket, allowed_origins="*")
    assert failed(findings) == {"settings"}
    assert "ALLOWED_ORIGINS=*" in findings["settings"].words


# Bucket, as browsers reach it


async def test_a_public_endpoint_that_is_unreachable_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(
        database_url, healthy_bucket, s3_public_endpoint_url="http://127.0.0.1:9"
    )
    assert failed(findings) == {"public_endpoint"}
    assert "S3_PUBLIC_ENDPOINT_URL" in str(findings["public_endpoint"].remedy)


async def test_a_public_endpoint_of_another_store_is_named(
    database_url: str, healthy_bucket: TestBucket, moto_endpoint_url: str
) -> None:
    findings = await examined(
        database_url, healthy_bucket, s3_public_endpoint_url=moto_endpoint_url
    )
    assert failed(findings) == {"public_endpoint"}
    assert "same bucket" in str(findings["public_endpoint"].remedy)


async def test_a_proxy_that_changes_the_host_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    with in_front_of(healthy_bucket.endpoint_url, host="internal.example") as url:
        findings = await examined(database_url, healthy_bucket, s3_public_endpoint_url=url)
    assert failed(findings) == {"public_endpoint"}
    assert "Host header" in str(findings["public_endpoint"].remedy)


@pytest.mark.parametrize("upload_method", ["POST", "PUT"])
async def test_missing_cors_is_named_for_every_origin_with_the_exact_rules(
    upload_method: str, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    prepare(seaweedfs_bucket, Access(("https://other.example.com",), (), "attachments/"))
    findings = await examined(database_url, seaweedfs_bucket, upload_method=upload_method)
    assert failed(findings) == {"preflight", "upload", "image"}
    assert remedies.cors_json(ACCESS) in str(findings["preflight"].remedy)


async def test_cors_that_forgets_the_iframe_is_named_for_the_iframe_alone(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    prepare(seaweedfs_bucket, Access((PAGE,), (), "attachments/"))
    findings = await examined(database_url, seaweedfs_bucket)
    assert failed(findings) == {"preflight", "image"}
    assert findings["image"].subject == IFRAME


async def test_a_cdn_that_drops_head_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    def reject(request: Request) -> Response | None:
        return Response(status_code=405) if request.method == "HEAD" else None

    with in_front_of(healthy_bucket.endpoint_url, answers=reject) as url:
        findings = await examined(database_url, healthy_bucket, s3_public_endpoint_url=url)
    assert failed(findings) == {"head"}


async def test_a_proxy_that_drops_content_disposition_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    def drop(request: Request, response: Response) -> None:
        if "content-disposition" in response.headers:
            del response.headers["content-disposition"]

    with in_front_of(healthy_bucket.endpoint_url, changes=drop) as url:
        findings = await examined(database_url, healthy_bucket, s3_public_endpoint_url=url)
    assert failed(findings) == {"download"}


async def test_a_public_bucket_is_named(database_url: str, healthy_bucket: TestBucket) -> None:
    def serve(request: Request) -> Response | None:
        unsigned = request.method == "GET" and not request.query_params
        return Response("anyone may read this") if unsigned else None

    with in_front_of(healthy_bucket.endpoint_url, answers=serve) as url:
        findings = await examined(database_url, healthy_bucket, s3_public_endpoint_url=url)
    assert failed(findings) == {"private"}
    assert "public" in findings["private"].words


async def test_a_store_without_presigned_post_is_healthy_and_its_put_is_checked(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    reject: Callable[[Request], Response | None] = lambda request: (  # noqa: E731 - used once
        s3_error(501, "NotImplemented") if request.method == "POST" else None
    )
    with in_front_of(healthy_bucket.endpoint_url, answers=reject) as url:
        findings = await examined(database_url, healthy_bucket, s3_public_endpoint_url=url)
    assert not failed(findings)
    assert "no presigned POST" in findings["upload"].words
    assert findings["policy_size"].outcome == "skipped"
    assert findings["put_length"].outcome == findings["put_once"].outcome == "ok"


async def test_minio_is_healthy_with_its_own_variable_for_cors(
    database_url: str, tmp_path: Path
) -> None:
    with running_minio(tmp_path, origins=(PAGE, IFRAME)) as endpoint_url:
        findings = await examined(database_url, create_bucket(endpoint_url))
    assert not failed(findings)
    assert "MINIO_API_STALE_UPLOADS_EXPIRY" in findings["lifecycle"].words


# Enforcement


async def test_moto_which_enforces_nothing_is_named(
    database_url: str, moto_bucket: TestBucket
) -> None:
    prepare(moto_bucket)
    findings = await examined(database_url, moto_bucket)
    assert {"policy_size", "policy_fields", "private", "expired_links"} <= failed(findings)
    assert "content-length-range" in findings["policy_size"].words
    assert keys_in(moto_bucket) == []
    findings = await examined(database_url, moto_bucket, upload_method="PUT")
    assert "put_length" in failed(findings)
    assert keys_in(moto_bucket) == []


async def test_a_store_that_ignores_if_none_match_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    def pretend(request: Request, response: Response) -> None:
        if request.method == "PUT" and response.status_code == 412:
            response.status_code = 200

    with in_front_of(healthy_bucket.endpoint_url, changes=pretend) as url:
        findings = await examined(
            database_url, healthy_bucket, s3_public_endpoint_url=url, upload_method="PUT"
        )
    assert failed(findings) == {"put_once"}


async def test_a_store_that_ignores_if_match_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    def pretend(request: Request, response: Response) -> None:
        if request.method == "GET" and response.status_code == 412:
            response.status_code = 200

    with in_front_of(healthy_bucket.endpoint_url, changes=pretend) as url:
        findings = await examined(database_url, healthy_bucket, s3_endpoint_url=url)
    assert failed(findings) == {"pinned_read"}


# The service


async def test_a_service_that_does_not_run_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    prepare(healthy_bucket, own(NOBODY_LISTENS))
    findings = await examined(database_url, healthy_bucket, public_base_url=NOBODY_LISTENS)
    assert failed(findings) == {"service"}


async def test_a_base_url_that_leads_elsewhere_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    prepare(healthy_bucket, own(healthy_bucket.endpoint_url))
    findings = await examined(
        database_url, healthy_bucket, public_base_url=healthy_bucket.endpoint_url
    )
    assert failed(findings) == {"service"}
    assert "not this service" in findings["service"].words


async def test_a_service_with_other_settings_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    settings = test_settings(
        database_url,
        healthy_bucket,
        s3_addressing_style="path",
        signing_secret="another-secret-of-32-characters-",
    )
    with running(settings) as base_url:
        prepare(healthy_bucket, own(base_url))
        findings = await examined(database_url, healthy_bucket, public_base_url=base_url)
    assert failed(findings) == {"service_cors", "gateway", "preview_redirect"}
    assert f"ALLOWED_ORIGINS={PAGE}" in str(findings["service_cors"].remedy)
    assert "SIGNING_SECRET" in str(findings["preview_redirect"].remedy)


# The model


async def test_an_unreachable_model_is_named(database_url: str, healthy_bucket: TestBucket) -> None:
    findings = await examined(
        database_url, healthy_bucket, openai_base_url=NOBODY_LISTENS, openai_api_key="sk-test"
    )
    assert failed(findings) == {"model"}
    assert "OPENAI_BASE_URL" in str(findings["model"].remedy)


@pytest.mark.parametrize(
    ("status", "message", "setting"),
    [
        (401, "Incorrect API key provided", "OPENAI_API_KEY"),
        (404, "The model `gpt-5-mini` does not exist", "Set MODEL "),
        (404, "Not Found", "MODEL_API=chat_completions"),
        (429, "You exceeded your current quota", "billing"),
    ],
)
async def test_what_the_model_api_rejects_is_named(
    status: int, message: str, setting: str, database_url: str, healthy_bucket: TestBucket
) -> None:
    with model_api() as provider:
        provider.script.extend([Error(status, message)] * 3)  # the client asks again after a 429
        findings = await examined(
            database_url,
            healthy_bucket,
            openai_base_url=provider.base_url,
            openai_api_key="sk-test",
        )
    assert failed(findings) == {"model"}
    assert {findings[name].outcome for name in ("model_image", "model_title")} == {"skipped"}
    assert setting in str(findings["model"].remedy)


async def test_a_provider_without_an_audio_api_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    with model_api(answer=fetching) as provider:
        options = {"openai_base_url": provider.base_url, "openai_api_key": "sk-test"}
        unknown = await examined(
            database_url, healthy_bucket, transcription_model="never-heard-of", **options
        )
        assert [each.status for each in provider.rejections] == [404]
        provider.received.clear()
        off = await examined(database_url, healthy_bucket, transcription_model="off", **options)
    assert failed(unknown) == {"model_speech"}
    assert "has no audio API" in unknown["model_speech"].words
    assert "TRANSCRIPTION_MODEL" in str(unknown["model_speech"].remedy)
    assert off["model_speech"].outcome == "skipped"


async def test_a_bucket_that_the_provider_can_not_reach_is_named(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    findings = await examined(database_url, healthy_bucket, model_input="url")
    assert failed(findings) == {"model_urls"}
    assert "MODEL_INPUT=inline" in str(findings["model_urls"].remedy)


async def test_files_at_the_provider_are_checked_and_deleted(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    with model_api(answer=fetching) as provider:
        findings = await examined(
            database_url,
            healthy_bucket,
            model_input="files",
            openai_base_url=provider.base_url,
            openai_api_key="sk-test",
        )
        assert findings["model_files"].outcome == "ok", findings["model_files"].words
        assert failed(findings) == set()
        provider.delete_errors.append(Error(403, "Missing scopes: api.files.write"))
        findings = await examined(
            database_url,
            healthy_bucket,
            model_input="files",
            openai_base_url=provider.base_url,
            openai_api_key="sk-test",
        )
        assert failed(findings) == {"model_files"}
        assert "Missing scopes" in findings["model_files"].words
        provider.has_files = False
        findings = await examined(
            database_url,
            healthy_bucket,
            model_input="files",
            openai_base_url=provider.base_url,
            openai_api_key="sk-test",
        )
    assert failed(findings) == {"model_files"}
    assert "inline" in findings["model_files"].words


# Being interrupted


async def test_an_examination_that_is_cancelled_still_cleans_up(
    database_url: str, healthy_bucket: TestBucket
) -> None:
    reached = asyncio.Event()
    settings = test_settings(database_url, healthy_bucket, s3_addressing_style="path")

    def note(finding: Finding) -> None:
        if finding.check == "copy":
            reached.set()

    task = asyncio.create_task(examine(settings, on_finding=note))
    await reached.wait()
    assert keys_in(healthy_bucket) != []
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert keys_in(healthy_bucket) == []
