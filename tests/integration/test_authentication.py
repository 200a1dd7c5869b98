"""What requests authenticate themselves with: Basic, a bearer token, and access tokens of OAuth 2 from endpoints that may be hostile."""

import base64
import json
import urllib.parse

import pytest

from certificates import Authority
from receiver import Receiver, Reply
from server import Server
from test_webhooks import refused
from waiting import wait_for

MASK = "••••••"
BASIC = {"type": "basic", "username": "shop", "password": "p:ä ss"}
BEARER = {"type": "bearer", "token": "canary-b3arer.0"}


def masked(authentication):
    return {name: MASK if name in ("password", "token", "client_secret") else value for name, value in authentication.items()}


def in_vain(realm, hook, expect=1):
    """The attempts of a webhook's failed deliveries."""
    look = lambda: [item for item in realm.deliveries(webhook_id=hook["id"]) if item["attempts"] > 0]
    items = wait_for(lambda: len(look()) >= expect and look(), "an attempt", 30)
    return [realm.delivery(item["id"]) for item in items]


# Basic and bearer.

@pytest.mark.parametrize("authentication, expected", [
    (BASIC, "Basic " + base64.b64encode("shop:p:ä ss".encode()).decode()),
    (BEARER, "Bearer canary-b3arer.0"),
], ids=["basic", "bearer"])
def test_it_is_sent_and_shown_to_nobody(realm, receiver, path, authentication, expected):
    receiver.on(path, lambda request: Reply(200, body=repr(request.header_list).encode()))
    watch = realm.create_webhook(receiver.url(path + "/watch"), events=["webhook.*"])
    hook = realm.create_webhook(receiver.url(path), authentication=authentication)
    assert hook["authentication"] == masked(authentication)
    event = realm.publish().json["id"]
    (request,) = receiver.wait(path)
    assert request.headers["authorization"] == expected
    (delivery,) = [each for each in realm.wait_final(event) if each["webhook_id"] == hook["id"]]
    attempt = delivery["attempts_log"][0]
    assert attempt["request"]["headers"]["authorization"] == MASK
    assert MASK in attempt["response"]["body"], "the receiver has said what it got"
    seen = json.dumps([realm.webhook(hook["id"]), realm.get("/webhooks").json, delivery, realm.explain(event), realm.get("/audit").json])
    seen += "".join(request.body.decode() for request in receiver.wait(path + "/watch"))
    secret = authentication.get("token") or authentication["password"]
    assert secret not in seen and expected.split(" ")[1] not in seen
    shown = realm.get(f"/webhooks/{hook['id']}", reveal="headers").json
    assert shown["authentication"] == authentication
    realm.delete_webhook(watch["id"])


def test_a_mask_keeps_a_secret_a_new_origin_drops_it_and_null_removes_it(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), authentication=BASIC)
    changed = realm.patch_webhook(hook["id"], authentication={**masked(BASIC), "username": "other"})
    assert changed["authentication"]["username"] == "other"
    realm.publish()
    sent = base64.b64decode(receiver.wait(path)[0].headers["authorization"].split(" ")[1]).decode()
    assert sent == "other:p:ä ss"
    assert "new origin" in refused(realm, ["#/authentication/password"], "PATCH", f"/webhooks/{hook['id']}",
                                   url="http://127.0.0.1:9/x", authentication=masked(BASIC))
    assert "basic" in refused(realm, ["#/authentication/token"], "PATCH", f"/webhooks/{hook['id']}",
                              url=receiver.url(path), authentication=masked(BEARER))
    with Receiver() as other:
        moved = realm.patch_webhook(hook["id"], url=other.url(path))
        assert moved["authentication"] is None
        realm.publish()
        assert "authorization" not in other.wait(path)[0].headers
    assert realm.patch_webhook(hook["id"], authentication=BEARER)["authentication"] == masked(BEARER)
    assert realm.patch_webhook(hook["id"], authentication=None)["authentication"] is None


