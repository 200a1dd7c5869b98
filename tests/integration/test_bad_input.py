"""Bad input on the event routes: refused with a problem that names the field and the way out."""

import http.client
import json
import socket

import pytest

from client import Client, Realm
from server import TOKEN

RESOURCE = "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"
GOOD = {"event": "order.shipped", "resource_id": RESOURCE, "data": {}}


def nested(depth):
    return b'{"a":' * (depth - 1) + b"{}" + b"}" * (depth - 1)


def body(data):
    return b'{"event":"order.shipped","resource_id":"%s","data":%s}' % (RESOURCE.encode(), data)


@pytest.mark.parametrize("text", [
    b"", b"{", b"nonsense", b"{'a':1}", body(b"{}") + b"x", body(b"{}") + body(b"{}"),
    body(b'{"a":01}'), body(b'{"a":.5}'), body(b'{"a":NaN}'), body(b'{"a":1,}'), body(b'{"a":+1}'),
    body(b'{"a":"\n"}'), body(b'{"a":"\\x"}'), body(b'{"a":"\\u12"}'), body(b'{"a":"\xff"}'),
    body(b'{"a":"\xc0\x80"}'), body(b'{"a":"\xed\xa0\x80"}'), body(b'{"a":"\xf5\x80\x80\x80"}'),
    body(b'{"a":1,"a":2}'), body(b'{"a":1,"\\u0061":2}'), body(b'{"x":{"a":1,"b":1,"a":2}}'),
    b'{"event":"order.shipped",' + body(b"{}")[1:], body(nested(65)), b"\xef\xbb\xbf" + body(b"{}"),
    body(b"{} // comment"), body(b"{}")[:-1] + b"\0}",
], ids=lambda text: repr(text[:40]))
def test_malformed_json(realm, text):
    answer = realm.publish_bytes(text, expect=400)
    assert answer.problem == "malformed-json" and answer.json["detail"]
    assert realm.orders() == []


def test_deepest_json_that_passes(realm):
    realm.publish_bytes(body(nested(64)))  # `data` itself; 65 is above


@pytest.mark.parametrize("change, pointers", [
    ({"event": None}, ["#/event"]), ({"event": 7}, ["#/event"]), ({"event": ""}, ["#/event"]),
    ({"event": "Order.Shipped"}, ["#/event"]), ({"event": "order.*"}, ["#/event"]),
    ({"event": "postrider.test"}, ["#/event"]), ({"event": "*"}, ["#/event"]),
    ({"resource_id": "x"}, ["#/resource_id"]), ({"resource_id": 7}, ["#/resource_id"]),
    ({"resource_id": RESOURCE + "0"}, ["#/resource_id"]),
    ({"resource_id": RESOURCE.replace("-", "")}, ["#/resource_id"]),
    ({"data": []}, ["#/data"]), ({"data": "{}"}, ["#/data"]), ({"data": None}, ["#/data"]),
    ({"id": RESOURCE}, ["#/id"]), ({"Data": {}}, ["#/Data"]),
    ({"event": 7, "resource_id": "x", "data": 1, "~/": 1},
     ["#/data", "#/event", "#/resource_id", "#/~0~1"]),
], ids=str)
def test_wrong_fields_are_all_named(realm, change, pointers):
    answer = realm.publish_bytes(json.dumps({**GOOD, **change}).encode(), expect=422)
    assert answer.problem in ("invalid-request", "unknown-event-type")
    assert answer.pointers == pointers


@pytest.mark.parametrize("missing", sorted(GOOD))
def test_missing_fields(realm, missing):
    rest = {name: value for name, value in GOOD.items() if name != missing}
    assert realm.publish_bytes(json.dumps(rest).encode(), expect=422).pointers == [f"#/{missing}"]


@pytest.mark.parametrize("text", [b"[]", b'"x"', b"7", b"null", b"true"])
def test_not_an_object(realm, text):
    assert realm.publish_bytes(text, expect=422).problem == "invalid-request"


@pytest.mark.parametrize("typo, near", [
    ("user.create", "user.created"), ("user.crated", "user.created"), ("users.created", "user.created"),
    ("order.shiped", "order.shipped"), ("client.role.update", "client.role.updated"),
    ("redirect_url.created", "redirect_uri.created")])
def test_unknown_type_comes_with_the_nearest_name(realm, typo, near):
    answer = realm.publish(typo, expect=422)
    assert answer.pointers == ["#/event"]
    assert f'"{near}"' in answer.json["errors"][0]["detail"]


def test_payload_limit(realm, receiver, path):
    realm.create_webhook(receiver.url(path))
    limit = 256 * 1024
    most = b'{"a":"' + b"x" * (limit - 8) + b'"}'
    assert len(most) == limit
    realm.publish_bytes(body(most))
    assert receiver.wait(path)[0].body.endswith(most + b"}")
    answer = realm.publish_bytes(body(most[:-2] + b'x"}'), expect=413)
    assert answer.problem == "payload-too-large" and "262144" in answer.json["detail"].replace(",", "")
    in_batch = realm.call("POST", "/events/batch",
                          b'{"events":[' + body(most[:-2] + b'x"}') + b"]}", 413)
    assert in_batch.problem == "payload-too-large"
    assert len(realm.orders()) == 1


