"""Webhooks as configuration: every rule of API.md on creating, reading and changing them."""

import uuid

import pytest

from server import sqlite_only
from waiting import wait_for

MASK = "••••••"
DEFAULTS = {"name": "", "description": "", "headers": {}, "enabled": True, "disabled_reason": None,
            "timeout": None, "retry_schedule": None, "signing": ["v1"],
            "rate_limit": None, "max_in_flight": None, "format": None, "filter": None}


def refused(realm, expect_pointers, method="POST", path="/webhooks", **members):
    body = {"url": "http://127.0.0.1:9/x", "events": ["*"], **members}
    answer = realm.call(method, path, body, 422)
    assert answer.problem in ("invalid-request", "unknown-event-type")
    assert answer.pointers == expect_pointers, answer
    return " ".join(error["detail"] for error in answer.json["errors"])


def test_create_and_read(realm, receiver):
    url = receiver.url("/x?y=1")
    answer = realm.call("POST", "/webhooks", {"url": url, "events": ["order.*"]}, 201)
    created = answer.json
    assert answer.headers["etag"] == '"1"'
    assert answer.headers["location"].endswith(f"/webhooks/{created['id']}")
    secret = created.pop("secret")
    assert secret.startswith("whsec_") and len(secret) == 6 + 44
    assert {name: created[name] for name in DEFAULTS} == DEFAULTS
    assert created["url"] == url and created["events"] == ["order.*"] and created["version"] == 1
    read = realm.get(f"/webhooks/{created['id']}")
    health = read.json["health"]
    assert health["attempts_24h"] == 0 and health["last_success_at"] is None
    assert read.json == {**created, "health": health} and read.headers["etag"] == '"1"'
    assert realm.items("/webhooks") == [read.json]
    second = realm.create_webhook(url)
    assert [item["id"] for item in realm.items("/webhooks")] == [second["id"], created["id"]]
    realm.get(f"/webhooks/{uuid.uuid4()}", 404)


def test_header_values_are_masked(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), headers={"Authorization": "Bearer s3cr3t", "X-A": "1"})
    masked = {"Authorization": MASK, "X-A": MASK}
    at = f"/webhooks/{hook['id']}"
    assert hook["headers"] == masked
    assert realm.webhook(hook["id"])["headers"] == masked
    assert realm.items("/webhooks")[0]["headers"] == masked
    assert realm.get(at, reveal="headers").json["headers"] == {"Authorization": "Bearer s3cr3t", "X-A": "1"}
    assert realm.get(at, 422, reveal="secret").pointers == ["reveal"]
    # A mask sent back means unchanged; a value changes; null removes.
    changed = realm.patch_webhook(hook["id"], headers={"Authorization": MASK, "X-A": None, "X-B": "2"})
    assert changed["headers"] == {"Authorization": MASK, "X-B": MASK}
    realm.call("PUT", at, {"url": hook["url"], "events": ["order.*"], "headers": {"Authorization": MASK}}, 200)
    assert realm.get(at, reveal="headers").json["headers"] == {"Authorization": "Bearer s3cr3t"}
    realm.publish()
    request = receiver.wait(path)[0]
    assert request.headers["authorization"] == "Bearer s3cr3t" and "x-b" not in request.headers
    # For a name that exists; else it is refused.
    for method in ("PUT", "PATCH"):
        refused(realm, ["#/headers/X-New"], method, at, url=hook["url"], headers={"X-New": MASK})
    refused(realm, ["#/headers/X-New"], headers={"X-New": MASK})
    assert realm.patch_webhook(hook["id"], headers=None)["headers"] == {}


