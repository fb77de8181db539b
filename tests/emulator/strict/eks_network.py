"""What EKS does in the VPC, and what it needs there."""

from __future__ import annotations

from ipaddress import IPv4Network, ip_address, ip_network
from typing import Any

from .core import Call, Refusal, World
from .ec2_common import find
from .ec2_interfaces import place_interface, remove_interface
from .eks_model import Cluster, books, invalid
from .eks_roles import CLUSTER_POLICY, find_role, policies_of

BAD_ZONES = {"use1-az3", "usw1-az2", "cac1-az3"}  # EKS has no control plane there
MIN_ADDRESSES = 6


def check_subnets(
    call: Call, world: World, subnet_ids: list[str], cluster: str
) -> tuple[str, list[Any]]:
    """The VPC and the subnets of a cluster: two zones, one VPC, room enough."""
    backend = world.moto("ec2", call.region, call.account)
    if not subnet_ids:
        raise invalid("subnets can't be empty", clusterName=cluster)
    subnets = []
    for identifier in subnet_ids:
        subnet = find(backend, identifier) if identifier.startswith("subnet-") else None
        if subnet is None:
            raise invalid(
                f"The subnet ID '{identifier}' does not exist (Service: AmazonEC2; "
                "Status Code: 400; Error Code: InvalidSubnetID.NotFound)",
                clusterName=cluster,
            )
        subnets.append(subnet)
    if len({subnet.vpc_id for subnet in subnets}) > 1:
        raise invalid("Subnets specified must belong to the same VPC")
    bad = [each for each in subnets if each.availability_zone_id in BAD_ZONES]
    if bad:
        raise Refusal(
            "UnsupportedAvailabilityZoneException",
            f"Cannot create cluster '{cluster}' because {bad[0].availability_zone}, "
            "the targeted Availability Zone, does not currently have sufficient "
            "capacity to support the cluster. Retry and choose from these "
            f"Availability Zones: {', '.join(good_zones(backend))}",
            400,
            clusterName=cluster,
            validZones=good_zones(backend),
        )
    if len({subnet.availability_zone for subnet in subnets}) < 2:
        raise invalid("Subnets specified must be in at least two different AZs")
    for subnet in subnets:
        if free_addresses(backend, subnet) < MIN_ADDRESSES:
            raise invalid(
                f"Subnet {subnet.id} does not have at least {MIN_ADDRESSES} free "
                "IP addresses",
                clusterName=cluster,
            )
    return subnets[0].vpc_id, subnets


def good_zones(backend: Any) -> list[str]:
    """Zones of the region where EKS has control planes."""
    return sorted(
        zone.name
        for zone in backend.describe_availability_zones()
        if zone.zone_id not in BAD_ZONES
    )


def free_addresses(backend: Any, subnet: Any) -> int:
    """Addresses left in a subnet; AWS keeps five."""
    network = ip_network(subnet.cidr_block, strict=False)
    used = sum(
        len(eni.private_ip_addresses) or 1
        for eni in backend.enis.values()
        if eni.subnet_id == subnet.id
    )
    return network.num_addresses - 5 - used


def check_groups(call: Call, world: World, groups: list[str], vpc: str) -> None:
    """At most five security groups, all in the cluster's VPC."""
    if len(groups) > 5:
        raise invalid("At most 5 security groups can be specified")
    backend = world.moto("ec2", call.region, call.account)
    for identifier in groups:
        group = backend.get_security_group_from_id(identifier)
        if group is None:
            raise invalid(
                f"The security group ID '{identifier}' does not exist (Service: "
                "AmazonEC2; Status Code: 400; Error Code: InvalidGroup.NotFound)"
            )
        if group.vpc_id != vpc:
            raise invalid(
                f"Security group {identifier} does not belong to the VPC {vpc}"
            )


def check_service_cidr(world: World, call: Call, cidr: str, vpc: str) -> None:
    """Private, /12 to /24, and apart from the VPC."""
    try:
        network = IPv4Network(cidr)
    except ValueError:
        raise invalid(f"serviceIpv4Cidr {cidr} is not a valid CIDR block") from None
    private = [
        IPv4Network(each) for each in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
    ]
    if not any(network.subnet_of(each) for each in private):
        raise invalid(f"serviceIpv4Cidr {cidr} must be within a private range")
    if not 12 <= network.prefixlen <= 24:
        raise invalid("serviceIpv4Cidr must be between /24 and /12")
    block = IPv4Network(
        world.moto("ec2", call.region, call.account).vpcs[vpc].cidr_block
    )
    if network.overlaps(block):
        raise invalid(
            f"serviceIpv4Cidr {cidr} overlaps with the CIDR block of the VPC {block}"
        )


def default_service_cidr(world: World, call: Call, vpc: str) -> str:
    """10.100.0.0/16, or 172.20.0.0/16 where the VPC is within 10.0.0.0/8."""
    block = IPv4Network(
        world.moto("ec2", call.region, call.account).vpcs[vpc].cidr_block
    )
    inside_ten = block.subnet_of(IPv4Network("10.0.0.0/8"))
    return "172.20.0.0/16" if inside_ten else "10.100.0.0/16"


# --------------------------------------------------------------------------
# The cluster's own objects