def test_nothing_past_the_limit_is_read(server, realm):
    """A declared length over the limit is refused before any byte of the body; an undeclared one
    is cut off as soon as it is over."""
    for route, limit in (("events", 300 * 1024), ("events/batch", 16 * 1024 * 1024 + 1)):
        head = (f"POST /api/v1/realms/{realm.name}/{route} HTTP/1.1\r\nHost: x\r\n"
                f"Authorization: Bearer {TOKEN}\r\nContent-Type: application/json\r\n")
        with socket.create_connection(server.address(), timeout=20) as connection:
            connection.sendall(f"{head}Content-Length: {1 << 40}\r\n\r\n".encode())
            response = http.client.HTTPResponse(connection)
            response.begin()
            assert response.status == 413
            assert json.loads(response.read())["type"].endswith("payload-too-large")
        with socket.create_connection(server.address(), timeout=20) as connection:
            connection.sendall(f"{head}Transfer-Encoding: chunked\r\n\r\n".encode())
            sent, chunk = 0, b"10000\r\n" + b" " * 0x10000 + b"\r\n"
            try:
                while sent < 4 * limit + (32 << 20):
                    connection.sendall(chunk)
                    sent += 0x10000
            except OSError:
                pass  # it closed, as it should
            assert sent < 4 * limit + (32 << 20), "it read on and on"


def test_other_media_types(realm):
    for kind in ("text/plain", "application/x-www-form-urlencoded", "application/jsonp", ""):
        answer = realm.call("POST", "/events", b"{}", 415, {"content-type": kind})
        assert answer.problem == "unsupported-media-type"
    assert realm.call("POST", "/events", json.dumps(GOOD).encode(), 202,
                      {"content-type": "application/json; charset=UTF-8"})
    encoded = realm.call("POST", "/events", json.dumps(GOOD).encode(), 415,
                         {"content-encoding": "gzip"})
    assert encoded.problem == "unsupported-media-type"


def test_tokens(server, realm):
    for header in (None, "Bearer", "Bearer wrong", f"Basic {TOKEN}", f"Bearer {TOKEN}x", TOKEN,
                   f"Bearer {TOKEN[:-1]}", "Bearer " + "x" * 5000):
        answer = Client(server.address, None).raw(
            "POST", f"/api/v1/realms/{realm.name}/events", json.dumps(GOOD).encode(),
            {"authorization": header} if header else {})
        assert answer.status == 401 and answer.problem == "unauthenticated", header
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_unknown_realm_and_route(server, realm):
    assert Realm(server.client, "no-such-realm").publish(expect=404).problem == "not-found"
    assert Realm(server.client, "No%20Realm").publish(expect=404).problem == "not-found"
    assert realm.call("GET", "/nothing", None, 404).problem == "not-found"
    wrong_method = realm.call("PATCH", "/events", {}, 405)
    assert wrong_method.problem == "method-not-allowed"
    assert sorted(wrong_method.headers["allow"].replace(" ", "").split(",")) in (
        ["GET", "HEAD", "POST"], ["GET", "POST"])


def test_a_realm_is_named_by_its_id_too(server, realm):
    id_ = server.client.call("GET", f"/realms/{realm.name}", expect=200).json["id"]
    event_id = Realm(server.client, id_).publish().json["id"]
    assert [item["id"] for item in realm.orders()] == [event_id]


def test_another_realms_objects_are_404(server, realm, receiver):
    other = server.realm(None, "order.shipped")
    hook = realm.create_webhook(receiver.url("/x"))["id"]
    event = realm.publish().json["id"]
    delivery = realm.deliveries(event_id=event)[0]["id"]
    for path in (f"/events/{event}", f"/events/{event}/explain", f"/webhooks/{hook}",
                 f"/webhooks/{hook}/secret", f"/deliveries/{delivery}", f"/webhooks/{hook}/deliveries"):
        realm.get(path)
        assert other.get(path, 404).problem == "not-found"
    for method, path, content in (
            ("PATCH", f"/webhooks/{hook}", {"name": "x"}), ("DELETE", f"/webhooks/{hook}", None),
            ("POST", f"/deliveries/{delivery}/redeliver", None),
            ("POST", f"/webhooks/{hook}/test", {}), ("POST", f"/webhooks/{hook}/secret/rotate", {})):
        assert other.call(method, path, content, 404).problem == "not-found"
    assert realm.webhook(hook)["version"] == 1


@pytest.mark.parametrize("control", ["\x1b[31m", "\0", "\x7f", "\b"], ids=repr)
@pytest.mark.parametrize("path, body, field", [
    ("/api-keys", {"name": "a{}b", "permissions": ["view_events"]}, "#/name"),
    ("/event-types", {"name": "stock.low", "description": "a{}b"}, "#/description"),
    ("/webhooks", {"name": "a{}b", "url": "https://example.com/", "events": ["*"]}, "#/name"),
    ("/roles", {"name": "a{}b"}, "#/name"),
    ("", {"display_name": "a{}b"}, "#/display_name"),
], ids=lambda value: value if isinstance(value, str) else "")
def test_texts_that_are_shown_have_no_control_characters(realm, path, body, field, control):
    body = {name: value.replace("{}", control) if isinstance(value, str) else value for name, value in body.items()}
    answer = realm.call("POST" if path else "PATCH", path, body, 422)
    assert field in [error["pointer"] for error in answer.json["errors"]] and "control character" in str(answer.json["errors"]), answer