def test_put_resets_what_it_leaves_out_but_not_the_secret(realm, receiver):
    hook = realm.create_webhook(receiver.url("/x"), events=["order.paid"], description="d", timeout="5s",
                                headers={"X-A": "1"}, retry_schedule=["1s"], enabled=False)
    assert hook["disabled_reason"] == "by_hand"
    at = f"/webhooks/{hook['id']}"
    answer = realm.call("PUT", at, {"url": hook["url"], "events": ["*"]}, 200)
    assert {name: answer.json[name] for name in DEFAULTS} == DEFAULTS
    assert answer.json["version"] == 2 and answer.headers["etag"] == '"2"'
    assert "secret" not in answer.json
    assert realm.get(f"{at}/secret").json == {"secret": hook["secret"]}


def test_patch_is_a_merge_patch(realm, receiver):
    hook = realm.create_webhook(receiver.url("/x"), timeout="5s", retry_schedule=["1s", "2m"],
                                description="d", signing=["v1", "v1a"])
    assert realm.patch_webhook(hook["id"], name="new")["timeout"] == "5s"
    reset = realm.patch_webhook(hook["id"], timeout=None, retry_schedule=None, description=None,
                                name=None, signing=None)
    assert {name: reset[name] for name in DEFAULTS} == DEFAULTS
    for name in ("url", "events"):
        refused(realm, [f"#/{name}"], "PATCH", f"/webhooks/{hook['id']}", **{
            "url": hook["url"], name: None})
    by_type = realm.call("PATCH", f"/webhooks/{hook['id']}", {"name": "typed"}, 200,
                         {"content-type": "application/merge-patch+json"})
    assert by_type.json["name"] == "typed"


def test_a_change_that_changes_nothing(realm, receiver):
    hook = realm.create_webhook(receiver.url("/x"), name="same", headers={"X-A": "1"})
    unchanged = realm.patch_webhook(hook["id"], name="same", headers={"X-A": "1"}, enabled=True)
    assert unchanged["version"] == 1 and unchanged["updated_at"] == hook["updated_at"]
    assert realm.patch_webhook(hook["id"])["version"] == 1
    assert realm.changes() == ["webhook.created"]


def test_if_match(realm, receiver):
    hook = realm.create_webhook(receiver.url("/x"))
    at = f"/webhooks/{hook['id']}"
    body = {"url": hook["url"], "events": ["*"]}
    realm.call("PATCH", at, {"name": "2"}, 200, {"if-match": '"1"'})
    for method, path, content in (("PATCH", at, {"name": "x"}), ("PUT", at, body), ("DELETE", at, None),
                                  ("POST", f"{at}/secret/rotate", {})):
        for stale in ('"1"', '"x"', "7"):
            answer = realm.call(method, path, content, 412, {"if-match": stale})
            assert answer.problem == "precondition-failed"
    assert realm.webhook(hook["id"])["name"] == "2"
    realm.call("PUT", at, {**body, "name": "3"}, 200, {"if-match": '"2"'})
    realm.call("PATCH", at, {"name": "4"}, 200, {"if-match": "*"})
    realm.call("DELETE", at, None, 204, {"if-match": '"4"'})
    realm.get(at, 404)


def test_every_bad_field_is_named_at_once(realm):
    refused(realm, ["#/colour", "#/enabled", "#/events/1", "#/headers/Host", "#/name",
                    "#/retry_schedule/0", "#/secret", "#/signing/0", "#/timeout", "#/url"],
            colour="red", enabled="yes", events=["order.paid", "order.pade"], headers={"Host": "x"},
            name=7, retry_schedule=["soon"], secret="hunter2", signing=["rsa"], timeout="1y",
            url="ftp://x")
    assert realm.items("/webhooks") == []
    for missing in ("url", "events"):
        body = {"url": "http://127.0.0.1:9/", "events": ["*"]}
        del body[missing]
        assert realm.call("POST", "/webhooks", body, 422).pointers == [f"#/{missing}"]


