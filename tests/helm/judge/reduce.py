"""Reduces Kubernetes' published schemas to the types that values of the chart can hold: src/helm/kubernetes/types.txt.

    python -m judge.reduce --write

A type stands at the beginning of a line, its fields below it: name (`!` where it must be there), what it holds, `@` and
the fields that tell items of a list apart, `+` and the first minor version that knows it, `-` and the last.
"""

import importlib.metadata
import pathlib
import sys

from kubernetes_validate import utils

# Minor versions that a declaration may ask for.
MINORS = range(27, 38)
# What values hold, and the objects people put beside the chart's own.
ROOTS = [
    "core.v1.Affinity", "core.v1.Container", "core.v1.EnvVar", "core.v1.HostAlias", "core.v1.Lifecycle",
    "core.v1.LocalObjectReference", "core.v1.PodSecurityContext", "core.v1.Probe", "core.v1.SecurityContext",
    "core.v1.Toleration", "core.v1.TopologySpreadConstraint", "core.v1.Volume", "core.v1.VolumeMount",
    "policy.v1.PodDisruptionBudgetSpec",
]
OBJECTS = [
    "apps.v1.Deployment", "autoscaling.v2.HorizontalPodAutoscaler", "batch.v1.CronJob", "batch.v1.Job",
    "core.v1.ConfigMap", "core.v1.PersistentVolume", "core.v1.PersistentVolumeClaim", "core.v1.Secret",
    "core.v1.Service", "core.v1.ServiceAccount", "networking.v1.Ingress", "networking.v1.NetworkPolicy",
    "policy.v1.PodDisruptionBudget", "rbac.v1.Role", "rbac.v1.RoleBinding",
]
# Fields that the cluster writes and nobody else.
LEFT_OUT = {"status", "managedFields"}
SCALARS = {"string": "text", "boolean": "flag", "integer": "whole", "number": "number"}


def definitions(minor):
    whole = next(each for each in utils.all_versions() if utils.major_minor(each) == f"1.{minor}")
    path = f"kubernetes-json-schema/v{whole}-local-strict/_definitions.json"
    return utils.schema_contents(path, whole)["$defs"]


def short(name):
    return name.rpartition(".")[2]


def kind(schema):
    """What a field holds, in one word."""
    if "$ref" in schema:
        name = short(schema["$ref"])
        return {"Quantity": "amount", "IntOrString": "whole-or-text", "Time": "text", "MicroTime": "text", "FieldsV1": "any"}.get(name, name)
    types = schema.get("type", [])
    (only,) = {each for each in ([types] if isinstance(types, str) else types) if each != "null"} or {"any"}
    if only == "array":
        return f"[]{kind(schema['items'])}"
    if only == "object":
        return f"{{}}{kind(schema['additionalProperties'])}" if isinstance(schema.get("additionalProperties"), dict) else "any"
    return SCALARS.get(only, "any")


def references(schema):
    if isinstance(schema, dict):
        for key, value in schema.items():
            if key == "$ref":
                yield value.rpartition("/")[2]
            else:
                yield from references(value)
    elif isinstance(schema, list):
        for value in schema:
            yield from references(value)


def main():
    known = {minor: definitions(minor) for minor in MINORS}
    pending, found = [f"io.k8s.api.{name}" for name in ROOTS + OBJECTS], {}
    while pending:
        name = pending.pop()
        by = {minor: known[minor][name] for minor in MINORS if name in known[minor]}
        if name in found or not any("properties" in schema for schema in by.values()):
            continue
        fields = {}
        for minor, schema in by.items():
            for field, holds in schema.get("properties", {}).items():
                if field not in LEFT_OUT:
                    fields.setdefault(field, {})[minor] = (holds, field in schema.get("required", []))
        found[name] = fields
        for field in fields.values():
            for holds, _ in field.values():
                pending += references(holds)
    names = [short(name) for name in found]
    assert len(names) == len(set(names)), "two types of one name"
    package = importlib.metadata.version("kubernetes-validate")
    lines = [
        "# Types of Kubernetes 1.27 to 1.37 that values of the chart can hold. Made by tests/helm/judge/reduce.py; do not edit.",
        f"# Source: Kubernetes' published OpenAPI (Apache-2.0), as kubernetes-validate {package} has it.",
    ]
    for name in sorted(found, key=short):
        api = [f"={'' if group == 'core' else group_name(group) + '/'}{version}" for group, version in parts(name)]
        lines.append(" ".join([short(name), *api]))
        for field, by in sorted(found[name].items()):
            # Where a type changed its name, the older one holds more.
            holds = kind(by[min(by)][0])
            words = [field + "!" * all(required for _, required in by.values()), holds]
            keys = by[max(by)][0].get("x-kubernetes-list-map-keys")
            words += [f"@{','.join(keys)}"] if keys else []
            words += [f"+{min(by)}"] if min(by) > MINORS[0] else []
            words += [f"-{max(by)}"] if max(by) < MINORS[-1] else []
            lines.append(" " + " ".join(words))
    return "\n".join(lines) + "\n"


def group_name(group):
    return {"networking": "networking.k8s.io", "rbac": "rbac.authorization.k8s.io"}.get(group, group)


def parts(name):
    """Group and version of an object that can stand by itself."""
    rest = name.removeprefix("io.k8s.api.")
    return [tuple(rest.split(".")[:2])] if rest in OBJECTS else []


if __name__ == "__main__":
    made = main()
    committed = pathlib.Path(__file__).parents[3] / "src/helm/kubernetes/types.txt"
    if sys.argv[1:] == ["--check"]:
        if made != committed.read_text():
            sys.exit("test-helm: src/helm/kubernetes/types.txt is stale: `python -m judge.reduce --write` in tests/helm")
    elif sys.argv[1:] == ["--write"]:
        committed.write_text(made)
    else:
        sys.stdout.write(made)
