"""Kubernetes' own schemas, and those of the kinds that operators add, over documents."""

import functools
import json
import pathlib
import re

import jsonschema
from kubernetes_validate import utils
from referencing import Registry, Resource

CUSTOM = pathlib.Path(__file__).parent.parent / "crds"


def versions():
    """Versions of Kubernetes whose schemas are at hand, such as `1.34`."""
    known = {utils.major_minor(version) for version in utils.all_versions()}
    return sorted(known, key=lambda version: int(version.split(".")[1]))


@functools.cache
def custom():
    """Schemas of kinds that are not Kubernetes' own: {(apiVersion, kind): validator}."""
    found = {}
    for path in sorted(CUSTOM.glob("*.json")):
        known = json.loads(path.read_text())
        checker = jsonschema.Draft202012Validator(known["schema"])
        found[known["apiVersion"], known["kind"]] = checker
    return found


@functools.cache
def strict(name, version):
    """The checker that `kubernetes_validate.validate(…, strict=True)` makes anew for each document; nothing for a kind
    that this version does not know."""
    whole = next(each for each in utils.all_versions() if utils.major_minor(each) == version)
    folder = f"kubernetes-json-schema/v{whole}-local-strict"
    try:
        schema = utils.schema_contents(f"{folder}/{name}.json", version)
    except FileNotFoundError:
        return None
    definitions = utils.schema_contents(f"{folder}/_definitions.json", version)
    registry = Resource.from_contents(definitions) @ (Resource.from_contents(schema) @ Registry())
    return jsonschema.Draft202012Validator(schema, registry=registry)


@functools.cache
def _judged(text, version):
    document = json.loads(text)
    kind, api = document.get("kind"), document.get("apiVersion")
    checker = custom().get((api, kind))
    if checker is None and isinstance(kind, str) and isinstance(api, str):
        # `networking.k8s.io/v1` is kept as `networking-v1`.
        group = re.sub(r"^([^./]*)(?:[.][^/]*)?/", r"\1-", api)
        checker = strict(f"{kind.lower()}-{group}", version)
    if checker is None:
        return [f"nobody knows a kind {kind!r} of {api!r}"]
    return [f"{'/'.join(map(str, error.absolute_path))}: {error.message}" for error in checker.iter_errors(document)]


def problems(document, version):
    """What is wrong with a document in the eyes of one version of Kubernetes."""
    if not isinstance(document, dict):
        return [f"no object, but {document!r}"]
    wrong = list(_judged(json.dumps(document, sort_keys=True), version))
    # What no schema of a field says: these are maps of text, and names are text.
    metadata = document.get("metadata") or {}
    for name in ("name", "namespace"):
        if name in metadata and not isinstance(metadata[name], str):
            wrong.append(f"metadata/{name}: {metadata[name]!r} is not text")
    return wrong
