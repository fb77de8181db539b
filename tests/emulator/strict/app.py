"""The WSGI application: our rules around moto's."""

from __future__ import annotations

import json
import os
import re
import socket
import struct
import time
import traceback
from collections.abc import Callable, Iterable
from typing import Any

os.environ.setdefault("MOTO_IAM_LOAD_MANAGED_POLICIES", "true")
os.environ.setdefault("MOTO_EC2_LOAD_DEFAULT_AMIS", "false")

from moto.core.utils import get_service_model  # noqa: E402
from moto.iam import models as iam_models  # noqa: E402
from moto.server import DomainDispatcherApplication, create_backend_app  # noqa: E402

from . import authorization, control, enforced, faults, misc  # noqa: E402
from . import (  # noqa: E402,F401  registered by being imported
    acm,
    autoscaling,
    cloudtrail,
    ec2,
    eks,
    elbv2,
    iam,
    kms,
    rds,
    s3,
    secretsmanager,
    simulation,
)
from .core import (  # noqa: E402
    DEFAULT_REGION,
    MOTO_NAMES,
    Call,
    Refusal,
    Reply,
    World,
    handlers_after,
    handlers_before,
    services,
)
from .gate import AFTER, BEFORE  # noqa: E402
from .judge import judge  # noqa: E402
from .models import model_of  # noqa: E402
from .requests import parse_call  # noqa: E402
from .wording import refusal  # noqa: E402

StartResponse = Callable[..., Any]

# AWS's managed policies that are kept; all 1500 make every reset slow.
KEPT_POLICIES = (
    "AdministratorAccess",
    "AmazonEBSCSI",
    "AmazonEC2Container",
    "AmazonEC2Full",
    "AmazonEC2Read",
    "AmazonEKS",
    "AmazonRDS",
    "AmazonS3",
    "AmazonSSM",
    "AmazonVPC",
    "AutoScaling",
    "CloudWatchAgent",
    "ElasticLoadBalancing",
    "IAM",
    "PowerUserAccess",
    "ReadOnlyAccess",
    "SecretsManager",
)


def keep_few_policies() -> None:
    """Leave only policies a stack like ours could attach in moto's data."""
    known = json.loads(iam_models.aws_managed_policies_data)
    kept = {
        name: each for name, each in known.items() if name.startswith(KEPT_POLICIES)
    }
    iam_models.aws_managed_policies_data = json.dumps(kept)


SUBJECT_KEYS = (
    "nodegroupName",
    "addonName",
    "principalArn",
    "clusterName",
    "name",
    "resourceArn",
    "Bucket",
    "RoleName",
    "PolicyArn",
    "PolicyName",
    "OpenIDConnectProviderArn",
    "InstanceProfileName",
    "KeyId",
    "AliasName",
    "SecretId",
    "DBInstanceIdentifier",
    "DBSubnetGroupName",
    "DBParameterGroupName",
    "DBSnapshotIdentifier",
    "ListenerArn",
    "TargetGroupArn",
    "LoadBalancerArn",
    "AutoScalingGroupName",
    "Name",
    "NatGatewayId",
    "SecurityGroupRuleId.1",
    "GroupId",
    "SubnetId",
    "AllocationId",
    "InternetGatewayId",
    "AssociationId",
    "RouteTableId",
    "VpcEndpointId",
    "VpcEndpointId.1",
    "NetworkInterfaceId",
    "ResourceId.1",
    "GroupName",
    "VpcId",
)
CREATED_ID = {
    "CreateVpc": "vpcId",
    "CreateSubnet": "subnetId",
    "CreateInternetGateway": "internetGatewayId",
    "AllocateAddress": "allocationId",
    "CreateNatGateway": "natGatewayId",
    "CreateRouteTable": "routeTableId",
    "CreateVpcEndpoint": "vpcEndpointId",
    "CreateSecurityGroup": "groupId",
}