@pytest.mark.parametrize("authentication, pointers", [
    ("Bearer x", ["#/authentication"]),
    ({"token": "x"}, ["#/authentication/type"]),
    ({"type": "digest"}, ["#/authentication/type"]),
    ({"type": "basic", "username": "a:b"}, ["#/authentication/password", "#/authentication/username"]),
    ({"type": "bearer", "token": "a b"}, ["#/authentication/token"]),
    ({"type": "bearer", "token": "a\r\nx: y"}, ["#/authentication/token"]),
    ({"type": "bearer", "token": MASK}, ["#/authentication/token"]),
    ({"type": "bearer", "token": "a", "password": "b"}, ["#/authentication/password"]),
    ({"type": "oauth2", "token_url": "http://127.0.0.1/t", "client_id": "a", "client_secret": "b"}, ["#/authentication/token_url"]),
    ({"type": "oauth2", "token_url": "https://10.0.0.1/t", "client_id": "a", "client_secret": "b"}, ["#/authentication/token_url"]),
    ({"type": "oauth2", "token_url": "https://id.example/t", "client_id": "", "client_secret": 7},
     ["#/authentication/client_id", "#/authentication/client_secret"]),
])
def test_what_is_wrong_is_named(realm, authentication, pointers):
    refused(realm, pointers, authentication=authentication)


def test_a_header_beside_it_is_refused(realm):
    assert "authentication" in refused(realm, ["#/headers/AUTHORIZATION"], authentication=BEARER, headers={"AUTHORIZATION": "x"})


# OAuth 2.

class TokenEndpoint:
    """A token endpoint behind TLS; `answer` may be anything that a Receiver's script may."""

    def __init__(self, receiver):
        self.receiver, self.given = receiver, 0

    def on(self, path, script=None, **members):
        def give(request):
            self.given += 1
            token = {"access_token": f"canary-token-{self.given}", "token_type": "Bearer", "expires_in": 3600, **members}
            return Reply(200, [("Content-Type", "application/json")], json.dumps(token).encode())
        self.receiver.on(path, script or give)
        return {"type": "oauth2", "token_url": self.receiver.url(path), "client_id": "shop", "client_secret": "canary-s3cret"}


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def endpoint(authority):
    with Receiver(tls=authority.context("id")) as receiver:
        yield TokenEndpoint(receiver)


@pytest.fixture(scope="module")
def oauth(tmp_path_factory, authority):
    with Server(tmp_path_factory.mktemp("data"), "--allow-network", "127.0.0.0/8", "--ca-file", str(authority.ca)) as started:
        yield started


@pytest.fixture
def shop(oauth):
    return oauth.realm(None, "order.shipped", "order.paid")


def test_one_token_serves_ten_thousand_deliveries_and_a_restart_asks_anew(tmp_path, authority, endpoint, path, receiver):
    with Server(tmp_path / "data", "--allow-network", "127.0.0.0/8", "--ca-file", str(authority.ca)) as server:
        realm = server.realm(None, "order.shipped")
        hook = realm.create_webhook(receiver.url(path), authentication={**endpoint.on(path), "scope": "hooks read", "audience": "https://api.example"})
        assert hook["authentication"]["client_secret"] == MASK
        event = {"event": "order.shipped", "resource_id": "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11", "data": {}}
        for _ in range(10):
            realm.publish_batch([event] * 1000)
        requests = receiver.wait(path, 10_000, 120)
        assert len(endpoint.receiver.at(path)) == 1
        assert {request.headers["authorization"] for request in requests} == {f"Bearer canary-token-{endpoint.given}"}
        (asked,) = endpoint.receiver.at(path)
        assert dict(urllib.parse.parse_qsl(asked.body.decode())) == {
            "grant_type": "client_credentials", "scope": "hooks read", "audience": "https://api.example"}
        assert asked.headers["authorization"] == "Basic " + base64.b64encode(b"shop:canary-s3cret").decode()
        assert asked.headers["content-type"] == "application/x-www-form-urlencoded" and asked.headers["accept"] == "application/json"
        server.restart()
        realm.publish()
        receiver.wait(path, 10_001)
        wait_for(lambda: len(endpoint.receiver.at(path)) == 2, "another token")
        server.stop()
        places = ["".join(server.log).encode(), *(each.read_bytes() for each in (tmp_path / "data").iterdir() if each.is_file())]
        assert not any(b"canary" in place for place in places)


