"""What deploy/kubernetes names exists: settings, commands, routes, ports, metrics and objects."""

import os
import re
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import typer.main
import yaml
from dotenv import dotenv_values
from prometheus_client import REGISTRY
from starlette.applications import Starlette

from app.cli import cli
from app.http.page import CHATKIT_CDN
from app.paths import QUIET
from app.settings.environment import Settings
from app.wiring.application import create_application
from tests.manifests import (
    ALL_PODS,
    MINIO,
    OF_THE_BUCKET,
    OUR_PODS,
    RESOURCES,
    SECRETS,
    SERVER,
    Pod,
    of_kind,
    pods_of,
)
from tests.servers import missing
from tools.manifests import (
    INSTALL,
    MANIFESTS,
    Resource,
    build,
    files,
    kustomize,
    overlays,
    problems,
    read,
)

ROOT = MANIFESTS.parents[1]
DOCKERFILE = (ROOT / "Dockerfile").read_text()
PAGE = (ROOT / "docs" / "kubernetes.md").read_text()

OF_PYTHON = {"PYTHON_CPU_COUNT"}
SETTINGS = {name for group in Settings.groups().values() for name in group.variables()}


every_pod = pytest.mark.parametrize("pod", ALL_PODS, ids=lambda pod: pod.owner)
every_pod_of_ours = pytest.mark.parametrize("pod", OUR_PODS, ids=lambda pod: pod.owner)
every_overlay = pytest.mark.parametrize("overlay", overlays(), ids=lambda path: path.name)


def configured(overlay: Path) -> dict[str, str]:
    return {name: value or "" for name, value in dotenv_values(overlay / "settings.env").items()}


def application(overlay: Path) -> Starlette:
    secrets = {
        "DATABASE_URL": "postgresql://db.invalid/db",
        "SIGNING_SECRET": "0123456789abcdef0123456789abcdef",
    }
    return create_application(Settings.read(configured(overlay), secrets))


def built(overlay: Path) -> Sequence[Resource]:
    command = kustomize()
    if command is None:
        if "NO_KUSTOMIZE" in os.environ:
            pytest.skip("kustomize could not be built: see .ci/run")
        missing(f"kustomize (`{INSTALL}`)")
    return build(overlay, command)


def test_the_check_names_a_field_that_kubernetes_does_not_know() -> None:
    (budget,) = of_kind("PodDisruptionBudget")
    assert list(problems(budget)) == []
    misspelt = {**budget, "spec": {**budget["spec"], "maxUnavailble": 1}}
    assert any("maxUnavailble" in problem for problem in problems(misspelt))


# ── Settings and secrets


@every_pod_of_ours
def test_every_variable_of_a_pod_is_a_setting(pod: Pod) -> None:
    assert set(pod.variables) <= SETTINGS | OF_THE_BUCKET | OF_PYTHON


@every_overlay
def test_the_service_accepts_the_settings(overlay: Path) -> None:
    assert set(configured(overlay)) <= SETTINGS
    application(overlay)


@every_overlay
def test_settings_contain_no_secret(overlay: Path) -> None:
    assert {"DATABASE_URL", "OPENAI_API_KEY", "SIGNING_SECRET", "JWT_SECRET"} <= SECRETS
    assert set(configured(overlay)) & SECRETS == set()


@every_pod
def test_secrets_are_references_which_the_page_explains(pod: Pod) -> None:
    assert of_kind("Secret") == []
    for name, variable in pod.variables.items():
        reference = variable.get("valueFrom", {}).get("secretKeyRef")
        assert reference or (name not in SECRETS and "PASSWORD" not in name), name
        if reference:
            assert f"secret generic {reference['name']} " in PAGE
            assert f"{reference['key']}=" in PAGE
            assert reference["key"] == name or pod is MINIO


def test_workers_are_counted_by_the_limit_of_the_container() -> None:
    version = re.search(r"^FROM python:3\.(\d+)", DOCKERFILE, re.MULTILINE)
    assert version is not None
    assert int(version[1]) >= 13, "older versions of Python ignore PYTHON_CPU_COUNT"
    assert SERVER.variables["PYTHON_CPU_COUNT"]["valueFrom"] == {
        "resourceFieldRef": {"resource": "limits.cpu"}
    }


# ── Commands, image and users


@every_pod_of_ours
def test_every_command_exists_with_its_options(pod: Pod) -> None:
    assert 'ENTRYPOINT ["python3", "-m", "app"]' in DOCKERFILE
    assert "command" not in pod.container, "it would replace the entry point of the image"
    name, *options = pod.container["args"]
    command = typer.main.get_group(cli).commands[name]
    command.make_context(name, list(options)).close()


