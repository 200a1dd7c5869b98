"""Bodies by templates: of one's own, and the ready ones of Slack, Discord, Teams and PagerDuty against receivers that refuse what these refuse."""

import json

import pytest

from channels import CHANNELS, receiver_of
from contract import some_uuid
from test_webhooks import refused
from waiting import wait_for

KEY = "R0123456789abcdef0123456789abcde"
HOSTILE = [
    r'{"name":"<!channel> <@U024BE7LH> <#C1> & \"quoted\" '"'"r'single'"'"r' \\ back"}',
    '{"name":"@everyone @here <@123456789012345678> *bold* _it_ `code` [x](http://evil.example) > quote"}',
    r'{"name":"\ud800 alone, \udfff too, \ud83d\ude00 not","n":1e400,"m":-0.0e-999999999}',
    '{"name":"' + "x" * 200_000 + '"}',
    '{"name":"' + "<" * 200_000 + '"}',
    '{"name":"' + "\U0001f600" * 50_000 + '"}',
    '{"name":"' + "\\u0000" * 30_000 + '"}',
    '{"a":' * 30 + "[]" + "}" * 30,
    "{}",
]


def publish(realm, data):
    body = f'{{"event":"order.paid","resource_id":"{some_uuid()}","data":{data}}}'
    return realm.publish_bytes(body.encode()).json


def settled(realm, hook, count):
    found = lambda: [item for item in realm.items("/deliveries", webhook_id=hook["id"]) if item["state"] != "pending"]
    return wait_for(lambda: len(found()) == count and found(), f"{count} deliveries are settled", 30)


@pytest.mark.parametrize("channel", CHANNELS)
def test_a_ready_template_survives_hostile_values(realm, receiver, path, channel):
    answer = receiver_of(CHANNELS[channel])
    receiver.on(path, answer)
    headers = {"X-Routing-Key": KEY} if channel == "pagerduty" else {}
    hook = realm.create_webhook(receiver.url(path), format=channel, headers=headers, retry_schedule=[])
    for data in HOSTILE:
        publish(realm, data)
    for item in settled(realm, hook, len(HOSTILE)):
        assert item["state"] == "delivered", realm.get(f"/deliveries/{item['id']}").json["attempts_log"][0]["response"]["body"]
    assert max(len(request.body) for request in receiver.at(path)) < 200_000


def test_the_mocks_refuse_what_they_should():
    """So that a ready template that passes them has shown something."""
    from receiver import Request
    ask = lambda channel, message: receiver_of(CHANNELS[channel])(Request(
        "/", [("content-type", "application/json")], message if isinstance(message, bytes) else json.dumps(message).encode(), 1)).status
    assert ask("slack", {"text": "hello"}) == 200
    for message in ({}, {"text": ""}, {"text": "<!channel>"}, {"text": "\ud800"}, b'{"text":NaN}',
                    {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}):
        assert ask("slack", message) == 400, message
    assert ask("discord", {"content": "x"}) == 400 and ask("teams", {"text": "x" * 30_000}) == 400
    assert ask("pagerduty", {"routing_key": "short", "event_action": "trigger"}) == 400


def test_pagerduty_gets_its_key_from_a_sealed_header(realm, receiver, path):
    refused(realm, ["#/headers"], format="pagerduty")
    hook = realm.create_webhook(receiver.url(path), format="pagerduty", headers={"x-routing-key": KEY})
    assert KEY not in json.dumps(realm.webhook(hook["id"]))
    event = publish(realm, '{"total":5}')
    (request,) = receiver.wait(path)
    assert request.json["routing_key"] == KEY and request.json["dedup_key"] == event["id"]
    item = settled(realm, hook, 1)[0]
    assert KEY not in json.dumps(realm.get(f"/deliveries/{item['id']}").json)
    refused(realm, ["#/headers"], "PATCH", f"/webhooks/{hook['id']}", headers={"x-routing-key": None})