@pytest.mark.parametrize("pointer, members", [
    ("#/id", {"id": "00000000-0000-4000-8000-000000000000"}), ("#/version", {"version": 1}), ("#/Name", {"Name": "x"}),
    ("#/name", {"name": "x" * 201}), ("#/description", {"description": "x" * 2001}),
    ("#/events", {"events": []}), ("#/events", {"events": "*"}), ("#/events/0", {"events": [7]}),
    ("#/events", {"events": ["order.paid"] * 201}),
    ("#/events/0", {"events": ["user.*.assigned"]}), ("#/events/0", {"events": ["user*"]}),
    ("#/events/0", {"events": ["*.created"]}), ("#/events/0", {"events": [""]}),
    ("#/events/0", {"events": ["postrider.test"]}), ("#/events/0", {"events": ["USER.CREATED"]}),
    ("#/timeout", {"timeout": "99ms"}), ("#/timeout", {"timeout": "31s"}),
    ("#/timeout", {"timeout": "0s"}), ("#/timeout", {"timeout": 15}), ("#/timeout", {"timeout": "15"}),
    ("#/timeout", {"timeout": "-1s"}), ("#/timeout", {"timeout": "1.5s"}),
    ("#/timeout", {"timeout": "99999999999d"}),
    ("#/retry_schedule", {"retry_schedule": ["1s"] * 21}),
    ("#/retry_schedule", {"retry_schedule": "1s"}),
    ("#/retry_schedule/1", {"retry_schedule": ["1s", "25h"]}),
    ("#/retry_schedule/0", {"retry_schedule": [5]}),
    ("#/signing", {"signing": []}), ("#/signing/1", {"signing": ["v1", "v1"]}),
    ("#/secret", {"secret": "whsec_"}), ("#/secret", {"secret": "whsec_" + "A" * 31}),
    ("#/secret", {"secret": "whsec_" + "A" * 28}), ("#/secret", {"secret": "whsec_" + "A" * 100}),
    ("#/secret", {"secret": "A" * 44}), ("#/secret", {"secret": "whsec_" + "!" * 44}),
    ("#/secret", {"secret": 7}), ("#/headers", {"headers": []}), ("#/headers/X-A", {"headers": {"X-A": 1}}),
], ids=str)
def test_a_bad_field(realm, pointer, members):
    refused(realm, [pointer], **members)


def test_good_extremes(realm, receiver):
    realm.create_webhook(receiver.url("/x"), name="é" * 200, description="x" * 2000, timeout="100ms",
                         retry_schedule=["24h"] * 20, secret="whsec_" + "A" * 32)
    realm.create_webhook(receiver.url("/x"), timeout="30s", retry_schedule=[],
                         events=["user.*", "order.paid", "client.role.*", "webhook.created"])


@pytest.mark.parametrize("name", """Host host Connection Keep-Alive Content-Type content-length
    Content-Anything Transfer-Encoding TE Trailer Upgrade HTTP2-Settings Expect Accept-Encoding
    User-Agent Date Cookie Via Forwarded X-Forwarded-For x-forwarded-anything Proxy-Authorization
    webhook-id Webhook-Anything ce-id traceparent tracestate Metadata-Flavor X-Metadata-Token
    X-aws-ec2-metadata-token""".split() + ["", "a b", "a:b", "a\r\nb", "é", "a\0", "(a)", "a/b"])
def test_header_names_that_are_refused(realm, name):
    refused(realm, ["#/headers/" + name.replace("~", "~0").replace("/", "~1")], headers={name: "x"})


@pytest.mark.parametrize("value", ["", " x", "x ", "\tx", "x\t", "a  b", "a\r\nX-B: 1", "a\nb", "a\0b",
                                   "é", "a\x7fb", "a\x1bb", "a\r"], ids=repr)
def test_header_values_that_are_refused(realm, value):
    refused(realm, ["#/headers/X-A"], headers={"X-A": value})


