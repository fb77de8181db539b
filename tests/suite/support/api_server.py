"""As much of the API of a Kubernetes cluster as kubectl asks for what is named in texts: over TLS, with an authority of its
own, all in memory.

    api_server.py CERTIFICATE

Writes its authority to CERTIFICATE and prints its port. /version answers with the credentials that came along; nothing
else is answered without any. A kind that is not served, a namespace that does not exist and an object that is not there
are refused as a cluster refuses them. What controllers would do is done at once. Ends when its input closes.
"""

import datetime
import http.server
import ipaddress
import json
import pathlib
import ssl
import sys
import tempfile
import threading
import urllib.parse
import uuid

import yaml
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

CLUSTER, NAMESPACED = False, True

# Group and version, plural, kind, whether it stands in a namespace, short names.
SERVED = [
    ("v1", "namespaces", "Namespace", CLUSTER, ["ns"]),
    ("v1", "nodes", "Node", CLUSTER, ["no"]),
    ("v1", "pods", "Pod", NAMESPACED, ["po"]),
    ("v1", "secrets", "Secret", NAMESPACED, []),
    ("v1", "serviceaccounts", "ServiceAccount", NAMESPACED, ["sa"]),
    ("apps/v1", "deployments", "Deployment", NAMESPACED, ["deploy"]),
    ("batch/v1", "jobs", "Job", NAMESPACED, []),
    ("batch/v1", "cronjobs", "CronJob", NAMESPACED, ["cj"]),
    ("networking.k8s.io/v1", "networkpolicies", "NetworkPolicy", NAMESPACED, ["netpol"]),
    ("v1", "configmaps", "ConfigMap", NAMESPACED, ["cm"]),
    ("networking.k8s.io/v1", "ingresses", "Ingress", NAMESPACED, ["ing"]),
    ("storage.k8s.io/v1", "csidrivers", "CSIDriver", CLUSTER, []),
    ("apiextensions.k8s.io/v1", "customresourcedefinitions", "CustomResourceDefinition", CLUSTER, ["crd", "crds"]),
]
VERBS = ["create", "get", "list", "patch", "watch"]


class Refused(Exception):
    def __init__(self, code, reason, message):
        super().__init__(message)
        self.code, self.reason = code, reason


class Store:
    """Every object, and what happened to them."""

    def __init__(self):
        self.changed = threading.Condition()
        self.objects = {}
        self.events = []

    def served(self):
        yield from SERVED
        for (_, plural, _, _), one in self.objects.items():
            if plural == "customresourcedefinitions":
                spec = one["spec"]
                for version in spec["versions"]:
                    names = spec["names"]
                    at = f"{spec['group']}/{version['name']}"
                    yield at, names["plural"], names["kind"], spec["scope"] == "Namespaced", names.get("shortNames", [])

    def groups(self):
        return list(dict.fromkeys(at for at, *_ in self.served()))

    def kind(self, at, plural):
        for group, name, kind, namespaced, _ in self.served():
            if (group, name) == (at, plural):
                return kind, namespaced
        raise Refused(404, "NotFound", "the server could not find the requested resource")

    def listed(self, at, plural, namespace, selector):
        name = selector.removeprefix("metadata.name=") if selector else None
        if selector and not selector.startswith("metadata.name="):
            raise Refused(400, "BadRequest", f"field label not supported: {selector}")
        return [
            one for (group, kind, within, called), one in self.objects.items()
            if (group, kind) == (at, plural) and namespace in (None, within) and name in (None, called)
        ]

    def get(self, key):
        if key not in self.objects:
            at, plural, _, name = key
            group = at.rpartition("/")[0]
            raise Refused(404, "NotFound", f'{plural}{group and "."}{group} "{name}" not found')
        return self.objects[key]

    def put(self, key, new):
        at, plural, namespace, name = key
        kind, namespaced = self.kind(at, plural)
        if (new.get("apiVersion"), new.get("kind")) != (at, kind):
            raise Refused(400, "BadRequest", f"{new.get('apiVersion')} {new.get('kind')} is not a {kind} of {at}")
        meta = new["metadata"]
        if meta.get("name") != name or namespaced and meta.setdefault("namespace", namespace) != namespace:
            raise Refused(400, "BadRequest", "the object and the address it is sent to differ")
        if namespaced:
            self.get(("v1", "namespaces", "", namespace))
        old = self.objects.get(key)
        if old:
            kept(kind, old, new)
        meta["uid"] = old["metadata"]["uid"] if old else str(uuid.uuid4())
        meta["creationTimestamp"] = old["metadata"]["creationTimestamp"] if old else now()
        grown = 0 if old and old.get("spec") == new.get("spec") else 1
        meta["generation"] = (old["metadata"]["generation"] if old else 0) + grown
        controlled(kind, new)
        meta["resourceVersion"] = str(len(self.events) + 1)
        self.objects[key] = new
        self.events.append((key, {"type": "MODIFIED" if old else "ADDED", "object": new}))
        self.changed.notify_all()
        return new


