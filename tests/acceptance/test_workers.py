"""`app serve --workers 2`: one port, one page of metrics; a worker that ends harms no other."""

import json
import multiprocessing
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest

from tests.acceptance.command import READY_SECONDS, STOP_SECONDS, Command
from tests.acceptance.supervised import supervise
from tests.acceptance.test_shutdown import ANSWER, is_refused, serving
from tests.model_api import ModelApi, Text, model_api
from tests.servers import TestBucket
from tests.service import ChatKitClient, user_message
from tests.waiting import wait_until


class Answer:
    """An answer under way, on a connection of its own."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.port: int = response.extensions["network_stream"].get_extra_info("client_addr")[1]
        next(line for line in self._lines if "text_delta" in line)

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line[6:]) for line in self._lines if line.startswith("data: ")]


@pytest.fixture
def slow_model() -> Iterator[ModelApi]:
    """A model that falls silent in the middle of its answers."""
    with model_api() as model:
        model.script.extend([Text(ANSWER, hang_after=2)] * 60)
        yield model


@pytest.fixture
def two_workers(
    tmp_path: Path, database_url: str, seaweedfs_bucket: TestBucket, slow_model: ModelApi
) -> Iterator[tuple[Command, ChatKitClient]]:
    with serving(
        tmp_path / "log",
        database_url,
        seaweedfs_bucket,
        WEB_CONCURRENCY="2",
        TITLES="off",
        USER_CONCURRENT_STREAMS="60",
        OPENAI_BASE_URL=slow_model.base_url,
        OPENAI_API_KEY="sk-test",
    ) as (command, alice):
        yield command, alice


def workers_of(command: Command) -> list[psutil.Process]:
    """Return the processes that listen on the port, without the one that started them."""
    workers = []
    for process in command.family()[1:]:
        with suppress(psutil.NoSuchProcess):
            if any(each.status == psutil.CONN_LISTEN for each in process.net_connections("tcp")):
                workers.append(process)
    return workers


@contextmanager
def answers_on_both(command: Command, url: str) -> Iterator[dict[int, list[Answer]]]:
    """Yield answers under way by the id of their worker: at least one of each."""
    by_worker: dict[int, list[Answer]] = {each.pid: [] for each in workers_of(command)}
    assert len(by_worker) == 2
    body = {"type": "threads.create", "params": {"input": user_message("hello")}}
    with ExitStack() as stack:
        for _ in range(60):
            client = stack.enter_context(
                httpx.Client(timeout=60, headers={"x-forwarded-user": "alice"}, trust_env=False)
            )
            answer = Answer(stack.enter_context(client.stream("POST", f"{url}/chatkit", json=body)))
            [worker] = [
                pid
                for pid in by_worker
                for each in psutil.Process(pid).net_connections("tcp")
                if each.raddr and each.raddr.port == answer.port
            ]
            by_worker[worker].append(answer)
            if all(by_worker.values()):
                break
        yield by_worker


def metric(url: str, sample: str) -> float:
    """Return the value of a sample, or 0 if the page does not have it."""
    page = httpx.get(f"{url}/metrics", trust_env=False).text
    values = [line.rsplit(" ", 1)[1] for line in page.splitlines() if line.startswith(sample + " ")]
    return float(values[0]) if values else 0.0


def test_a_killed_worker_is_replaced_and_the_answers_of_the_other_go_on(
    two_workers: tuple[Command, ChatKitClient], slow_model: ModelApi
) -> None:
    command, alice = two_workers
    url = str(alice.http.base_url).rstrip("/")
    with answers_on_both(command, url) as by_worker:
        begun = sum(map(len, by_worker.values()))
        # Of all workers, and one for the request of the page itself.
        wait_until(lambda: metric(url, "http_requests_open") == begun + 1)

        killed, kept = by_worker
        psutil.Process(killed).kill()
        wait_until(lambda: f"worker {killed} ended with status -9" in command.output)
        for _ in range(10):
            assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200
        wait_until(lambda: len(workers_of(command)) == 2, seconds=READY_SECONDS)
        wait_until(lambda: metric(url, "http_requests_open") == len(by_worker[kept]) + 1)
        operations = 'chatkit_operations_total{operation="threads.create"}'
        assert metric(url, operations) == begun, "the counts of the killed worker stay"

        slow_model.released.set()
        for answer in by_worker[kept]:
            assert answer.events()[-1]["type"] == "thread.item.done"
        for answer in by_worker[killed]:
            with pytest.raises(httpx.RemoteProtocolError):
                answer.events()


def test_after_sigterm_the_answers_of_all_workers_are_finished(
    two_workers: tuple[Command, ChatKitClient], slow_model: ModelApi
) -> None:
    command, alice = two_workers
    with answers_on_both(command, str(alice.http.base_url).rstrip("/")) as by_worker:
        command.process.send_signal(signal.SIGTERM)
        wait_until(lambda: is_refused(alice))
        assert command.process.poll() is None
        slow_model.released.set()
        for answer in [answer for answers in by_worker.values() for answer in answers]:
            assert answer.events()[-1]["type"] == "thread.item.done"
    assert command.process.wait(STOP_SECONDS) == 0
    assert "Traceback" not in command.output


def test_workers_end_with_the_process_that_started_them(
    two_workers: tuple[Command, ChatKitClient],
) -> None:
    command, _ = two_workers
    workers = workers_of(command)
    command.process.kill()
    gone, alive = psutil.wait_procs(workers, timeout=STOP_SECONDS)
    assert (len(gone), alive) == (2, [])


def test_a_service_that_cannot_start_says_so_and_ends(
    tmp_path: Path, database_url: str, seaweedfs_bucket: TestBucket
) -> None:
    with (
        pytest.raises(AssertionError, match="could not start"),
        serving(
            tmp_path / "log",
            database_url,
            seaweedfs_bucket,
            WEB_CONCURRENCY="2",
            AGENT="no_such_module:agent",
        ),
    ):
        pass


@contextmanager
def blocked_service(silence_seconds: float, log: Path) -> Iterator[Any]:
    log.touch()
    context = multiprocessing.get_context("spawn")
    process = context.Process(target=supervise, args=(silence_seconds, log))
    process.start()
    try:
        wait_until(lambda: "ready" in log.read_text(), seconds=READY_SECONDS)
        yield process
    finally:
        process.terminate()
        process.join(STOP_SECONDS)


def test_a_worker_whose_event_loop_is_blocked_is_replaced(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with blocked_service(0.5, log):
        wait_until(lambda: "does not answer and is killed" in log.read_text())
        wait_until(lambda: "is replaced" in log.read_text())


def test_a_worker_that_does_not_end_in_time_is_killed(tmp_path: Path) -> None:
    log = tmp_path / "log"
    with blocked_service(3600, log) as process:
        process.terminate()
        process.join(STOP_SECONDS)
        assert process.exitcode == 0
    assert "did not end in time and is killed" in log.read_text()