def test_there_is_a_pod_for_every_command_that_a_deployment_needs() -> None:
    commands = {pod.container["args"][0] for pod in OUR_PODS}
    assert commands == {"serve", "migrate", "bucket", "sweep", "reconcile"}


@every_pod
def test_every_pod_is_restricted(pod: Pod) -> None:
    of_pod, of_container = pod.spec["securityContext"], pod.container["securityContext"]
    assert of_pod["runAsNonRoot"] is True
    assert of_pod["seccompProfile"] == {"type": "RuntimeDefault"}
    assert of_container == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert set(pod.container["resources"]["requests"]) == {"cpu", "memory"}
    assert set(pod.container["resources"]["limits"]) == {"cpu", "memory"}


@every_pod_of_ours
def test_the_user_is_the_one_of_the_image(pod: Pod) -> None:
    context = pod.spec["securityContext"]
    assert f"\nUSER {context['runAsUser']}:{context['runAsGroup']}\n" in DOCKERFILE


@every_pod
def test_no_pod_gets_a_token_of_the_api_server(pod: Pod) -> None:
    accounts = {each["metadata"]["name"]: each for each in of_kind("ServiceAccount")}
    of_account = accounts.get(pod.spec.get("serviceAccountName", ""), {})
    settings = [each.get("automountServiceAccountToken") for each in (pod.spec, of_account)]
    assert False in settings


# ── Ports and paths


def test_probes_and_prometheus_use_routes_and_the_port_of_the_image() -> None:
    routes = paths_of(application(overlays()[0]))
    assert SERVER.container["ports"] == [{"name": "http", "containerPort": 8000}]
    assert "\nEXPOSE 8000\n" in DOCKERFILE
    probes = {
        kind: SERVER.container[f"{kind}Probe"]["httpGet"]
        for kind in ("startup", "liveness", "readiness")
    }
    assert {probe["port"] for probe in probes.values()} == {"http"}
    assert {kind: probe["path"] for kind, probe in probes.items()} == {
        "startup": "/livez",  # the outage of a database is no reason to restart
        "liveness": "/livez",
        "readiness": "/readyz",
    }
    (deployment,) = of_kind("Deployment")
    annotations = deployment["spec"]["template"]["metadata"]["annotations"]
    assert annotations["prometheus.io/port"] == "8000"
    assert {"/livez", "/readyz", annotations["prometheus.io/path"]} <= routes


def paths_of(service: Starlette) -> set[str]:
    return {path for route in service.routes if (path := getattr(route, "path", None))}


@pytest.mark.slow
@every_overlay
def test_browsers_reach_every_route_except_those_for_operators(overlay: Path) -> None:
    (ingress,) = of_kind("Ingress", read(overlay / "ingress.yaml"))
    (rule,) = ingress["spec"]["rules"]
    routes = paths_of(application(overlay))
    reached = [
        {route for route in routes if is_below(route, each["path"], each["pathType"])}
        for each in rule["http"]["paths"]
    ]
    assert all(reached), "a path of the Ingress is no route"
    assert set().union(*reached) == routes - QUIET


def is_below(route: str, path: str, kind: str) -> bool:
    return route == path or (kind == "Prefix" and route.startswith(f"{path}/"))


def test_readiness_waits_longer_than_its_checks() -> None:
    page = (ROOT / "docs" / "operations.md").read_text()
    seconds = re.search(r"each asked for (\d+) seconds", page)
    assert seconds is not None
    assert SERVER.container["readinessProbe"]["timeoutSeconds"] > int(seconds[1])


@every_overlay
def test_answers_have_their_time_before_a_replica_is_killed(overlay: Path) -> None:
    grace = Settings.read(configured(overlay)).operations.shutdown_grace_seconds
    pause = SERVER.container["lifecycle"]["preStop"]["sleep"]["seconds"]
    assert SERVER.spec["terminationGracePeriodSeconds"] >= pause + grace + 5


# ── Objects that name each other


def selectors(resources: Sequence[Resource]) -> Iterator[tuple[str, Mapping[str, str]]]:
    for resource in resources:
        spec, name = resource.get("spec", {}), f"{resource['kind']} {resource['metadata']['name']}"
        selector = spec.get("podSelector") or spec.get("selector")
        if selector:
            yield name, selector.get("matchLabels", selector)
        for rule in (*spec.get("ingress", ()), *spec.get("egress", ())):
            for peer in (*rule.get("from", ()), *rule.get("to", ())):
                if "podSelector" in peer:
                    yield name, peer["podSelector"]["matchLabels"]