def test_a_401_drops_the_token_and_the_next_comes_a_minute_after(shop, endpoint, receiver, path):
    receiver.on(path, lambda request: 401)
    hook = shop.create_webhook(receiver.url(path), authentication=endpoint.on(path), retry_schedule=["50ms"] * 5)
    first = shop.publish().json["id"]
    receiver.wait(path)
    def waits():
        (item,) = shop.deliveries(webhook_id=hook["id"])
        waits_for_token = item["waiting_for"] == "authentication" and item["waiting_until"]
        return item if item["attempts"] and waits_for_token else None
    item = wait_for(waits, "it waits for a token")
    assert item["attempts"] == 1 and item["last_outcome"]["status"] == 401
    shop.publish(), shop.publish()
    seconds = lambda time: float(time[17:26]) + 60 * float(time[14:16])
    attempt = shop.delivery(item["id"])["attempts_log"][0]
    assert 45 < (seconds(item["waiting_until"]) - seconds(attempt["started_at"])) % 3600 <= 61, (item, attempt)
    assert [each["waiting_for"] for each in shop.deliveries(webhook_id=hook["id"])] == ["authentication"] * 3
    assert len(endpoint.receiver.at(path)) == 1 and len(receiver.at(path)) == 1 and first
    # With other credentials nobody waits.
    receiver.on(path, 204)
    shop.patch_webhook(hook["id"], authentication=BEARER)
    receiver.wait(path, 4)


def test_a_changed_token_url_gets_no_old_secret(shop, endpoint, receiver, path):
    with_secret = endpoint.on(path)
    hook = shop.create_webhook(receiver.url(path), authentication=with_secret)
    for other in (endpoint.receiver.url(path + "/other"), endpoint.receiver.url(path, "localhost")):
        problem = refused(shop, ["#/authentication/client_secret"], "PATCH", f"/webhooks/{hook['id']}",
                          url=receiver.url(path), events=["order.*"], authentication={**masked(with_secret), "token_url": other})
        assert "token_url" in problem
    endpoint.on(path + "/other")
    shop.patch_webhook(hook["id"], authentication={**with_secret, "token_url": endpoint.receiver.url(path + "/other"), "client_secret": "given"})
    shop.publish()
    receiver.wait(path)
    (asked,) = endpoint.receiver.at(path + "/other")
    assert base64.b64decode(asked.headers["authorization"].split(" ")[1]) == b"shop:given"
    assert not endpoint.receiver.at(path)


