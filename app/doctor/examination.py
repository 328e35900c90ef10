"""The examination: every check in order, each only if what it stands on is sound."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from app.doctor import (
    browser_checks,
    bucket_checks,
    database_checks,
    enforcement_checks,
    model_checks,
    service_checks,
)
from app.doctor.deployment import Deployment, deployment_of
from app.doctor.report import Finding, NotChecked, Problem
from app.doctor.requests import Unreachable
from app.errors import AppError
from app.settings.environment import Settings

_CHECK_SECONDS = 60.0


@dataclass(frozen=True)
class Check:
    """`name` is stable: scripts rely on it. `needs` names checks that have to have passed."""

    name: str
    run: Callable[[Deployment], Awaitable[str]]
    needs: tuple[str, ...] = ()
    subject: str | None = None


def checks_for(deployment: Deployment) -> Sequence[Check]:
    """Those that don't depend on an origin, and the others once for each."""
    readable = ("public_endpoint",)
    answering = ("migrations", "copy")
    return [
        Check("database", database_checks.database),
        Check("migrations", database_checks.migrations, ("database",)),
        Check("endpoint", bucket_checks.endpoint),
        Check("clock", bucket_checks.clock, ("endpoint",)),
        Check("credentials", bucket_checks.credentials, ("clock",)),
        Check("bucket", bucket_checks.bucket, ("credentials",)),
        Check("write", bucket_checks.write, ("bucket",)),
        Check("read", bucket_checks.read, ("write",)),
        Check("pinned_read", bucket_checks.pinned_read, ("read",)),
        Check("copy", bucket_checks.copy, ("read",)),
        Check("list", bucket_checks.list_objects, ("write",)),
        Check("lifecycle", bucket_checks.lifecycle, ("bucket",)),
        Check("public_endpoint", browser_checks.public_endpoint, ("read",)),
        *_of_each_origin(deployment),
        Check("private", bucket_checks.private, readable),
        Check("expired_links", bucket_checks.expired_links, readable),
        Check("head", browser_checks.head, readable),
        Check("download", browser_checks.download, readable),
        Check("policy_size", enforcement_checks.policy_size, readable),
        Check("policy_fields", enforcement_checks.policy_fields, readable),
        Check("put_length", enforcement_checks.put_length, readable),
        Check("put_once", enforcement_checks.put_once, readable),
        Check("service", service_checks.service),
        *_of_the_service(deployment),
        Check("model", model_checks.model, answering),
        Check("model_image", model_checks.model_image, ("model",)),
        Check("model_file", model_checks.model_file, ("model",)),
        Check("model_tool", model_checks.model_tool, ("model_file",)),
        Check("model_title", model_checks.model_title, ("model",)),
        Check("model_urls", model_checks.model_urls, readable),
        Check("cleanup", bucket_checks.cleanup, ("credentials",)),
    ]


async def examine(
    settings: Settings,
    *,
    on_finding: Callable[[Finding], None] = lambda finding: None,
) -> Sequence[Finding]:
    """Make every check; `on_finding` hears of each as it is made.

    What was written into the bucket is deleted at the end, also when this is cancelled.
    """
    findings: list[Finding] = []

    def add(finding: Finding) -> None:
        findings.append(finding)
        on_finding(finding)

    async with bucket_checks.new_client() as http:
        try:
            deployment = deployment_of(settings, http)
        except Problem as problem:
            add(Finding("settings", None, "failed", problem.what, problem.mend))
            return findings
        add(Finding("settings", None, "ok", "complete and consistent"))
        try:
            passed: set[str] = set()
            for check in checks_for(deployment):
                finding = await _finding(check, deployment, passed)
                add(finding)
                if finding.outcome == "ok":
                    passed.add(check.name)
        except asyncio.CancelledError:
            with suppress(Problem, Unreachable, AppError):
                await asyncio.shield(bucket_checks.cleanup(deployment))
            raise
    return findings


async def _finding(check: Check, deployment: Deployment, passed: set[str]) -> Finding:
    missing = [need for need in check.needs if need not in passed]
    if missing:
        return Finding(check.name, check.subject, "skipped", f"waits for {missing[0]} to be mended")
    try:
        words = await asyncio.wait_for(check.run(deployment), _CHECK_SECONDS)
    except NotChecked as exc:
        return Finding(check.name, check.subject, "skipped", str(exc))
    except Problem as problem:
        return Finding(check.name, check.subject, "failed", problem.what, problem.mend)
    except (Unreachable, TimeoutError) as exc:
        said = str(exc) or f"no end within {_CHECK_SECONDS:.0f} seconds"
        return Finding(check.name, check.subject, "failed", said, _BROKEN_OFF)
    except AppError as error:
        return Finding(check.name, check.subject, "failed", error.message, _BROKEN_OFF)
    return Finding(check.name, check.subject, "ok", words)


_BROKEN_OFF = (
    "It worked a moment ago: look at the network and the server's own log, run this again."
)


def _of_each_origin(deployment: Deployment) -> Sequence[Check]:
    checks = []
    for origin in deployment.cors_origins:
        needs = ("public_endpoint",)
        checks.append(_with(origin, "preflight", browser_checks.preflight, needs))
        if origin in deployment.page_origins:
            checks.append(_with(origin, "upload", browser_checks.upload, needs))
        checks.append(_with(origin, "image", browser_checks.image, needs))
    return checks


def _of_the_service(deployment: Deployment) -> Sequence[Check]:
    checks = []
    for origin in deployment.foreign_origins:
        checks.append(_with(origin, "service_cors", service_checks.service_cors, ("service",)))
    for origin in deployment.page_origins:
        checks.append(_with(origin, "gateway", service_checks.gateway, ("service", "credentials")))
    for method in ("GET", "HEAD"):
        checks.append(
            _with(method, "preview_redirect", service_checks.preview_redirect, ("service", "read"))
        )
    return checks


def _with(
    subject: str,
    name: str,
    run: Callable[[Deployment, str], Awaitable[str]],
    needs: tuple[str, ...],
) -> Check:
    return Check(name, lambda deployment: run(deployment, subject), needs, subject)
