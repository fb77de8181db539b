"""Everything that exists, in a form two dumps of which can be compared.

Objects the account has from the start (the default VPC and what is in it, the
caller's role) are listed like any other: they are the same before and after.
What AWS itself keeps hidden or brings into being on its own account (default
parameter groups, keys behind ``alias/aws/...``, service-linked roles) is not.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from .core import DEFAULT_ACCOUNT, DEFAULT_REGION, World
from .eks_model import books

Entry = dict[str, Any]
SERVICE_ROLES = "/aws-service-role/"


def dump(
    world: World, region: str = DEFAULT_REGION, account: str = DEFAULT_ACCOUNT
) -> dict[str, Any]:
    """All live objects by kind, sorted, and how many of each.

    ``lingering`` holds what no destroy can remove at once: keys and secrets
    waiting for their deletion, log groups that outlive their cluster.
    """
    objects: dict[str, list[Entry]] = {}
    for kind, entry in live(world, region, account):
        objects.setdefault(kind, []).append(entry)
    lingering: dict[str, list[Entry]] = {}
    for kind, entry in leftover(world, region, account):
        lingering.setdefault(kind, []).append(entry)
    objects = {kind: in_order(entries) for kind, entries in sorted(objects.items())}
    return {
        "total": sum(map(len, objects.values())),
        "counts": {kind: len(entries) for kind, entries in objects.items()},
        "objects": objects,
        "lingering": {
            kind: in_order(entries) for kind, entries in sorted(lingering.items())
        },
    }


def in_order(entries: list[Entry]) -> list[Entry]:
    """Sorted by id."""
    return sorted(entries, key=lambda entry: str(entry["id"]))


def live(world: World, region: str, account: str) -> Iterator[tuple[str, Entry]]:
    """Every live object and its kind."""
    yield from network(world.moto("ec2", region, account))
    yield from machines(world.moto("ec2", region, account))
    yield from identities(world.moto("iam", account=account), account)
    yield from keys(world, region, account)
    yield from stores(world, region, account)
    yield from databases(world.moto("rds", region, account))
    yield from clusters(world, region, account)
    yield from balancers(world.moto("elasticloadbalancing", region, account))
    for group in world.moto("autoscaling", region, account).autoscaling_groups.values():
        yield (
            "auto_scaling_group",
            {
                "id": group.name,
                "tags": {tag["Key"]: tag.get("Value", "") for tag in group.tags},
                "target_groups": sorted(group.target_group_arns),
            },
        )


def pairs(tags: Any) -> dict[str, str]:
    """Tags of whatever form as a dict."""
    if not tags:
        return {}
    if isinstance(tags, dict):
        return {str(key): str(value) for key, value in sorted(tags.items())}
    found = {}
    for tag in tags:
        key = tag.get("Key") or tag.get("key") or tag.get("TagKey")
        value = tag.get("Value", tag.get("value", tag.get("TagValue", "")))
        found[str(key)] = str(value)
    return dict(sorted(found.items()))


def network(ec2: Any) -> Iterator[tuple[str, Entry]]:
    """The VPC family."""

    def entry(identifier: str, **more: Any) -> Entry:
        return {"id": identifier, "tags": pairs(ec2.tags.get(identifier)), **more}

    for vpc in ec2.vpcs.values():
        yield "vpc", entry(vpc.id, cidr=vpc.cidr_block)
    for zone in ec2.subnets.values():
        for subnet in zone.values():
            yield "subnet", entry(subnet.id, vpc=subnet.vpc_id, cidr=subnet.cidr_block)
    for gateway in ec2.internet_gateways.values():
        yield "internet_gateway", entry(gateway.id)
    for address in ec2.addresses:
        yield "elastic_ip", entry(address.allocation_id or address.public_ip)
    for nat in ec2.nat_gateways.values():
        if nat.state not in ("deleted", "failed"):
            yield "nat_gateway", entry(nat.id)
    for table in ec2.route_tables.values():
        routes = sorted(
            f"{route.destination_cidr_block or route.destination_prefix_list}"
            for route in table.routes
            if not route.local and route.destination_cidr_block
        )
        yield "route_table", entry(table.id, vpc=table.vpc_id, routes=routes)
    for endpoint in ec2.vpc_end_points.values():
        if str(getattr(endpoint, "state", "")).lower() not in ("deleted", "failed"):
            yield "vpc_endpoint", entry(endpoint.id)
    for groups in ec2.groups.values():
        for group in groups.values():
            rules = len(group.ingress_rules) + len(group.egress_rules)
            yield (
                "security_group",
                entry(group.id, vpc=group.vpc_id, name=group.name, rules=rules),
            )
    for eni in ec2.enis.values():
        yield "network_interface", entry(eni.id, description=eni.description)


def machines(ec2: Any) -> Iterator[tuple[str, Entry]]:
    """Instances, their disks and their templates."""
    for instance in ec2.all_instances():
        if instance.state != "terminated":
            yield "instance", {"id": instance.id, "type": instance.instance_type}
    for volume in ec2.volumes.values():
        yield "volume", {"id": volume.id}
    for template in ec2.launch_templates.values():
        yield "launch_template", {"id": template.id, "name": template.name}


def identities(iam: Any, account: str) -> Iterator[tuple[str, Entry]]:
    """Roles, customer policies, OIDC providers, instance profiles."""
    for role in iam.roles.values():
        if not role.path.startswith(SERVICE_ROLES):
            yield (
                "iam_role",
                {
                    "id": role.name,
                    "tags": pairs(role.tags),
                    "policies": sorted(role.managed_policies),
                    "inline": sorted(role.policies),
                },
            )
    for arn, policy in iam.managed_policies.items():
        if f"::{account}:" in arn:
            yield "iam_policy", {"id": arn, "tags": pairs(policy.tags)}
    for arn, provider in iam.open_id_providers.items():
        yield "oidc_provider", {"id": arn, "tags": pairs(provider.tags)}
    for profile in iam.instance_profiles.values():
        yield "instance_profile", {"id": profile.name}


def own_keys(world: World, region: str, account: str) -> Iterator[Any]:
    """Customer keys: those that are not behind one of AWS's aliases."""
    for key in world.moto("kms", region, account).keys.values():
        reserved = any(name.startswith("alias/aws/") for name in key.aliases)
        if not reserved and getattr(key, "key_manager", "CUSTOMER") != "AWS":
            yield key


