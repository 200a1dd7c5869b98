"""Standard Webhooks by the standard library: the tests' own signer, sharing nothing with the product."""

import base64
import hashlib
import hmac
import pathlib
import subprocess
import tempfile
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


def ed25519_headers(seed, webhook_id, body, timestamp):
    """The public key (`whpk_…`) of a seed, and headers that it signs; by OpenSSL."""
    key = b"\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20" + seed  # PKCS #8, RFC 8410
    with tempfile.TemporaryDirectory() as folder:
        key_file, text_file = pathlib.Path(folder, "key"), pathlib.Path(folder, "text")
        key_file.write_bytes(key)
        text_file.write_bytes(f"{webhook_id}.{timestamp}.".encode() + body)
        public = subprocess.run(["openssl", "pkey", "-inform", "DER", "-in", key_file, "-pubout", "-outform", "DER"],
                                capture_output=True, check=True).stdout[-32:]
        signature = subprocess.run(["openssl", "pkeyutl", "-sign", "-keyform", "DER", "-inkey", key_file, "-rawin", "-in", text_file],
                                   capture_output=True, check=True).stdout
    return "whpk_" + base64.b64encode(public).decode(), {
        "content-type": "application/json", "webhook-id": webhook_id, "webhook-timestamp": str(timestamp),
        "webhook-signature": "v1a," + base64.b64encode(signature).decode()}
