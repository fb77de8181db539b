"""What is written down of the names on the wire is what AWS's models say."""

from __future__ import annotations

import wire


def test_the_names_on_the_wire_are_those_of_the_models():
    assert wire.FILE.read_text() == wire.text(), "write it again: see wire.py"
