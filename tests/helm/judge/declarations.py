"""Declarations to try: every key that reaches the values, each way by itself, and many of them together."""

import copy
import json
import random

BASE = {"stack": "ppm-prod", "region": "us-east-1", "architecture": "kubernetes"}
CERTIFICATE = "arn:aws:acm:us-east-1:111122223333:certificate/11111111-2222-3333-4444-555555555555"
KEY = "arn:aws:kms:us-east-1:111122223333:key/11111111-2222-3333-4444-555555555555"
SUBNETS = {"vpc": "vpc-0a1b2c3d", "private_subnets": ["subnet-00000001", "subnet-00000002"]}
DOMAIN = "packages.example.com"
IMAGE = {"repository": "mirror.example.com:5000/posit/package-manager", "tag": "1e3"}
SHARED = {"file_system": "fs-0123456789abcdef0"}
OFFLINE = {"file_system": "fs-0fedcba9876543210"}

# Texts that YAML, the chart's printer or the server's reader find awkward.
AWKWARD = [
    "a b", " lead", "trail ", "a#b", "a;b", 'say "hi"', "back\\slash", "\\n", "{{ .Values.x }}", "${HOME}", "a: b", "- a",
    "yes", "1e6", "0x1f", "08", "null", "~", "[x]", "{a: b}", "*a", "&a", "!t", "|", ">", "%", "@", "`", "'", '"', "''",
    "é", "日本", "\U0001f600", "\u00a0", "a\u3000b", "postgres://u@h:5432/d?a=b&c=%20", "x" * 3000, "1.10", "1000000", "=",
]


def settings(values):
    return {"package_manager": {"settings": values}}


# Each group is one question; of the answers of a group at most one is in a declaration.
GROUPS = {
    "stack": [{"stack": "abcdefghij0123456789"}, {"tags": {"team": "a b", "x/y.z": "a=b+c@d"}}],
    "network": [
        {"network": {"zones": 2, "nat": "single"}},
        {"network": {"cidr": "172.16.0.0/20", "zones": 4}},
        {"network": {"connectivity": "air_gapped"}, "package_manager": {"image": IMAGE}},
        {"network": {"existing": {**SUBNETS, "public_subnets": ["subnet-00000003", "subnet-00000004"]}}},
        {"network": {"existing": SUBNETS}, "load_balancer": {"scheme": "internal"}},
    ],
    "nodes": [
        {"kubernetes": {"nodes": {"count": 5, "instance_type": "m6i.2xlarge"}}, "package_manager": {"replicas": 5}},
        {"kubernetes": {"nodes": {"count": 1, "instance_type": "t3.large", "disk_gib": 20}}, "package_manager": {"replicas": 1}},
        {"kubernetes": {"nodes": {"count": 3, "max": 6, "instance_type": "r6i.8xlarge", "disk_gib": 400}}},
        {"kubernetes": {"nodes": {"instance_type": "c5.9xlarge"}}, "package_manager": {"replicas": 2}},
    ],
    "database": [
        {"database": {"instance_class": "db.t3.medium", "multi_az": False}, "package_manager": {"database_connections": 20}},
        {"database": {"instance_class": "db.r6g.large", "engine_version": "16"}, "package_manager": {"database_connections": 90}},
    ],
    "storage": [{"storage": {"bucket": "1e3-packages"}}, {"storage": {"bucket": "111122223333", "kms": KEY}}],
    "front": [
        {"load_balancer": {"domain": DOMAIN}},
        {"load_balancer": {"domain": DOMAIN, "certificate": CERTIFICATE}},
        {"load_balancer": {"node_port": 30000}},
        {"load_balancer": {"node_port": 32767, "idle_timeout_seconds": 4000, "allow_from": ["10.0.0.0/8", "192.0.2.0/24"]}},
        {"load_balancer": {"targets": "target_group_binding"}},
        {"load_balancer": {"targets": "target_group_binding", "domain": DOMAIN, "certificate": CERTIFICATE, "scheme": "internal"}},
        {"load_balancer": {"targets": "ingress", "domain": DOMAIN}},
        {"load_balancer": {"targets": "ingress", "domain": DOMAIN, "certificate": CERTIFICATE, "idle_timeout_seconds": 60}},
        {"load_balancer": {"targets": "ingress", "domain": "p.example.com", "scheme": "internal", "allow_from": ["10.0.0.0/8"]}},
    ],
    "names": [
        {"package_manager": {"namespace": "1a", "release": "a"}},
        {"package_manager": {"namespace": "x1e3", "release": "on-1"}},
        {"package_manager": {"namespace": "n" * 63, "release": "r" * 53}},
        {"package_manager": {"namespace": "2026-01-01", "release": "rstudio-pm"}},
        {"package_manager": {"namespace": "default", "release": "package-manager"}},
    ],
    "license": [
        {"package_manager": {"license": {"secret": "1.5.x", "key": "1e3"}}},
        {"package_manager": {"license": {"secret": "a.b-c.d", "key": "_odd-key.LIC"}}},
        {"package_manager": {"license": {"server": "licenses.example.com:8989"}}},
    ],
    "image": [{"package_manager": {"image": IMAGE}}, {"package_manager": {"image": {"repository": "ppm", "tag": "08"}}}],
    "shared storage": [
        {"package_manager": {"shared_storage": SHARED}},
        {"package_manager": {"shared_storage": {**SHARED, "access_point": "fsap-0123456789abcdef0", "path": "/mnt/ppm.1"}}},
    ],
    "offline data": [
        {"package_manager": {"offline_data": OFFLINE}},
        {"package_manager": {"offline_data": {**OFFLINE, "access_point": "fsap-11111111", "path": "/srv/in"}}},
    ],
    "usage data": [{"package_manager": {"usage_data": "database"}}, {"package_manager": {"usage_data": "schema"}}],
    "secrets": [{"package_manager": {"secrets": "external_secrets"}}, {"package_manager": {"secrets": "csi"}}],
    "settings": [
        settings({"Git": {"PollInterval": "10m", "BuildRetries": 3, "AllowUnsandboxedGitBuilds": False}}),
        settings({"Server": {"RVersion": ["/opt/R/4.5.1", "/opt/R/4;4"], "AccessLog": "/var/log/a b.log"}}),
        settings({'S3Storage "cache"': {"Bucket": "other", "Prefix": "a/b#c"}, 'Deep "a\\"b"': {"X": "y"}}),
        settings({"Odd": {f"X{n}": text for n, text in enumerate(AWKWARD)}}),
        settings({"Odd": {"List": AWKWARD[:20]}, "N": {"On": True, "Y": "no"}, "git": {"x-y": "z"}}),
        settings({"HTTP": {"ReadTimeout": "30s"}, "Postgres": {"ConnMaxLifetime": "1h"}, "Metrics": {"Prefix": "a"}}),
    ],
}
# Versions of Kubernetes a declaration may ask for are found out by asking the program.
MINORS = range(20, 50)
COMBINED = 30


