"""The checks of the scanner by `app doctor`, against a real clamd."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx2
import pytest

from app.clamd import Clamd
from app.doctor import scanner_checks
from app.doctor.deployment import Deployment, deployment_of
from app.doctor.report import NotChecked, Problem
from app.settings.environment import Settings
from tests.clamd_server import ClamdServer, running_clamd
from tests.settings import changed

pytestmark = pytest.mark.slow

DeploymentOf = Callable[..., Deployment]


@pytest.fixture
async def deployment(settings: Settings) -> AsyncIterator[DeploymentOf]:
    async with httpx2.AsyncClient() as http:
        yield lambda **values: deployment_of(changed(settings, **values), http)


async def test_a_scanner_that_works_passes(deployment: DeploymentOf, clamd: ClamdServer) -> None:
    scanned = deployment(scanner_url=clamd.url)
    assert "finds the EICAR test file" in await scanner_checks.scanner(scanned)
    assert "25.0 MiB" in await scanner_checks.scanner_size(scanned)


@pytest.mark.parametrize("check", [scanner_checks.scanner, scanner_checks.scanner_size])
async def test_nothing_is_checked_without_a_scanner(
    deployment: DeploymentOf, check: Callable[[Deployment], Awaitable[str]]
) -> None:
    with pytest.raises(NotChecked, match="SCANNER_URL"):
        await check(deployment())


async def test_a_scanner_that_is_away_is_a_problem(deployment: DeploymentOf) -> None:
    with pytest.raises(Problem, match="can't be reached") as problem:
        await scanner_checks.scanner(deployment(scanner_url="clamd+unix:///nowhere"))
    assert "SCANNER_URL" in problem.value.remedy


async def test_a_url_of_no_scanner_is_a_problem_of_the_settings(deployment: DeploymentOf) -> None:
    with pytest.raises(Problem, match="SCANNER_URL=http://localhost can't be used"):
        deployment(scanner_url="http://localhost")


async def test_limits_below_the_largest_file_are_problems(
    deployment: DeploymentOf, tmp_path: Path
) -> None:
    limits = {"StreamMaxLength": "2M", "MaxFileSize": "1M", "AlertExceedsMax": "yes"}
    with running_clamd(tmp_path, **limits) as clamd:
        for size, words in ((3_000_000, "gives no result"), (1_500_000, "because of its size")):
            scanned = deployment(scanner_url=clamd.url, max_attachment_bytes=size)
            with pytest.raises(Problem, match=words) as problem:
                await scanner_checks.scanner_size(scanned)
            assert str(size) in problem.value.remedy


async def test_a_scanner_without_the_signature_of_the_test_file_is_a_problem(
    deployment: DeploymentOf, clamd: ClamdServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scanner_checks, "EICAR", b"what no signature describes")
    with pytest.raises(Problem, match="does not find the EICAR test file"):
        await scanner_checks.scanner(deployment(scanner_url=clamd.url))


@pytest.mark.parametrize(("days", "is_old"), [(6, False), (8, True)])
async def test_signatures_older_than_a_week_are_a_problem(
    deployment: DeploymentOf,
    clamd: ClamdServer,
    monkeypatch: pytest.MonkeyPatch,
    days: int,
    is_old: bool,
) -> None:
    """Only official signatures have a date, which this clamd does not have."""
    made_at = datetime.now(UTC) - timedelta(days=days)

    async def version(_: Clamd) -> str:
        return f"ClamAV 1.4.6/27800/{made_at:%a %b %d %H:%M:%S %Y}"

    monkeypatch.setattr(Clamd, "version", version)
    scanned = deployment(scanner_url=clamd.url)
    if is_old:
        with pytest.raises(Problem, match="8 days old"):
            await scanner_checks.scanner(scanned)
    else:
        assert "signatures of" in await scanner_checks.scanner(scanned)
