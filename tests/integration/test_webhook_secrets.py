"""Secrets and signatures: the official library verifies, also during a rotation."""

import base64
import hmac
import time

import pytest

import signing
from verifier import Verifier, ed25519_verifies
from waiting import wait_for

GIVEN = "whsec_" + base64.b64encode(bytes(range(100, 140))).decode()


@pytest.fixture(scope="module")
def verifier():
    with Verifier() as started:
        yield started


def one(realm, receiver, path):
    """Publishes an event and gives its request."""
    event_id = realm.publish(data={"é": "\u2028 ☃", "n": 1.10}).json["id"]
    return wait_for(lambda: next((r for r in receiver.at(path) if r.id == event_id), None), "a request")


def rotate(realm, hook, **members):
    return realm.call("POST", f"/webhooks/{hook['id']}/secret/rotate", members, 200).json


def test_the_official_library_verifies(realm, receiver, path, verifier):
    hook = realm.create_webhook(receiver.url(path))
    request = one(realm, receiver, path)
    assert verifier.verdict(hook["secret"], request) == "ok"
    assert signing.verifies(hook["secret"], request.headers, request.body)
    assert verifier.verdict(GIVEN, request) != "ok"
    request.body += b" "
    assert verifier.verdict(hook["secret"], request) != "ok"


def test_rotation_with_overlap(realm, receiver, path, verifier):
    hook = realm.create_webhook(receiver.url(path), secret=GIVEN)
    assert hook["secret"] == GIVEN
    rotated = rotate(realm, hook)
    assert rotated["previous"] == GIVEN and rotated["secret"] != GIVEN
    assert realm.get(f"/webhooks/{hook['id']}/secret").json == rotated
    request = one(realm, receiver, path)
    for secret in (rotated["secret"], GIVEN):
        assert verifier.verdict(secret, request) == "ok"
    entries = request.headers["webhook-signature"].split(" ")
    timestamp = request.headers["webhook-timestamp"]
    assert entries == [signing.sign(secret, request.id, timestamp, request.body)
                       for secret in (rotated["secret"], GIVEN)]  # the new one first
    # A second rotation ends the first one's previous secret.
    again = rotate(realm, hook, secret="whsec_" + "A" * 40)
    assert again["secret"] == "whsec_" + "A" * 40 and again["previous"] == rotated["secret"]
    request = one(realm, receiver, path)
    assert [verifier.verdict(secret, request) == "ok" for secret in (
        again["secret"], rotated["secret"], GIVEN)] == [True, True, False]


def test_the_end_of_an_overlap(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path))
    rotated = rotate(realm, hook, overlap="1s")
    assert "previous_expires_at" in rotated
    first = one(realm, receiver, path)
    assert signing.verifies(hook["secret"], first.headers, first.body)

    def only_one():
        request = one(realm, receiver, path)
        return signing.verifies(rotated["secret"], request.headers, request.body) and \
            not signing.verifies(hook["secret"], request.headers, request.body)
    wait_for(only_one, "the previous secret to end", every=0.1)
    assert realm.get(f"/webhooks/{hook['id']}/secret").json == {"secret": rotated["secret"]}
    at_once = rotate(realm, hook, overlap="0s")
    assert "previous" not in at_once
    request = one(realm, receiver, path)
    assert request.headers["webhook-signature"].count(",") == 1
    assert signing.verifies(at_once["secret"], request.headers, request.body)


def test_bad_rotations(realm, receiver):
    hook = realm.create_webhook(receiver.url("/x"))
    for member, value in (("overlap", "8d"), ("overlap", "x"), ("overlap", 5), ("secret", "x"),
                          ("colour", "red")):
        answer = realm.call("POST", f"/webhooks/{hook['id']}/secret/rotate", {member: value}, 422)
        assert answer.pointers == [f"#/{member}"]
    assert realm.get(f"/webhooks/{hook['id']}/secret").json == {"secret": hook["secret"]}
    answer = realm.get(f"/webhooks/{hook['id']}/secret")
    assert answer.headers["cache-control"] == "no-store"


def test_secrets_survive_a_restart(server, receiver, path, verifier):
    realm = server.realm(None, "order.shipped")
    hook = realm.create_webhook(receiver.url(path), headers={"X-A": "kept"})
    rotated = rotate(realm, hook)
    server.restart()
    request = one(realm, receiver, path)
    assert verifier.verdict(hook["secret"], request) == "ok"
    assert verifier.verdict(rotated["secret"], request) == "ok"
    assert request.headers["x-a"] == "kept"


def test_ed25519(realm, receiver, path, tmp_path):
    hook = realm.create_webhook(receiver.url(path), signing=["v1a"])
    assert "secret" not in hook
    assert realm.get(f"/webhooks/{hook['id']}/secret").json == {"public_key": hook["public_key"]}
    request = one(realm, receiver, path)
    assert request.headers["webhook-signature"].startswith("v1a,")
    assert " " not in request.headers["webhook-signature"]
    assert ed25519_verifies(hook["public_key"], request, tmp_path)
    rotated = rotate(realm, hook)
    assert rotated["previous_public_key"] == hook["public_key"] != rotated["public_key"]
    request = one(realm, receiver, path)
    for key in (hook["public_key"], rotated["public_key"]):
        assert ed25519_verifies(key, request, tmp_path)
    request.body += b" "
    assert not ed25519_verifies(hook["public_key"], request, tmp_path)


def test_both_schemes(realm, receiver, path, tmp_path, verifier):
    hook = realm.create_webhook(receiver.url(path), signing=["v1", "v1a"])
    request = one(realm, receiver, path)
    assert verifier.verdict(hook["secret"], request) == "ok"
    assert ed25519_verifies(hook["public_key"], request, tmp_path)


