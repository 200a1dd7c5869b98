"""What the server itself tells of webhooks and their deliveries, and who did what the directory tells."""

import json

import pytest

from client import Client, Realm
from test_breaker import open_breaker, wait_breaker
from test_attempt_now import now
from waiting import wait_for

FAILED = "postrider.delivery.failed"


def told(receiver, path, count=1):
    """By type, what a watcher got."""
    requests = receiver.wait(path, count)
    return {request.json["event"]: request.json for request in requests}


@pytest.fixture
def watched(realm, receiver, path):
    """A watcher of all operational events."""
    realm.create_webhook(receiver.url(path + "/watch"), events=["postrider.*"], name="watcher")
    return path + "/watch"


def test_a_breaker_opens_and_closes(realm, receiver, path, watched):
    hook, _ = open_breaker(realm, receiver, path, name="billing")
    body = told(receiver, watched)["postrider.webhook.failing"]
    health = realm.webhook(hook["id"])["health"]
    assert body["resource_id"] == hook["id"]
    data = body["data"]
    assert list(data) == ["webhook", "since", "failure", "next_attempt_at", "realm"]
    assert data["webhook"] == {"id": hook["id"], "name": "billing"} and data["since"] == health["open_since"]
    assert data["failure"]["outcome"] == "refused_by_status" and data["failure"]["status"] == 503
    assert data["realm"] == {"id": realm.get("").json["id"], "name": realm.name}
    receiver.on(path, 204)
    now(realm, realm.items("/deliveries", webhook_id=hook["id"], state="pending")[0])
    wait_breaker(realm, hook, "closed")
    again = told(receiver, watched, 2)["postrider.webhook.recovered"]
    assert again["resource_id"] == hook["id"] and again["data"]["failing_since"] == data["since"]
    assert [event["event"] for event in realm.items("/events", event="postrider.*")] == [
        "postrider.webhook.recovered", "postrider.webhook.failing"]


def test_what_the_server_disables_is_told(realm, receiver, path, watched):
    hook = realm.create_webhook(receiver.on(path, 410), events=["order.*"], name="gone")
    by_hand = realm.create_webhook(receiver.url(path + "/hand"), events=["order.*"])
    realm.patch_webhook(by_hand["id"], enabled=False)
    event = realm.publish().json["id"]
    bodies = told(receiver, watched, 2)
    disabled = bodies["postrider.webhook.disabled"]
    assert disabled["resource_id"] == hook["id"] and disabled["data"]["reason"] == "gone"
    failed = bodies[FAILED]["data"]
    delivery, = realm.wait_final(event)
    assert failed["count"] == 1 and failed["holds_too_many"] is False
    assert failed["last"] == {"delivery_id": delivery["id"], "event_id": event, "event": "order.shipped", "reason": delivery["reason"]}
    # That the webhook is disabled is a change of it, too: the named exception of one change, one event.
    assert len(realm.items("/events", event="webhook.updated")) == 2


def test_failed_deliveries_are_told_once_a_minute(realm, receiver, path, watched):
    hook = realm.create_webhook(receiver.on(path, 400), events=["order.*"], retry_schedule=[])
    events = [realm.publish().json["id"] for _ in range(20)]
    for event in events:
        realm.wait_final(event)
    assert receiver.wait(watched)[0].json["data"]["count"] >= 1
    assert len(realm.items("/events", event=FAILED)) == 1
    # A test that fails, and what is cancelled, are none.
    realm.call("POST", f"/webhooks/{hook['id']}/test", {}, 200)
    assert len(realm.items("/events", event=FAILED)) == 1


def test_a_star_does_not_take_them(realm, receiver, path):
    star = realm.create_webhook(receiver.url(path + "/star"), events=["*"])
    realm.create_webhook(receiver.url(path + "/named"), events=["*", FAILED])
    realm.create_webhook(receiver.on(path, 400), events=["order.*"], retry_schedule=[])
    realm.wait_final(realm.publish().json["id"], 3)
    event = receiver_got(receiver, path + "/named", FAILED)
    explained = realm.explain(event.id)
    assert explained[star["id"]]["verdict"] == "not_subscribed"
    # What comes after it is at the star, too, and it is not.
    last = realm.publish("order.paid").json["id"]
    wait_for(lambda: last in [each.id for each in receiver.at(path + "/star")], "the last one")
    assert FAILED not in [each.json["event"] for each in receiver.at(path + "/star")]


def receiver_got(receiver, path, kind):
    return wait_for(lambda: next((each for each in receiver.at(path) if each.json["event"] == kind), None), kind)


def test_none_goes_to_the_webhook_that_it_is_about_and_its_failure_raises_none(realm, receiver, path):
    one = realm.create_webhook(receiver.on(path, 400), events=["order.*", "postrider.*"], retry_schedule=[])
    realm.create_webhook(receiver.on(path + "/other", 400), events=["postrider.*"], retry_schedule=[])
    order = realm.publish().json["id"]
    failed = receiver_got(receiver, path + "/other", FAILED)
    assert failed.json["resource_id"] == one["id"]
    realm.wait_final(failed.id)
    realm.wait_final(order)
    # The other one's delivery failed for good, and nobody is told.
    assert [each["event"] for each in realm.items("/events", event="postrider.*")] == [FAILED]
    assert [each.json["event"] for each in receiver.at(path)] == ["order.shipped"]
    because = realm.explain(failed.id)[one["id"]]
    assert because["verdict"] == "not_subscribed" and "about this webhook" in because["because"]
    answer = realm.call("POST", f"/webhooks/{one['id']}/recover", {"since": "2020-01-01T00:00:00Z"}, 202).json
    wait_for(lambda: realm.get(f"/operations/{answer['id']}").json["state"] == "done", "recovered")
    wait_for(lambda: len(receiver.at(path)) == 2, "what failed is attempted again")
    assert {each.json["event"] for each in receiver.at(path)} == {"order.shipped"}


