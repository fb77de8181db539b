#!/usr/bin/env python3
"""Writes provider.json again: what the provider `hashicorp/aws` has, of the resources that are written.

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-*.tgz
    tests/suite/export/provider.py package > tests/suite/export/provider.json

The package is made from the schema of the provider, as `terraform providers schema -json` prints it: each resource has a
class in it that knows its arguments, which of them are blocks, and what AWS tells of it.
"""

import json
import pathlib
import re
import sys

KINDS = """
aws_vpc aws_internet_gateway aws_subnet aws_eip aws_nat_gateway aws_route_table aws_route aws_route_table_association
aws_vpc_endpoint aws_security_group aws_vpc_security_group_ingress_rule aws_iam_role aws_iam_role_policy_attachment
aws_iam_policy aws_iam_openid_connect_provider aws_kms_key aws_kms_alias aws_secretsmanager_secret aws_s3_bucket
aws_s3_bucket_ownership_controls aws_s3_bucket_public_access_block aws_s3_bucket_versioning
aws_s3_bucket_server_side_encryption_configuration aws_s3_bucket_policy aws_s3_bucket_lifecycle_configuration
aws_db_subnet_group aws_db_parameter_group aws_db_instance aws_eks_cluster aws_eks_access_entry
aws_eks_access_policy_association aws_eks_addon aws_eks_node_group aws_lb aws_lb_target_group aws_lb_listener
aws_autoscaling_attachment
""".split()

# One argument of a class or of a block in it: its name, how its value is made, and whether it is a block.
ARGUMENT = re.compile(r"^ {%d}(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),$", re.M)
# What makes the value of a block, by a function for what stands in it.
INSIDE = re.compile(r"(\w+)ToHclTerraform")
SIMPLE = {"boolean", "string", "number"}


def plain(name):
    return name.replace("_", "").lower()


def arguments(text, body, depth, types):
    """Arguments in a body of JavaScript; `types` tells which of them have to be given, by their plain names."""
    attributes, blocks = {}, {}
    pattern = re.compile(ARGUMENT.pattern.replace("%d", str(depth)), re.M)
    for name, value, is_block in pattern.findall(body):
        is_required = types.get(plain(name), False)
        inside = [one for one in INSIDE.findall(value) if one not in SIMPLE]
        if is_block == "true" or inside:
            function = re.search(r"^function %sToHclTerraform\(.*?^\}" % inside[0], text, re.M | re.S).group(0)
            inner_types = interface(inside[0], types["text"])
            inner = arguments(text, function, 8, inner_types)
            computed(inner, reference(text, inside[0]))
            blocks[name] = {**({"is_required": True} if is_required else {}), **inner}
        else:
            attributes[name] = "required" if is_required else "optional"
    return {"attributes": attributes, **({"blocks": blocks} if blocks else {})}


def reference(text, name):
    """The class by which others read a block."""
    found = re.search(r"^class %sOutputReference .*?^\}" % re.escape(name[0].upper() + name[1:]), text, re.M | re.S)
    return found.group(0) if found else ""


def computed(has, text):
    """Adds what AWS tells of a resource or of a block, from the class that reads it."""
    told = set(re.findall(r"this\.get\w+Attribute\('(\w+)'\)", text))
    told |= set(re.findall(r"new \w+\(this, [\"'](\w+)[\"']", text))
    for name in told:
        if name not in has["attributes"] and name not in has.get("blocks", {}):
            has["attributes"][name] = "computed"


def interface(name, text):
    """Which properties of an interface have to be given."""
    found = re.search(r"^export interface %s(?: extends [^{]*)? \{(.*?)^\}" % re.escape(name[0].upper() + name[1:]), text, re.M | re.S)
    types = {plain(key): mark == "" for key, mark in re.findall(r"^\s+readonly (\w+)(\??):", found.group(1), re.M)}
    return {**types, "text": text}


def resource(folder):
    text = (folder / "index.js").read_text()
    typed = (folder / "index.d.ts").read_text()
    config = re.search(r"^export interface (\w+Config) extends cdktf.TerraformMetaArguments", typed, re.M).group(1)
    main = text[text.rindex("synthesizeHclAttributes()"):]
    has = arguments(text, main, 12, interface(config, typed))
    computed(has, text[text.rindex("extends cdktf.TerraformResource"):])
    return has


def main():
    package = pathlib.Path(sys.argv[1])
    name = json.loads((package / "package.json").read_text())
    resources = {kind: resource(package / "lib" / kind.removeprefix("aws_").replace("_", "-")) for kind in KINDS}
    documents = (package / "lib" / "vpc" / "index.d.ts").read_text()
    version = re.search(r"providers/hashicorp/aws/([\d.]+)/docs", documents).group(1)
    source = f"{name['name']} {name['version']} (npm), which is made from the schema of the provider; by provider.py"
    json.dump({"version": version, "source": source, "resources": resources}, sys.stdout, indent=1, sort_keys=True)
    print()


main()