def keys(world: World, region: str, account: str) -> Iterator[tuple[str, Entry]]:
    """KMS keys that are not about to be deleted, and every alias."""
    backend = world.moto("kms", region, account)
    for key in own_keys(world, region, account):
        if key.key_state != "PendingDeletion":
            tags = backend.tagger.get_tag_dict_for_resource(key.id)
            yield "kms_key", {"id": key.id, "tags": pairs(tags)}
        for name in key.aliases:
            yield "kms_alias", {"id": name, "key": key.id}


def stores(world: World, region: str, account: str) -> Iterator[tuple[str, Entry]]:
    """Buckets and secrets."""
    s3 = world.moto("s3", account=account)
    for bucket in s3.buckets.values():
        tags = pairs(s3.tagger.get_tag_dict_for_resource(bucket.arn))
        yield "bucket", {"id": bucket.name, "tags": tags}
    for secret in dict.values(world.moto("secretsmanager", region, account).secrets):
        if not secret.deleted_date:
            yield "secret", {"id": secret.name, "tags": pairs(secret.tags)}


def databases(rds: Any) -> Iterator[tuple[str, Entry]]:
    """Instances, groups and snapshots."""
    for database in rds.databases.values():
        yield (
            "db_instance",
            {"id": database.db_instance_identifier, "tags": pairs(database.tags)},
        )
    for name, group in rds.subnet_groups.items():
        yield "db_subnet_group", {"id": name.lower(), "tags": pairs(group.tags)}
    for name, group in rds.db_parameter_groups.items():
        if not name.startswith("default."):
            yield "db_parameter_group", {"id": name.lower(), "tags": pairs(group.tags)}
    for name in rds.database_snapshots:
        yield "db_snapshot", {"id": name.lower()}


def clusters(world: World, region: str, account: str) -> Iterator[tuple[str, Entry]]:
    """Clusters and their parts."""
    for cluster in books(world).of(account, region):
        yield "cluster", {"id": cluster.name, "tags": pairs(cluster.tags)}
        for kind, things in (
            ("nodegroup", cluster.nodegroups),
            ("addon", cluster.addons),
            ("access_entry", cluster.access),
        ):
            for name, thing in things.items():
                yield (
                    kind,
                    {"id": f"{cluster.name}/{name}", "tags": pairs(thing.tags)},
                )


def balancers(elbv2: Any) -> Iterator[tuple[str, Entry]]:
    """Load balancers, listeners, target groups."""

    def tags(arn: str) -> dict[str, str]:
        return pairs(elbv2.tagging_service.get_tag_dict_for_resource(arn))

    for arn, balancer in elbv2.load_balancers.items():
        yield "load_balancer", {"id": arn, "tags": tags(arn)}
        for listener in balancer.listeners:
            yield "listener", {"id": listener, "tags": tags(listener)}
    for arn, group in elbv2.target_groups.items():
        yield (
            "target_group",
            {"id": arn, "tags": tags(arn), "targets": sorted(map(str, group.targets))},
        )


def leftover(world: World, region: str, account: str) -> Iterator[tuple[str, Entry]]:
    """What stays for a while, or for good, after a destroy that went well."""
    for key in own_keys(world, region, account):
        if key.key_state == "PendingDeletion":
            yield "kms_key_pending_deletion", {"id": key.id}
    for secret in dict.values(world.moto("secretsmanager", region, account).secrets):
        if secret.deleted_date:
            yield "secret_pending_deletion", {"id": secret.name}
    for name in world.moto("logs", region, account).groups:
        yield "log_group", {"id": name}