def test_header_limits(realm, receiver, path):
    refused(realm, ["#/headers"], headers={f"X-{n}": "1" for n in range(51)})
    refused(realm, ["#/headers"], headers={"X-A": "x" * (16 * 1024)})
    most = {f"X-{n}": "y" * 300 for n in range(50)}
    realm.create_webhook(receiver.url(path), headers=most)
    realm.publish()
    headers = receiver.wait(path)[0].headers
    assert {name: headers[name.lower()] for name in most} == most
    at = f"/webhooks/{realm.items('/webhooks')[0]['id']}"
    # One name in two spellings is one header.
    refused(realm, ["#/headers/x-0"], headers={"X-0": "1", "x-0": "2"})
    assert len(realm.call("PATCH", at, {"headers": {"x-0": None}}, 200).json["headers"]) == 49


def test_an_unknown_type_comes_with_the_nearest_name(realm):
    assert '"user.deleted"' in refused(realm, ["#/events/0"], events=["user.deletd"])
    assert '"order.shipped"' in refused(realm, ["#/events/0"], events=["order.shiped"])


def test_matching(realm, receiver, path):
    matching = {"order.shipped": {"*", "order.*", "order.shipped"}, "order.paid": {"*", "order.*"},
                "user.role.assigned": {"*", "user.*", "user.role.*"}, "user.created": {"*", "user.*"},
                "role.created": {"*"}, "client.created": {"*"}}
    for pattern in set().union(*matching.values()):
        realm.create_webhook(receiver.url(f"{path}?{pattern}"), events=[pattern])
    overlapping = realm.create_webhook(receiver.url(f"{path}?twice"), events=["*", "user.*"])
    for event, patterns in matching.items():
        published = realm.publish(event).json
        assert published["deliveries"] == len(patterns) + 1
    def got():
        return {pattern: {request.json["event"] for request in receiver.at(f"{path}?{pattern}")
                          if not request.json["event"].startswith("webhook.")}
                for pattern in set().union(*matching.values())}
    wanted = {pattern: {event for event, patterns in matching.items() if pattern in patterns} for pattern in got()}
    wait_for(lambda: got() == wanted, lambda: f"{wanted}, but {got()}")
    assert realm.deliveries(webhook_id=overlapping["id"], event="user.created")


def test_disabled_gets_nothing(realm, receiver, path):
    hook = realm.create_webhook(receiver.url(path), enabled=False, events=["order.*"])
    assert realm.publish().json["deliveries"] == 0
    assert realm.patch_webhook(hook["id"], enabled=True)["disabled_reason"] is None
    assert realm.publish().json["deliveries"] == 1
    assert realm.patch_webhook(hook["id"], enabled=False)["disabled_reason"] == "by_hand"
    assert realm.publish().json["deliveries"] == 0
    receiver.wait(path)
    assert len(receiver.at(path)) == 1


@sqlite_only
def test_nothing_secret_at_rest_or_in_logs(server, realm, receiver, path):
    value, secret = "Bearer " + uuid.uuid4().hex, "whsec_" + "QUJD" * 11
    hook = realm.create_webhook(receiver.url(path), headers={"Authorization": value}, secret=secret)
    rotated = realm.call("POST", f"/webhooks/{hook['id']}/secret/rotate", {}, 200).json["secret"]
    event_id = realm.publish().json["id"]
    delivery = realm.wait_final(event_id)[0]
    attempt = delivery["attempts_log"][0]
    assert attempt["request"]["headers"]["Authorization"] == MASK
    refused(realm, ["#/headers/X-B", "#/secret"], secret="whsec_typo" + secret,
            headers={"X-B": value + "\n"})
    seen = "".join(server.log) + str(realm.items("/events")) + str(delivery)
    stored = b"".join(file.read_bytes() for file in server.data.glob("*.db*"))
    assert receiver.url(path).encode() in stored  # the store was looked into
    for hidden in (value, value[7:], secret[6:], rotated[6:]):
        assert hidden not in seen
        assert hidden.encode() not in stored
    import base64
    for hidden in (secret, rotated):
        assert base64.b64decode(hidden[6:]) not in stored
