"""Standard Webhooks by the standard library: the tests' own signer, sharing nothing with the product."""

import base64
import hashlib
import hmac
import time


def key_of(secret):
    assert secret.startswith("whsec_"), secret
    return base64.b64decode(secret[len("whsec_"):], validate=True)


def sign(secret, webhook_id, timestamp, body):
    content = f"{webhook_id}.{timestamp}.".encode() + body
    digest = hmac.new(key_of(secret), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def headers_for(secret, webhook_id, body, timestamp=None):
    timestamp = int(time.time()) if timestamp is None else timestamp
    return {"content-type": "application/json", "webhook-id": webhook_id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(secret, webhook_id, timestamp, body)}


def verifies(secret, headers, body, tolerance_seconds=300):
    """Whether one of the `v1` signatures is right and the timestamp is near."""
    timestamp = int(headers["webhook-timestamp"])
    if abs(time.time() - timestamp) > tolerance_seconds:
        return False
    expected = sign(secret, headers["webhook-id"], timestamp, body)
    return any(hmac.compare_digest(expected, entry)
               for entry in headers["webhook-signature"].split(" "))
