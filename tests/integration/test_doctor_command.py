"""`python -m app doctor` as a deployment's CI runs it: output and exit status."""

import json
import subprocess

import pytest

from app.database.migrate import head_revision
from tests.acceptance.command import ROOT, app, clean_environment
from tests.integration.test_doctor import prepare
from tests.servers import TestBucket

pytestmark = pytest.mark.slow


def doctor(
    *arguments: str, database_url: str, bucket: TestBucket, **changes: str
) -> subprocess.CompletedProcess[str]:
    settings = {
        "DATABASE_URL": database_url,
        "S3_BUCKET": bucket.name,
        "S3_ENDPOINT_URL": bucket.endpoint_url,
        "S3_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": bucket.access_key_id,
        "AWS_SECRET_ACCESS_KEY": bucket.secret_access_key,
        "ALLOWED_ORIGINS": "https://chat.example.com",
        "AUTH_MODE": "header",
    }
    return subprocess.run(
        app("doctor", *arguments),
        cwd=ROOT,
        env=clean_environment(settings | changes),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_sound_deployment_ends_with_status_0(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    prepare(seaweedfs_bucket)
    finished = doctor(database_url=database_url, bucket=seaweedfs_bucket)
    assert finished.returncode == 0, finished.stdout + finished.stderr
    assert f"✓ migrations: at {head_revision()}, the newest" in finished.stdout
    assert finished.stdout.splitlines()[-1].startswith("This deployment works: ")


def test_a_broken_one_ends_with_status_1_and_names_the_remedy(
    database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    finished = doctor(
        "--json", database_url=database_url, bucket=seaweedfs_bucket, S3_BUCKET="not-there"
    )
    assert finished.returncode == 1, finished.stderr
    report = json.loads(finished.stdout)
    assert report["healthy"] is False
    [broken] = [each for each in report["findings"] if each["outcome"] == "failed"]
    assert broken["check"] == "bucket"
    assert "python -m app bucket" in broken["remedy"]