def build(world: World, cluster: Cluster) -> None:
    """The cluster security group and the control plane's interfaces."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    records = books(world)
    records.group_serial += 7919
    group = backend.create_security_group(
        f"eks-cluster-sg-{cluster.name}-{records.group_serial}",
        "EKS created security group applied to ENI that is attached to EKS Control "
        "Plane master nodes, as well as any managed workloads.",
        vpc_id=cluster.vpc,
        tags=group_tags(cluster, records.group_serial),
    )
    cluster.own_group = group.id
    add_self_rule(backend, group)
    place_interfaces(world, cluster)


def group_tags(cluster: Cluster, serial: int) -> dict[str, str]:
    """Tags on the cluster security group."""
    return {
        "Name": f"eks-cluster-sg-{cluster.name}-{serial}",
        f"kubernetes.io/cluster/{cluster.name}": "owned",
        "aws:eks:cluster-name": cluster.name,
    }


def add_self_rule(backend: Any, group: Any) -> None:
    """Everything between the members of the group."""
    backend.authorize_security_group_ingress(
        group.id,
        "-1",
        None,
        None,
        [],
        source_groups=[{"GroupId": group.id}],
        vpc_id=group.vpc_id,
    )


def has_self_rule(backend: Any, identifier: str) -> bool:
    """Whether members of the cluster security group can talk to each other."""
    group = backend.get_security_group_from_id(identifier)
    return group is not None and any(
        rule.ip_protocol == "-1"
        and (rule.source_group or {}).get("GroupId") == identifier
        for rule in group.ingress_rules
    )


def restore_group(world: World, cluster: Cluster) -> None:
    """EKS puts the self rule and its tags back at every update of the cluster."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    group = backend.get_security_group_from_id(cluster.own_group)
    if group is None:
        return
    if not has_self_rule(backend, group.id):
        add_self_rule(backend, group)
    serial = int(group.name.rsplit("-", 1)[-1])
    group.add_tags(group_tags(cluster, serial))


def place_interfaces(world: World, cluster: Cluster) -> None:
    """Up to four interfaces "Amazon EKS <name>", one per subnet."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    cluster.interfaces = [
        place_interface(
            backend,
            identifier,
            description=f"Amazon EKS {cluster.name}",
            requester="amazon-eks",
            groups=[cluster.own_group, *cluster.security_groups],
        ).id
        for identifier in cluster.subnets[:4]
    ]


def move_interfaces(world: World, cluster: Cluster) -> None:
    """New subnets or security groups mean new interfaces."""
    backend = world.moto("ec2", cluster.region, cluster.account)
    for identifier in cluster.interfaces:
        remove_interface(backend, identifier)
    place_interfaces(world, cluster)


def tear_down(world: World, cluster: Cluster) -> None:
    """Remove the interfaces, then the security group.

    Without its role EKS can do neither, and a group that is still used or
    referenced by another one is given up silently: both stay as orphans.
    """
    role = find_role(world, cluster.role, cluster.account)
    if role is None or CLUSTER_POLICY not in policies_of(role):
        return
    backend = world.moto("ec2", cluster.region, cluster.account)
    for identifier in cluster.interfaces:
        remove_interface(backend, identifier)
    cluster.interfaces = []
    if backend.get_security_group_from_id(cluster.own_group) is None:
        return
    if not group_is_used(backend, cluster.own_group):
        backend.delete_security_group(group_id=cluster.own_group)
        backend.tags.pop(cluster.own_group, None)


def group_is_used(backend: Any, identifier: str) -> bool:
    """Whether an interface carries a group or another group's rule names it."""
    for eni in backend.enis.values():
        if any(group.id == identifier for group in eni.group_set):
            return True
    for groups in backend.groups.values():
        for group in groups.values():
            if group.id == identifier:
                continue
            for rule in (*group.ingress_rules, *group.egress_rules):
                if (rule.source_group or {}).get("GroupId") == identifier:
                    return True
    return False


# --------------------------------------------------------------------------
# Ways out of a subnet


def route_table_of(backend: Any, subnet: Any) -> Any:
    """The table a subnet uses: its own association, or the VPC's main one."""
    main = None
    for table in backend.route_tables.values():
        if subnet.id in table._associations.values():
            return table
        if table.vpc_id == subnet.vpc_id and table.main_association_id:
            main = table
    return main


def way_out(backend: Any, subnet: Any) -> tuple[str, str]:
    """How nodes of a subnet reach the world: ("nat", public address),
    ("public", ""), ("unnumbered", "") for a public subnet without addresses,
    or ("", "") for not at all."""
    table = route_table_of(backend, subnet)
    if table is None:
        return "", ""
    for route in table.routes:
        if route.destination_cidr_block != "0.0.0.0/0":
            continue
        if route.nat_gateway is not None:
            nat = backend.nat_gateways.get(route.nat_gateway.id)
            if nat is None or nat.state != "available":
                return "", ""
            shown = nat.address_set[0] if nat.address_set else {}
            address = str(shown.get("PublicIp") or shown.get("publicIp") or "")
            return "nat", address
        if route.gateway is not None:
            numbered = str(subnet.map_public_ip_on_launch).lower() == "true"
            return ("public" if numbered else "unnumbered"), ""
    return "", ""


def api_reachable(cluster: Cluster, address: str) -> bool:
    """Whether nodes leaving by that public address reach the API endpoint."""
    if cluster.private:
        return True
    if not address:
        return "0.0.0.0/0" in cluster.public_cidrs
    return any(ip_address(address) in ip_network(each) for each in cluster.public_cidrs)
