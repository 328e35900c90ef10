"""The commands run on a read-only root without any volume, as in a container of Kubernetes."""

import os
import signal
import subprocess
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from tests.acceptance.command import ROOT, Command, app, running
from tests.corpus import DOCUMENTS, IMAGES, Sample
from tests.manifests import SECRETS, SERVER, Pod, of_kind, pods_of
from tests.servers import TestBucket, missing
from tests.service import ChatKitClient, answer_of
from tests.waiting import wait_until

# In a mount namespace of its own, so that nothing else on this machine becomes read-only.
READ_ONLY = """
for place in / /tmp /var/tmp "$PWD"; do
    mount --bind "$place" "$place"
    mount -o remount,bind,ro "$place"
done
cd "$PWD"
exec "$@"
"""
SANDBOX = ("unshare", "--mount", "sh", "-ec", READ_ONLY, "sh")
ONE_OF_EACH_TYPE = {
    sample.mime_type: sample
    for sample in IMAGES + DOCUMENTS
    if not sample.responses.startswith("note:") and sample.name != "called.png"  # it is a JPEG
}.values()
WRITES = ("sh", "-c", "touch /tmp/written || touch /var/tmp/written || touch written")


@pytest.fixture
def settings(empty_database_url: str, seaweedfs_bucket: TestBucket) -> dict[str, str]:
    if os.geteuid() != 0 or subprocess.run([*SANDBOX, "true"], capture_output=True).returncode:
        missing("root, and a mount namespace for a read-only root")
    assert subprocess.run([*SANDBOX, *WRITES], capture_output=True).returncode != 0
    return {
        "DATABASE_URL": empty_database_url,
        "S3_BUCKET": seaweedfs_bucket.name,
        "S3_ENDPOINT_URL": seaweedfs_bucket.endpoint_url,
        "S3_ADDRESSING_STYLE": "path",
        "AWS_ACCESS_KEY_ID": seaweedfs_bucket.access_key_id,
        "AWS_SECRET_ACCESS_KEY": seaweedfs_bucket.secret_access_key,
        "AUTH_MODE": "header",
        "SIGNING_SECRET": "test-signing-secret-of-32-characters",
    }


def answer_about(client: ChatKitClient, sample: Sample) -> str:
    attachment = client.attach(sample.name, sample.make(), sample.mime_type)
    return answer_of(client.say("What is it?", attachment["id"]))


def test_all_commands_and_conversions_work_without_writing_to_disk(
    settings: dict[str, str], tmp_path: Path
) -> None:
    def run(pod: Pod, *options: str) -> AbstractContextManager[Command]:
        """Run the command of a pod, with no secret but those that the pod gets."""
        name, *arguments = pod.container["args"]
        given = {each: settings[each] for each in settings if each not in SECRETS}
        given |= {each: settings[each] for each in settings if each in pod.variables}
        command = [*SANDBOX, *app(name, *(options or arguments))]
        return running(command, log=tmp_path / f"{name}.log", directory=ROOT, **given)

    def run_to_its_end(pod: Pod) -> None:
        with run(pod) as command:
            assert command.process.wait(120) == 0, command.output

    with run(SERVER, "--port", "0") as server:
        client = ChatKitClient.of(server.wait_until_ready())
        # A new replica may start before the migration; it is ready as soon as that is done.
        assert client.http.get("/readyz").status_code == 503
        for job in pods_of(of_kind("Job")):
            run_to_its_end(job)
        wait_until(lambda: client.http.get("/readyz").status_code == 200)

        for sample in ONE_OF_EACH_TYPE:
            answer = answer_about(client, sample)
            assert "I received 1 attachment" in answer, sample.name
            assert "could not be" not in answer, answer
        file = {"file": ("notes.txt", b"x" * 2_000_000, "text/plain")}
        assert client.http.post("/attachments", files=file).is_success

        for job in pods_of(of_kind("CronJob")):
            run_to_its_end(job)
        assert server.end(signal.SIGTERM) == 0
        assert "Traceback" not in server.output
