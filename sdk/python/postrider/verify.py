"""Verification of what arrives: Standard Webhooks, v1 (HMAC-SHA256) and v1a (ed25519)."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
import time
from dataclasses import dataclass
from typing import Mapping, Sequence

from .errors import PostriderError
from .events import Event

try:
    from cryptography.exceptions import InvalidSignature  # type: ignore[import-not-found, unused-ignore]
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey  # type: ignore[import-not-found, unused-ignore]
except ImportError:
    from .ed25519 import verify as _is_signed
else:
    def _is_signed(public_key: bytes, message: bytes, signature: bytes) -> bool:
        try:
            Ed25519PublicKey.from_public_bytes(public_key).verify(signature, message)
        except InvalidSignature:
            return False
        return True


class WebhookVerificationError(PostriderError):
    """Answer 401. `reason`: missing-header, bad-timestamp, too-old, too-new, no-match or not-an-event."""

    def __init__(self, reason: str, message: str):
        super().__init__(message)
        self.reason = reason


@dataclass(frozen=True)
class Webhook:
    """A webhook that is what it says. Drop an `id` that was seen before."""

    id: str
    event: Event


def verify(body: bytes | str, headers: Mapping[str, str], secrets: str | Sequence[str], *,
           tolerance: float = 300, now: float | None = None) -> Webhook:
    """Verifies a webhook and gives its event.

    `body` is the bytes as they came; `secrets` are `whsec_…` (v1) or `whpk_…` (v1a), one or several: during a rotation
    any may match. `tolerance` is how many seconds `webhook-timestamp` may be from now.
    """
    if not isinstance(body, (str, bytes, bytearray, memoryview)):
        raise PostriderError("body must be the bytes as they came, not what was made of them.")
    raw = body.encode() if isinstance(body, str) else bytes(body)
    given = {name.lower(): value for name, value in headers.items()}
    for name in ("webhook-id", "webhook-timestamp", "webhook-signature"):
        if not given.get(name):
            raise WebhookVerificationError("missing-header", f"There is no {name} header.")
    webhook_id, timestamp = given["webhook-id"], given["webhook-timestamp"]
    if not re.fullmatch(r"[0-9]{1,15}", timestamp):
        raise WebhookVerificationError("bad-timestamp", "webhook-timestamp is no number of seconds.")
    age = (time.time() if now is None else now) - int(timestamp)
    if age > tolerance:
        raise WebhookVerificationError("too-old", "webhook-timestamp is too old: it may be a recorded request.")
    if age < -tolerance:
        raise WebhookVerificationError("too-new", "webhook-timestamp is in the future: is the clock right?")
    signed = f"{webhook_id}.{timestamp}.".encode() + raw
    signatures = given["webhook-signature"].split(" ")
    for secret in [secrets] if secrets is None or isinstance(secrets, str) else secrets:
        if _matches(secret, signed, signatures):
            return Webhook(webhook_id, _event(raw))
    raise WebhookVerificationError("no-match", "No signature matches: the secret is another one, or the body is not as it was sent.")


def _matches(secret: str, signed: bytes, signatures: Sequence[str]) -> bool:
    if not isinstance(secret, str):
        raise PostriderError("There is no secret: is the environment variable set?")
    is_public = secret.startswith("whpk_")
    key = _decode(re.sub("^(whsec|whpk)_", "", secret))
    if key is None or (len(key) != 32 if is_public else not 24 <= len(key) <= 64):
        raise PostriderError("A secret is whsec_ and base64 of 24 to 64 bytes, or whpk_ and base64 of 32.")
    scheme = "v1a," if is_public else "v1,"
    for entry in signatures:
        signature = _decode(entry[len(scheme):]) if entry.startswith(scheme) else None
        if signature is None:
            continue
        if is_public and _is_signed(key, signed, signature):
            return True
        if not is_public and hmac.compare_digest(hmac.digest(key, signed, hashlib.sha256), signature):
            return True
    return False


def _decode(text: str) -> bytes | None:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None


def _event(raw: bytes) -> Event:
    try:
        return json.loads(raw.decode())
    except ValueError:
        raise WebhookVerificationError("not-an-event", "It is signed, but it is not JSON.") from None
