#!/usr/bin/env python3
"""Writes provider.json again: what the provider `hashicorp/aws` has, of the resources that are written.

    npm pack @cdktf/provider-aws@21.22.1 && tar xzf cdktf-provider-aws-*.tgz
    tests/suite/export/provider.py package > tests/suite/export/provider.json

The package is made from the schema of the provider, as `terraform providers schema -json` prints it: each resource has a
class in it that knows its arguments, which of them are blocks, and what AWS tells of it. An attribute is written as who gives
it its value, and its type as Terraform writes types in JSON; a block as what stands in it, and how often it may stand there.
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

# One argument of a class or of a block in it, at a depth of so many spaces.
ARGUMENT = r"""^ {%d}(\w+): \{
\s+value: (.*),
\s+isBlock: (?:true|false),
\s+type: "(\w+)",
\s+storageClassType: "(\w+)\""""
# What makes the value of a block, by a function for what stands in it.
INSIDE = re.compile(r"(\w+)ToHclTerraform")
SIMPLE = {"string": "string", "boolean": "bool", "number": "number", "any": "dynamic"}
GETTERS = {
    "String": "string",
    "Number": "number",
    "Boolean": "bool",
    "List": ["list", "string"],
    "NumberList": ["list", "number"],
    "StringMap": ["map", "string"],
}


def plain(name):
    return name.replace("_", "").lower()


def capital(name):
    return name[0].upper() + name[1:]


def type_of(kind, storage):
    element = SIMPLE.get(storage) or SIMPLE[re.sub("(List|Map)$", "", storage)]
    return element if kind == "simple" else [kind, element]


def arguments(source, body, depth, required):
    """Arguments in a body of JavaScript; `required` has the plain names of those that have to be given."""
    attributes, blocks = {}, {}
    for name, value, kind, storage in re.findall(ARGUMENT % depth, body, re.M):
        given = "required" if plain(name) in required else "optional"
        inside = [one for one in INSIDE.findall(value) if one not in SIMPLE]
        if not inside:
            attributes[name] = f"{given} {json.dumps(type_of(kind, storage))}"
            continue
        function = re.search(rf"^function {inside[0]}ToHclTerraform\(.*?^\}}", source.code, re.M | re.S).group(0)
        inner = arguments(source, function, 8, source.required(capital(inside[0])))
        told(source, inner, source.reader(capital(inside[0])))
        blocks[name] = {
            "nesting": "single" if kind == "struct" else kind,
            "is_required": given == "required",
            "is_single": "Mapper" not in value,
            **inner,
        }
    return {"attributes": attributes, "blocks": blocks}


def told(source, has, reader):
    """Adds what AWS tells of a resource or of a block, from the class that reads it."""
    for name, kind in source.read_by(reader).items():
        if name not in has["attributes"] and name not in has["blocks"]:
            has["attributes"][name] = f"computed {json.dumps(kind)}"


class Source:
    """The files of one resource."""

    def __init__(self, folder):
        self.code = (folder / "index.js").read_text()
        self.types = (folder / "index.d.ts").read_text()

    def required(self, interface):
        """The plain names of the properties of an interface that have to be given."""
        found = re.search(rf"^export interface {interface}(?: extends [^{{]*)? \{{(.*?)^\}}", self.types, re.M | re.S)
        return {plain(name) for name in re.findall(r"^\s+readonly (\w+):", found.group(1), re.M)}

    def reader(self, name):
        """The class by which others read a block."""
        found = re.search(rf"^class {name}OutputReference .*?^\}}", self.code, re.M | re.S)
        return found.group(0) if found else ""

    def read_by(self, reader):
        """What a class reads, by name, with its type."""
        all_types = {}
        for getter, name in re.findall(r"this\.get(\w+?)Attribute\('(\w+)'\)", reader):
            all_types.setdefault(name, GETTERS.get(getter, "dynamic"))
        for made, name in re.findall(r"new ([\w.]+)\(this, [\"'](\w+)[\"']", reader):
            if made.startswith("cdktf."):
                all_types.setdefault(name, ["map", "string"])
                continue
            inner = self.read_by(self.reader(re.sub("(List|OutputReference)$", "", made)))
            all_types.setdefault(name, ["list", ["object", inner]])
        return all_types


def resource(folder):
    source = Source(folder)
    config = re.search(r"^export interface (\w+Config) extends cdktf.TerraformMetaArguments", source.types, re.M).group(1)
    main = source.code[source.code.rindex("extends cdktf.TerraformResource"):]
    body = main[main.rindex("synthesizeHclAttributes()"):]
    has = arguments(source, body, 12, source.required(config))
    told(source, has, main)
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
