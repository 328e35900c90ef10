"""The resources of deploy/kubernetes and the pods that they start, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.settings.environment import Settings
from app.settings.group import is_secret
from tools.manifests import Resource, files, read

RESOURCES: Sequence[Resource] = [resource for path in files() for resource in read(path)]
OF_THE_BUCKET = {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
SECRETS = OF_THE_BUCKET | {
    variable
    for group in Settings.groups().values()
    for variable, name in group.variables().items()
    if is_secret(group.model_fields[name])
}


@dataclass(frozen=True)
class Pod:
    """The pods that one resource starts."""

    owner: str
    labels: Mapping[str, str]
    spec: Mapping[str, Any]

    @property
    def container(self) -> Mapping[str, Any]:
        (only,) = self.spec["containers"]
        container: Mapping[str, Any] = only
        return container

    @property
    def variables(self) -> Mapping[str, Mapping[str, Any]]:
        return {each["name"]: each for each in self.container["env"]}


def pods_of(resources: Sequence[Resource]) -> Sequence[Pod]:
    pods = []
    for resource in resources:
        spec = resource.get("spec", {})
        template = spec.get("jobTemplate", {}).get("spec", spec).get("template")
        if template:
            owner = f"{resource['kind']} {resource['metadata']['name']}"
            pods.append(Pod(owner, template["metadata"]["labels"], template["spec"]))
    return pods


def of_kind(kind: str, resources: Sequence[Resource] = RESOURCES) -> Sequence[Resource]:
    return [each for each in resources if each["kind"] == kind]


ALL_PODS = pods_of(RESOURCES)
OUR_PODS = [pod for pod in ALL_PODS if pod.container["image"] == "chatkit-upload-service"]
(SERVER,) = (pod for pod in OUR_PODS if pod.owner.startswith("Deployment"))
(MINIO,) = (pod for pod in ALL_PODS if pod.owner.startswith("StatefulSet"))