HOSTILE = {
    "redirect": (Reply(302, [("Location", "http://127.0.0.1:1/canary")]), "answered 302"),
    "not json": (Reply(200, body=b"<html>canary</html>"), "no JSON object"),
    "no token": (Reply(200, body=b'{"token":"canary"}'), "no access_token"),
    "injection": (Reply(200, body=b'{"access_token":"canary\\r\\nx-evil: 1"}'), "visible ASCII"),
    "too long": (Reply(200, body=b'{"access_token":"' + b"c" * 9000 + b'"}'), "8192"),
    "endless": (Reply(200, body=b'{"access_token":"canary","x":"' + b"c" * 200_000 + b'"}'), "65536 bytes"),
    "deep": (Reply(200, body=b"[" * 10_000), "no JSON object"),
    "mac": (Reply(200, body=b'{"access_token":"canary","token_type":"mac"}'), "token_type"),
    "wrong client": (Reply(401, body=b'{"error":"invalid_client","error_description":"canary"}'), "answered 401 (invalid_client)"),
    "other error": (Reply(400, body=b'{"error":"canary"}'), "answered 400"),
    "gone": (Reply(410, body=b"canary"), "answered 410"),
    "closes": (Reply(503, body=b"canary", close=True), "answered 503"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_endpoint_is_named_and_nothing_of_it_is_kept(shop, endpoint, receiver, path, kind):
    answer, expected = HOSTILE[kind]
    hook = shop.create_webhook(receiver.url(path), authentication=endpoint.on(path, answer), retry_schedule=[])
    event = shop.publish().json["id"]
    (delivery,) = shop.wait_final(event)
    assert delivery["state"] == "failed" and delivery["last_outcome"]["reason"] == "token_failed"
    assert expected in delivery["reason"], delivery["reason"]
    assert delivery["last_outcome"]["kind"] == "transport" and delivery["last_outcome"]["status"] is None
    assert "canary" not in json.dumps(delivery) and not receiver.at(path)
    assert shop.webhook(hook["id"])["enabled"], "a 410 of the token endpoint is not the receiver's"
    assert shop.webhook(hook["id"])["health"]["failing_since"]


def test_a_token_endpoint_inside_is_refused_like_a_receiver(tmp_path, authority, path):
    """The name resolves to an address that the policy does not pass: it is not connected."""
    with Receiver(address="127.0.0.2", tls=authority.context("inside", alternative="DNS:localhost,IP:127.0.0.2")) as inside, Receiver() as receiver:
        with Server(tmp_path / "data", "--allow-network", "127.0.0.1/32", "--ca-file", str(authority.ca)) as server:
            realm = server.realm(None, "order.shipped")
            refused(realm, ["#/authentication/token_url"], url=receiver.url(path), events=["*"],
                    authentication={"type": "oauth2", "token_url": inside.url(path), "client_id": "a", "client_secret": "b"})
            # Allowed when it was saved, not any more when it is asked.
            realm.create_webhook(receiver.url(path), retry_schedule=[], authentication={
                "type": "oauth2", "token_url": f"https://localhost:{inside.port}{path}", "client_id": "a", "client_secret": "b"})
            (delivery,) = realm.wait_final(realm.publish().json["id"])
            assert delivery["last_outcome"]["reason"] == "token_failed", delivery
            assert not inside.requests and inside.connections == 0 and not receiver.at(path)


def test_an_endpoint_that_hangs_harms_one_lane(shop, endpoint, receiver, path):
    endpoint.receiver.on(path, None)
    hangs = shop.create_webhook(receiver.url(path + "/hangs"), timeout="3s", authentication={**endpoint.on(path + "/x"), "token_url": endpoint.receiver.url(path)})
    others = [shop.create_webhook(receiver.url(f"{path}/{n}"), authentication=endpoint.on(f"{path}/token/{n}")) for n in range(5)]
    for _ in range(200):
        shop.publish()
    for n in range(5):
        receiver.wait(f"{path}/{n}", 200)
    waits = [item for item in shop.deliveries(webhook_id=hangs["id"]) if item["waiting_for"]]
    assert {item["waiting_for"] for item in waits} == {"authentication"} and len(waits) >= 198
    assert len(endpoint.receiver.at(path)) == 1, "one asks, the others wait"
    failed = in_vain(shop, hangs)
    assert {each["last_outcome"]["reason"] for each in failed} == {"token_failed"} and not receiver.at(path + "/hangs")
    # It answers again: what waited goes.
    endpoint.on(path)
    receiver.wait(path + "/hangs", 200, 60)
    assert len(others) == 5 and len(endpoint.receiver.at(path)) <= 4


def test_one_timeout_holds_for_the_token_and_the_request(shop, endpoint, receiver, path):
    authentication = endpoint.on(path)
    give = endpoint.receiver.scripts[path]
    endpoint.receiver.on(path, lambda request: give(request)._replace(delay=2))
    receiver.on(path, Reply(204, delay=2))
    hook = shop.create_webhook(receiver.url(path), timeout="3s", retry_schedule=[], authentication=authentication)
    shop.publish()
    (delivery,) = in_vain(shop, hook)
    # A machine that is too slow for the token says so.
    assert delivery["last_outcome"]["reason"] in ("response_timeout", "token_failed"), delivery
    # What was asked for is there for the next one, which has all the time.
    assert shop.call("POST", f"/webhooks/{hook['id']}/test", {}, 200).json["state"] == "delivered"
    assert len(endpoint.receiver.at(path)) == 1


def test_a_test_gets_a_token_of_its_own_webhook(shop, endpoint, receiver, path):
    hook = shop.create_webhook(receiver.url(path), authentication=endpoint.on(path))
    attempt = shop.call("POST", f"/webhooks/{hook['id']}/test", {}, 200).json
    assert "accepted" in json.dumps(attempt) and "canary" not in json.dumps(attempt)
    assert receiver.at(path)[0].headers["authorization"].startswith("Bearer canary-token-")


def test_tokens_of_two_realms_at_one_endpoint_are_not_mixed(oauth, endpoint, receiver, path):
    seen = {}
    def give(request):
        client = base64.b64decode(request.headers["authorization"].split(" ")[1]).split(b":")[0].decode()
        return Reply(200, body=json.dumps({"access_token": f"of-{client}"}).encode())
    endpoint.receiver.on(path, give)
    for name in ("a", "b"):
        realm = oauth.realm(None, "order.shipped")
        realm.create_webhook(receiver.url(f"{path}/{name}"), authentication={
            "type": "oauth2", "token_url": endpoint.receiver.url(path), "client_id": name, "client_secret": "s"})
        for _ in range(20):
            realm.publish()
        seen[name] = {request.headers["authorization"] for request in receiver.wait(f"{path}/{name}", 20)}
    assert seen == {"a": {"Bearer of-a"}, "b": {"Bearer of-b"}}
