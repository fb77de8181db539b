"""What happens beside ppm-infra in the demo: the account's own things, somebody
who meddles, and checks of what was printed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

# What `meddle` moves: address, field, the value declared, the value set.
MOVED = [
    ("database.main", "backup_days", 7, 1),
    ("subnet.public-a", "tags.kubernetes.io/role/elb", "1", None),
]
OPENED = ("security_group.load-balancer", "ingress", "198.51.100.0/24")


def control(path: str, order: Any = None) -> Any:
    """Ask the emulator, or order something of it."""
    url = os.environ["AWS_ENDPOINT_URL"] + path
    data = None if order is None else json.dumps(order).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data=data)) as answer:
        return json.loads(answer.read())


def client(service: str) -> Any:
    """A client of somebody else in the same account."""
    import boto3

    return boto3.client(
        service,
        endpoint_url=os.environ["AWS_ENDPOINT_URL"],
        region_name="us-east-1",
        aws_access_key_id="USERcasey",
        aws_secret_access_key="demo",
    )


def built(messages: str) -> None:
    """Print where cargo put the program."""
    for line in Path(messages).read_text().splitlines():
        message = json.loads(line)
        if message.get("executable") and message["target"]["name"] == "ppm-infra":
            print(message["executable"])


def certificate(domain: str) -> None:
    """Have a certificate, as a company has one, and print its ARN."""
    acm = client("acm")
    arn = acm.request_certificate(DomainName=domain, ValidationMethod="DNS")
    arn = arn["CertificateArn"]
    control("/strict/mutate", {"kind": "certificate", "id": arn, "action": "issue"})
    print(arn)


def inventory(path: str) -> None:
    """Write down everything that exists, without what nobody can remove at once."""
    found = control("/strict/inventory")
    del found["lingering"]
    Path(path).write_text(json.dumps(found, indent=1, sort_keys=True) + "\n")


def number(which: str, path: str) -> None:
    """Print a number out of what `inventory` or `calls` wrote."""
    print(json.loads(Path(path).read_text())[which])


def same(before: str, after: str) -> None:
    """Fail, and tell the difference, unless two inventories are equal."""
    one, other = (json.loads(Path(path).read_text())["objects"] for path in (before, after))
    ids = [
        {(kind, entry["id"]): entry for kind, entries in side.items() for entry in entries}
        for side in (one, other)
    ]
    for key in sorted(ids[0].keys() | ids[1].keys()):
        if ids[0].get(key) != ids[1].get(key):
            print(f"before {ids[0].get(key)}\nafter  {ids[1].get(key)}", file=sys.stderr)
    if one != other:
        sys.exit(1)


def forget() -> None:
    """Count calls from now on."""
    control("/strict/log/clear", {})


def calls(path: str) -> None:
    """Write down how many calls there were since `forget`, by operation."""
    found = control("/strict/summary")
    Path(path).write_text(json.dumps(found, indent=1) + "\n")


def far(seconds: str) -> None:
    """Have every call take so long on its way."""
    control("/strict/faults", {"kind": "delay", "seconds": float(seconds)})


def near() -> None:
    """Have no call take long any more."""
    control("/strict/faults/clear", {})


def seconds(*arguments: str) -> None:
    """Print how long the program takes, to a tenth; fail unless it ends with 0."""
    began = time.monotonic()
    subprocess.run(["ppm-infra", *arguments], check=True, stdout=subprocess.DEVNULL)
    print(f"{time.monotonic() - began:.1f}")


def judged() -> None:
    """Print how many requests AWS's service models judged; fail if one did not fit."""
    found = control("/strict/violations")
    if found:
        sys.exit(f"AWS's service models do not allow these requests: {found}")
    told = control("/strict/judged")
    print(f"{told['judged']} requests of {len(told['operations'])} operations")


def parses(path: str) -> None:
    """Fail unless a file holds one JSON document, or one on every line."""
    text = Path(path).read_text()
    try:
        json.loads(text)
    except ValueError:
        for number, line in enumerate(text.splitlines(), 1):
            try:
                json.loads(line)
            except ValueError as error:
                sys.exit(f"{path}:{number}: {error}: {line[:200]}")
    if not text.strip():
        sys.exit(f"{path} is empty")


def meddle() -> None:
    """Change three things in the stack as somebody with a console would."""
    address, field, _, value = MOVED[0]
    print("\nCasey lowers the days that database backups are kept,")
    rds = client("rds")
    rds.modify_db_instance(
        DBInstanceIdentifier="ppm-demo-database",
        BackupRetentionPeriod=value,
        ApplyImmediately=True,
    )
    while True:
        time.sleep(0.2)
        found = rds.describe_db_instances(DBInstanceIdentifier="ppm-demo-database")
        database = found["DBInstances"][0]
        settled = database["DBInstanceStatus"] == "available"
        if settled and database["BackupRetentionPeriod"] == value:
            break
    print(f"opens port 22 of the load balancer to {OPENED[2]},")
    ec2 = client("ec2")
    mine = {"Name": "tag:ppm-infra:stack", "Values": ["ppm-demo"]}
    at: Callable[[str], dict[str, Any]] = lambda address: {
        "Name": "tag:ppm-infra:address",
        "Values": [address],
    }
    group = ec2.describe_security_groups(Filters=[mine, at(OPENED[0])])
    ec2.authorize_security_group_ingress(
        GroupId=group["SecurityGroups"][0]["GroupId"],
        IpPermissions=[
            {
                "IpProtocol": "tcp",
                "FromPort": 22,
                "ToPort": 22,
                "IpRanges": [{"CidrIp": OPENED[2]}],
            }
        ],
    )
    print("and deletes a tag of a subnet by which Kubernetes finds it.")
    address, field, _, _ = MOVED[1]
    subnet = ec2.describe_subnets(Filters=[mine, at(address)])["Subnets"][0]
    ec2.delete_tags(
        Resources=[subnet["SubnetId"]], Tags=[{"Key": field.removeprefix("tags.")}]
    )


def value(shown: Any) -> Any:
    """A value as drift tells it: the value itself, or nothing."""
    return shown["value"] if isinstance(shown, dict) and "value" in shown else None if shown == "nothing" else shown


def expect_drift(path: str) -> None:
    """Fail unless the drift told is what was moved, field by field, and no more."""
    told = json.loads(Path(path).read_text().splitlines()[-1])
    found = {
        (drift["address"], field["path"]): (value(field["before"]), value(field["after"]))
        for drift in told["drift"]
        for field in drift["fields"]
    }
    for address, field, before, after in MOVED:
        if found.pop((address, field), None) != (before, after):
            sys.exit(f"{address} {field} is not told right: {told['drift']}")
    before, after = found.pop(OPENED[:2], (None, None))
    if OPENED[2] in json.dumps(before) or OPENED[2] not in json.dumps(after):
        sys.exit(f"{OPENED[0]} is not told right: {told['drift']}")
    if found:
        sys.exit(f"drift tells more than was moved: {found}")


DOINGS: dict[str, Callable[..., None]] = {
    "built": built,
    "calls": calls,
    "certificate": certificate,
    "expect-drift": expect_drift,
    "far": far,
    "forget": forget,
    "inventory": inventory,
    "json": parses,
    "judged": judged,
    "meddle": meddle,
    "near": near,
    "number": number,
    "same": same,
    "seconds": seconds,
}

if __name__ == "__main__":
    DOINGS[sys.argv[1]](*sys.argv[2:])
