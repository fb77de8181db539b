"""Network interfaces that services place into subnets, and keep to themselves.

They are what everybody trips over when deleting: requester-managed, not ours
to detach or delete, and alive for a while after their owner is gone.
"""

from __future__ import annotations

import ipaddress
from typing import Any

from moto.core.utils import utcnow
from moto.ec2.models.elastic_network_interfaces import NetworkInterface
from moto.ec2.utils import random_public_ip

from .core import Call, Refusal, World, before
from .ec2_common import need


class ManagedInterface(NetworkInterface):
    """An interface in use by a service; moto only knows those of instances."""

    owner_of_address = ""
    attached_id = ""

    @property
    def network_interface_id(self) -> str:
        """The id under the name the answer uses."""
        return self.id

    @property
    def attachment(self) -> Any:
        """Attached by the service, out of the account's reach."""
        return {
            "AttachmentId": self.attached_id,
            "InstanceOwnerId": self.requester_id,
            "DeviceIndex": 1,
            "Status": "attached",
            "AttachTime": self.attach_time,
            "DeleteOnTermination": False,
        }

    @property
    def association(self) -> Any:
        """The public address; its owner is the service unless it is an EIP."""
        shown = super().association
        if shown and self.owner_of_address:
            shown["ipOwnerId"] = self.owner_of_address
        return shown

    def get_filter_value(self, filter_name: str, method_name: str | None = None) -> Any:
        if filter_name == "attachment.status":
            return "attached"
        if filter_name == "attachment.attachment-id":
            return self.attached_id
        return super().get_filter_value(filter_name, method_name)


def free_address(backend: Any, subnet: Any) -> str:
    """The next unused address of a subnet; AWS keeps the first four."""
    taken = {
        eni.private_ip_address
        for eni in backend.enis.values()
        if eni.subnet_id == subnet.id
    }
    network = ipaddress.ip_network(subnet.cidr_block, strict=False)
    for offset in range(4, network.num_addresses - 1):
        address = str(network[offset])
        if address not in taken:
            return address
    raise Refusal(
        "InsufficientFreeAddressesInSubnet",
        f"The subnet {subnet.id} does not have enough free addresses",
    )


def place_interface(
    backend: Any,
    subnet_id: str,
    *,
    description: str,
    requester: str,
    groups: list[str] | None = None,
    kind: str = "interface",
    public: bool = False,
) -> ManagedInterface:
    """Put an interface of a service into a subnet."""
    subnet = need(backend, subnet_id)
    kinds: Any = ManagedInterface  # abstract for CloudFormation's sake only
    eni = kinds(
        backend,
        subnet,
        free_address(backend, subnet),
        group_ids=list(groups or []),
        description=description,
    )
    if groups is None:
        eni._group_set = []
    eni.requester_managed = True
    eni.requester_id = requester
    eni.status = "in-use"
    eni.interface_type = kind
    eni.attach_time = utcnow()
    eni.attached_id = "ela-attach-" + eni.id.removeprefix("eni-")
    if public:
        eni.public_ip = random_public_ip()
        eni.owner_of_address = requester
    backend.enis[eni.id] = eni
    return eni


def remove_interface(backend: Any, identifier: str) -> None:
    """Take an interface away; absent ones are fine."""
    backend.enis.pop(identifier, None)
    backend.tags.pop(identifier, None)


@before("ec2", "DeleteNetworkInterface")
def delete_interface(call: Call, world: World) -> None:
    """An interface in use stays, and so does one that a service manages."""
    eni = need(
        world.moto("ec2", call.region, call.account), call.get("NetworkInterfaceId")
    )
    if eni.requester_managed:
        raise Refusal(
            "OperationNotPermitted",
            f"You do not have permission to delete network interface '{eni.id}': "
            "it is managed by a service.",
        )
    if eni.status == "in-use" or eni.attachment_id:
        raise Refusal(
            "InvalidParameterValue",
            f"Network interface '{eni.id}' is currently in use.",
        )


@before("ec2", "DetachNetworkInterface")
def detach_interface(call: Call, world: World) -> None:
    """Attachments made by a service ("ela-attach-") are the service's."""
    if call.get("AttachmentId").startswith("ela-attach-"):
        raise Refusal(
            "OperationNotPermitted",
            "You are not allowed to manage 'ela-attach' attachments.",
        )
