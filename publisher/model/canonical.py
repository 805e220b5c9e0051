"""One way to write a value down, so that its digest is always the same."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping


def canonical(value: Mapping[str, object]) -> str:
    """Return JSON with sorted keys and no white space."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def sha256(text: str) -> str:
    """Return the digest of a text, hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()
