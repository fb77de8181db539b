"""Ordered faults, the log, settings, inventory, mutations."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from botocore.exceptions import ConnectionClosedError
from landscape import Platform, code_of
from scene import refused

FAULTS = "/strict/faults"
HERE = Path(__file__).resolve().parent.parent


def order(emulator, service, operation, kind, **more):
    wanted = {"service": service, "operation": operation, "kind": kind, **more}
    return emulator.control(FAULTS, wanted)


# ---- faults


@pytest.mark.parametrize(
    ("service", "operation", "call", "code", "status"),
    [
        ("ec2", "DescribeVpcs", "describe_vpcs", "RequestLimitExceeded", 503),
        ("iam", "ListRoles", "list_roles", "Throttling", 400),
        ("sts", "GetCallerIdentity", "get_caller_identity", "Throttling", 400),
        ("rds", "DescribeDBInstances", "describe_db_instances", "Throttling", 400),
        (
            "elbv2",
            "DescribeLoadBalancers",
            "describe_load_balancers",
            "Throttling",
            400,
        ),
        ("eks", "ListClusters", "list_clusters", "ThrottlingException", 429),
        ("kms", "ListKeys", "list_keys", "ThrottlingException", 400),
        ("secretsmanager", "ListSecrets", "list_secrets", "ThrottlingException", 400),
        ("s3", "ListBuckets", "list_buckets", "SlowDown", 503),
    ],
)
def test_throttling_in_every_protocol(
    emulator, aws, service, operation, call, code, status
):
    wire = "elasticloadbalancing" if service == "elbv2" else service
    order(emulator, wire, operation, "throttle", count=1)
    with pytest.raises(Exception) as caught:
        getattr(aws(service), call)()
    answer = caught.value.response
    assert answer["Error"]["Code"] == code
    assert answer["ResponseMetadata"]["HTTPStatusCode"] == status
    getattr(aws(service), call)()


@pytest.mark.parametrize(
    ("service", "operation", "call", "denied", "expired"),
    [
        (
            "ec2",
            "DescribeVpcs",
            "describe_vpcs",
            "UnauthorizedOperation",
            "RequestExpired",
        ),
        ("iam", "ListRoles", "list_roles", "AccessDenied", "ExpiredToken"),
        (
            "eks",
            "ListClusters",
            "list_clusters",
            "AccessDeniedException",
            "ExpiredTokenException",
        ),
        (
            "kms",
            "ListKeys",
            "list_keys",
            "AccessDeniedException",
            "ExpiredTokenException",
        ),
        ("s3", "ListBuckets", "list_buckets", "AccessDenied", "ExpiredToken"),
    ],
)
def test_denied_and_expired(emulator, aws, service, operation, call, denied, expired):
    order(emulator, service, operation, "denied", nth=1)
    order(emulator, service, operation, "expired_token", nth=2)
    for code in (denied, expired):
        with refused(code):
            getattr(aws(service), call)()
    getattr(aws(service), call)()


def test_which_calls_are_struck(emulator, aws):
    ec2 = aws("ec2")
    order(emulator, "ec2", "DescribeVpcs", "error500", nth=2)
    order(emulator, "ec2", "DescribeSubnets", "error503", every=2)
    order(emulator, "ec2", "DescribeAddresses", "throttle", count=2)
    codes = [code_of(ec2.describe_vpcs) for _ in range(3)]
    assert codes == ["", "InternalError", ""]
    codes = [code_of(ec2.describe_subnets) for _ in range(4)]
    assert codes == ["", "Unavailable", "", "Unavailable"]
    codes = [code_of(ec2.describe_addresses) for _ in range(3)]
    assert codes == ["RequestLimitExceeded", "RequestLimitExceeded", ""]
    struck = [rule["struck"] for rule in emulator.control(FAULTS)]
    assert struck == [1, 2, 2]
    emulator.control("/strict/faults/clear", {})
    assert emulator.control(FAULTS) == []


def test_by_resource_and_by_pattern(emulator, aws):
    s3 = aws("s3")
    order(emulator, "s3", "Create*", "denied", resource="forbidden")
    s3.create_bucket(Bucket="allowed")
    with refused("AccessDenied"):
        s3.create_bucket(Bucket="forbidden")


def test_a_code_of_ones_own(emulator, aws):
    order(
        emulator, "iam", "ListRoles", "code", code="ConcurrentModification", status=409
    )
    with refused("ConcurrentModification"):
        aws("iam").list_roles()


def test_lost_requests_and_lost_answers(emulator, aws):
    ec2 = aws("ec2")
    before = len(ec2.describe_vpcs()["Vpcs"])
    order(emulator, "ec2", "CreateVpc", "reset_before", nth=1)
    with pytest.raises(ConnectionClosedError):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert len(ec2.describe_vpcs()["Vpcs"]) == before
    order(emulator, "ec2", "CreateVpc", "reset_after", nth=1)
    with pytest.raises(ConnectionClosedError):
        ec2.create_vpc(CidrBlock="10.0.0.0/16")
    assert len(ec2.describe_vpcs()["Vpcs"]) == before + 1
    outcomes = [
        entry["outcome"]
        for entry in emulator.control("/strict/log")
        if entry["operation"] == "CreateVpc"
    ]
    assert outcomes == ["reset_before", "reset_after"]


def test_a_reader_lags_behind(emulator, aws):
    ec2 = aws("ec2")
    made = [ec2.create_vpc(CidrBlock=f"10.{n}.0.0/16")["Vpc"]["VpcId"] for n in (1, 2)]
    order(emulator, "ec2", "DescribeVpcs", "lag", nth=1)
    seen = [
        {vpc["VpcId"] for vpc in ec2.describe_vpcs(VpcIds=made)["Vpcs"]} for _ in (1, 2)
    ]
    assert len(seen[0]) == 1 and seen[0] < seen[1] == set(made)


def test_delays(emulator, aws):
    order(emulator, "ec2", "DescribeVpcs", "delay", seconds=0.3, nth=1)
    start = time.monotonic()
    aws("ec2").describe_vpcs()
    assert time.monotonic() - start >= 0.3


def test_what_began_before_a_reset_is_not_performed_after_it(emulator, aws):
    order(emulator, "ec2", "CreateVpc", "delay", seconds=1.0, nth=1)
    ec2, ended = aws("ec2"), []

    def late() -> None:
        with pytest.raises(ConnectionClosedError):
            ec2.create_vpc(CidrBlock="10.9.0.0/16")
        ended.append(True)

    thread = threading.Thread(target=late)
    thread.start()
    time.sleep(0.3)
    emulator.control("/strict/reset", {})
    thread.join()
    assert ended
    assert ec2.describe_vpcs(Filters=[{"Name": "cidr", "Values": ["10.9.0.0/16"]}])["Vpcs"] == []


def test_senseless_orders_are_refused(emulator):
    for wrong in ({"kind": "throttel"}, {"kind": "delay", "secs": 3}):
        with pytest.raises(urllib.error.HTTPError):
            emulator.control(FAULTS, wrong)


# ---- log


def test_the_log_and_its_summary(emulator, aws):
    aws("ec2").create_vpc(CidrBlock="10.0.0.0/16")
    aws("ec2").describe_vpcs()
    with refused("NoSuchEntity"):
        aws("iam").get_role(RoleName="nobody")
    entries = emulator.control("/strict/log")
    assert [entry["mutating"] for entry in entries] == [True, False, False]
    assert entries[0]["resource"].startswith("vpc-")
    assert entries[2]["outcome"] == "NoSuchEntity"
    summary = emulator.control("/strict/summary")
    assert (summary["total"], summary["mutating"], summary["reading"]) == (3, 1, 2)
    assert summary["calls"]["iam:GetRole"] == 1
    assert summary["errors"] == {"iam:GetRole:NoSuchEntity": 1}
    last = entries[-1]["index"]
    assert emulator.control(f"/strict/log?since={last + 1}") == []
    emulator.control("/strict/log/clear", {})
    aws("ec2").describe_vpcs()
    (entry,) = emulator.control("/strict/log")
    assert entry["index"] == last + 1


# ---- settings


def test_settings_survive_a_reset(emulator):
    emulator.control(
        "/strict/settings",
        {"scale": 60, "quotas": {"L-F678F1CE": 1}, "consistency": {"ec2": 7}},
    )
    emulator.control("/strict/reset", {})
    settings = emulator.control("/strict/settings")
    assert settings["scale"] == 60
    assert settings["quotas"] == {"L-F678F1CE": 1}
    changed = emulator.control("/strict/settings", {"quotas": {"L-F678F1CE": None}})
    assert changed["quotas"] == {}
    moved = emulator.control("/strict/settings", {"advance": 1000})
    assert moved["now"] >= settings["now"] + 1000
    with pytest.raises(urllib.error.HTTPError):
        emulator.control("/strict/settings", {"scael": 1})


# ---- inventory


def test_inventory_finds_what_is_there_and_nothing_after(emulator, aws):
    before = emulator.control("/strict/inventory")
    assert before == emulator.control("/strict/inventory")
    assert [each["id"] for each in before["objects"]["iam_role"]] == ["platform-admin"]
    s3, kms, secrets = aws("s3"), aws("kms"), aws("secretsmanager")
    s3.create_bucket(Bucket="one")
    key = kms.create_key()["KeyMetadata"]["KeyId"]
    kms.create_alias(AliasName="alias/one", TargetKeyId=key)
    secrets.create_secret(
        Name="one", SecretString="x", Tags=[{"Key": "a", "Value": "1"}]
    )
    after = emulator.control("/strict/inventory")
    for kind in ("bucket", "kms_key", "kms_alias", "secret"):
        assert after["counts"][kind] == 1, kind
    assert after["objects"]["secret"][0]["tags"] == {"a": "1"}
    s3.delete_bucket(Bucket="one")
    kms.delete_alias(AliasName="alias/one")
    kms.schedule_key_deletion(KeyId=key, PendingWindowInDays=7)
    secrets.delete_secret(SecretId="one")
    gone = emulator.control("/strict/inventory")
    assert gone["objects"] == before["objects"]
    assert set(gone["lingering"]) == {
        "kms_key_pending_deletion",
        "secret_pending_deletion",
    }


# ---- mutations


def mutate(emulator, kind, identifier, action, **more):
    wanted = {"kind": kind, "id": identifier, "action": action, **more}
    return emulator.control("/strict/mutate", wanted)


def test_what_eks_does_by_itself(emulator):
    platform = Platform(emulator)
    own = platform.active()["resourcesVpcConfig"]["clusterSecurityGroupId"]
    platform.addon("vpc-cni")
    platform.nodegroup()
    platform.group()
    mutate(emulator, "cluster", "one", "force_upgrade")
    assert platform.cluster()["version"] == "1.34"
    mutate(emulator, "nodegroup", "one/workers", "desired", value=4)
    assert platform.group()["scalingConfig"]["desiredSize"] == 4
    mutate(emulator, "nodegroup", "one/workers", "issue", code="AccessDenied")
    assert platform.group()["status"] == "DEGRADED"
    mutate(emulator, "nodegroup", "one/workers", "issue")
    assert platform.group()["status"] == "ACTIVE"
    mutate(emulator, "addon", "one/vpc-cni", "issue", code="ClusterUnreachable")
    assert platform.addon_status("vpc-cni") == "DEGRADED"
    made = mutate(emulator, "cluster", "one", "controller_rules")
    rules = platform.ec2.describe_security_group_rules(
        Filters=[{"Name": "group-id", "Values": [own]}]
    )["SecurityGroupRules"]
    found = {each["SecurityGroupRuleId"]: each for each in rules}
    assert "targetGroupBinding" in found[made["rules"][0]]["Description"]
    balancer = mutate(
        emulator, "cluster", "one", "controller_balancer", subnets=platform.public
    )["load_balancer"]
    tags = emulator.client("elbv2").describe_tags(ResourceArns=[balancer])
    assert tags["TagDescriptions"][0]["Tags"][0]["Key"] == "elbv2.k8s.aws/cluster"


def test_principals_are_rewritten(emulator, aws):
    role = aws("iam").get_role(RoleName="platform-admin")["Role"]["Arn"]
    policy = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": [role, "arn:aws:iam::123456789012:root"]},
                "Action": "kms:*",
                "Resource": "*",
            }
        ],
    }
    key = aws("kms").create_key(Policy=json.dumps(policy))["KeyMetadata"]["KeyId"]
    mutate(emulator, "kms_key", key, "principal_rewritten", principal=role)
    text = aws("kms").get_key_policy(KeyId=key, PolicyName="default")["Policy"]
    assert "AROA" in text and role not in text


def test_certificates_are_issued_on_order(emulator, aws):
    arn = aws("acm").request_certificate(DomainName="packages.example.com")[
        "CertificateArn"
    ]

    def found():
        return aws("acm").describe_certificate(CertificateArn=arn)["Certificate"]

    assert found()["Status"] == "PENDING_VALIDATION" and "NotAfter" not in found()
    mutate(emulator, "certificate", arn, "issue")
    assert found()["Status"] == "ISSUED"
    mutate(emulator, "certificate", arn, "ends", days=10)
    left = found()["NotAfter"] - datetime.now(UTC)
    assert timedelta(days=9) < left <= timedelta(days=10)
    mutate(emulator, "certificate", arn, "ends", days=-1)
    assert found()["Status"] == "EXPIRED"
    assert found()["RenewalEligibility"] == "INELIGIBLE"
    aws("acm").delete_certificate(CertificateArn=arn)


def test_senseless_mutations_are_refused(emulator):
    with pytest.raises(urllib.error.HTTPError):
        mutate(emulator, "cluster", "one", "explode")
    with pytest.raises(urllib.error.HTTPError):
        mutate(emulator, "cluster", "nobody", "force_upgrade")


# ---- the server


@pytest.mark.parametrize("sign", [signal.SIGINT, signal.SIGTERM])
def test_the_server_says_ready_and_leaves_quietly(sign):
    server = subprocess.Popen(
        [sys.executable, "-m", "strict", "--port", "0", "--scale", "60", "--quiet"],
        env={**os.environ, "PYTHONPATH": str(HERE)},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = server.stdout.readline()
        found = re.fullmatch(r"ready (http://127\.0\.0\.1:\d+) scale 60\n", line)
        assert found, line
        with urllib.request.urlopen(found.group(1) + "/strict/health") as answer:
            assert json.loads(answer.read())["ok"]
        server.send_signal(sign)
        assert server.wait(5) == 0
    finally:
        server.kill()
        server.stdout.close()