def test_every_selector_selects_a_pod() -> None:
    found = list(selectors(RESOURCES))
    assert {name.split()[0] for name, _ in found} == {
        *("Deployment", "StatefulSet", "Service", "PodDisruptionBudget", "NetworkPolicy")
    }
    for name, labels in found:
        assert any(labels.items() <= pod.labels.items() for pod in ALL_PODS), name


def test_a_policy_limits_every_pod_in_both_directions() -> None:
    for pod in ALL_PODS:
        limited = {
            direction
            for policy in of_kind("NetworkPolicy")
            if policy["spec"]["podSelector"]["matchLabels"].items() <= pod.labels.items()
            for direction in policy["spec"]["policyTypes"]
        }
        assert limited == {"Ingress", "Egress"}, pod.owner


@pytest.mark.slow
@every_overlay
def test_a_built_overlay_contains_what_its_resources_name(overlay: Path) -> None:
    resources = built(overlay)
    names = {(each["kind"], each["metadata"]["name"]) for each in resources}
    for each in resources:
        assert each["metadata"]["namespace"] == "chatkit"
        assert list(problems(each)) == []
    for pod in pods_of(resources):
        for source in pod.container.get("envFrom", ()):
            assert ("ConfigMap", source["configMapRef"]["name"]) in names
        if account := pod.spec.get("serviceAccountName"):
            assert ("ServiceAccount", account) in names
        assert re.search(r":[\w.-]+$", pod.container["image"]), "an image needs a version"
    for ingress in of_kind("Ingress", resources):
        for path in ingress["spec"]["rules"][0]["http"]["paths"]:
            assert ("Service", path["backend"]["service"]["name"]) in names
    (autoscaler,) = of_kind("HorizontalPodAutoscaler", resources)
    target = autoscaler["spec"]["scaleTargetRef"]
    assert (target["kind"], target["name"]) in names


@every_overlay
def test_an_overlay_runs_this_version(overlay: Path) -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (image,) = yaml.safe_load((overlay / "kustomization.yaml").read_text())["images"]
    assert image["name"] == project["name"]
    assert image["newTag"] == project["version"]


@every_overlay
def test_hosts_are_those_of_the_settings(overlay: Path) -> None:
    settings = configured(overlay)
    public = {
        urlsplit(settings.get(name, "")).hostname
        for name in ("PUBLIC_BASE_URL", "S3_PUBLIC_ENDPOINT_URL")
    } - {None}
    hosts = {
        host
        for path in files()
        if path.parent == overlay
        for ingress in of_kind("Ingress", read(path))
        for host in (ingress["spec"]["rules"][0]["host"], *ingress["spec"]["tls"][0]["hosts"])
    }
    assert hosts == public


def test_minio_serves_the_bucket_of_the_settings_to_their_origins() -> None:
    overlay = MANIFESTS / "overlays" / "minio"
    settings = configured(overlay)
    resources = read(overlay / "minio.yaml")
    assert f"image: {MINIO.container['image']}\n" in (ROOT / "docker-compose.yml").read_text()
    (ingress,) = of_kind("Ingress", resources)
    (path,) = ingress["spec"]["rules"][0]["http"]["paths"]
    assert path["path"] == f"/{settings['S3_BUCKET']}"
    (service,) = of_kind("Service", resources)
    (port,) = service["spec"]["ports"]
    assert settings["S3_ENDPOINT_URL"] == f"http://{service['metadata']['name']}:{port['port']}"
    origins = [settings["PUBLIC_BASE_URL"], settings["ALLOWED_ORIGINS"], CHATKIT_CDN]
    assert MINIO.variables["MINIO_API_CORS_ALLOW_ORIGIN"]["value"] == ",".join(origins)


@every_overlay
def test_replicas_are_scaled_by_a_metric_that_exists(overlay: Path) -> None:
    (autoscaler,) = of_kind("HorizontalPodAutoscaler", built(overlay))
    cpu, requests = autoscaler["spec"]["metrics"]
    assert cpu["resource"]["name"] == "cpu"
    metric = requests["pods"]["metric"]["name"]
    assert metric in {family.name for family in REGISTRY.collect()}
    assert f"seriesQuery: {metric}{{" in PAGE


# ── The page


def test_the_page_names_directories_and_objects_that_exist() -> None:
    directories = re.findall(r"deploy/kubernetes/[\w/-]+", PAGE)
    assert directories
    assert all((ROOT / each).is_dir() for each in directories)
    names = {(each["kind"].lower(), each["metadata"]["name"]) for each in RESOURCES}
    named = re.findall(r"\b(deployment|job|cronjob)[/ ](chatkit[\w-]*)", PAGE)
    assert {kind for kind, _ in named} == {"deployment", "job", "cronjob"}
    assert set(named) <= names
