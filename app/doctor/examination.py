"""The examination: all checks in order, each only if the checks that it needs have passed."""

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
    scanner_checks,
    service_checks,
    sign_in_checks,
)
from app.doctor.deployment import Deployment, deployment_of
from app.doctor.report import Finding, NotChecked, Problem
from app.doctor.requests import Unreachable, new_client
from app.errors import AppError
from app.settings.environment import Settings

_CHECK_SECONDS = 60.0
_LOOK_AT_THE_NETWORK = "Check the network and the log of that server, then run doctor again."


@dataclass(frozen=True)
class Check:
    """`name` is stable, because scripts rely on it. `needs` names checks that must have passed."""

    name: str
    run: Callable[[Deployment], Awaitable[str]]
    needs: tuple[str, ...] = ()
    subject: str | None = None


def checks_for(deployment: Deployment) -> Sequence[Check]:
    """Return all checks in order. A check of origins or methods is made once for each."""
    readable = ("public_endpoint",)
    answering = ("migrations", "copy")
    return [
        Check("database", database_checks.database),
        Check("migrations", database_checks.migrations, ("database",)),
        Check("public_keys", sign_in_checks.public_keys),
        Check("endpoint", bucket_checks.endpoint),
        Check("clock", bucket_checks.clock, ("endpoint",)),
        Check("credentials", bucket_checks.credentials, ("clock",)),
        Check("bucket", bucket_checks.bucket, ("credentials",)),
        Check("write", bucket_checks.write, ("bucket",)),
        Check("encryption", bucket_checks.encryption, ("bucket",)),
        Check("read", bucket_checks.read, ("write",)),
        Check("pinned_read", bucket_checks.pinned_read, ("read",)),
        Check("copy", bucket_checks.copy, ("read",)),
        Check("list", bucket_checks.list_objects, ("write",)),
        Check("lifecycle", bucket_checks.lifecycle, ("bucket",)),
        Check("deletion", bucket_checks.deletion, ("write",)),
        Check("public_endpoint", browser_checks.public_endpoint, ("read",)),
        *_checks_of_origins(deployment),
        Check("private", bucket_checks.private, readable),
        Check("expired_links", bucket_checks.expired_links, readable),
        Check("head", browser_checks.head, readable),
        Check("download", browser_checks.download, readable),
        Check("policy_size", enforcement_checks.policy_size, readable),
        Check("policy_fields", enforcement_checks.policy_fields, readable),
        Check("put_length", enforcement_checks.put_length, readable),
        Check("put_once", enforcement_checks.put_once, readable),
        Check("scanner", scanner_checks.scanner),
        Check("scanner_size", scanner_checks.scanner_size, ("scanner",)),
        Check("service", service_checks.service),
        *_checks_of_the_service(deployment),
        Check("model", model_checks.model, answering),
        Check("model_image", model_checks.model_image, ("model",)),
        Check("model_file", model_checks.model_file, ("model",)),
        Check("model_tool", model_checks.model_tool, ("model_file",)),
        Check("model_title", model_checks.model_title, ("model",)),
        Check("model_speech", model_checks.model_speech, ("model",)),
        Check("model_files", model_checks.model_files, ("model_file",)),
        Check("model_urls", model_checks.model_urls, readable),
        Check("cleanup", bucket_checks.cleanup, ("credentials",)),
    ]


async def examine(
    settings: Settings,
    *,
    on_finding: Callable[[Finding], None] = lambda finding: None,
) -> Sequence[Finding]:
    """Make every check, and call `on_finding` after each one.

    Everything that the checks wrote into the bucket is deleted, even after a cancellation.
    """
    findings: list[Finding] = []

    def add(finding: Finding) -> None:
        findings.append(finding)
        on_finding(finding)

    async with new_client() as http:
        try:
            deployment = deployment_of(settings, http)
        except Problem as problem:
            add(Finding("settings", None, "failed", problem.what, problem.remedy))
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
        return Finding(
            check.name, check.subject, "skipped", f"needs {missing[0]}, which did not pass"
        )
    try:
        words = await asyncio.wait_for(check.run(deployment), _CHECK_SECONDS)
    except NotChecked as exc:
        return Finding(check.name, check.subject, "skipped", str(exc))
    except Problem as problem:
        return Finding(check.name, check.subject, "failed", problem.what, problem.remedy)
    except (Unreachable, TimeoutError) as exc:
        words = str(exc) or f"it took more than {_CHECK_SECONDS:.0f} seconds"
        return Finding(check.name, check.subject, "failed", words, _LOOK_AT_THE_NETWORK)
    except AppError as error:
        return Finding(check.name, check.subject, "failed", error.message, _LOOK_AT_THE_NETWORK)
    return Finding(check.name, check.subject, "ok", words)


def _checks_of_origins(deployment: Deployment) -> Sequence[Check]:
    needs = ("public_endpoint",)
    checks = []
    for origin in deployment.cors_origins:
        checks.append(_check_for(origin, "preflight", browser_checks.preflight, needs))
        if origin in deployment.page_origins:
            checks.append(_check_for(origin, "upload", browser_checks.upload, needs))
        checks.append(_check_for(origin, "image", browser_checks.image, needs))
    return checks


def _checks_of_the_service(deployment: Deployment) -> Sequence[Check]:
    cors, gateway = service_checks.service_cors, service_checks.gateway
    redirect = service_checks.preview_redirect
    return [
        *(
            _check_for(origin, "service_cors", cors, ("service",))
            for origin in deployment.foreign_origins
        ),
        *(
            _check_for(origin, "gateway", gateway, ("service", "credentials"))
            for origin in deployment.page_origins
        ),
        *(
            _check_for(method, "preview_redirect", redirect, ("service", "read"))
            for method in ("GET", "HEAD")
        ),
    ]


def _check_for(
    subject: str,
    name: str,
    run: Callable[[Deployment, str], Awaitable[str]],
    needs: tuple[str, ...],
) -> Check:
    return Check(name, lambda deployment: run(deployment, subject), needs, subject)
