"""The parameters of REST requests: in path, query, headers and body."""

from __future__ import annotations

import re
from typing import Any
from xml.etree import ElementTree

from .models import Member, Shape
from .reading import SIGNING, JsonReader, Path, Problem, Reader, Unreadable

# Headers of S3 that no operation lists: signing, checksums and a body in chunks.
AMZ_HEADERS = re.compile(
    r"x-amz-(content-sha256|date|security-token|user-agent|decoded-content-length"
    r"|trailer|sdk-checksum-algorithm|checksum-\w+)"
)


class RestReader(Reader):
    """Parameters in path, query and headers; the body is left to others."""

    def parameters(self, shape: Shape | None) -> dict[str, Any]:
        members = list(shape.members.values()) if shape else []
        value = {}
        for member in members:
            held = self.outside(member, (member.name,)) if member.location else None
            if held is not None:
                value[member.name] = held
        self.surplus(members)
        self.call.params = bare(value)
        self.call.notes["outside_body"] = tuple(value)
        return {**value, **self.inside(shape)}

    def inside(self, shape: Shape | None) -> dict[str, Any]:
        """Parameters in the body."""
        raise NotImplementedError

    def outside(self, member: Member, path: Path) -> Any:
        """A parameter from path, query or headers; None if it is not there."""
        name = member.renamed
        if member.location == "uri":
            held = self.call.labels.get(name.replace("-", "_"))
        elif member.location == "querystring":
            all_held = [each for key, each in self.call.pairs if key == name]
            if member.shape.type == "list" and all_held:
                element = member.shape.element
                return [
                    self.text(element, each, (*path, str(place), "member"))
                    for place, each in enumerate(all_held, start=1)
                ]
            held = all_held[-1] if all_held else None
        elif member.location == "headers":
            found = {
                key[len(name) :]: each
                for key, each in self.call.headers.items()
                if key.startswith(name.lower())
            }
            return found or None
        else:
            held = self.call.headers.get(name.lower())
            if held is not None and member.shape.type == "list":
                return [each.strip() for each in held.split(",")]
        return None if held is None else self.text(member, held, path)

    def surplus(self, members: list[Member]) -> None:
        """Note query parameters and S3 headers that the operation does not have."""
        flags = {
            part.split("=")[0]
            for part in self.operation.uri.partition("?")[2].split("&")
        }
        known = flags | {
            each.renamed for each in members if each.location == "querystring"
        }
        for name, value in self.call.pairs:
            if name not in known and not SIGNING.fullmatch(name):
                self.unknown((name,), name, value)
        headers = {
            each.renamed.lower() for each in members if each.location == "header"
        }
        prefixes = tuple(
            each.renamed.lower() for each in members if each.location == "headers"
        )
        for name, value in self.call.headers.items():
            if not name.startswith("x-amz-") or name in headers:
                continue
            if not AMZ_HEADERS.fullmatch(name) and not name.startswith(prefixes):
                self.unknown((name,), name, value)


class RestJsonReader(RestReader):
    """The rest of the parameters in a body of JSON."""

    protocol = "rest-json"

    def inside(self, shape: Shape | None) -> dict[str, Any]:
        reader = JsonReader(self.call, self.operation)
        reader.problems = self.problems
        if shape is not None and shape.payload:
            member = shape.members[shape.payload]
            if member.shape.type != "structure":
                return {member.name: self.call.body} if self.call.body else {}
            found = reader.body() if self.call.body else None
            path = (member.name,)
            return (
                {} if found is None else {member.name: reader.one(member, found, path)}
            )
        body = reader.body()
        self.call.params = {**body, **self.call.params}
        return reader.structure(shape, body, ())


def bare(value: Any) -> Any:
    """Parameters for the handlers: what could not be read stands as it came."""
    if isinstance(value, Unreadable):
        return value.raw
    if isinstance(value, dict):
        return {key: bare(each) for key, each in value.items()}
    if isinstance(value, list):
        return [bare(each) for each in value]
    return value


class RestXmlReader(RestReader):
    """The rest of the parameters in a body of XML."""

    protocol = "rest-xml"

    def inside(self, shape: Shape | None) -> dict[str, Any]:
        member = shape.members.get(shape.payload) if shape else None
        body = self.call.body
        if member is not None and member.shape.type in ("string", "blob"):
            return {member.name: body} if body else {}
        if not body.strip():
            return {}
        try:
            root = ElementTree.fromstring(body)
        except ElementTree.ParseError:
            self.problems.append(Problem("malformed", (), "body"))
            return {}
        if member is not None:
            if local(root.tag) != (member.renamed or member.name):
                self.unknown((member.name, local(root.tag)), local(root.tag))
                return {}
            return {member.name: self.structure(member.shape, root, (member.name,))}
        reference = self.operation.raw.get("input", {})
        if local(root.tag) != reference.get("locationName") or shape is None:
            self.unknown((), local(root.tag))
            return {}
        return self.structure(shape, root, ())

    def structure(
        self, shape: Shape, node: ElementTree.Element, path: Path
    ) -> dict[str, Any]:
        """Members below one element."""
        known = shape.by_wire(self.protocol)
        value: dict[str, Any] = {}
        found: dict[str, list[ElementTree.Element]] = {}
        for child in node:
            found.setdefault(local(child.tag), []).append(child)
        for name, children in found.items():
            member = known.get(name)
            if member is None:
                self.unknown((*path, name), name)
                continue
            below = (*path, member.name)
            if member.shape.type == "list" and member.flattened:
                value[member.name] = self.items(member, children, below)
            elif len(children) > 1:
                value[member.name] = self.wrong(member, below, name)
            else:
                value[member.name] = self.one(member, children[0], below)
        for name, text in node.attrib.items():
            for member in shape.members.values():
                bare = member.renamed.rpartition(":")[2]
                if member.reference.get("xmlAttribute") and local(name) == bare:
                    value[member.name] = self.text(member, text, (*path, member.name))
        return value

    def items(
        self, member: Member, children: list[ElementTree.Element], path: Path
    ) -> list[Any]:
        """The elements of a list."""
        element = member.shape.element
        return [
            self.one(element, child, (*path, str(place), "member"))
            for place, child in enumerate(children, start=1)
        ]

    def one(self, member: Member, node: ElementTree.Element, path: Path) -> Any:
        """Whatever a member holds."""
        kind = member.shape.type
        if kind == "structure":
            return self.structure(member.shape, node, path)
        if kind == "list":
            wanted = member.shape.element.renamed or "member"
            for child in node:
                if local(child.tag) != wanted:
                    self.unknown((*path, local(child.tag)), local(child.tag))
            kept = [child for child in node if local(child.tag) == wanted]
            return self.items(member, kept, path)
        if len(node):
            return self.wrong(member, path, local(node[0].tag))
        return self.text(member, node.text or "", path)


def local(tag: str) -> str:
    """A name without its namespace."""
    return tag.rpartition("}")[2]
