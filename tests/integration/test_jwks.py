"""…/jwks has the public keys that sign, and nothing else."""

import base64
import hashlib
import importlib
import json

from client import Client
from server import ROOT


def keys(server, realm, expect=200, **query):
    path = f"/api/v1/realms/{realm.name}/jwks" + "".join(f"?{name}={value}" for name, value in query.items())
    answer = Client(server.address, None).raw("GET", path)
    assert answer.status == expect, answer
    return answer.json.get("keys")


def test_a_delivery_verifies_by_the_key_set(server, receiver, path, monkeypatch):
    monkeypatch.syspath_prepend(str(ROOT / "sdk" / "python"))
    verify = importlib.import_module("postrider").verify
    realm = server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.url(path), signing=["v1a"])
    realm.create_webhook(receiver.url(path + "-other"), signing=["v1"])
    key, = keys(server, realm)
    raw = base64.urlsafe_b64decode(key["x"] + "=")
    assert "whpk_" + base64.b64encode(raw).decode() == hook["public_key"]
    thumbprint = hashlib.sha256(json.dumps({"crv": "Ed25519", "kty": "OKP", "x": key["x"]}, separators=(",", ":")).encode()).digest()
    assert key == {"kty": "OKP", "crv": "Ed25519", "x": key["x"], "alg": "EdDSA", "use": "sig",
                   "kid": base64.urlsafe_b64encode(thumbprint).decode().rstrip("=")}
    event = realm.publish("order.paid").json
    request = receiver.wait(path)[0]
    assert verify(request.body, request.headers, "whpk_" + base64.b64encode(raw).decode()).id == event["id"]


def test_both_keys_are_there_during_a_rotation(server, receiver, path):
    realm = server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.url(path), signing=["v1a"])
    before = keys(server, realm)
    realm.call("POST", f"/webhooks/{hook['id']}/secret/rotate", {"overlap": "1h"}, 200)
    after = keys(server, realm)
    assert len(after) == 2 and before[0] in after
    assert keys(server, realm, webhook_id=hook["id"]) == after
    realm.call("POST", f"/webhooks/{hook['id']}/secret/rotate", {"overlap": "0s"}, 200)
    assert len(keys(server, realm)) == 1
    realm.call("DELETE", f"/webhooks/{hook['id']}", None, 204)
    assert keys(server, realm) == []


def test_another_realm_has_others(server, receiver, path):
    realm, other = server.realm(None, "order.paid"), server.realm(None, "order.paid")
    hook = realm.create_webhook(receiver.url(path), signing=["v1", "v1a"])
    assert len(keys(server, realm)) == 1 and keys(server, other) == []
    keys(server, other, 404, webhook_id=hook["id"])
    keys(server, realm, 422, webhook_id="x")
    hidden = json.dumps(keys(server, realm))
    assert hook["id"] not in hidden and hook["secret"] not in hidden
