"""The control paths under ``/strict/``."""

from __future__ import annotations

import json
from typing import Any

from .core import Reply, World


def answer(world: World, environ: dict[str, Any], body: bytes) -> Reply:
    """Answer one request to ``/strict/...``."""
    return Reply.json({"error": "no such path"}, 404)