def test_nobody_else_publishes_them(realm):
    about = '"resource_id": "019300a1-7c3e-7b1a-9a54-3f0f6b1d2c11"'
    for text, pointer in ((f'{{"event": "{FAILED}", "data": {{}}, {about}}}', "#/event"),
                          (f'{{"event": "postrider.test", "data": {{}}, {about}}}', "#/event"),
                          (f'{{"event": "user.created", "data": {{"actor": 1}}, {about}}}', "#/data/actor"),
                          (f'{{"event": "user.created", "data": {{"\\u0061ctor": null}}, {about}}}', "#/data/actor")):
        assert realm.publish_bytes(text.encode(), expect=422).pointers == [pointer], text
        batch = realm.call("POST", "/events/batch", json.loads(f'{{"events": [{text}]}}'), 422)
        assert batch.pointers == [pointer.replace("#", "#/events/0")]
    # In data of one's own it means what one wants, and deeper too.
    realm.publish("order.paid", {"actor": "me"})
    realm.publish("user.created", {"user": {"actor": "me"}})


def test_the_catalogue_has_them_beside_the_27(server, realm, receiver, path):
    catalogue = server.client.call("GET", "/event-types", None, 200).json
    names = [each["name"] for each in catalogue["operational"]]
    assert names == ["postrider.webhook.failing", "postrider.webhook.recovered", "postrider.webhook.disabled", FAILED]
    hook = realm.create_webhook(receiver.url(path), events=names)
    # Their examples can be sent.
    realm.call("POST", f"/webhooks/{hook['id']}/test", {"event": FAILED}, 200)
    sent = receiver.wait(path)[0].json
    assert sent["event"] == FAILED and sent["data"]["test"] is True and sent["data"]["count"] == 3
    refused = realm.call("POST", "/webhooks", {"url": hook["url"], "events": ["postrider.webhook.failed"]}, 422)
    assert 'do you mean "postrider.' in refused.json["errors"][0]["detail"]
    messages = realm.get("/asyncapi.json").json["components"]["messages"]
    assert set(names) <= set(messages)


# Who did it.

def last(realm, kind):
    return realm.items("/events", event=kind)[0]["data"]


def test_who_did_it_stands_last(server, realm, receiver, path):
    own = {"id": realm.get("").json["id"], "name": realm.name}
    key = realm.call("POST", "/api-keys", {"name": "importer", "permissions": ["manage_users", "view_users", "manage_webhooks"]}, 201).json
    client = Realm(Client(server.address, key["key"]), realm.name)
    user = client.call("POST", "/users", {"username": "ada"}, 201).json
    data = last(realm, "user.created")
    assert list(data)[-2:] == ["actor", "realm"] and data["realm"] == own
    assert data["actor"] == {"kind": "api_key", "id": key["id"], "name": "importer"}
    client.call("PATCH", f"/users/{user['id']}", {"first_name": "Ada"}, 200)
    data = last(realm, "user.updated")
    assert list(data)[-3:] == ["changed", "actor", "realm"] and data["actor"]["name"] == "importer"
    client.create_webhook(receiver.url(path))
    assert last(realm, "webhook.created")["actor"]["id"] == key["id"]
    # Of another realm: who it was, without a name.
    realm.call("PATCH", f"/users/{user['id']}", {"first_name": None}, 200)
    actor = last(realm, "user.updated")["actor"]
    assert actor["kind"] == "api_key" and actor["name"] is None and actor["id"] != key["id"]


def test_the_user_and_the_server_are_named(server, realm, receiver, path):
    user = realm.call("POST", "/users", {"username": "ada", "email": "ada@example.com"}, 201).json
    token = realm.call("POST", f"/users/{user['id']}/reset-password", None, 200).json["token"]
    realm.call("POST", "/reset-password/complete", {"token": token, "password": "a password of ada's"}, 204)
    assert last(realm, "user.updated")["actor"] == {"kind": "user", "id": user["id"], "name": "ada"}
    realm.create_webhook(receiver.on(path, 410), events=["order.*"])
    realm.wait_final(realm.publish().json["id"])
    assert last(realm, "webhook.updated")["actor"] == {"kind": "server", "id": "engine", "name": None}


def test_events_of_a_realm_have_the_same_bytes_in_master(server):
    new = server.realm()
    id_ = new.get("").json["id"]
    inside, = new.items("/events", event="realm.created")
    outside, = server.master.items("/events", event="realm.created", resource_id=id_)
    assert inside["data"] == outside["data"]
    assert inside["data"]["realm"] == {"id": id_, "name": new.name} and inside["data"]["actor"]["name"] is None