def merged(*parts):
    """Fragments laid over each other."""
    out = {}
    for part in parts:
        for key, value in part.items():
            if isinstance(value, dict) and isinstance(out.get(key), dict):
                out[key] = merged(out[key], value)
            else:
                out[key] = copy.deepcopy(value)
    return out


def text(declaration):
    """The declaration as a file: JSON, which is YAML."""
    return json.dumps(declaration, indent=1, ensure_ascii=False) + "\n"


def fits(parts):
    """Whether the program must accept these together: what it refuses for good reasons is not put together."""
    whole = merged(*parts)
    front, network = whole.get("load_balancer", {}), whole.get("network", {})
    manager, region = whole.get("package_manager", {}), whole["region"]
    private = network.get("connectivity") == "air_gapped" or ("existing" in network and "public_subnets" not in network["existing"])
    if private and front.get("scheme", "internet_facing") != "internal":
        # An air-gapped network makes it internal by itself, unless something else is said.
        if "existing" in network or "scheme" in front:
            return False
    arns = [front.get("certificate", ""), whole.get("storage", {}).get("kms", "")]
    if any(arn and arn.split(":")[3] != region for arn in arns):
        return False
    small = whole.get("database", {}).get("instance_class") in ("db.t3.medium", "db.r6g.large")
    return not (small and ("usage_data" in manager or manager.get("replicas", 3) > 3))


def every(seed):
    """Name and declaration of everything that is tried."""
    yield "the least", BASE
    for group, answers in GROUPS.items():
        for number, answer in enumerate(answers, 1):
            yield f"{group} {number}", merged(BASE, answer)
    chance = random.Random(seed)
    made = 0
    while made < COMBINED:
        parts = [BASE] + [chance.choice(answers) for answers in GROUPS.values() if chance.random() < 0.7]
        if fits(parts):
            made += 1
            yield f"together {made}", merged(*parts)
