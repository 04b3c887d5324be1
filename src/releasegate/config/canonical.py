"""Nodes in, their content's hash out; what the environment gave is left out of it."""

import json
from hashlib import sha256
from typing import Any

from releasegate.config.node import Node


def plain(node: Node) -> Any:
    """Give the content as JSON; a scalar from the environment as the config wrote it."""
    value = node.value
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {"${}": node.raw} if node.env is not None else value


def digest(content: Any) -> str:
    """Give the sha256 of content whose order of keys does not matter."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return sha256(text.encode()).hexdigest()