def subject_of(call: Call, reply: Reply) -> str:
    """The object a call is about, for the log."""
    if call.resource:
        return call.resource
    if call.service == "ec2" and call.operation in CREATED_ID and reply.ok:
        found = re.search(f"<{CREATED_ID[call.operation]}>([^<]+)<", reply.text)
        if found:
            return found.group(1)
    parts = []
    for key in SUBJECT_KEYS:
        value = call.params.get(key)
        if isinstance(value, str) and value:
            parts.append(value)
            break
    if call.service == "eks" and parts and "clusterName" in call.params:
        cluster = call.params["clusterName"]
        if parts[0] != cluster:
            parts.insert(0, cluster)
    if call.service == "s3" and call.params.get("Key"):
        parts.append(str(call.params["Key"]))
    if call.service == "ec2" and call.params.get("DestinationCidrBlock"):
        parts.append(call.params["DestinationCidrBlock"])
    return "/".join(parts)


def drop_connection(environ: dict[str, Any]) -> None:
    """Reset the client's connection, as a lost network path would."""
    connection = environ.get("werkzeug.socket")
    if connection is not None:
        connection.setsockopt(
            socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0)
        )
        # The handler still holds the file descriptor: put another socket in
        # its place, which closes this one at once.
        stand_in, other = socket.socketpair()
        os.dup2(stand_in.fileno(), connection.fileno())
        stand_in.close()
        other.close()
    handler = environ.get("strict.handler")
    if handler is not None:
        handler.close_connection = True
    raise ConnectionResetError("dropped on order")


def read_body(environ: dict[str, Any]) -> bytes:
    """The whole body; the environment can be read again afterwards."""
    stream = environ["wsgi.input"]
    if environ.get("wsgi.input_terminated") and "CONTENT_LENGTH" not in environ:
        return stream.read()
    length = environ.get("CONTENT_LENGTH") or "0"
    return stream.read(int(length)) if length.isdigit() else b""