def test_a_template_of_ones_own(realm, receiver, path):
    template = {"title": "{{event}} in {{realm}}", "total": "{{data.total}}", "first": "{{data.items.0.sku | default: \"none\"}}",
                "list": [1.5, None, "{{data.gone}}", "{{data.items}}"], "id": "{{id}}"}
    hook = realm.create_webhook(receiver.url(path), format="template", template=template)
    assert realm.webhook(hook["id"])["template"] == template
    event = publish(realm, '{"total":12345678901234567890.10,"items":[{"sku":"a\\"b"}]}')
    (request,) = receiver.wait(path)
    assert b'"total":12345678901234567890.10,' in request.body
    assert request.json["title"] == f"order.paid in {realm.name}" and request.json["first"] == 'a"b'
    assert request.json["list"] == [1.5, None, None, [{"sku": 'a"b'}]] and request.json["id"] == event["id"]
    changed = realm.patch_webhook(hook["id"], template={"text": "{{data.total}}"})
    assert changed["template"] == {"text": "{{data.total}}"}
    publish(realm, '{"total":7}')
    assert receiver.wait(path, 2)[1].json == {"text": 7}
    assert realm.patch_webhook(hook["id"], format=None, template=None)["template"] is None


@pytest.mark.parametrize("members, pointers", [
    ({"format": "template"}, ["#/template"]),
    ({"template": {"a": 1}}, ["#/template"]),
    ({"format": "slack", "template": {"a": 1}}, ["#/template"]),
    ({"format": "template", "template": {"a": ["{{total}}"]}}, ["#/template/a/0"]),
    ({"format": "template", "template": {"a": "{{data.b | shout}}", "c/d": "{{event"}}, ["#/template/a", "#/template/c~1d"]),
    ({"format": "template", "template": "x" * 17_000}, ["#/template"]),
    ({"format": "template", "template": "{{header.X-Key}}"}, ["#/headers"]),
])
def test_what_is_wrong_is_named(realm, members, pointers):
    refused(realm, pointers, **members)


def test_what_cannot_be_rendered_fails_at_once_and_is_no_fault_of_the_receiver(realm, receiver, path):
    large = ["{{data.text}}"] * 10
    hook = realm.create_webhook(receiver.url(path), format="template", template=large)
    publish(realm, '{"text":"' + "x" * 150_000 + '"}')
    (item,) = settled(realm, hook, 1)
    assert item["state"] == "failed" and "1048576 bytes" in item["reason"], item
    assert (item["last_outcome"]["kind"], item["last_outcome"]["reason"]) == ("internal", "unrenderable")
    health = realm.webhook(hook["id"])["health"]
    assert not receiver.at(path) and health["last_failure"]["kind"] == "internal" and health["breaker"] == "closed"
    said = realm.call("POST", "/webhooks/check", {"events": ["order.paid"], "format": "template", "template": large, "last": 10}, 200).json["dry_run"]
    assert said["body"]["text"] is None and "1048576 bytes" in said["body"]["problem"]
    tried = realm.call("POST", "/webhooks/check", {"events": ["order.paid"], "format": "slack", "last": 10}, 200).json["dry_run"]["body"]
    assert json.loads(tried["text"])["text"].startswith("order.paid ") and tried["problem"] is None


def test_costly_templates_of_a_realm_hold_up_no_other(server, realm, receiver, path):
    """Rendered on the engine's thread, 300 bodies that take some 10 ms each kept everybody else waiting."""
    other = server.realm(None, "order.paid")
    other.create_webhook(receiver.url(path + "-other"), events=["order.paid"])
    for _ in range(100):
        realm.create_webhook(receiver.url(path), events=["order.paid"], format="template", template={"n": "{{data.n}}"})
    for number in range(3):
        publish(realm, f'{{"n":{number},"list":[{",".join(["1"] * 120_000)}]}}')
    for number in range(10):
        event = other.publish("order.paid", {"n": number}).json["id"]
        wait_for(lambda: receiver.at(path + "-other")[number:], "the other's", 60)
        assert receiver.at(path + "-other")[number].id == event
    assert len(receiver.at(path)) < 300, "all of the costly ones came first"