def now():
    return datetime.datetime.now(datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def kept(kind, old, new):
    """What may not change."""
    if kind == "Secret" and old.get("immutable"):
        if any(old.get(field) != new.get(field) for field in ("data", "immutable")):
            raise Refused(422, "Invalid", "data: Forbidden: field is immutable when `immutable` is set")
    if kind == "Job" and old["spec"]["template"] != new["spec"]["template"]:
        raise Refused(422, "Invalid", "spec.template: Invalid value: field is immutable")


def controlled(kind, new):
    """What a controller makes of it."""
    if kind == "Deployment":
        count = new["spec"].setdefault("replicas", 1)
        new["status"] = {"observedGeneration": new["metadata"]["generation"]}
        new["status"].update(dict.fromkeys(("replicas", "updatedReplicas", "readyReplicas", "availableReplicas"), count))
    if kind == "Job":
        new["status"] = {"succeeded": 1, "conditions": [{"type": "Complete", "status": "True"}]}


def merged(old, new):
    """A patch carried out: null takes away."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    result = dict(old)
    for key, value in new.items():
        if value is None:
            result.pop(key, None)
        else:
            result[key] = merged(result.get(key, {} if isinstance(value, dict) else None), value)
    return result


def table(items):
    """Ingresses as a cluster prints them: with where they are reached."""
    def row(one):
        balancers = one.get("status", {}).get("loadBalancer", {}).get("ingress", [])
        address = ",".join(each["hostname"] for each in balancers)
        cells = [one["metadata"]["name"], one["spec"].get("ingressClassName", "<none>"), address]
        return {"cells": cells, "object": {"kind": "PartialObjectMetadata", "metadata": one["metadata"]}}
    columns = [{"name": name, "type": "string", "priority": 0} for name in ("Name", "Class", "Address")]
    rows = [row(one) for one in items]
    return {"kind": "Table", "apiVersion": "meta.k8s.io/v1", "columnDefinitions": columns, "rows": rows}


STORE = Store()


def certificate():
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "kubernetes")])
    at = datetime.datetime.now(datetime.timezone.utc)
    address = x509.IPAddress(ipaddress.ip_address("127.0.0.1"))
    made = (
        x509.CertificateBuilder().subject_name(name).issuer_name(name).public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(at - datetime.timedelta(hours=1)).not_valid_after(at + datetime.timedelta(hours=1))
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .add_extension(x509.SubjectAlternativeName([address]), critical=False)
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption(),
    )
    return made.public_bytes(serialization.Encoding.PEM), private


def discovery(path):
    """What a cluster tells of the kinds it serves, and which parameters it understands."""
    groups = STORE.groups()
    if path == "/api":
        return {"kind": "APIVersions", "versions": ["v1"]}
    if path == "/apis":
        all = []
        for at in groups:
            group, _, version = at.rpartition("/")
            if group:
                named = {"groupVersion": at, "version": version}
                all.append({"name": group, "versions": [named], "preferredVersion": named})
        return {"kind": "APIGroupList", "apiVersion": "v1", "groups": all}
    roots = {("/apis/" if "/" in at else "/api/") + at: at for at in groups}
    if path in roots:
        at = roots[path]
        resources = [
            {"name": plural, "singularName": kind.lower(), "namespaced": namespaced, "kind": kind, "verbs": VERBS,
             "shortNames": short}
            for group, plural, kind, namespaced, short in STORE.served() if group == at
        ]
        return {"kind": "APIResourceList", "apiVersion": "v1", "groupVersion": at, "resources": resources}
    if path == "/openapi/v3":
        return {"paths": {root[1:]: {"serverRelativeURL": f"/openapi/v3{root}"} for root in roots}}
    at = roots.get(path.removeprefix("/openapi/v3"))
    if at and path.startswith("/openapi/v3/"):
        group, _, version = at.rpartition("/")
        paths = {}
        for served, plural, kind, _, _ in STORE.served():
            if served == at:
                parameters = [{"name": name, "in": "query"} for name in ("dryRun", "fieldManager", "fieldValidation")]
                this = {"group": group, "version": version, "kind": kind}
                responses = {"200": {"description": "OK"}}
                patch = {"parameters": parameters, "responses": responses, "x-kubernetes-group-version-kind": this}
                paths[f"/{plural}/{{name}}"] = {"patch": patch}
        return {"openapi": "3.0.0", "info": {"title": "Kubernetes", "version": "v1"}, "paths": paths}
    return None


class Api(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def answer(self, code, value):
        body = json.dumps(value).encode()
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def handled(self):
        split = urllib.parse.urlsplit(self.path)
        self.asked = dict(urllib.parse.parse_qsl(split.query))
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        try:
            authorization = self.headers.get("Authorization")
            if split.path == "/version":
                return self.answer(200, {"path": self.path, "authorization": authorization})
            if not authorization:
                raise Refused(401, "Unauthorized", "Unauthorized")
            with STORE.changed:
                told = discovery(split.path)
            if told:
                return self.answer(200, told)
            at, plural, namespace, name = self.address(split.path)
            if self.command == "GET" and name is None and self.asked.get("watch") in ("true", "1"):
                return self.watch(at, plural, namespace)
            with STORE.changed:
                code, told = self.done(at, plural, namespace, name, body)
            self.answer(code, told)
        except Refused as refused:
            self.answer(refused.code, {
                "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": refused.code,
                "reason": refused.reason, "message": str(refused),
            })

    do_GET = do_POST = do_PATCH = handled

    def address(self, path):
        """Group and version, plural, namespace if one is named, and name if one is named."""
        words = path.strip("/").split("/")
        root, rest = words[0], words[1:]
        at, rest = (rest[0], rest[1:]) if root == "api" else ("/".join(rest[:2]), rest[2:])
        namespace = None
        if len(rest) > 2 and rest[0] == "namespaces":
            namespace, rest = rest[1], rest[2:]
        if root not in ("api", "apis") or len(rest) not in (1, 2):
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        _, namespaced = STORE.kind(at, rest[0])
        name = rest[1] if len(rest) == 2 else None
        if namespaced and name and namespace is None or namespace and not namespaced:
            raise Refused(404, "NotFound", "the server could not find the requested resource")
        return at, rest[0], namespace, name

    def done(self, at, plural, namespace, name, body):
        kind, _ = STORE.kind(at, plural)
        if self.command == "GET" and name is None:
            items = STORE.listed(at, plural, namespace, self.asked.get("fieldSelector"))
            if plural == "ingresses" and "as=Table" in self.headers.get("Accept", ""):
                return 200, table(items)
            version = {"resourceVersion": str(len(STORE.events))}
            return 200, {"kind": f"{kind}List", "apiVersion": at, "metadata": version, "items": items}
        key = (at, plural, namespace or "", name)
        if self.command == "GET":
            found = STORE.get(key)
            is_table = plural == "ingresses" and "as=Table" in self.headers.get("Accept", "")
            return 200, table([found]) if is_table else found
        how = self.headers.get("Content-Type")
        if how.startswith("application/vnd."):
            raise Refused(415, "UnsupportedMediaType", f"{how} is not understood")
        sent = yaml.safe_load(body)
        if self.command == "POST":
            key = (at, plural, namespace or "", sent["metadata"]["name"])
            if key in STORE.objects:
                raise Refused(409, "AlreadyExists", f'{plural} "{key[3]}" already exists')
            return 201, STORE.put(key, sent)
        if how == "application/apply-patch+yaml":
            if "fieldManager" not in self.asked:
                raise Refused(400, "BadRequest", "fieldManager is required for apply patch")
            return (200 if key in STORE.objects else 201), STORE.put(key, merged(STORE.objects.get(key, {}), sent))
        if how in ("application/merge-patch+json", "application/strategic-merge-patch+json"):
            return 200, STORE.put(key, merged(STORE.get(key), sent))
        raise Refused(415, "UnsupportedMediaType", f"{how} is not understood")

    def watch(self, at, plural, namespace):
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        kind, _ = STORE.kind(at, plural)
        selector = self.asked.get("fieldSelector")
        with STORE.changed:
            seen = int(self.asked.get("resourceVersion") or 0)
            if self.asked.get("sendInitialEvents") == "true":
                for one in STORE.listed(at, plural, namespace, selector):
                    self.tell({"type": "ADDED", "object": one})
                seen = len(STORE.events)
                meta = {"resourceVersion": str(seen), "annotations": {"k8s.io/initial-events-end": "true"}}
                self.tell({"type": "BOOKMARK", "object": {"kind": kind, "apiVersion": at, "metadata": meta}})
            try:
                while True:
                    for key, event in STORE.events[seen:]:
                        name = selector.removeprefix("metadata.name=") if selector else key[3]
                        if key[:2] == (at, plural) and namespace in (None, key[2]) and key[3] == name:
                            self.tell(event)
                    seen = len(STORE.events)
                    STORE.changed.wait()
            except OSError:
                self.close_connection = True

    def tell(self, event):
        line = json.dumps(event).encode() + b"\n"
        self.wfile.write(b"%x\r\n%s\r\n" % (len(line), line))
        self.wfile.flush()

    def log_message(self, *arguments):
        pass


def main():
    public, private = certificate()
    pathlib.Path(sys.argv[1]).write_bytes(public)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.NamedTemporaryFile() as chain:
        chain.write(private + public)
        chain.flush()
        context.load_cert_chain(chain.name)
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Api)
    server.daemon_threads = True
    server.socket = context.wrap_socket(server.socket, server_side=True)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    print(server.server_port, flush=True)
    sys.stdin.read()


main()
