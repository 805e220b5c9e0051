"""Signatures of the Standard Webhooks scheme (standardwebhooks.com, specification 1.0.0).

What is signed is `id.timestamp.payload`; the payload is the body, or the query where there is none.
While a secret is being changed a call carries one signature for each secret, apart by spaces.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from publisher.errors import ConfigError

PREFIX = "whsec_"
LEAST_BYTES, MOST_BYTES = 24, 64  # of a secret, as the specification has it


def key_of(secret: str, *, setting: str = "secret") -> bytes:
    """Return the key in a secret "whsec_…"; ConfigError for the setting where it is none."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        key = b""
    if not secret.startswith(PREFIX) or not LEAST_BYTES <= len(key) <= MOST_BYTES:
        raise ConfigError(
            "应是 whsec_ 开头，后面是 24 到 64 个字节的 Base64："
            "可用 python3 -c \"import base64,os;print('whsec_'+base64.b64encode(os.urandom(32))"
            '.decode())" 生成',
            key=setting,
        )
    return key


def headers(secrets: Sequence[str], *, id: str, at: int, payload: bytes) -> dict[str, str]:
    """Return the headers of a call signed with each of the secrets; `at` is in unix seconds."""
    return {
        "webhook-id": id,
        "webhook-timestamp": str(at),
        "webhook-signature": " ".join(
            _signature(key_of(secret), id=id, at=at, payload=payload) for secret in secrets
        ),
    }


def _signature(key: bytes, *, id: str, at: int, payload: bytes) -> str:
    signed = hmac.new(key, f"{id}.{at}.".encode() + payload, hashlib.sha256)
    return f"v1,{base64.b64encode(signed.digest()).decode()}"
