#!/usr/bin/env python3
"""Stands in for the provider `hashicorp/aws` where Terraform judges files: `terraform validate` asks a provider for nothing
but what it has, and this one tells it from provider.json. It makes, reads and imports nothing.

    provider_stub.py SOCKET

prints what belongs into TF_REATTACH_PROVIDERS, by which Terraform takes a provider that runs already, and ends when its
standard input does. The messages are those of version 5 of Terraform's plugin protocol (hashicorp/terraform,
docs/plugin-protocol/tfplugin5.6.proto), of which only a few fields are needed.
"""

import json
import os
import pathlib
import sys
from concurrent import futures

import grpc

NESTING = {"single": 1, "list": 2, "set": 3}


def varint(number):
    text = b""
    while number > 0x7F:
        text += bytes([number & 0x7F | 0x80])
        number >>= 7
    return text + bytes([number])


def field(number, value):
    """A field of a message: a number or flag, or bytes."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value) if value else b""
    value = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(value)) + value


def attribute(name, told):
    given, kind = told.split(" ", 1)
    # An attribute that may be left out may be AWS's to fill in, and nothing depends here on which are.
    flags = field(4, given == "required") + field(5, given == "optional") + field(6, given != "required")
    return field(1, name) + field(2, kind) + flags


def nested(name, block):
    at_least = 1 if block["is_required"] and block["nesting"] != "single" else 0
    at_most = 1 if block["is_single"] and block["nesting"] != "single" else 0
    nesting = field(3, NESTING[block["nesting"]])
    return field(1, name) + field(2, schema_block(block)) + nesting + field(4, at_least) + field(5, at_most)


def schema_block(block):
    text = b"".join(field(2, attribute(name, told)) for name, told in block["attributes"].items())
    for name, inner in block["blocks"].items():
        text += field(3, nested(name, inner))
    return text


def schema(block):
    return field(2, schema_block(block))


def configuration():
    """What is said of the provider itself."""
    texts = 'optional ["set", "string"]'
    ignored = {"attributes": {"keys": texts, "key_prefixes": texts}, "blocks": {}}
    ignored |= {"nesting": "list", "is_required": False, "is_single": True}
    attributes = {"region": 'optional "string"', "allowed_account_ids": texts}
    return {"attributes": attributes, "blocks": {"ignore_tags": ignored}}


def everything():
    """The answer of GetSchema."""
    resources = json.loads((pathlib.Path(__file__).parent / "provider.json").read_text())["resources"]
    all_kinds = (field(2, field(1, kind) + field(2, schema(block))) for kind, block in resources.items())
    return field(1, schema(configuration())) + b"".join(all_kinds)


def main():
    known = everything()
    answers = {
        "GetSchema": lambda request, _: known,
        # Both messages have the configuration in their first field.
        "PrepareProviderConfig": lambda request, _: request,
        "ValidateResourceTypeConfig": lambda request, _: b"",
        "Stop": lambda request, _: b"",
    }
    handlers = {name: grpc.unary_unary_rpc_method_handler(answer) for name, answer in answers.items()}
    server = grpc.server(futures.ThreadPoolExecutor(4))
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler("tfplugin5.Provider", handlers)])
    server.add_insecure_port(f"unix:{sys.argv[1]}")
    server.start()
    address = {"Network": "unix", "String": sys.argv[1]}
    provider = {"Protocol": "grpc", "ProtocolVersion": 5, "Pid": os.getpid(), "Test": True, "Addr": address}
    print(json.dumps({"registry.terraform.io/hashicorp/aws": provider}), flush=True)
    sys.stdin.read()
    server.stop(None)


main()