def ferriskey_verifies(secret, request):
    """As a receiver of FerrisKey's does it: hex HMAC-SHA256 over "timestamp.body", the key being the secret's text."""
    signed = request.headers["x-ferriskey-timestamp"].encode() + b"." + request.body
    return hmac.compare_digest(hmac.new(secret.encode(), signed, "sha256").hexdigest(),
                               request.headers["x-ferriskey-signature"])


def test_ferriskey(realm, receiver, path, verifier):
    secret = "0123456789abcdef" * 4
    hook = realm.create_webhook(receiver.url(path), signing=["ferriskey"], secret=secret)
    assert hook["ferriskey_secret"] == secret and "secret" not in hook
    assert realm.get(f"/webhooks/{hook['id']}/secret").json == {"ferriskey_secret": secret}
    request = one(realm, receiver, path)
    assert ferriskey_verifies(secret, request)
    delivery = realm.deliveries(event_id=request.id)[0]
    assert request.headers["x-ferriskey-delivery-id"] == delivery["id"]
    assert request.headers["x-ferriskey-timestamp"] == request.headers["webhook-timestamp"]
    assert "webhook-signature" not in request.headers
    # A rotation has the new one alone.
    rotated = rotate(realm, hook)
    assert list(rotated) == ["ferriskey_secret"] and rotated["ferriskey_secret"] != secret
    request = one(realm, receiver, path)
    assert ferriskey_verifies(rotated["ferriskey_secret"], request) and not ferriskey_verifies(secret, request)
    # Beside v1, with a key of its own; the former text does not come back.
    both = realm.patch_webhook(hook["id"], signing=["v1", "ferriskey"])
    assert both["ferriskey_secret"] == rotated["ferriskey_secret"]
    request = one(realm, receiver, path)
    assert ferriskey_verifies(both["ferriskey_secret"], request) and verifier.verdict(both["secret"], request) == "ok"


def test_headers_of_ferriskey_are_refused_where_it_signs(realm, receiver, path):
    url = receiver.url(path)
    own = {"X-FerrisKey-Signature": "mine"}
    refused = realm.create_webhook(url, signing=["ferriskey"], headers=own, expect=422)
    assert [error["pointer"] for error in refused["errors"]] == ["#/headers/X-FerrisKey-Signature"]
    hook = realm.create_webhook(url, headers=own)
    realm.call("PATCH", f"/webhooks/{hook['id']}", {"signing": ["v1", "ferriskey"]}, 422)
    for secret in ("short", "0123456789abcdef " * 4, "é" * 40, "x" * 257):
        assert realm.call("POST", "/webhooks", {"url": url, "events": ["*"], "signing": ["ferriskey"],
                                                "secret": secret}, 422).pointers == ["#/secret"]
    answer = realm.call("POST", "/webhooks", {"url": url, "events": ["*"], "secret": "x" * 64}, 422)
    assert "whsec_" in answer.json["errors"][0]["detail"]


def test_a_new_origin_drops_credentials(realm, receiver, path, verifier):
    hook = realm.create_webhook("http://127.0.0.1:9/x", headers={"Authorization": "Bearer s"}, secret=GIVEN)
    # Another path is the same origin.
    same = realm.patch_webhook(hook["id"], url="http://127.0.0.1:9/y")
    assert "secret" not in same and list(same["headers"]) == ["Authorization"]
    mask = realm.call("PATCH", f"/webhooks/{hook['id']}",
                      {"url": receiver.url(path), "headers": {"Authorization": "••••••"}}, 422)
    assert mask.pointers == ["#/headers/Authorization"]
    moved = realm.patch_webhook(hook["id"], url=receiver.url(path))
    assert moved["headers"] == {} and moved["secret"] not in (GIVEN, None)
    assert "previous" not in moved
    request = one(realm, receiver, path)
    assert "authorization" not in request.headers
    assert verifier.verdict(moved["secret"], request) == "ok"
    assert verifier.verdict(GIVEN, request) != "ok"
    assert "secret" not in realm.webhook(hook["id"])


def test_a_new_origin_with_its_own_credentials(realm, receiver, path, verifier):
    hook = realm.create_webhook("http://127.0.0.1:9/x", headers={"Authorization": "old", "X-A": "1"})
    moved = realm.call("PUT", f"/webhooks/{hook['id']}", {
        "url": receiver.url(path), "events": ["*"], "secret": GIVEN,
        "headers": {"Authorization": "new"}}, 200).json
    assert moved["headers"] == {"Authorization": "••••••"}
    request = one(realm, receiver, path)
    assert request.headers["authorization"] == "new" and "x-a" not in request.headers
    assert verifier.verdict(GIVEN, request) == "ok"
    assert realm.get(f"/webhooks/{hook['id']}/secret").json == {"secret": GIVEN}


def test_every_attempt_is_signed_anew(realm, receiver, path):
    url = receiver.on(path, [500, 500, 204])
    hook = realm.create_webhook(url, retry_schedule=["700ms", "700ms"])
    one(realm, receiver, path)
    requests = receiver.wait(path, 3)
    assert len({request.id for request in requests}) == 1
    assert len({request.body for request in requests}) == 1
    assert len({request.headers["webhook-timestamp"] for request in requests}) > 1
    for request in requests:
        assert abs(int(request.headers["webhook-timestamp"]) - request.wall) < 2
        assert signing.verifies(hook["secret"], request.headers, request.body)
    assert time.time() - requests[0].wall < 30