class StrictApp:
    """moto behind our pipeline."""

    def __init__(self, world: World) -> None:
        self.world = world
        keep_few_policies()
        self.moto = DomainDispatcherApplication(create_backend_app)
        world.reset()

    def warm(self) -> None:
        """Load what the first call of each service would load, for the copies to share."""
        for service in services():
            model_of(service)
            self.moto.get_application(
                {"HTTP_HOST": f"{service}.{DEFAULT_REGION}.amazonaws.com"}
            )
            get_service_model(MOTO_NAMES.get(service, service))
            self.world.moto(service)
        self.tick()

    def __call__(
        self, environ: dict[str, Any], start_response: StartResponse
    ) -> Iterable[bytes]:
        body = read_body(environ)
        reply = self.answer(environ, body)
        headers = dict(reply.headers)
        if environ.get("REQUEST_METHOD") != "HEAD":
            headers = {
                key: value
                for key, value in headers.items()
                if key.lower() != "content-length"
            }
            headers["Content-Length"] = str(len(reply.body))
        start_response(f"{reply.status} {_reason(reply.status)}", list(headers.items()))
        return [] if environ.get("REQUEST_METHOD") == "HEAD" else [reply.body]

    def answer(self, environ: dict[str, Any], body: bytes) -> Reply:
        """Everything between a request read and an answer written."""
        path = environ.get("PATH_INFO", "/")
        if path.startswith("/strict/gate"):
            return control.answer_at_gate(self.world, environ, body)
        if path.startswith("/strict"):
            with self.world.lock:
                self.tick()
                return control.answer(self.world, environ, body)
        call = parse_call(environ, body)
        if call is None:
            return self._moto_api(environ, body)
        call.load_body()
        problems = judge(call).problems
        wrong = refusal(call, problems) if problems else None
        with self.world.lock:
            self.world.tally.count(call)
            if wrong is not None:
                self.world.tally.violation(call, problems, wrong)
            self.tick()
            era = self.world.era
            fault = faults.choose(call, self.world)
        if fault is not None and fault.kind == "delay":
            time.sleep(fault.seconds)
        gate = self.world.gate
        named = (call.service, call.operation, call.mutating)
        if not gate.hold(BEFORE, *named):
            drop_connection(environ)
        with self.world.lock:
            forgotten = self.world.era != era
            if not forgotten:
                reply, drop = self._pipeline(call, fault, wrong)
        if forgotten:
            drop_connection(environ)
        if not gate.hold(AFTER, *named):
            drop = True
        if drop:
            drop_connection(environ)
        reply.headers.setdefault("x-amzn-requestid", call.request_id)
        if call.service == "s3":
            reply.headers.setdefault("x-amz-request-id", call.request_id)
        return reply

    def _moto_api(self, environ: dict[str, Any], body: bytes) -> Reply:
        """moto's own control paths, unchanged; a reset is ours as well."""
        stub = Call("moto", "", environ=environ, body=body)
        stub.load_body()
        with self.world.lock:
            reply = self.ask_moto(stub)
            if environ.get("PATH_INFO", "").startswith("/moto-api/reset"):
                if environ.get("REQUEST_METHOD") == "POST" and reply.ok:
                    faults.clear(self.world)
                    self.world.reset()
        return reply

    def _pipeline(
        self, call: Call, fault: faults.Rule | None, wrong: Refusal | None
    ) -> tuple[Reply, bool]:
        at, wall = self.world.clock.now(), self.world.clock.wall()
        drop = False
        outcome = ""
        try:
            if fault is not None and fault.kind == "reset_before":
                reply, drop, outcome = Reply(499), True, "reset_before"
            else:
                misc.check_credentials(call)
                action = enforced.denied(call, self.world)
                if action:
                    raise faults.denial(call, misc.caller_arn(call.account), action)
                faults.strike(call, fault)
                if wrong is not None:
                    raise wrong
                reply = self._perform(call)
                if reply.ok:
                    authorization.carried_out(call, self.world)
                if fault is not None and fault.kind == "reset_after":
                    drop, outcome = True, "reset_after"
                if fault is not None and fault.kind == "lag":
                    reply = faults.lagging(call, reply)
        except Refusal as refusal:
            reply = call.refuse(refusal)
        except Exception as error:  # a fault of ours: say so, and do not invite retries
            traceback.print_exc()
            reply = call.refuse(broken(call, repr(error)))
        self.world.log.add(
            at=at,
            wall=wall,
            service=call.service,
            operation=call.operation,
            resource=subject_of(call, reply),
            outcome=outcome or reply.error_code() or "ok",
            status=reply.status,
            mutating=call.mutating,
            region=call.region,
            access_key=call.access_key,
            fault=fault.kind if fault is not None else "",
            account=call.account,
            source=call.environ.get("REMOTE_ADDR", ""),
            agent=call.headers.get("user-agent", ""),
            request=call.nested,
            asked=call.notes.get("asked", []),
        )
        return reply, drop

    def _perform(self, call: Call) -> Reply:
        reply: Reply | None = None
        for handler in handlers_before(call):
            reply = handler(call, self.world)
            if reply is not None:
                break
        if reply is None:
            reply = self.ask_moto(call)
        for follow_up in handlers_after(call):
            reply = follow_up(call, reply, self.world) or reply
        return reply

    def ask_moto(self, call: Call) -> Reply:
        """moto's answer to a call as it stands."""
        taken: dict[str, Any] = {}

        def start(
            status: str, headers: list[tuple[str, str]], _info: Any = None
        ) -> Any:
            taken["status"] = int(status.split()[0])
            taken["headers"] = dict(headers)
            return lambda data: None

        chunks = self.moto(call.environ, start)
        try:
            body = b"".join(chunks)
        finally:
            close = getattr(chunks, "close", None)
            if close is not None:
                close()
        if taken["status"] == 500 and body.startswith(b"<!doctype html>"):
            return call.refuse(broken(call, "moto has no answer"))
        return Reply(taken["status"], taken["headers"], body)

    def tick(self) -> None:
        """Let time-dependent state move on; what breaks there breaks alone."""
        try:
            self.world.tick()
        except Exception:
            traceback.print_exc()


def broken(call: Call, why: str) -> Refusal:
    """The emulator itself failed or does not know the operation."""
    return Refusal("EmulatorFailure", f"{call.service} {call.operation}: {why}", 501)


def _reason(status: int) -> str:
    from http import HTTPStatus

    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Unknown"
