"""A reader of the server's configuration, after the Go package gcfg, which the server uses.

Independent of the program under test: written from the behaviour of gcfg v1. A value ends at an unquoted `#` or `;`;
inside double quotes a backslash escapes a quote, a backslash, n and t; names are compared without regard to case.
"""

ESCAPES = {'"': '"', "\\": "\\", "n": "\n", "t": "\t"}


class Malformed(ValueError):
    """The server would not start with this file."""


def value(text):
    """The value the server reads of what stands behind `=`."""
    read, kept, quoted, at = "", 0, False, 0
    text = text.strip(" \t")
    while at < len(text):
        each = text[at]
        if each == "\\":
            at += 1
            if at == len(text) or text[at] not in ESCAPES:
                raise Malformed(f"unknown escape in {text!r}")
            read += ESCAPES[text[at]]
            kept = len(read)
        elif each == '"':
            quoted = not quoted
            kept = len(read)
        elif not quoted and each in "#;":
            break
        else:
            read += each
            if quoted or each not in " \t":
                kept = len(read)
        at += 1
    if quoted:
        raise Malformed(f"a quote is not closed in {text!r}")
    return read[:kept]


def heading(text):
    """Section and subsection of a line in brackets."""
    if not text.endswith("]"):
        raise Malformed(f"a section does not end: {text!r}")
    name, _, rest = text[1:-1].partition(" ")
    if not rest:
        return name.lower(), None
    if len(rest) < 2 or rest[0] != '"' or rest[-1] != '"':
        raise Malformed(f"a subsection without quotes: {text!r}")
    return name.lower(), value(rest)


def read(text):
    """The settings of a file: {(section, subsection, key): [values in their order]}."""
    found, section = {}, None
    for line in text.split("\n"):
        line = line.strip(" \t\r")
        if not line or line[0] in "#;":
            continue
        if line[0] == "[":
            section = heading(line)
            continue
        if section is None:
            raise Malformed(f"a setting before any section: {line!r}")
        key, equals, rest = line.partition("=")
        key = key.rstrip(" \t")
        if not key or not key[0].isalpha() or not all(c.isalnum() or c == "-" for c in key):
            raise Malformed(f"no name of a setting: {key!r}")
        found.setdefault((*section, key.lower()), []).append(value(rest) if equals else "true")
    return found
